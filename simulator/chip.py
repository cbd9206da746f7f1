"""Chip: a circuit compiled into a form that can settle, feel and be written.

Learning, studies and records call only what stands here; they test no form, family or device name.

* Data come in state units of the input nodes; targets and outputs in state units of the output nodes.
* β is dimensionless: relative to the energy scale of the output nodes (gleak·vunit², or gunit·vunit²).
* Parameters θ are dimensionless (W, b) or in siemens for conductances. Contrasts and gradients are
  batch means, per unit of the energy scale and of θ's own unit (gunit for a conductance), so that
  Δθ = −rate·contrast/β without a unit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from eqchip.netlists.circuit import Circuit
from eqchip.simulator.backward import Linearised, Unrolled
from eqchip.simulator.moment import Moment

if TYPE_CHECKING:
    from eqchip.simulator.cost.power import Power

Array = NDArray[Any]
Weights = dict[str, Array]


@dataclass(frozen=True, slots=True)
class Learnable:
    """One trainable array or the biases of one group of neurons."""

    name: str  # as in the netlist: Yxh, Nh
    shape: tuple[int, ...]
    rate: float
    low: float = -np.inf
    high: float = np.inf
    momentum: float = 0.0
    decay: float = 0.0
    unit: str = ""  # "" for W and b, "S" for conductances
    measure: float = 1.0  # the θ by which rates, contrasts and gradients count: 1, or gunit for conductances


@dataclass(frozen=True, slots=True)
class Nudge:
    """What pulls the outputs: −β·∂cost/∂v.

    `clamp` holds the outputs at their targets instead, as an infinitely strong nudge would; there is no β
    then.
    """

    targets: Array  # (B, outputs), state units
    beta: float = 0.0
    anchor: Array | None = None  # the free output state for kind="frozen"
    cost: str = ""  # a name of simulator.cost; "": that of the chip's .nudge cards
    clamp: bool = False


@dataclass(frozen=True, slots=True)
class Settling:
    """How a phase is run: so many steps of `eps` smallest time constants; or for `seconds`; or, with neither,
    until the residual of every sample is below `tol`.

    Steps and seconds are never cut short; there `tol` only says which samples count as settled. Where the
    length of a step is not given, an integrator of fixed steps takes its own (integrators/).
    """

    solve: str = "equilibrium"  # or euler, …: a key of simulator.integrators or simulator.equilibrium
    tol: float = 1e-6  # largest |dv/dt|·τ left, in state units
    steps: int = 0
    eps: float = 0.0
    limit: int = 10_000  # iterations after which an equilibrium has failed
    seconds: float = 0.0


@dataclass(slots=True)
class State:
    """Where a batch of samples stands.

    `values` is an array, or a tuple, NamedTuple or dict of arrays (in any nest), whose first axis is the
    sample, so that states of samples can be kept and put together again; all zero is the state in which a
    phase without `start` begins. What cannot be split by sample belongs into `extra`, and is not kept.
    """

    values: Any
    residual: Array  # (B,) largest |dv/dt|·τ in state units
    iterations: Array  # (B,) sweeps, Newton iterations or steps taken
    settled: Array  # (B,) bool
    extra: dict[str, Any] = field(default_factory=dict)
    seconds: float = math.nan  # physical time since the phase began; NaN where time was not stepped
    #: (B,) s, how long each sample's own phase was; None where time was not stepped.
    durations: Array | None = None


class Chip(Protocol):
    """What a form of a chip offers to everything above it."""

    circuit: Circuit
    form: str  # "array" | "sparse"
    dtype: Any
    learnables: tuple[Learnable, ...]
    tau: float  # smallest time constant c/gleak of its nodes, s; NaN where it has none
    output_conductance: float  # energy scale/vunit² of the outputs (gleak, or gunit), S: a β of 1
    moment: Moment | None  # set for noise: which batch of a run this is; None: noise off, as made

    def settle(
        self,
        inputs: Array,
        settling: Settling,
        nudge: Nudge | None = None,
        start: State | None = None,
    ) -> State:
        """Run one phase on a batch, from `start` (default: all states zero)."""

    def phases(
        self,
        inputs: Array,
        free: Settling,
        nudged: Settling,
        nudges: Sequence[Nudge],
        start: State | None = None,
    ) -> tuple[State, ...]:
        """Return the end of a free phase, and of each nudged phase that begins there: as `settle` would.

        Inputs are kept in the states, not copied: they must not be written to.
        """

    def course(
        self,
        inputs: Array,
        settling: Settling,
        nudge: Nudge | None = None,
        start: State | None = None,
    ) -> Iterator[State]:
        """Yield the state a phase begins with, then the state after every step; the last is that of `settle`.

        Each is a state of its own, not overwritten later. θ may be written between two steps: the next
        step sees it. An equilibrium found directly is one step. Residuals may be left NaN on the way.
        """

    def outputs(self, state: State) -> Array:
        """Return the output states (B, outputs), pairs still interleaved."""

    def contrast(self, first: State, second: State) -> Weights:
        """Return ∂E/∂θ(second) − ∂E/∂θ(first), the local signal, as batch means."""

    def continuation(
        self, inputs: Array, nudge: Nudge, free: State, turns: Sequence[complex]
    ) -> Iterator[tuple[State, Weights]]:
        """Yield, for each turn, the equilibrium at turn·β on the free branch, and its contrast over β.

        Both are complex. A sample that cannot be followed as far has a smaller β, and is not settled.
        """

    def vector_field(self, before: State, after: State) -> Weights:
        """Return (∂f/∂θ)ᵀ(v(after) − v(before)), the local signal of chips without an energy, as batch means.

        ∂f/∂θ is taken in the middle of the two states. For a synapse −ρ(pre)·Δs_post, times ρ′(post) under
        energy drive, from every direction it is used in.
        """

    def contrast_along(self, states: Iterator[State]) -> tuple[State, Weights]:
        """Return the last of the states of a phase, and contrast of all its steps added up."""

    def vector_field_along(self, states: Iterator[State]) -> tuple[State, Weights]:
        """Return the last of the states of a phase, and vector_field of all its steps added up."""

    def change(self, requests: Mapping[str, Array]) -> None:
        """Ask for changes of θ; ideal devices make them exactly, within bounds, others as they can."""

    def descend(self, signal: Weights, factors: Mapping[str, float]) -> None:
        """Ask for −factor·signal of each θ."""

    def descend_contrast(self, first: State, second: State, factors: Mapping[str, float]) -> None:
        """Do descend(contrast(first, second), factors), in one pass over θ where that can be."""

    def gradient(self, free: State, inputs: Array, targets: Array, cost: str = "") -> Weights:
        """Return dLoss/dθ at a free equilibrium by the adjoint (recurrent backpropagation); batch means.

        The loss is that of `cost`, by default the one of the chip's .nudge cards.
        """

    def parameters(self) -> Weights:
        """Return a copy of every learnable's θ."""

    def write(self, values: Mapping[str, Array]) -> None:
        """Replace θ exactly; bounds of the learnables are applied here."""

    def elapse(self, seconds: float) -> None:
        """Let time pass between two batches: what drifts, drifts."""

    def condition(self) -> Weights:
        """Return what devices are in beside θ, that later changes depend on; empty for ideal ones."""

    def restore(self, condition: Mapping[str, Array]) -> None:
        """Bring the devices back into a condition."""

    def programming(self) -> tuple[float, float]:
        """Return joules and pulses spent on programming since the chip was made."""

    def unmet(self, *, alike: bool = False, frozen: bool = False, compared: bool = False) -> str:
        """Say what keeps statements about nudges by β·∂cost/∂v from this chip; "": nothing.

        `alike`: as long as β is the same for all outputs, it need not be the one asked for; `frozen`: nudges
        pull by outputs that were read; `compared`: local signals of states are compared.
        """

    def linearised(self, state: State, inputs: Array, nudge: Nudge | None = None) -> Linearised:
        """Return the forces at a state and how they change with it; `nudge.targets` give it a pull."""

    def displaced(self, state: State, by: Array) -> State:
        """Return a state moved by some state units at every free node, bounds aside."""

    def displacement(self, before: State, after: State) -> Array:
        """Return how far every free node has moved, (B, n) state units."""

    def through_time(
        self, course: Sequence[State], settling: Settling, targets: Array, cost: str = ""
    ) -> Unrolled:
        """Return the adjoints of the steps that lie between the states of a course without a nudge."""

    def reciprocity(self, state: State) -> float:
        """Return ‖J − Jᵀ‖/‖J‖ at a state (first sample), over free nodes."""

    def stability(self, state: State) -> tuple[float, float]:
        """Return (margin, slowest time constant in s) from the eigenvalues of −C⁻¹J; the worst sample."""

    @property
    def watched(self) -> int:
        """How many samples' phases can be looked at state by state at small cost."""

    def power(self, inputs: Array, nudge: Nudge | None = None) -> Callable[[State], Power]:
        """Return what tells the power at a state of a phase with these inputs."""

    def voltages(self, state: State) -> dict[str, Array]:
        """Return v(bus) in volts, (B, n), for records."""
