"""How a sparse chip settles: to equilibrium by relaxation and Newton's method, or step by step in time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.errors import InputError, SimulationError
from eqchip.simulator.chip import Nudge, Settling, State
from eqchip.simulator.equilibrium.operating_point import equilibria
from eqchip.simulator.equilibrium.relaxation import relax
from eqchip.simulator.integrators.sparse_euler import integrate
from eqchip.simulator.residuals import residuals
from eqchip.simulator.sparse_frame import SparseFrame

Array = NDArray[Any]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Residual that rounding leaves, in state units; and Newton runs at most, each from where the last one ended.
FLOOR, RUNS = 1e-13, 4


class SparseSettling(SparseFrame):
    """Phases of a sparse chip."""

    def settle(
        self,
        inputs: Array,
        settling: Settling,
        nudge: Nudge | None = None,
        start: State | None = None,
    ) -> State:
        """Run one phase on a batch, from `start` (default: all states zero)."""
        drives = self._drives(inputs, nudge)
        x = self._from(inputs, start)
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

    def course(
        self,
        inputs: Array,
        settling: Settling,
        nudge: Nudge | None = None,
        start: State | None = None,
    ) -> Iterator[State]:
        """Yield the state a phase begins with, then the state after every step."""
        state = self._beginning(inputs, start)
        yield state
        if settling.steps == 0:
            yield self.settle(inputs, settling, nudge, state)
        for number in range(1, settling.steps + 1):
            state = self.settle(inputs, replace(settling, steps=1), nudge, state)
            state.seconds = number * settling.eps * self.tau
            yield state

    def _beginning(self, inputs: Array, start: State | None) -> State:
        """Return the state a phase begins with; its residual is not known."""
        count = len(inputs)
        x = self._from(inputs, start)
        unknown, none = np.full(count, np.nan), np.zeros(count, np.int64)
        return State(x, unknown, none, np.zeros(count, np.bool_), {}, 0.0)

    def _from(self, inputs: Array, start: State | None) -> FloatArray:
        """Return the unknowns of `start`, or zeros, within their bounds and at the inputs given."""
        network = self.system.network
        x = np.zeros((len(inputs), self.system.size)) if start is None else np.array(start.values, np.float64)
        np.clip(x, network.low, network.high, out=x)
        x[:, self.held] = self._input_volts(inputs)
        return x
