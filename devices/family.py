"""Family: what a kind of device is, and what it can do.

A family is data plus a few small functions. The engine sees no family: it sees the unknowns a device
touches and the law that fills their equations. Everything a family may also have (energy, learning
signal, bounds, a node law …) is a capability: a field that is None when it has none.

**The law.** One element, its local unknowns in, its currents and charges out:

    law(u, p, d, m, i, q, g, c) -> int          (a @kernel)

    u  local unknowns: terminals, internal nodes, branch currents, controls, in this order
    p  this element's row of values: drive indices, node laws of its terminals, then `prepare`'s columns
    d  drives of this sample: d[0] = time, then one number for each driven quantity (source values …)
    m  this element's memory across Newton iterations (junction limiting); may have length 0. Starts as
       NaN (no iterate yet); +∞ means: evaluate exactly at u, limit nothing, leave the memory alone
    i  out: current that leaves each node *into the device*; for a branch row, the branch equation (V)
    q  out: charge at each node (C); flux at a branch row (Wb)
    g  out: ∂i/∂u        c  out: ∂q/∂u           (rows: all but the controls)

`i q g c` come zeroed. Kirchhoff's law at a node is Σ i + d/dt Σ q = 0. The law returns 1 when it limited
a junction voltage (Newton has then not converged), else 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.devices.noise import Noise
from eqchip.devices.parameter import Parameter

FloatArray = NDArray[np.float64]

#: 0 °C in kelvin.
CELSIUS = 273.15


@dataclass(frozen=True, slots=True)
class Settings:
    """What every device of a chip shares."""

    temperature: float = 27.0 + CELSIUS  # K
    nominal: float = 27.0 + CELSIUS  # K, at which model parameters were measured
    gmin: float = 1e-12  # S, across every junction, as SPICE has it
    gunit: float = 1.0  # S, the scale of chips whose nodes have no leak (.options gunit=)
    vunit: float = 1.0  # V, likewise (.options vunit=)


@dataclass(frozen=True, slots=True)
class Given:
    """The parameters of `count` elements of one family and one model, resolved and checked.

    `values` holds every numeric parameter of instance and model as an array of length `count`, defaults
    filled in; a parameter that was not given and has no default is NaN. `words` holds the enumerated ones.
    `programs` holds, for families that take one, each element's expression as a postfix program.
    `looped` says which elements have both terminals on one node; None: none of them.
    """

    count: int
    values: Mapping[str, FloatArray]
    words: Mapping[str, str] = field(default_factory=dict)
    settings: Settings = field(default_factory=Settings)
    programs: tuple[FloatArray, ...] = ()
    looped: NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True)
class Internal:
    """A node inside the device where parameter `when` is above zero; elsewhere it is terminal `onto`.

    Without `when` every element has it.
    """

    name: str
    when: str
    onto: int


@dataclass(frozen=True, slots=True)
class State:
    """What a device remembers: an internal node whose voltage is a state, kept between `low` and `high`.

    At rest (operating points, sweeps, settling) `drive` is 0 and the law holds the state at `parameter`; in
    time it is 1 and the state moves. `values=` of an array without weights brings that parameter, which
    stands in `column` of `prepare`.
    """

    node: str
    drive: str
    parameter: str
    column: int = 0
    low: float = 0.0
    high: float = 1.0


@dataclass(frozen=True, slots=True)
class Learning:
    """What one trainable parameter of a family feels at its own terminals.

    signal(u, p) -> float       ∂E/∂θ of one element at these voltages (E: co-content; J per unit of θ)
    slope(u, p, out) -> None    ∂i/∂θ of one element, a current per node row
    column                      where θ stands among `prepare`'s columns
    """

    parameter: str
    column: int
    signal: Callable[..., float] | None
    slope: Callable[..., None]


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """One kind of device. Fields after `prepare` are capabilities or shape; None or empty: it has none."""

    name: str
    text: str
    letters: tuple[str, ...]  # first letters of its netlist cards, upper case
    terminals: tuple[str, ...]
    parameters: tuple[Parameter, ...]  # of an instance; the first may stand on a card without its name
    law: Callable[..., int]
    #: Given → one row of values per element: a 2-D array, or a list of rows where lengths differ.
    prepare: Callable[[Given], FloatArray | list[FloatArray]]

    model_types: tuple[str, ...] = ()  # words after the name on a .model card
    model_parameters: tuple[Parameter, ...] = ()
    wires: tuple[Parameter, ...] = ()  # of the lines of an array of it (wires.py); empty: ideal lines only
    internal: tuple[Internal, ...] = ()
    branches: int = 0  # branch currents it adds to the unknowns
    controls: int = 0  # controlling nodes or currents it reads; -1: as many as its expression names
    control_kind: str = ""  # "nodes", "current" (of a named voltage source), "expression"
    drives: tuple[str, ...] = ()  # quantities a run sets from outside, per sample and time
    memory: int = 0  # floats kept across Newton iterations
    linear: bool = False  # i = G u and q = C u with constant G, C, and no drive
    affine: bool = False  # constant G and C, but driven
    waveform: bool = False  # takes DC, PULSE(...), … on its card
    ic: bool = False  # takes IC=: its initial voltage, terminal 0 to 1; with a branch, its initial current
    #: Whether rows need the node laws of the terminals (prepended to the values, node_law.COLUMNS each).
    reads_nodes: bool = False
    #: Given → (count, node_law.COLUMNS): what activity the nodes it sits on have.
    node_law: Callable[[Given], FloatArray] | None = None
    #: Given → (low, high) in volts: between which its terminal 0 is held (an ideal clamp).
    bounds: Callable[[Given], tuple[FloatArray, FloatArray]] | None = None
    #: Given → (count, 3) or None: code, slope and shift of an activation that the sum of all currents into
    #: its node passes first. Devices that add currents at a node know none: it is for the array form.
    inlet: Callable[[Given], FloatArray | None] | None = None
    #: energy(u, p) -> float: co-content of one element, NaN where it has none; None: no element has.
    energy: Callable[..., float] | None = None
    #: Whether it is an ideal source: what leaves its terminals was delivered, and none of it is burnt inside.
    delivers: bool = False
    #: supply(u, p, out) -> float: W it draws from a supply that is no part of the circuit; out[r] to drive
    #: its terminal r, the result whatever it drives. None: all its power comes through its terminals.
    supply: Callable[..., float] | None = None
    learning: Learning | None = None
    state: State | None = None  # what it remembers while time passes
    noise: Noise | None = None  # currents in it that fluctuate while time passes
    #: Given → what shakes its terminal 0 while time passes, as arrays (neurons/noise.py); None: nothing.
    node_noise: Callable[[Given], Any] | None = None
    #: Rows of values → (count, terminals): the transconductance that drives each terminal, S, of which
    #: neurons have noise by their noise_factor. None: it drives none.
    transconductance: Callable[[FloatArray], FloatArray] | None = None
    #: The array forms it can take (a key of simulator.couplings), and whether it is the law of nodes.
    coupling: str | None = None
    nodes: str | None = None
    source: str = ""

    def __repr__(self) -> str:
        return f"Family({self.name!r})"

    def all_parameters(self) -> dict[str, Parameter]:
        """Return parameters of array, model and instance by name; an instance's own wins over a model's."""
        return {one.name: one for one in (*self.wires, *self.model_parameters, *self.parameters)}

    def own_parameters(self) -> dict[str, Parameter]:
        """Return those of one device alone, without the lines of an array."""
        return {one.name: one for one in (*self.model_parameters, *self.parameters)}

    def resolve(
        self,
        count: int,
        given: Mapping[str, Any],
        settings: Settings,
        programs: tuple[FloatArray, ...] = (),
        looped: NDArray[np.bool_] | None = None,
    ) -> Given:
        """Fill in defaults and broadcast, so that `prepare` sees every parameter."""
        values: dict[str, FloatArray] = {}
        words: dict[str, str] = {}
        for name, parameter in self.own_parameters().items():
            value = given.get(name, parameter.default)
            if parameter.enumerated:
                words[name] = str(value)
            else:
                number = np.asarray(np.nan if value is None else value, dtype=np.float64)
                spread = np.broadcast_to(number, (count,))  # what all share takes no room
                values[name] = np.ascontiguousarray(spread) if number.ndim else spread
        return Given(count, values, words, settings, programs, looped)
