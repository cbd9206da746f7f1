"""The power of a sparse chip at its states: of every device its own law (cost/dissipation.py)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.simulator.chip import Nudge, State
from eqchip.simulator.cost.dissipation import electrical, kinds_of, power_of
from eqchip.simulator.cost.power import Power
from eqchip.simulator.sparse_frame import SparseFrame

Array = NDArray[Any]

#: Devices times samples that are watched.
_WORTH = 10_000


class SparsePower(SparseFrame):
    """What a phase of a sparse chip draws and burns."""

    @property
    def watched(self) -> int:
        """Samples that are watched: each evaluates every device at every state."""
        devices = sum(one.stop - one.start for one in self.system.ranges.values())
        return max(2, min(100, _WORTH // max(devices, 1)))

    def power(self, inputs: Array, nudge: Nudge | None = None) -> Callable[[State], Power]:
        """Return what tells the power at a state of a phase with these inputs."""
        system, drives = self.system, self.drives(inputs, nudge)
        kinds, carries = kinds_of(system), electrical(system)
        held = np.zeros(system.size + 1, dtype=np.bool_)
        held[self.held] = True
        return lambda state: power_of(system, kinds, carries, held, state.values, drives)
