"""SparseChip: a chip as a sparse circuit. Any topology and any device; every synapse is an element of its
own.

States are all unknowns of the system (node voltages, then branch currents). Equilibria come from Newton's
method, local signals and adjoints from the devices' own laws.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.devices.place import Place, Places
from eqchip.errors import InputError, SimulationError
from eqchip.netlists.circuit import Circuit
from eqchip.simulator.chip import Learnable, Nudge, Settling, State, Weights
from eqchip.simulator.equilibrium.operating_point import CONTROL, equilibria
from eqchip.simulator.equilibrium.relaxation import relax
from eqchip.simulator.equilibrium.solver import solver_of
from eqchip.simulator.integrators.sparse_euler import integrate
from eqchip.simulator.learnables import learnables_of
from eqchip.simulator.modes import asymmetry, modes
from eqchip.simulator.residuals import residuals
from eqchip.simulator.scales import scales_of
from eqchip.simulator.sparse import INPUT_PREFIX, NUDGE_PREFIX, compile_sparse

Array = NDArray[Any]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Residual that rounding leaves, in state units; and Newton runs at most, each from where the last one ended.
FLOOR, RUNS = 1e-13, 4


class SparseChip:
    """The sparse form of a chip."""

    form = "sparse"

    def __init__(self, circuit: Circuit, reason: str = "") -> None:
        self.circuit = circuit
        self.reason = reason  # why it is not the array form
        self.dtype = np.dtype(np.float64)
        self.learnables: tuple[Learnable, ...] = learnables_of(circuit)
        self.scales = scales_of(circuit)
        self.tau, self.output_conductance = self.scales.tau, self.scales.conductance
        self.system = compile_sparse(circuit)
        self.places = {one.name: Places() for one in self.learnables}
        self.stored: Weights = {one.name: self._theta(one.name) for one in self.learnables}
        # A current over what keeps a state of 1: gleak·vunit, or gunit·vunit where nothing leaks.
        leak = np.where(self.scales.gleak > 0.0, self.scales.gleak, circuit.settings.gunit)
        self.unit = np.ones(self.system.network.nodes)
        self.unit[self.system.unknown_of_node[1:]] = (leak * self.scales.vunit)[1:]
        self.inputs = np.concatenate([one.nodes for one in circuit.inputs] or [np.zeros(0, np.int64)])
        self.held = self.system.unknown_of_node[self.inputs]
        self.unit[self.held] = np.inf  # their sources bring whatever current it takes
        self.capacitance = np.zeros(self.system.size)
        self.capacitance[self.system.unknown_of_node[1:]] = self.scales.capacitance[1:]

    # -- settling ------------------------------------------------------------------------------------------

    def settle(
        self,
        inputs: Array,
        settling: Settling,
        nudge: Nudge | None = None,
        start: State | None = None,
    ) -> State:
        """Run one phase on a batch, from `start` (default: all states zero)."""
        drives = self._drives(inputs, nudge)
        network = self.system.network
        x = np.zeros((len(inputs), self.system.size)) if start is None else np.array(start.values, np.float64)
        np.clip(x, network.low, network.high, out=x)
        x[:, self.held] = self._input_volts(inputs)
        if settling.solve == "equilibrium":
            return self._equilibrium(x, drives, settling, nudge)
        if settling.solve != "euler":
            raise InputError(
                f"solve={settling.solve} is not supported yet", expected="solve=equilibrium or solve=euler"
            )
        integrate(self.system, x, drives, self.held, settling.steps, settling.eps * self.tau)
        residual = residuals(self.system, x, drives, self.unit)
        taken = np.full(len(x), settling.steps, np.int64)
        return State(x, residual, taken, residual <= max(settling.tol, FLOOR))

    def _equilibrium(
        self, x: FloatArray, drives: FloatArray, settling: Settling, nudge: Nudge | None
    ) -> State:
        nudged = [one.nodes for one in self.circuit.nudges]
        share = float(np.max(self.scales.share[np.concatenate(nudged)])) if nudged else 1.0
        if nudge is not None and nudge.anchor is None and nudge.beta * share <= -1.0 and self.tau == self.tau:
            raise SimulationError(
                f"β = {nudge.beta:g} overcomes the leak of the outputs: there is no equilibrium",
                advice="|beta| below 1, or kind=frozen",
            )
        iterations = np.zeros(len(x), np.int64)
        tol = max(settling.tol, FLOOR)
        residual = np.full(len(x), np.inf)
        if self.tau > 0.0:
            iterations += relax(self.system, x, drives, self.capacitance, self.unit, self.tau)
        for _ in range(RUNS):
            far = ~(residual <= tol)
            found = equilibria(self.system, drives[far], x[far])
            x[far] = found.x
            iterations[far] += found.iterations
            residual[far] = residuals(self.system, x[far], drives[far], self.unit)
            if np.all(residual <= tol) or np.all(residual <= np.maximum(tol, self._rounding(x, drives))):
                return State(x, residual, iterations, np.ones(len(x), np.bool_))
        raise SimulationError(
            f"{np.count_nonzero(~(residual <= tol))} samples did not settle to tol={settling.tol:g}; "
            f"the largest |dv/dt|·τ left is {float(np.max(residual)):.3g} state units",
            advice="a larger tol",
        )

    def _rounding(self, x: FloatArray, drives: FloatArray) -> FloatArray:
        """Return the residual that rounding leaves: what some ulp of every unknown make of it."""
        ulps = 16 * np.finfo(np.float64).eps * np.sin(12.9898 * np.arange(1, self.system.size + 1))
        here = residuals(self.system, x, drives, self.unit, signed=True)
        there = residuals(self.system, x * (1.0 + ulps), drives, self.unit, signed=True)
        return np.asarray(np.max(np.abs(there - here) / self.unit, axis=1, initial=0.0))

    def _input_volts(self, inputs: Array) -> FloatArray:
        order = self.inputs
        if inputs.ndim != 2 or inputs.shape[1] != len(order):
            raise InputError(
                f"a sample has {inputs.shape[-1]} inputs, the chip {len(order)}",
                expected=f"(B, {len(order)})",
            )
        return np.asarray(inputs * self.scales.vunit[order], dtype=np.float64)

    def _drives(self, inputs: Array, nudge: Nudge | None) -> FloatArray:
        """Return the drives of every sample: source voltages, and the nudge."""
        system = self.system
        volts, drives = self._input_volts(inputs), system.drives(len(inputs))
        begin = 0
        for one in self.circuit.inputs:
            slots = system.slots(INPUT_PREFIX + one.bus)
            drives[:, slots] = volts[:, begin : begin + len(slots)]
            begin += len(slots)
        begin = 0
        for nudged in self.circuit.nudges:
            name = NUDGE_PREFIX + nudged.bus
            count = len(system.slots(name, "beta"))
            step = len(nudged.nodes) // count  # 2 for outputs in pairs
            if nudge is not None:
                columns = slice(begin, begin + count)
                drives[:, system.slots(name, "beta")] = nudge.beta * self.scales.share[nudged.nodes][::step]
                drives[:, system.slots(name, "target")] = nudge.targets[:, columns]
                drives[:, system.slots(name, "mode")] = 0.0 if nudge.anchor is None else 1.0
                if nudge.anchor is not None:
                    drives[:, system.slots(name, "anchor")] = nudge.anchor[:, columns]
            begin += count
        return drives

    # -- what is read --------------------------------------------------------------------------------------

    def outputs(self, state: State) -> Array:
        """Return the output states (B, outputs), pairs still interleaved."""
        found = [one.nodes for one in (self.circuit.outputs or self.circuit.nudges)]
        nodes = np.concatenate(found) if found else np.zeros(0, np.int64)
        return np.asarray(state.values[:, self.system.unknown_of_node[nodes]] / self.scales.vunit[nodes])

    def voltages(self, state: State) -> dict[str, Array]:
        """Return v(bus) in volts, (B, n); v(node) of nodes on no bus."""
        found = dict(self.circuit.buses)
        on_bus = np.concatenate([*found.values(), np.zeros(1, np.int64)])
        for index, name in enumerate(self.circuit.nodes):
            if index not in on_bus:
                found[name] = np.array([index])
        volts = np.concatenate([state.values, np.zeros((len(state.values), 1))], axis=1)
        return {
            f"v({name.lower()})": volts[:, self.system.unknown_of_node[nodes]]
            for name, nodes in found.items()
        }

    # -- learning ------------------------------------------------------------------------------------------

    def contrast(self, first: State, second: State) -> Weights:
        """Return ∂E/∂θ(second) − ∂E/∂θ(first), the local signal, as batch means."""
        out: Weights = {}
        for one in self.learnables:
            change = self.system.signals(one.name, second.values) - self.system.signals(
                one.name, first.values
            )
            out[one.name] = self._shaped(one, np.mean(change, axis=0) * self._unit(one) / self.scales.energy)
        return out

    def gradient(self, free: State, inputs: Array, targets: Array) -> Weights:
        """Return dLoss/dθ at a free equilibrium, Loss the mean of ½Σ(y − t)²; by the adjoint."""
        drives, solver = self._drives(inputs, None), solver_of(self.system)
        pull = self._cost_slope(free.values, targets)
        adjoint = np.array(
            [solver.adjoint(x, d, b, CONTROL) for x, d, b in zip(free.values, drives, pull, strict=True)]
        ).reshape(len(pull), -1)
        return {
            one.name: self._shaped(
                one, -np.mean(self.system.slopes(one.name, free.values, adjoint), axis=0) * self._unit(one)
            )
            for one in self.learnables
        }

    def _cost_slope(self, x: FloatArray, targets: Array) -> FloatArray:
        """Return ∂cost/∂x of every sample, per volt."""
        pairs = {one.bus.lower() for one in self.circuit.outputs if one.pairs}
        slope, begin = np.zeros_like(x), 0
        for one in self.circuit.nudges or self.circuit.outputs:
            at, vunit = self.system.unknown_of_node[one.nodes], self.scales.vunit[one.nodes]
            states = x[:, at] / vunit
            if one.bus.lower() in pairs:
                states = states[:, 0::2] - states[:, 1::2]
            miss = states - targets[:, begin : begin + states.shape[1]]
            begin += states.shape[1]
            if one.bus.lower() in pairs:
                miss = np.repeat(miss, 2, axis=1) * np.tile([1.0, -1.0], miss.shape[1])
            slope[:, at] += miss / vunit
        return slope

    def _unit(self, one: Learnable) -> float:
        """Return the unit θ is measured in: gunit for conductances."""
        return self.circuit.settings.gunit if one.unit == "S" else 1.0

    def _shaped(self, one: Learnable, values: FloatArray) -> FloatArray:
        """Return one number per element in the shape of its instance; a pair stands in both halves."""
        where = self.system.elements(one.name).layout
        if where is None:
            return values.reshape(one.shape)
        out = np.zeros(one.shape)
        out[where.index] = values
        if len(one.shape) == 2 and self._looped(one):
            out[where.index[::-1]] = values
        return out

    def _looped(self, one: Learnable) -> bool:
        nodes = self.system.elements(one.name).instance.nodes
        return np.array_equal(nodes[0], nodes[-1])

    def _theta(self, name: str) -> FloatArray:
        one = next(each for each in self.learnables if each.name == name)
        return self._shaped(one, self.system.elements(name).theta.copy())

    def parameters(self) -> Weights:
        """Return a copy of every learnable's θ."""
        return {name: np.array(values) for name, values in self.stored.items()}

    def write(self, values: Mapping[str, Array]) -> None:
        """Replace θ, held within the bounds of the learnables; what is read of it changes in place."""
        known = {one.name: one for one in self.learnables}
        constant = False
        for name, value in values.items():
            one, found = known[name], self.system.elements(name)
            elements = np.clip(np.asarray(value, dtype=np.float64), one.low, one.high)
            if found.layout is not None:
                elements = elements[found.layout.index]
            self.stored[name] = self._shaped(one, elements)
            places = self.places[name]
            found.theta[:] = places.at(Place.READ, places.at(Place.STORED, elements)).ravel()
            constant |= found.instance.family.linear or found.instance.family.affine
        if constant:
            self.system.refresh()

    # -- what the linearised chip is like ------------------------------------------------------------------

    def _free(self, state: State) -> tuple[FloatArray, FloatArray, IntArray]:
        """Return G, C and the unknowns that no bound holds, at the first sample."""
        x = np.asarray(state.values[0])
        data = x[None, self.held] / self.scales.vunit[self.inputs]
        drives = self._drives(data, None)
        g, c = self.system.jacobian(x, drives[0])
        network = self.system.network
        f = residuals(self.system, x[None], drives, self.unit, signed=True)[0]
        nodes = slice(0, network.nodes)
        pinned = np.zeros(self.system.size, np.bool_)
        pinned[nodes] = ((x <= network.low)[nodes] & (f > 0.0)) | ((x >= network.high)[nodes] & (f < 0.0))
        return g, c, np.flatnonzero(~pinned)

    def reciprocity(self, state: State) -> float:
        """Return ‖J − Jᵀ‖/‖J‖ at a state (first sample), over the nodes that are free to move."""
        g, _, free = self._free(state)
        nodes = np.setdiff1d(free[free < self.system.network.nodes], self.held)
        j = g[np.ix_(nodes, nodes)]
        return asymmetry(j)

    def stability(self, state: State) -> tuple[float, float]:
        """Return (least decay rate over 1/τ, its time constant in s), below 0 if unstable (first sample)."""
        g, c, free = self._free(state)
        return modes(g[np.ix_(free, free)], c[np.ix_(free, free)], self.tau if self.tau > 0.0 else 1.0)
