"""What runs against time in a sparse chip: forces and Jᵀ at a state, adjoints through steps of Euler's.

From the Jacobian of the whole system, sample by sample: for chips of up to some hundred nodes. States are
those of the nodes that no source holds, in the order of the unknowns, in volts over their vunit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.errors import InputError
from eqchip.simulator.backward import Linearised
from eqchip.simulator.chip import Nudge, Settling, State, Weights
from eqchip.simulator.integrators.methods import integrator
from eqchip.simulator.integrators.stepping import pace
from eqchip.simulator.residuals import residuals
from eqchip.simulator.sparse_learning import SparseLearning

Array = NDArray[Any]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class SparseBackward(SparseLearning):
    """Adjoints of a sparse chip."""

    def _moving(self) -> tuple[IntArray, FloatArray]:
        """Return the unknowns that are nodes which no source holds, and their volts of a state unit."""
        nodes = np.setdiff1d(np.arange(self.system.network.nodes), self.fixed)
        vunit = np.ones(self.system.size)
        vunit[self.system.unknown_of_node[1:]] = self.scales.vunit[1:]
        return nodes, vunit[nodes]

    def linearised(self, state: State, inputs: Array, nudge: Nudge | None = None) -> Linearised:
        """Return the forces at a state and how they change with it."""
        x, free_drives = state.values, self._drives(inputs, None)
        nodes, vunit = self._moving()
        scale, network = self.scales.energy, self.system.network
        current = residuals(self.system, x, self._drives(inputs, nudge), self.unit, signed=True)[:, nodes]
        force, pull = -current * vunit / scale, np.zeros_like(current)
        if nudge is not None:
            pull = self._cost_slope(x, nudge.targets, nudge.cost)[:, nodes] * vunit
        low, high = network.low[nodes], network.high[nodes]
        held = ((x[:, nodes] <= low) & (force < 0.0)) | ((x[:, nodes] >= high) & (force > 0.0))
        kept: dict[int, FloatArray] = {}

        def matrix(sample: int) -> FloatArray:
            if sample not in kept:
                g, _ = self.system.jacobian(np.asarray(x[sample]), free_drives[sample])
                j = g[np.ix_(nodes, nodes)] * vunit[:, None] * vunit[None, :] / scale
                here = ~held[sample]
                kept[sample] = np.where(here[:, None] & here[None, :], j, 0.0)
            return kept[sample]

        def transposed(adjoint: FloatArray) -> FloatArray:
            return np.array([one @ matrix(k) for k, one in enumerate(adjoint)])

        return Linearised(
            np.where(held, 0.0, force),
            np.where(held, 0.0, pull),
            self._rate(x, free_drives, nodes, vunit),
            held,
            transposed,
            matrix,
        )

    def _rate(self, x: FloatArray, drives: FloatArray, nodes: IntArray, vunit: FloatArray) -> FloatArray:
        """Return ds/dt of a unit of force; NaN where nodes share a capacitance, inf without one."""
        _, c = self.system.jacobian(np.asarray(x[0]), drives[0])
        c = c[nodes]
        own = c[np.arange(len(nodes)), nodes]
        alone = np.count_nonzero(c, axis=1) <= 1
        with np.errstate(divide="ignore"):
            return np.asarray(np.where(alone, self.scales.energy / (own * vunit**2), np.nan))

    def displaced(self, state: State, by: FloatArray) -> State:
        """Return a state moved by some state units at every node that no source holds, bounds aside."""
        nodes, vunit = self._moving()
        values = np.array(state.values)
        values[:, nodes] += by * vunit
        return State(values, state.residual, state.iterations, state.settled, state.extra)

    def displacement(self, before: State, after: State) -> FloatArray:
        """Return how far every node that no source holds has moved, (B, n) state units."""
        nodes, vunit = self._moving()
        return np.asarray((after.values - before.values)[:, nodes] / vunit)

    def through_time(
        self, course: Sequence[State], settling: Settling, targets: Array, cost: str = ""
    ) -> SparseUnrolled:
        """Return the adjoints of the steps between the states of a course."""
        if settling.solve != "euler":
            raise InputError(
                f"solve={settling.solve} is not run backwards in the sparse form", expected="solve=euler"
            )
        nodes, vunit = self._moving()
        network = self.system.network
        low, high = network.low[nodes], network.high[nodes]
        inputs = course[-1].values[:, self.held] / self.scales.vunit[self.inputs]
        drives = self._drives(inputs, None)
        length = pace(self.tau, settling, integrator(settling.solve)).length
        gain = length * self._rate(course[-1].values, drives, nodes, vunit)
        if not np.all(np.isfinite(gain)):
            raise InputError(
                "solve=euler needs a capacitance of its own on every node", expected="c= above 0"
            )
        adjoint = self._cost_slope(course[-1].values, targets, cost)[:, nodes] * vunit
        unrolled = SparseUnrolled(self, gain, adjoint)
        for state in reversed(course[:-1]):
            x = state.values
            force = -residuals(self.system, x, drives, self.unit, signed=True)[:, nodes] * vunit
            u = x[:, nodes] + gain * force / self.scales.energy * vunit
            passed = np.where((u >= low) & (u <= high), adjoint, 0.0)
            moved = gain * passed
            adjoint = np.array(
                [
                    one
                    - (move * vunit)
                    @ self.system.jacobian(np.asarray(v), d)[0][np.ix_(nodes, nodes)]
                    * (vunit / self.scales.energy)
                    for one, move, v, d in zip(passed, moved, x, drives, strict=True)
                ]
            )
            unrolled.add(adjoint, x, moved)
        return unrolled


class SparseUnrolled:
    """Adjoints of a sparse chip, step by step from the end."""

    def __init__(self, chip: SparseBackward, gain: FloatArray, end: FloatArray) -> None:
        self.chip, self.gain = chip, gain
        self.adjoints = [end]
        self.states: list[FloatArray] = []
        self.moved: list[FloatArray] = []

    def add(self, adjoint: FloatArray, x: FloatArray, moved: FloatArray) -> None:
        """Note one step more: the adjoint before it, the state it began with, and what it moves it by."""
        self.adjoints.append(adjoint)
        self.states.append(x)
        self.moved.append(moved)

    @property
    def steps(self) -> int:
        """How many steps there are."""
        return len(self.moved)

    def neurons(self, step: int) -> FloatArray:
        """Return d(cost)/ds of the state `step` steps before the end; 0: at the end."""
        return self.adjoints[step]

    def weights(self, first: int, last: int) -> Weights:
        """Return dLoss/dθ through the steps first … last."""
        chip, out = self.chip, Weights()
        nodes, vunit = chip._moving()
        for one in chip.learnables:
            total = 0.0
            for x, moved in zip(self.states[first - 1 : last], self.moved[first - 1 : last], strict=True):
                change = np.zeros_like(x)
                change[:, nodes] = moved * vunit
                total = total + np.mean(chip.system.slopes(one.name, x, change), axis=0)
            scale = chip._unit(one) / chip.scales.energy
            out[one.name] = chip.shaped(one.name, -np.asarray(total) * scale)
        return out
