"""Relaxation: implicit Euler steps towards equilibrium, each longer than the one before.

Newton's method may land in a basin that time would never reach, or on a saddle. Here every node keeps C/Δt to
where it stood. Steps of τ/4 go as time does, away from saddles too (implicit steps longer than a saddle's
time constant would be drawn to it); they grow only once no state moves faster than CALM, and what is left
below NEAR is for Newton's method. Kelley & Keyes, SIAM J. Numer. Anal. 35 (1998).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eqchip.entries import unpack
from eqchip.kernels import kernel
from eqchip.simulator.equilibrium.bench import REPIVOT, Bench
from eqchip.simulator.equilibrium.newton import newton
from eqchip.simulator.equilibrium.operating_point import CONTROL
from eqchip.simulator.equilibrium.solver import solver_of
from eqchip.simulator.network import offset
from eqchip.simulator.residuals import residuals
from eqchip.simulator.system import System, padded

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: First step over τ; its growth; steps at most; residuals (state units) where it grows, and where it ends.
FIRST, GROWTH, MOST, CALM, NEAR = 0.25, 1.3, 400, 0.03, 1e-3
#: The same where nodes run away: what is left of Newton's method then is rounding.
STILL = 1e-9


def relax(
    system: System,
    x: FloatArray,
    drives: FloatArray,
    capacitance: FloatArray,
    unit: FloatArray,
    tau: float,
    rails: bool = False,
) -> IntArray:
    """Move every row of x, in place, near an equilibrium; return the Newton iterations each took.

    `capacitance` (F) is that of each unknown to ground, 0 for none; `unit` (A) as in `residuals`. With
    `rails` some nodes run away until bounds stop them, at rates up to 1/τ: steps stay short to the end.
    """
    iterations = np.zeros(len(x), np.int64)
    step, near = FIRST * tau, STILL if rails else NEAR
    solver = solver_of(system)
    for _ in range(MOST):
        residual = residuals(system, x, drives, unit)
        far = np.flatnonzero(residual > near)
        if not len(far):
            break
        points, here = padded(x[far]), np.ascontiguousarray(drives[far])
        found = np.zeros((len(far), 2))
        memory = system.fresh_memory(len(far))
        share = capacitance / step
        solver.prepare(points[0], here[0], CONTROL, 0.0, share)
        first, again = 0, 0
        while (stopped := _step(solver.packed, points, here, memory, share, first, found)) < len(points):
            again = again + 1 if stopped == first else 1
            if again > 2:
                return iterations  # no pivot order will do: plain Newton says why
            points[stopped, :-1] = x[far[stopped]]
            solver.repivot(points[stopped], here[stopped])
            first = stopped
        good = np.all(np.isfinite(points), axis=1) & (found[:, 0] == 0.0)
        x[far[good]] = points[good, :-1]
        iterations[far] += found[:, 1].astype(np.int64)
        if not np.any(good):
            break
        if np.max(residual) < CALM and not rails:
            step *= GROWTH
    return iterations


@kernel
def _step(
    packed: IntArray,
    x: FloatArray,
    d: FloatArray,
    memory: FloatArray,
    share: FloatArray,
    first: int,
    found: FloatArray,
) -> int:
    """Take one implicit step of every sample from `first` on; return how many are done."""
    bench = unpack(packed, Bench)
    size = bench.network.size
    b = np.empty(size + 1)
    q = np.empty(size + 1)
    for sample in range(first, len(x)):
        offset(bench.network, d[sample], bench.at, b, q)
        for i in range(size):
            b[i] -= share[i] * x[sample, i]
        code = newton(packed, bench.newton, x[sample], d[sample], memory[sample], b)
        if code == REPIVOT:
            return sample
        found[sample, 0] = code
        found[sample, 1] = bench.ws.found[0]
    return len(x)
