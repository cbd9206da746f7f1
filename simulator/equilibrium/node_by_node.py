"""Node by node: a sweep over a group that is coupled to itself, where no two nodes can be solved together.

Each node is solved exactly at the present drive of the others, so an energy falls at every node. A node that
drives itself (self=1) is solved at its own activity before.
"""

from __future__ import annotations

import numpy as np

from eqchip.kernels import kernel
from eqchip.simulator.node_kernels import Array, Exact, Law, solve_row


@kernel
def descend(law: Law, a: Array, k: Array, d: Array, loop: Array, s: Array, rho: Array, exact: Exact) -> None:
    """Sweep a group. loop[i, j] is what activity of i drives into j; d holds it, and is kept up to date."""
    work, new = np.empty((10, 1), s.dtype), np.empty(1, s.dtype)
    for row in range(s.shape[0]):
        pull = d[row]
        for i in range(s.shape[1]):
            to = i + 1
            one = Law(law.code, law.energy, law.slope[i:to], law.shift[i:to], law.low[i:to], law.high[i:to])
            solve_row(one, a[i:to], k[row, i:to], pull[i:to], s[row, i:to], new, work, exact)
            change = new[0] - rho[row, i]
            if change != 0:
                rho[row, i] = new[0]
                for j in range(len(pull)):
                    pull[j] += loop[i, j] * change
