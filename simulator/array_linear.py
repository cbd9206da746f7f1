"""What an array chip is like linearised: reciprocity, stability."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.simulator.array_frame import ArrayFrame
from eqchip.simulator.chip import State
from eqchip.simulator.jacobian import Point, free_conductances, point
from eqchip.simulator.krylov import LARGE, slowest_rate
from eqchip.simulator.modes import asymmetry, decay_rate, of_rate
from eqchip.simulator.phase import Phase

Array = NDArray[Any]


class ArrayLinear(ArrayFrame):
    """Small changes around a state."""

    def _point(self, state: State) -> Point:
        count = len(state.residual)
        constant = self.wiring.constant_drives(state.extra["inputs"], count)
        return point(Phase.free_running(self.wiring, constant), self._start(count, state))

    def reciprocity(self, state: State) -> float:
        """Return ‖J − Jᵀ‖/‖J‖ at a state (first sample), over free nodes."""
        j, _ = free_conductances(self.wiring, self._point(state))
        return asymmetry(j)

    def stability(self, state: State) -> tuple[float, float]:
        """Return (least decay rate over 1/τ, its time constant in s) of the worst sample; < 0: unstable."""
        at = self._point(state)
        large = at.f.shape[1] > LARGE and bool(np.all(at.tau > 0.0))
        rates = []
        for row in range(len(at.f)):
            here = at.part(slice(row, row + 1))
            if large:
                rates.append(slowest_rate(self.wiring, here))
            else:
                j, c = free_conductances(self.wiring, here)
                rates.append(decay_rate(j, c, self.wiring.reciprocal))
        return of_rate(min(rates, default=math.inf), self.tau)
