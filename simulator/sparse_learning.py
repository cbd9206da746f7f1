"""What a sparse chip feels: local signals of its devices, and the exact gradient, from their own laws."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.simulator.chip import Learnable, State, Weights
from eqchip.simulator.cost.costs import cost_of
from eqchip.simulator.equilibrium.operating_point import CONTROL
from eqchip.simulator.equilibrium.solver import solver_of
from eqchip.simulator.sparse_frame import SparseFrame

Array = NDArray[Any]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class SparseLearning(SparseFrame):
    """Contrasts and gradients of a sparse chip."""

    def contrast(self, first: State, second: State) -> Weights:
        """Return ∂E/∂θ(second) − ∂E/∂θ(first), the local signal, as batch means."""
        if self.holds.there:
            first, second = self._held(first, True), self._held(second, False)
        return self._contrast(first, second)

    def _held(self, state: State, first: bool) -> State:
        """Return a state as devices feel it that compare it with another."""
        x, nodes = np.array(state.values), np.setdiff1d(np.flatnonzero(self.holds.noise), self.inputs)
        at, vunit = self.system.unknown_of_node[nodes], self.scales.vunit[nodes]
        x[:, at] = self.holds.held(x[:, at] / vunit, nodes, self.moment, first) * vunit
        return replace(state, values=x)

    def _contrast(self, first: State, second: State) -> Weights:
        out: Weights = {}
        for one in self.learnables:
            change = self.system.signals(one.name, second.values) - self.system.signals(
                one.name, first.values
            )
            out[one.name] = self.shaped(
                one.name, np.mean(change, axis=0) * self._unit(one) / self.scales.energy
            )
        return out

    def vector_field(self, before: State, after: State) -> Weights:
        """Return (∂f/∂θ)ᵀ(v(after) − v(before)), ∂f/∂θ in the middle of the two, as batch means."""
        middle, change = 0.5 * (before.values + after.values), after.values - before.values
        return {
            one.name: self.shaped(
                one.name,
                np.mean(self.system.slopes(one.name, middle, change, felt=True), axis=0)
                * (self._unit(one) / self.scales.energy),
            )
            for one in self.learnables
        }

    def contrast_along(self, states: Iterator[State]) -> tuple[State, Weights]:
        """Return the last of the states of a phase, and the contrasts of all its steps added up."""
        return self._along(states, self._contrast)

    def vector_field_along(self, states: Iterator[State]) -> tuple[State, Weights]:
        """Return the last of the states of a phase, and the vector fields of all its steps added up."""
        return self._along(states, self.vector_field)

    def _along(
        self, states: Iterator[State], signal: Callable[[State, State], Weights]
    ) -> tuple[State, Weights]:
        before = next(states)
        total = {one.name: np.zeros(one.shape) for one in self.learnables}
        for after in states:
            for name, step in signal(before, after).items():
                total[name] += step
            before = after
        return before, total

    def gradient(self, free: State, inputs: Array, targets: Array, cost: str = "") -> Weights:
        """Return dLoss/dθ at a free equilibrium, Loss the mean cost; by the adjoint."""
        drives, solver = self._drives(inputs, None), solver_of(self.system)
        pull = self._cost_slope(free.values, targets, cost)
        adjoint = np.array(
            [solver.adjoint(x, d, b, CONTROL) for x, d, b in zip(free.values, drives, pull, strict=True)]
        ).reshape(len(pull), -1)
        return {
            one.name: self.shaped(
                one.name,
                -np.mean(self.system.slopes(one.name, free.values, adjoint), axis=0) * self._unit(one),
            )
            for one in self.learnables
        }

    def _cost_slope(self, x: FloatArray, targets: Array, cost: str) -> FloatArray:
        """Return ∂cost/∂x of every sample, per volt."""
        pairs = {one.bus.lower() for one in self.circuit.outputs if one.pairs}
        slope = np.zeros_like(x)
        buses, states = [*(self.circuit.nudges or self.circuit.outputs)], []
        for one in buses:
            at, vunit = self.system.unknown_of_node[one.nodes], self.scales.vunit[one.nodes]
            here = x[:, at] / vunit
            states.append(here[:, 0::2] - here[:, 1::2] if one.bus.lower() in pairs else here)
        pulls = cost_of(self.circuit, cost).slope(np.concatenate(states, axis=1), targets)
        for one, pull in zip(buses, np.split(pulls, _ends(states), axis=1), strict=True):
            if one.bus.lower() in pairs:
                pull = np.repeat(pull, 2, axis=1) * np.tile([1.0, -1.0], pull.shape[1])
            slope[:, self.system.unknown_of_node[one.nodes]] += pull / self.scales.vunit[one.nodes]
        return slope

    def _unit(self, one: Learnable) -> float:
        """Return the unit θ is measured in: gunit for conductances."""
        return one.measure

    def descend_contrast(self, first: State, second: State, factors: Mapping[str, float]) -> None:
        """Do descend(contrast(first, second), factors)."""
        self.descend(self.contrast(first, second), factors)


def _ends(parts: list[FloatArray]) -> IntArray:
    return np.cumsum([part.shape[1] for part in parts])[:-1]
