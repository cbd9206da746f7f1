"""A whole phase of explicit Euler as one kernel, sample by sample: states stay in the nearest cache.

For chips whose couplings between free nodes are small (fused_layout.LARGEST): layered ones with one hidden
layer, all that is small. It is the plain way of array_euler.py to rounding: only sums of a drive stand in another
order. A sample's answer depends neither on the others of its batch nor on the number of threads.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.kernels import kernel
from eqchip.simulator.integrators.euler_rows import Alike, alike_row
from eqchip.simulator.integrators.fused_drives import add_drives
from eqchip.simulator.integrators.fused_layout import (
    ALIKE,
    BEGIN,
    CODE,
    END,
    ENERGY,
    Fused,
    fused_of,
)
from eqchip.simulator.node_kernels import Exact, Law, euler_row, exponents, rate_row, rises, values
from eqchip.simulator.phase import Phase
from eqchip.threads import share

Array = NDArray[Any]
FloatArray = NDArray[np.float64]

#: Samples that are moved together; their states and what drives them should stay in the nearest cache.
TILE = 4

#: Steps of one sample and node below which another thread takes longer to wake than to work.
GRAIN = 100_000


def integrate(
    phase: Phase, states: list[Array], steps: int, length: float
) -> tuple[FloatArray, FloatArray] | None:
    """Move states, in place, and return residuals and their floors; None where the chip does not suit."""
    fused = fused_of(phase, length)
    if fused is None:
        return None
    wiring = phase.wiring
    exact = wiring.nodes[wiring.free[0]].exact
    constant = _flat(phase.constant, wiring.free)
    s = _flat(states, wiring.free)
    k = _flat(phase.k, wiring.free) if phase.nudged else np.zeros((0, s.shape[1]), s.dtype)
    residual, floor = np.zeros(len(s)), np.zeros(len(s))

    def work(first: int, last: int) -> None:
        march(fused, constant, k, s, steps, residual, floor, first, last, exact)

    share(work, len(s), max(1, GRAIN // (s.shape[1] * (steps + 1))))
    for group, (begin, end) in zip(wiring.free, fused.groups[:, : END + 1], strict=True):
        states[group][...] = s[:, begin:end]
    return residual, floor


def _flat(parts: list[Array], free: tuple[int, ...]) -> Array:
    """Return the arrays of the free groups side by side."""
    return np.concatenate([parts[group] for group in free], axis=1)


@kernel
def march(
    fused: Fused,
    constant: Array,
    k: Array,
    s: Array,
    steps: int,
    residual: Array,
    floor: Array,
    first: int,
    last: int,
    exact: Exact,
) -> None:
    """Take all steps of samples first … last − 1, and see what residual they end with.

    A tile of samples stands group by group: all samples of a group one after another.
    """
    size = TILE * s.shape[1]
    x, c, push, d = (
        np.empty(size, s.dtype),
        np.empty(size, s.dtype),
        np.zeros(size, s.dtype),
        np.empty(size, s.dtype),
    )
    rho, rise, z, m = np.empty_like(x), np.empty_like(x), np.empty_like(x), np.empty_like(x)
    for begin in range(first, last, TILE):
        rows = min(TILE, last - begin)
        used = rows * s.shape[1]
        enter(fused, s, begin, rows, x)
        enter(fused, constant, begin, rows, c)
        if len(k):
            enter(fused, k, begin, rows, push)
        activity(fused, rows, x, rho, rise, z, m, exact)
        for _ in range(steps):
            for j in range(used):
                d[j] = c[j]
            add_drives(fused, rows, rho, d)
            move(fused, rows, push, d, x, rho, rise, z, m, exact)
        for j in range(used):
            d[j] = c[j]
        add_drives(fused, rows, rho, d)
        activity(fused, rows, x, rho, rise, z, m, exact)
        judge(fused, rows, push, d, x, rise, residual[begin : begin + rows], floor[begin : begin + rows])
        for g in range(len(fused.groups)):
            low, high = fused.groups[g, BEGIN], fused.groups[g, END]
            for row in range(rows):
                here = rows * low + row * (high - low)
                s[begin + row, low:high] = x[here : here + high - low]


@kernel(inner=True)
def enter(fused: Fused, source: Array, begin: int, rows: int, tile: Array) -> None:
    """Copy samples into a tile."""
    for g in range(len(fused.groups)):
        low, high = fused.groups[g, BEGIN], fused.groups[g, END]
        for row in range(rows):
            here = rows * low + row * (high - low)
            tile[here : here + high - low] = source[begin + row, low:high]


@kernel(inner=True)
def law_of(fused: Fused, g: int) -> Law:
    """Return the law of one group."""
    b, e = fused.groups[g, BEGIN], fused.groups[g, END]
    return Law(
        fused.groups[g, CODE],
        fused.groups[g, ENERGY] != 0,
        fused.slope[b:e],
        fused.shift[b:e],
        fused.low[b:e],
        fused.high[b:e],
    )


@kernel(inner=True)
def activity(
    fused: Fused, rows: int, x: Array, rho: Array, rise: Array, z: Array, m: Array, exact: Exact
) -> None:
    """Set rho and rise to ρ and ρ′ of a tile of states."""
    for g in range(len(fused.groups)):
        size = fused.groups[g, END] - fused.groups[g, BEGIN]
        law = law_of(fused, g)
        for row in range(rows):
            b = rows * fused.groups[g, BEGIN] + row * size
            e = b + size
            exponents(law, x[b:e], z[b:e], m[b:e], exact)
            values(law, x[b:e], z[b:e], m[b:e], rho[b:e], exact)
            rises(law, z[b:e], m[b:e], rise[b:e])


@kernel(inner=True)
def move(
    fused: Fused,
    rows: int,
    push: Array,
    d: Array,
    x: Array,
    rho: Array,
    rise: Array,
    z: Array,
    m: Array,
    exact: Exact,
) -> None:
    """Move every group of a tile by one step."""
    for g in range(len(fused.groups)):
        low, high = fused.groups[g, BEGIN], fused.groups[g, END]
        if fused.groups[g, ALIKE] != 0:
            law = Alike(
                fused.groups[g, CODE],
                fused.groups[g, ENERGY] != 0,
                fused.slope[low],
                fused.shift[low],
                fused.low[low],
                fused.high[low],
                fused.step[low],
            )
            b, e = rows * low, rows * high
            alike_row(law, d[b:e], x[b:e], rho[b:e], exact)
        else:
            law_here, step, a = law_of(fused, g), fused.step[low:high], fused.a[low:high]
            for row in range(rows):
                b = rows * low + row * (high - low)
                e = b + high - low
                euler_row(
                    law_here,
                    step,
                    a,
                    push[b:e],
                    d[b:e],
                    x[b:e],
                    rho[b:e],
                    rise[b:e],
                    z[b:e],
                    m[b:e],
                    exact,
                )


@kernel(inner=True)
def judge(
    fused: Fused, rows: int, push: Array, d: Array, x: Array, rise: Array, residual: Array, floor: Array
) -> None:
    """Set residuals and floors of a tile as node_kernels.rates does."""
    unit = 16.0 * np.finfo(x.dtype).eps
    for row in range(rows):
        worst, most = 0.0, 0.0
        for g in range(len(fused.groups)):
            low, high = fused.groups[g, BEGIN], fused.groups[g, END]
            b = rows * low + row * (high - low)
            e = b + high - low
            worst, here = rate_row(
                law_of(fused, g), fused.a[low:high], push[b:e], d[b:e], x[b:e], rise[b:e], worst
            )
            most = max(most, here)
        residual[row], floor[row] = worst, unit * (1.0 + most)
