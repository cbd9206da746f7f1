"""Explicit Euler for sparse chips: v ← clip(v − Δt·f/C), every free node with a capacitance of its own to
ground.

The integrator of euler.py, a whole phase in one kernel. Nodes that ideal sources hold stand still. A node
without capacitance, or one that shares a capacitor with another node, is refused by name.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eqchip.entries import pack
from eqchip.kernels import kernel
from eqchip.simulator.integrators.sparse_field import capacitances
from eqchip.simulator.network import Evaluated, residual
from eqchip.simulator.system import System, padded

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def integrate(
    system: System, x: FloatArray, drives: FloatArray, held: IntArray, steps: int, length: float
) -> None:
    """Move every row of x, in place, by `steps` steps of `length` seconds; unknowns `held` stay."""
    if not len(x):
        return
    network = system.network
    free = np.setdiff1d(np.arange(network.nodes), held)
    capacitance = capacitances(system, x[0], drives[0], free, "euler")
    share = np.zeros(system.size + 1)
    share[free] = length / capacitance
    points = padded(x)
    low, high = np.append(network.low, 0.0), np.append(network.high, 0.0)
    memory = np.full(system.memory, np.inf)
    bench = Evaluated(network, system.room())
    _steps(pack(bench), network.nodes, points, drives, memory, share, low, high, steps)
    x[:] = points[:, :-1]


@kernel
def _steps(
    packed: IntArray,
    nodes: int,
    x: FloatArray,
    d: FloatArray,
    memory: FloatArray,
    share: FloatArray,
    low: FloatArray,
    high: FloatArray,
    steps: int,
) -> None:
    f = np.empty(x.shape[1])
    q = np.empty(x.shape[1])
    for sample in range(len(x)):
        here = x[sample]
        for _ in range(steps):
            residual(packed, here, d[sample], memory, f, q)
            for i in range(nodes):
                here[i] = min(max(here[i] - share[i] * f[i], low[i]), high[i])
