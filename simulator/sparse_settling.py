"""How a sparse chip settles: to equilibrium by relaxation and Newton's method, or step by step in time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.errors import SimulationError
from eqchip.simulator.array_nudge import overcome
from eqchip.simulator.chip import Nudge, Settling, State
from eqchip.simulator.cost.costs import cost_of
from eqchip.simulator.equilibrium.operating_point import equilibria
from eqchip.simulator.equilibrium.relaxation import relax
from eqchip.simulator.integrators.methods import integrator
from eqchip.simulator.integrators.sparse_euler import integrate
from eqchip.simulator.integrators.sparse_field import SparseField
from eqchip.simulator.integrators.stepping import Pace, begun, pace, run
from eqchip.simulator.residuals import residuals
from eqchip.simulator.slewing import refuse_slew
from eqchip.simulator.sparse import NUDGE_PREFIX, outputs_for_inputs
from eqchip.simulator.sparse_noise import SparseNoise
from eqchip.simulator.system import diagonal

Array = NDArray[Any]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Residual that rounding leaves, in state units; and Newton runs at most, each from where the last one ended.
FLOOR, RUNS = 1e-13, 4


class SparseSettling(SparseNoise):
    """Phases of a sparse chip."""

    _held_twin: SparseSettling | None = None  # the chip with its outputs held as inputs are

    def settle(
        self,
        inputs: Array,
        settling: Settling,
        nudge: Nudge | None = None,
        start: State | None = None,
    ) -> State:
        """Run one phase on a batch, from `start` (default: all states zero)."""
        self._enter(nudge)
        settling = self._clocked(settling)
        if nudge is not None and nudge.clamp:
            return self._with_outputs_held(inputs, settling, nudge.targets, start)
        self._refuse_noise(settling)
        drives = self._drives(inputs, nudge)
        x = self._from(inputs, start)
        if settling.solve == "equilibrium":
            return self._equilibrium(x, drives, settling, nudge)
        field, length = self._field(x, drives, settling)
        shaking = self._shaking(field, nudge, start)
        whole = settling.solve == "euler" and shaking is None and field.slew is None
        if whole and length.count is not None:
            integrate(self.system, x, drives, self.fixed, length.count, length.length)
            residual = residuals(self.system, x, drives, self.unit)
            taken = np.full(len(x), length.count, np.int64)
            seconds = length.count * length.length
            settled = residual <= max(settling.tol, FLOOR)
            return State(x, residual, taken, settled, {}, seconds, np.full(len(x), seconds))
        with np.errstate(over="ignore", invalid="ignore"):  # the residual says it
            *_, last = run(field, x, settling, integrator(settling.solve), length, shaking)
        return last.state(last.x, settling, {} if shaking is None else {"noise": shaking.states})

    def phases(
        self,
        inputs: Array,
        free: Settling,
        nudged: Settling,
        nudges: Sequence[Nudge],
        start: State | None = None,
    ) -> tuple[State, ...]:
        """Return the end of a free phase, and of each nudged phase that begins there."""
        first = self.settle(inputs, free, start=start)
        return (first, *(self.settle(inputs, nudged, nudge, first) for nudge in nudges))

    def _with_outputs_held(
        self, inputs: Array, settling: Settling, targets: Array, start: State | None
    ) -> State:
        """Run a phase with the outputs at their targets, on the chip that has them for inputs."""
        if self._held_twin is None:
            self._held_twin = SparseSettling(outputs_for_inputs(self.circuit))
            self._held_twin.stores = {}  # it shows what the cells here read
        twin = self._held_twin
        twin.moment = self._moment
        twin.write({one.name: self._theta(one.name) for one in self.learnables})
        same = np.array([twin.system.names.index(name) for name in self.system.names])
        begin = None
        if start is not None:
            x = np.zeros((len(inputs), twin.system.size))
            x[:, same] = start.values
            begin = replace(start, values=x)
        if len(twin.inputs) == len(self.circuit.nodes) - 1:  # nothing is left that time could move
            settling = replace(settling, solve="equilibrium", steps=0, eps=0.0, seconds=0.0)
        state = twin.settle(np.concatenate([inputs, targets], axis=1), settling, None, begin)
        return replace(state, values=np.ascontiguousarray(state.values[:, same]))

    def _field(self, x: FloatArray, drives: FloatArray, settling: Settling) -> tuple[SparseField, Pace]:
        """Return the phase as integrators see it, and how it is stepped."""
        method = integrator(settling.solve)
        leaky = (self.scales.gleak > 0.0) & (self.scales.capacitance > 0.0)
        tau = _least(self.scales.capacitance[leaky] / self.scales.gleak[leaky])
        volts = np.ones(self.system.size)
        volts[self.system.unknown_of_node[1:]] = self.scales.vunit[1:]
        leak = np.array(self.system.network.g0[diagonal(self.system.pattern)])
        leak[self.system.unknown_of_node[1:]] += self.scales.gleak[1:]
        spring = self._spring(drives)
        field = SparseField(self.system, drives, self.unit, self.fixed, leak, spring, volts, method, x)
        if self.slews is not None:
            if not (method.physical and method.explicit):
                raise refuse_slew(method.name)
            field.slew = np.full(self.system.size, np.inf)
            field.slew[self.system.unknown_of_node[1:]] = self.slews[1:]
        return field, pace(tau, settling, method, field.tau)

    def _spring(self, drives: FloatArray) -> FloatArray:
        """Return the conductance of live nudges at every unknown, S."""
        system = self.system
        found = np.zeros(system.size)
        for nudged in self.circuit.nudges if len(drives) else ():
            name = NUDGE_PREFIX + nudged.bus
            beta, mode = (drives[0, system.slots(name, what)] for what in ("beta", "mode"))
            plus = nudged.nodes[:: len(nudged.nodes) // len(beta)]
            cost = cost_of(self.circuit)
            spring = beta if cost.quadratic else cost.curvature * np.maximum(beta, 0.0)
            leak = self.scales.gleak[plus]
            unit = np.where(leak > 0.0, leak, self.circuit.settings.gunit)
            found[system.unknown_of_node[plus]] += np.where(mode == 0.0, spring * unit, 0.0)
        return found

    def _equilibrium(
        self, x: FloatArray, drives: FloatArray, settling: Settling, nudge: Nudge | None
    ) -> State:
        nudged = [one.nodes for one in self.circuit.nudges]
        share = float(np.max(self.scales.share[np.concatenate(nudged)])) if nudged else 1.0
        rails, tau = False, self.tau
        spring = nudge is not None and nudge.anchor is None and cost_of(self.circuit).quadratic
        if spring and nudge is not None and nudge.beta * share <= -1.0 and self.tau == self.tau:
            outputs, rails = self.system.unknown_of_node[np.concatenate(nudged)], True
            low, high = self.system.network.low[outputs], self.system.network.high[outputs]
            if not np.all(np.isfinite(low) & np.isfinite(high)):
                raise overcome(nudge.beta)
            tau /= max(1.0, -1.0 - nudge.beta * share)  # as fast as the outputs leave
        iterations = np.zeros(len(x), np.int64)
        tol = max(settling.tol, FLOOR)
        residual = np.full(len(x), np.inf)
        if self.tau > 0.0:
            iterations += relax(self.system, x, drives, self.capacitance, self.unit, tau, rails)
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

    def course(
        self,
        inputs: Array,
        settling: Settling,
        nudge: Nudge | None = None,
        start: State | None = None,
    ) -> Iterator[State]:
        """Yield the state a phase begins with, then the state after every step."""
        state = begun(self._from(inputs, start), len(inputs), {})
        yield state
        if settling.solve == "equilibrium":
            yield self.settle(inputs, settling, nudge, state)
            return
        self._enter(nudge)
        settling = self._clocked(settling)
        self._refuse_noise(settling)
        drives = self._drives(inputs, nudge)
        field, length = self._field(state.values, drives, settling)
        seen = self.revision

        def changed() -> bool:
            """Say whether θ was written since this was last asked."""
            nonlocal seen
            before, seen = seen, self.revision
            return before != seen

        field.changed = changed
        shaking = self._shaking(field, nudge, start)
        for stand in run(field, state.values.copy(), settling, integrator(settling.solve), length, shaking):
            yield stand.state(stand.x, settling, {} if shaking is None else {"noise": shaking.states})

    def _from(self, inputs: Array, start: State | None) -> FloatArray:
        """Return the unknowns of `start`, or zeros, within their bounds and at the inputs given."""
        network = self.system.network
        x = np.zeros((len(inputs), self.system.size)) if start is None else np.array(start.values, np.float64)
        np.clip(x, network.low, network.high, out=x)
        x[:, self.held] = self._input_volts(inputs)
        x[:, self.states] = self.states_at
        return x


def _least(constants: FloatArray) -> float:
    return float(np.min(constants)) if len(constants) else np.nan
