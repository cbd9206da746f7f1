"""How far a sparse circuit is from equilibrium, sample by sample."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eqchip.entries import pack
from eqchip.kernels import kernel
from eqchip.simulator.network import Evaluated, residual
from eqchip.simulator.system import System, padded

FloatArray = NDArray[np.float64]


def residuals(
    system: System, x: FloatArray, drives: FloatArray, unit: FloatArray, signed: bool = False
) -> FloatArray:
    """Return the largest current left at a free node over `unit` (A, by node), for each row of x.

    With `signed`, the current that leaves every node in A instead, bounds aside: (B, nodes).
    """
    points = padded(x)
    f = np.zeros((len(points), system.size + 1))
    bench = Evaluated(system.network, system.room())
    _currents(pack(bench), points, drives, np.full(system.memory, np.inf), f)
    nodes = system.network.nodes
    f, at = f[:, :nodes], points[:, :nodes]
    if signed:
        return f
    low, high = system.network.low[:nodes], system.network.high[:nodes]
    held = ((at <= low) & (f > 0.0)) | ((at >= high) & (f < 0.0))
    return np.asarray(np.max(np.where(held, 0.0, np.abs(f) / unit), axis=1, initial=0.0))


@kernel
def _currents(
    packed: NDArray[np.int64], x: FloatArray, d: FloatArray, memory: FloatArray, f: FloatArray
) -> None:
    q = np.empty(f.shape[1])
    for sample in range(len(x)):
        residual(packed, x[sample], d[sample], memory, f[sample], q)
