"""One implicit stage of an array chip, by Newton's method with its own Jacobian, all samples apart:

    (τ/h′)·(y − x) = f(x) + F(y),   F(y) = 0 where τ = 0        h′ the half step
    [τ/h′ − J(y)] Δy = f(x) + F(y) − (τ/h′)·(y − x)

A state that Newton would take beyond its bound stays there, out of the equations, while it is pressed
outwards: the stage solved and then projected. Dense: n³ a sample and iteration, for up to LARGEST nodes.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from eqchip.errors import InputError, SimulationError
from eqchip.simulator.integrators.field import Array, FloatArray
from eqchip.simulator.jacobian import point
from eqchip.simulator.phase import Phase

#: Nodes at most; numbers of the matrices solved together; Newton iterations; the half step over τ of a jump.
LARGEST, ROOM, MOST, AT_ONCE = 2000, 1 << 22, 60, 1e-12
#: The last change of a state over 1 + |s|: Newton's next would be its square; and over rounding, the least.
CLOSE, ROUNDED = 1e-9, 4.0


def solve(
    phase: Phase, parts: Callable[[Array], list[Array]], x: Array, f: Array, inertia: FloatArray
) -> Array:
    """Return y; `inertia` is τ/h′ of every node."""
    size = x.shape[1]
    if size > LARGEST:
        raise InputError(
            f"solve=trap solves for all nodes at once: {size} are more than {LARGEST}",
            expected="another solve=, or a smaller chip",
        )
    matrix = phase.wiring.matrix()
    out = np.empty_like(x)
    together = max(1, ROOM // max(1, size * size))
    for first in range(0, len(x), together):
        rows = slice(first, first + together)
        out[rows] = _newton(phase.take(rows), parts, x[rows], f[rows], inertia, matrix)
    return out


def _newton(
    phase: Phase,
    parts: Callable[[Array], list[Array]],
    x: Array,
    f: Array,
    inertia: FloatArray,
    matrix: FloatArray,
) -> Array:
    wiring = phase.wiring
    low = np.concatenate([wiring.nodes[g].law.low for g in wiring.free])
    high = np.concatenate([wiring.nodes[g].law.high for g in wiring.free])
    push = np.where(inertia > 0.0, f.astype(np.float64), 0.0)
    begin = x.astype(np.float64)
    y = np.array(begin)
    index, close = np.arange(x.shape[1]), max(CLOSE, ROUNDED * float(np.finfo(x.dtype).eps))
    for _ in range(MOST):
        at = point(phase, parts(y.astype(x.dtype)))
        want = push + at.f - inertia * (y - begin)
        still = ((y <= low) & (want < 0.0)) | ((y >= high) & (want > 0.0))
        system = -at.jacobian(matrix)
        system[:, index, index] += inertia
        free = ~still
        system = system * (free[:, :, None] & free[:, None, :])
        system[:, index, index] += still
        change = np.linalg.solve(system, np.where(free, want, 0.0)[:, :, None])[:, :, 0]
        moved = np.clip(y + change, low, high)
        change = moved - y
        y = moved
        if not np.all(np.isfinite(y)):
            break
        if np.all(np.abs(change) <= close * (1.0 + np.abs(y))):
            return y.astype(x.dtype)
    raise SimulationError(
        "solve=trap: Newton's method did not solve a step",
        advice="a smaller eps, or solve=adaptive",
    )
