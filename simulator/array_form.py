"""ArrayChip: a chip as couplings between groups of nodes.

States are kept in state units, by free group; clamped inputs and drives that other phases may use again
are in `State.extra`. All physics is in nodes and couplings; see node_kernels.py for the equation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.errors import InputError, SimulationError
from eqchip.netlists.circuit import Circuit
from eqchip.simulator.array_layout import Layout
from eqchip.simulator.chip import Learnable, Nudge, Settling, State, Weights
from eqchip.simulator.equilibrium import block_descent
from eqchip.simulator.integrators import array_euler
from eqchip.simulator.jacobian import adjoint, free_conductances, point
from eqchip.simulator.learnables import learnables_of
from eqchip.simulator.modes import asymmetry, modes
from eqchip.simulator.phase import Phase

Array = NDArray[Any]


class ArrayChip:
    """The array form of a chip."""

    form = "array"
    reason = ""  # why it is not the array form

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.circuit: Circuit = layout.circuit
        self.wiring = layout.wiring
        self.dtype = np.dtype(layout.wiring.dtype)
        self.learnables: tuple[Learnable, ...] = learnables_of(layout.circuit)
        self.tau, self.output_conductance = layout.scales.tau, layout.scales.conductance
        nudged = [one.nodes for one in (self.circuit.nudges or self.circuit.outputs)]
        self.nudged = np.concatenate(nudged) if nudged else np.zeros(0, np.int64)
        self.share = layout.scales.share[self.nudged]  # β of each nudged node, over that of all
        outputs = [one.nodes for one in (self.circuit.outputs or self.circuit.nudges)]
        self.read = np.concatenate(outputs) if outputs else np.zeros(0, np.int64)
        self.revision = 0  # counts changes of θ, on which drives kept from earlier phases depend

    # -- settling ------------------------------------------------------------------------------------------

    def settle(
        self,
        inputs: Array,
        settling: Settling,
        nudge: Nudge | None = None,
        start: State | None = None,
    ) -> State:
        """Run one phase on a batch, from `start` (default: all states zero)."""
        clamped = self._clamped(inputs)
        constant = self._constant(clamped, len(inputs), start)
        phase = self._phase(constant, nudge)
        states = self._start(len(inputs), start)
        extra = {"inputs": clamped, "constant": constant, "revision": self.revision}
        if settling.solve == "equilibrium":
            if nudge is not None and nudge.anchor is None and nudge.beta * np.max(self.share) <= -1.0:
                raise SimulationError(
                    f"β = {nudge.beta:g} overcomes the leak of the outputs: there is no equilibrium",
                    advice="|beta| below 1, or kind=frozen",
                )
            with np.errstate(over="ignore", invalid="ignore"):  # it says itself what ran away
                ended = block_descent.settle(phase, states, settling.tol, settling.limit)
            return State(self._values(ended.states), ended.residual, ended.iterations, ended.settled, extra)
        if settling.solve != "euler":
            raise InputError(
                f"solve={settling.solve} is not supported yet", expected="solve=equilibrium or solve=euler"
            )
        if not self.tau > 0.0:
            raise InputError(
                "solve=euler needs capacitance on every node", expected="c= above 0, or solve=equilibrium"
            )
        with np.errstate(over="ignore", invalid="ignore"):  # the residual says it
            array_euler.integrate(phase, states, settling.steps, settling.eps * self.tau)
            residual, floor = phase.residual(states)
        taken = np.full(len(inputs), settling.steps, np.int64)
        settled = residual <= np.maximum(settling.tol, floor)
        return State(self._values(states), residual, taken, settled, extra)

    def _clamped(self, inputs: Array) -> list[Array]:
        """Return the states of the clamped groups, in the chip's precision."""
        sizes = [self.wiring.nodes[g].size for g in self.layout.inputs]
        if inputs.ndim != 2 or inputs.shape[1] != sum(sizes):
            raise InputError(
                f"a sample has {inputs.shape[-1]} inputs, the chip {sum(sizes)}",
                expected=f"(B, {sum(sizes)})",
            )
        cuts = np.cumsum(sizes)[:-1]
        return [np.array(part, self.dtype, order="C") for part in np.split(inputs, cuts, axis=1)]

    def _constant(self, clamped: list[Array], samples: int, start: State | None) -> list[Array]:
        """Return the drives of inputs and biases; those of `start` where nothing has changed."""
        if start is not None and start.extra.get("revision") == self.revision:
            before = start.extra["inputs"]
            if all(np.array_equal(new, old) for new, old in zip(clamped, before, strict=True)):
                clamped[:] = before
                return list(start.extra["constant"])
        return self.wiring.constant_drives(clamped, samples)

    def _phase(self, constant: list[Array], nudge: Nudge | None) -> Phase:
        phase = Phase.free_running(self.wiring, constant)
        if nudge is None or nudge.beta == 0.0:
            return phase
        groups, places = self.layout.group_of[self.nudged], self.layout.place_of[self.nudged]
        phase.nudged = frozenset(int(group) for group in groups)
        for group in phase.nudged:
            which = groups == group
            at = places[which]
            beta = nudge.beta * self.share[which]
            if nudge.anchor is None:
                phase.a[group][at] += beta
                phase.k[group][:, at] = beta * nudge.targets[:, which]
            else:
                phase.k[group][:, at] = beta * (nudge.targets - nudge.anchor)[:, which]
        return phase

    def _start(self, samples: int, start: State | None) -> list[Array]:
        given = dict(zip(self.wiring.free, start.values, strict=True)) if start is not None else {}
        return [
            np.empty((samples, 0), self.dtype) if nodes.clamped else nodes.start(samples, given.get(g))
            for g, nodes in enumerate(self.wiring.nodes)
        ]

    def _values(self, states: list[Array]) -> tuple[Array, ...]:
        return tuple(states[g] for g in self.wiring.free)

    def _by_group(self, state: State) -> list[Array]:
        """Return the states of every group, inputs among them."""
        parts: list[Array] = [np.empty((0, 0))] * len(self.wiring.nodes)
        for group, part in zip(self.layout.inputs, state.extra["inputs"], strict=True):
            parts[group] = part
        for group, part in zip(self.wiring.free, state.values, strict=True):
            parts[group] = part
        return parts

    # -- what is read --------------------------------------------------------------------------------------

    def outputs(self, state: State) -> Array:
        """Return the output states (B, outputs)."""
        return self.layout.gather(self.read, self._by_group(state))

    def voltages(self, state: State) -> dict[str, Array]:
        """Return v(bus) in volts, (B, n); v(node) of nodes on no bus."""
        volts = [
            part * nodes.vunit for part, nodes in zip(self._by_group(state), self.wiring.nodes, strict=True)
        ]
        found = dict(self.circuit.buses)
        on_bus = np.concatenate([*found.values(), np.zeros(1, np.int64)])
        for index, name in enumerate(self.circuit.nodes):
            if index not in on_bus:
                found[name] = np.array([index])
        return {f"v({name.lower()})": self.layout.gather(nodes, volts) for name, nodes in found.items()}

    # -- learning ------------------------------------------------------------------------------------------

    def contrast(self, first: State, second: State) -> Weights:
        """Return ∂E/∂θ(second) − ∂E/∂θ(first), the local signal, as batch means."""
        rho = [
            [
                nodes.activity(part)
                for nodes, part in zip(self.wiring.nodes, self._by_group(state), strict=True)
            ]
            for state in (first, second)
        ]
        for group in self.layout.inputs:
            rho[1][group] = rho[0][group]
        out: Weights = {}
        for one in self.learnables:
            link = self.layout.arrays.get(one.name.lower())
            if link is not None:
                found = self.wiring.links[link]
                ends = found.ends(rho[0]), found.ends(rho[1])
                if self.wiring.nodes[found.pre].clamped:
                    ends = ends[0], (ends[0][0], ends[1][1])
                out[one.name] = found.coupling.contrast(*ends)
            else:
                group = self.layout.neurons[one.name.lower()]
                change = np.mean(rho[1][group] - rho[0][group], axis=0)
                nodes = self.wiring.nodes[group]
                scale = (nodes.gleak * nodes.vunit**2 / self.layout.scales.energy).astype(self.dtype)
                out[one.name] = (-scale * change).reshape(one.shape)
        return out

    def gradient(self, free: State, inputs: Array, targets: Array) -> Weights:
        """Return dLoss/dθ at a free equilibrium, Loss the mean of ½Σ(y − t)²; by the adjoint, in float64."""
        clamped = self._clamped(inputs)
        phase = Phase.free_running(self.wiring, self._constant(clamped, len(inputs), free))
        states = self._start(len(inputs), free)
        pull: list[Array] = [np.zeros(part.shape) for part in states]
        groups, places = self.layout.group_of[self.nudged], self.layout.place_of[self.nudged]
        parts = self._by_group(free)
        for column, (group, place) in enumerate(zip(groups, places, strict=True)):
            pull[group][:, place] = parts[group][:, place] - targets[:, column]
        mu = adjoint(phase, states, pull)
        rho = [
            nodes.activity(part).astype(np.float64)
            for nodes, part in zip(self.wiring.nodes, parts, strict=True)
        ]
        out: Weights = {}
        for one in self.learnables:
            at = self.layout.arrays.get(one.name.lower())
            if at is not None:
                link = self.wiring.links[at]
                rows, columns = mu.get(link.pre), mu.get(link.post)
                ends = (
                    None if rows is None else rows[:, link.pre_part],
                    None if columns is None else columns[:, link.post_part],
                )
                out[one.name] = link.coupling.gradient(link.ends(rho), ends)
            else:
                group = self.layout.neurons[one.name.lower()]
                out[one.name] = np.mean(mu[group], axis=0).reshape(one.shape)
        return out

    def parameters(self) -> Weights:
        """Return a copy of every learnable's θ."""
        return {one.name: np.array(self._theta(one.name)).reshape(one.shape) for one in self.learnables}

    def _theta(self, name: str) -> Array:
        link = self.layout.arrays.get(name.lower())
        if link is not None:
            return self.wiring.links[link].coupling.theta
        return self.wiring.nodes[self.layout.neurons[name.lower()]].b

    def write(self, values: Mapping[str, Array]) -> None:
        """Replace θ, held within the bounds of the learnables."""
        known = {one.name: one for one in self.learnables}
        for name, value in values.items():
            one = known[name]
            if np.isfinite(one.low) or np.isfinite(one.high):
                value = np.clip(value, one.low, one.high)
            link = self.layout.arrays.get(name.lower())
            if link is not None:
                self.wiring.links[link].coupling.set(value)
            else:
                self.wiring.nodes[self.layout.neurons[name.lower()]].set_bias(np.ravel(value))
        self.revision += 1

    # -- what the linearised chip is like ------------------------------------------------------------------

    def _first(self, state: State) -> tuple[Phase, list[Array]]:
        first = State(
            tuple(part[:1] for part in state.values),
            state.residual[:1],
            state.iterations[:1],
            state.settled[:1],
        )
        clamped = [part[:1] for part in state.extra["inputs"]]
        phase = Phase.free_running(self.wiring, self.wiring.constant_drives(clamped, 1))
        return phase, self._start(1, first)

    def reciprocity(self, state: State) -> float:
        """Return ‖J − Jᵀ‖/‖J‖ at a state (first sample), over free nodes."""
        j, _ = free_conductances(self.wiring, point(*self._first(state)))
        return asymmetry(j)

    def stability(self, state: State) -> tuple[float, float]:
        """Return (least decay rate over 1/τ, its time constant in s), below 0 if unstable (first sample)."""
        j, c = free_conductances(self.wiring, point(*self._first(state)))
        return modes(j, c, self.tau)
