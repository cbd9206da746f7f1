"""What a sparse chip is like linearised: reciprocity, stability."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.simulator.chip import State
from eqchip.simulator.modes import asymmetry, modes
from eqchip.simulator.residuals import residuals
from eqchip.simulator.sparse_frame import SparseFrame

Array = NDArray[Any]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class SparseLinear(SparseFrame):
    """Small changes around a state."""

    def _free(self, state: State, sample: int = 0) -> tuple[FloatArray, FloatArray, IntArray]:
        """Return G, C and the unknowns that no bound holds, at one sample."""
        x = np.asarray(state.values[sample])
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
        nodes = np.setdiff1d(free[free < self.system.network.nodes], self.fixed)
        j = g[np.ix_(nodes, nodes)]
        return asymmetry(j)

    def stability(self, state: State) -> tuple[float, float]:
        """Return (least decay rate over 1/τ, its time constant in s) of the worst sample; < 0: unstable."""
        found = []
        for sample in range(len(state.residual)):
            g, c, free = self._free(state, sample)
            still = np.isin(free, self.fixed)  # what data hold does not move, whatever charge is there
            c = np.where(still[:, None] | still[None, :], 0.0, c[np.ix_(free, free)])
            here = g[np.ix_(free, free)], c
            found.append(modes(*here, self.tau if self.tau > 0.0 else 1.0))
        return min(found)
