"""What an array chip is like linearised: reciprocity, stability."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from eqchip.simulator.array_frame import ArrayFrame
from eqchip.simulator.chip import State
from eqchip.simulator.jacobian import free_conductances, point
from eqchip.simulator.modes import asymmetry, modes
from eqchip.simulator.phase import Phase

Array = NDArray[Any]


class ArrayLinear(ArrayFrame):
    """Small changes around a state."""

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
