"""A whole phase of explicit Euler as one kernel, sample by sample: states stay in the nearest cache.

For chips whose couplings between free nodes are small (fused_layout.LARGEST): layered ones with one hidden
layer, all that is small. It is the plain way of array_euler.py to rounding: only the order of sums differs.
A sample's answer depends neither on the others of its batch nor on the number of threads.
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
    TILE,
    Fused,
    fused_of,
)
from eqchip.simulator.integrators.fused_shake import Shake, kick, quiet
from eqchip.simulator.node_kernels import Exact, Law, euler_row, exponents, largest, rate_row, rises, values
from eqchip.simulator.phase import Phase
from eqchip.threads import share

Array = NDArray[Any]
FloatArray = NDArray[np.float64]

#: Steps of one sample and node below which another thread takes longer to wake than to work.
GRAIN = 120_000


def integrate(
    phase: Phase, states: list[Array], steps: int, length: float, shake: Shake | None = None
) -> tuple[FloatArray, FloatArray] | None:
    """Move states, in place, and return residuals and their floors; None where the chip does not suit.

    Noise that there is, `shake`, comes at the end of every step.
    """
    fused = fused_of(phase, length)
    if fused is None:
        return None
    free, samples = phase.wiring.free, phase.samples
    exact = phase.wiring.nodes[free[0]].exact
    constant = _flat(phase.constant, free)
    s = _flat(states, free)
    k = _flat(phase.k, free) if phase.nudged else np.zeros(0, s.dtype)
    rho = np.zeros(0, s.dtype)
    residual, floor = np.zeros(samples), np.zeros(samples)
    noise = quiet(s.dtype) if shake is None else shake

    def work(first: int, last: int) -> None:
        end = min(2 * last, samples)
        march(fused, constant, k, s, rho, steps, residual, floor, 2 * first, end, noise, exact)

    share(work, -(-samples // 2), grain(fused, steps))
    for group, part in zip(free, by_group(fused, s, samples), strict=True):
        states[group][...] = part
    return residual, floor


def grain(fused: Fused, steps: int) -> int:
    """Return how many pairs of samples a thread should have at least: they are driven two at a time."""
    return max(1, GRAIN // (2 * int(fused.groups[-1, END]) * (steps + 1)))


def by_group(fused: Fused, flat: Array, samples: int) -> list[Array]:
    """Return what stands group by group as arrays (samples, n), of the same memory."""
    return [
        flat[samples * begin : samples * end].reshape(samples, end - begin)
        for begin, end in fused.groups[:, : END + 1].tolist()
    ]


def _flat(parts: list[Array], free: tuple[int, ...]) -> Array:
    """Return the arrays of the free groups, one after another."""
    return np.concatenate([parts[group].ravel() for group in free])


@kernel
def march(
    fused: Fused,
    constant: Array,
    k: Array,
    s: Array,
    final: Array,
    steps: int,
    residual: Array,
    floor: Array,
    first: int,
    last: int,
    shake: Shake,
    exact: Exact,
) -> None:
    """Take all steps of samples first … last − 1, see what residual they end with, and set `final` to ρ.

    Arrays of samples stand group by group, all samples of a group one after another; so do those of a tile.
    """
    nodes = fused.groups[-1, END]
    samples = len(residual)
    size, unit = TILE * nodes, 16.0 * np.finfo(s.dtype).eps
    x, c, push, d = (
        np.empty(size, s.dtype),
        np.empty(size, s.dtype),
        np.zeros(size, s.dtype),
        np.empty(size, s.dtype),
    )
    spare, draws = np.zeros(nodes, s.dtype), np.empty(nodes, np.float32)
    rho, rise, z, m = np.empty_like(x), np.empty_like(x), np.empty_like(x), np.empty_like(x)
    for begin in range(first, last, TILE):
        rows = min(TILE, last - begin)
        used = rows * nodes
        enter(fused, s, samples, begin, rows, x)
        enter(fused, constant, samples, begin, rows, c)
        if len(k):
            enter(fused, k, samples, begin, rows, push)
        activity(fused, rows, x, rho, rise, z, m, exact)
        for step in range(steps):
            for j in range(used):
                d[j] = c[j]
            add_drives(fused, rows, rho, d, spare)
            move(fused, rows, push, d, x, rho, rise, z, m, exact)
            if len(shake.samples):
                kick(fused, shake, begin, rows, step + 1, draws, x)
                activity(fused, rows, x, rho, rise, z, m, exact)
        for j in range(used):
            d[j] = c[j]
        add_drives(fused, rows, rho, d, spare)
        activity(fused, rows, x, rho, rise, z, m, exact)
        judge(fused, rows, push, d, x, rise, z)
        for row in range(rows):
            worst, most = 0.0, 0.0
            for g in range(len(fused.groups)):
                low, high = fused.groups[g, BEGIN], fused.groups[g, END]
                here = rows * low + row * (high - low)
                found = largest(z[here : here + high - low], exact)
                worst = found if found > worst or found != found else worst  # NaN is the largest, and stays
                most = max(most, largest(d[here : here + high - low], exact))
            residual[begin + row], floor[begin + row] = worst, unit * (1.0 + most)
        leave(fused, x, samples, begin, rows, s)
        if len(final):
            leave(fused, rho, samples, begin, rows, final)


@kernel(inner=True)
def enter(fused: Fused, source: Array, samples: int, begin: int, rows: int, tile: Array) -> None:
    """Copy samples into a tile."""
    for g in range(len(fused.groups)):
        low, high = fused.groups[g, BEGIN], fused.groups[g, END]
        to, at = tile[rows * low : rows * high], samples * low + begin * (high - low)
        taken = source[at : at + len(to)]
        for j in range(len(to)):
            to[j] = taken[j]


@kernel(inner=True)
def leave(fused: Fused, tile: Array, samples: int, begin: int, rows: int, target: Array) -> None:
    """Copy a tile back to its samples."""
    for g in range(len(fused.groups)):
        low, high = fused.groups[g, BEGIN], fused.groups[g, END]
        taken, at = tile[rows * low : rows * high], samples * low + begin * (high - low)
        to = target[at : at + len(taken)]
        for j in range(len(to)):
            to[j] = taken[j]


@kernel(inner=True)
def law_of(fused: Fused, g: int, rows: int) -> Law:
    """Return the law of one group, as often as there are samples in the tile."""
    b = TILE * fused.groups[g, BEGIN]
    e = b + rows * (fused.groups[g, END] - fused.groups[g, BEGIN])
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
        law = law_of(fused, g, rows)
        b, e = rows * fused.groups[g, BEGIN], rows * fused.groups[g, END]
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
        b, e = rows * fused.groups[g, BEGIN], rows * fused.groups[g, END]
        p = TILE * fused.groups[g, BEGIN]
        if fused.groups[g, ALIKE] != 0:
            same = Alike(
                fused.groups[g, CODE],
                fused.groups[g, ENERGY] != 0,
                fused.slope[p],
                fused.shift[p],
                fused.low[p],
                fused.high[p],
                fused.step[p],
            )
            alike_row(same, d[b:e], x[b:e], rho[b:e], exact)
        else:
            q = p + e - b
            euler_row(
                law_of(fused, g, rows),
                fused.step[p:q],
                fused.a[p:q],
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
def judge(fused: Fused, rows: int, push: Array, d: Array, x: Array, rise: Array, f: Array) -> None:
    """Set f to F of a tile, 0 where a state is pressed against a bound."""
    for g in range(len(fused.groups)):
        b, e = rows * fused.groups[g, BEGIN], rows * fused.groups[g, END]
        p = TILE * fused.groups[g, BEGIN]
        law = law_of(fused, g, rows)
        rate_row(law, fused.a[p : p + e - b], push[b:e], d[b:e], x[b:e], rise[b:e], f[b:e])
