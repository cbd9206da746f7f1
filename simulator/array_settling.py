"""How an array chip settles: to equilibrium by block descent, or step by step in time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.errors import InputError, SimulationError
from eqchip.simulator.array_frame import ArrayFrame
from eqchip.simulator.chip import Nudge, Settling, State
from eqchip.simulator.equilibrium import block_descent
from eqchip.simulator.integrators import array_euler

Array = NDArray[Any]


class ArraySettling(ArrayFrame):
    """Phases of an array chip."""

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
            length = settling.eps * self.tau
            residual, floor = array_euler.integrate(phase, states, settling.steps, length)
        taken = np.full(len(inputs), settling.steps, np.int64)
        settled = residual <= np.maximum(settling.tol, floor)
        return State(self._values(states), residual, taken, settled, extra)

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
        clamped = self._clamped(inputs)
        constant = self._constant(clamped, len(inputs), start)
        extra = {"inputs": clamped, "constant": constant, "revision": self.revision}
        count = len(inputs)
        values = self._values(self._start(count, start))
        unknown, none = np.full(count, np.nan), np.zeros(count, np.int64)
        return State(values, unknown, none, np.zeros(count, np.bool_), extra, 0.0)
