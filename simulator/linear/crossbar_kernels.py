"""Kernels of the crossbar solver: factors of all lines, and conjugate gradients for one input.

Unknowns are how far the crossings stand off their bus nodes, e on the rows and d on the columns, so that the
current in a wire is a product, not a small difference of large voltages. With the device conductances G, the
wires' tridiagonal matrices T and Δ = V_row − V_col of the bus nodes,

    (T_row + G)·e − G·d = −G·Δ          (T_col + G)·d − G·e = G·Δ

d is eliminated by the columns' factors; what is left, S·e = b with S = A − G·B⁻¹·G, A = T_row + G and
B = T_col + G, is solved by conjugate gradients with A as preconditioner. A·z = r holds for every
preconditioned residual z, so A·p is carried along instead of multiplied out.

Lines are tridiagonal: a factor is 1/pivot and the multiplier to the next crossing. Columns are swept row by
row of the crossbar, which runs along memory; four rows at a time hide the latency of their recurrences.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eqchip.kernels import SAFE_MATH, kernel

FloatArray = NDArray[np.float64]

#: How often conjugate gradients begin anew with the residual as it really is.
RESTARTS = 5


@kernel
def factor_rows(g: FloatArray, link: FloatArray, inverse: FloatArray, carry: FloatArray) -> None:
    """Factor T_row + G; link (M, N + 1) are the wires' conductances, its ends those to the bus node."""
    m, n = g.shape
    for i in range(m):
        for j in range(n):
            pivot = g[i, j] + link[i, j] + link[i, j + 1]
            carry[i, j] = 0.0
            if j > 0:
                carry[i, j] = link[i, j] * inverse[i, j - 1]
                pivot -= link[i, j] * carry[i, j]
            inverse[i, j] = 1.0 / pivot


@kernel
def factor_columns(g: FloatArray, link: FloatArray, inverse: FloatArray, carry: FloatArray) -> None:
    """Factor T_col + G; link is (M + 1, N)."""
    m, n = g.shape
    for i in range(m):
        for j in range(n):
            pivot = g[i, j] + link[i, j] + link[i + 1, j]
            carry[i, j] = 0.0
            if i > 0:
                carry[i, j] = link[i, j] * inverse[i - 1, j]
                pivot -= link[i, j] * carry[i, j]
            inverse[i, j] = 1.0 / pivot


@kernel(inner=True)
def _back_down(inverse: FloatArray, carry: FloatArray, t: FloatArray, i: int) -> None:
    """Take the backward sweep of the columns to row i."""
    m, n = t.shape
    now, scale = t[i], inverse[i]
    if i + 1 < m:
        after, weight = t[i + 1], carry[i + 1]
        for j in range(n):
            now[j] = now[j] * scale[j] + weight[j] * after[j]
    else:
        for j in range(n):
            now[j] *= scale[j]


@kernel(inner=True)
def _solve_rows(inverse: FloatArray, carry: FloatArray, r: FloatArray, z: FloatArray) -> None:
    """Solve A·z = r for four rows, or as many as there are."""
    m, n = r.shape
    if m == 4:
        y0 = y1 = y2 = y3 = 0.0
        for j in range(n):
            y0 = r[0, j] + carry[0, j] * y0
            y1 = r[1, j] + carry[1, j] * y1
            y2 = r[2, j] + carry[2, j] * y2
            y3 = r[3, j] + carry[3, j] * y3
            z[0, j] = y0
            z[1, j] = y1
            z[2, j] = y2
            z[3, j] = y3
        c0 = c1 = c2 = c3 = 0.0
        y0 = y1 = y2 = y3 = 0.0
        for j in range(n - 1, -1, -1):
            y0 = z[0, j] * inverse[0, j] + c0 * y0
            y1 = z[1, j] * inverse[1, j] + c1 * y1
            y2 = z[2, j] * inverse[2, j] + c2 * y2
            y3 = z[3, j] * inverse[3, j] + c3 * y3
            z[0, j] = y0
            z[1, j] = y1
            z[2, j] = y2
            z[3, j] = y3
            c0, c1, c2, c3 = carry[0, j], carry[1, j], carry[2, j], carry[3, j]
        return
    for i in range(m):
        y = 0.0
        for j in range(n):
            y = r[i, j] + carry[i, j] * y
            z[i, j] = y
        c = y = 0.0
        for j in range(n - 1, -1, -1):
            y = z[i, j] * inverse[i, j] + c * y
            z[i, j] = y
            c = carry[i, j]


@kernel(inner=True, fastmath=SAFE_MATH)
def _dot(a: FloatArray, b: FloatArray) -> float:
    """Return a·b of two rows; the order of its sum is free, and the same on every run."""
    total = 0.0
    for j in range(len(a)):
        total += a[j] * b[j]
    return total


@kernel(inner=True)
def _precondition(inverse: FloatArray, carry: FloatArray, r: FloatArray, z: FloatArray) -> float:
    """Set z to A⁻¹·r and return r·z."""
    m = len(r)
    total = 0.0
    for first in range(0, m, 4):
        last = min(first + 4, m)
        _solve_rows(inverse[first:last], carry[first:last], r[first:last], z[first:last])
        for i in range(first, last):
            total += _dot(r[i], z[i])
    return total


@kernel(inner=True)
def _columns(
    g: FloatArray,
    inverse: FloatArray,
    carry: FloatArray,
    rows: FloatArray,
    columns: FloatArray,
    e: FloatArray,
    d: FloatArray,
) -> None:
    """Set d to B⁻¹·G·(Δ + e)."""
    m, n = g.shape
    for i in range(m):
        now, before, gi, ci, ei, volts = d[i], d[max(i - 1, 0)], g[i], carry[i], e[i], rows[i]
        for j in range(n):  # the first row carries nothing
            now[j] = gi[j] * (volts - columns[j] + ei[j]) + ci[j] * (before[j] if i > 0 else 0.0)
    for i in range(m - 1, -1, -1):
        _back_down(inverse, carry, d, i)


@kernel(inner=True)
def _imbalance(
    g: FloatArray,
    row_link: FloatArray,
    column_link: FloatArray,
    rows: FloatArray,
    columns: FloatArray,
    e: FloatArray,
    d: FloatArray,
    r: FloatArray,
) -> tuple[float, float]:
    """Set r to −(current that leaves each row node); return the largest at any node, and in any device."""
    m, n = g.shape
    worst = largest = 0.0
    for i in range(m):
        for j in range(n):
            device = g[i, j] * (rows[i] - columns[j] + e[i, j] - d[i, j])
            left = e[i, j - 1] if j > 0 else 0.0
            right = e[i, j + 1] if j + 1 < n else 0.0
            out = device + row_link[i, j] * (e[i, j] - left) + row_link[i, j + 1] * (e[i, j] - right)
            above = d[i - 1, j] if i > 0 else 0.0
            below = d[i + 1, j] if i + 1 < m else 0.0
            into = column_link[i, j] * (d[i, j] - above) + column_link[i + 1, j] * (d[i, j] - below) - device
            r[i, j] = -out
            worst = max(worst, abs(out), abs(into))
            largest = max(largest, abs(device))
    return worst, largest


@kernel(inner=True)
def _multiply(
    g: FloatArray,
    inverse: FloatArray,
    carry: FloatArray,
    step: float,
    r: FloatArray,
    z: FloatArray,
    p: FloatArray,
    h: FloatArray,
    t: FloatArray,
) -> float:
    """Take the next direction, p = z + step·p and h = A·p; set t to G·B⁻¹·G·p; return p·S·p."""
    m, n = g.shape
    for i in range(m):
        gi, ci, ri, zi, pi, hi = g[i], carry[i], r[i], z[i], p[i], h[i]
        now, before = t[i], t[max(i - 1, 0)]
        for j in range(n):
            pi[j] = zi[j] + step * pi[j]
            hi[j] = ri[j] + step * hi[j]
        if i == 0:
            for j in range(n):
                now[j] = gi[j] * pi[j]
        else:
            for j in range(n):
                now[j] = gi[j] * pi[j] + ci[j] * before[j]
    total = 0.0
    for i in range(m - 1, -1, -1):
        _back_down(inverse, carry, t, i)
        total += _dot(p[i], h[i])
        if i + 1 < m:  # the row above no longer needs it
            total -= _fold(g[i + 1], t[i + 1], p[i + 1])
    return total - _fold(g[0], t[0], p[0])


@kernel(inner=True, fastmath=SAFE_MATH)
def _fold(g: FloatArray, t: FloatArray, p: FloatArray) -> float:
    """Multiply a row of t by G, and return p·t."""
    total = 0.0
    for j in range(len(g)):
        t[j] *= g[j]
        total += p[j] * t[j]
    return total


@kernel(inner=True)
def _advance(
    inverse: FloatArray,
    carry: FloatArray,
    length: float,
    p: FloatArray,
    h: FloatArray,
    t: FloatArray,
    e: FloatArray,
    r: FloatArray,
    z: FloatArray,
) -> tuple[float, float]:
    """Go along p; return r·A⁻¹·r and the largest |r|."""
    m, n = r.shape
    total = largest = 0.0
    for first in range(0, m, 4):
        last = min(first + 4, m)
        for i in range(first, last):
            pi, hi, ti, ei, ri = p[i], h[i], t[i], e[i], r[i]
            for j in range(n):
                ei[j] += length * pi[j]
                ri[j] -= length * (hi[j] - ti[j])
            most = 0.0
            for j in range(n):
                most = max(most, abs(ri[j]))
            largest = max(largest, most)
        _solve_rows(inverse[first:last], carry[first:last], r[first:last], z[first:last])
        for i in range(first, last):
            total += _dot(r[i], z[i])
    return total, largest


@kernel
def solve_one(
    g: FloatArray,
    row_link: FloatArray,
    column_link: FloatArray,
    row_factor: FloatArray,
    column_factor: FloatArray,
    rows: FloatArray,
    columns: FloatArray,
    tol: float,
    limit: int,
    work: FloatArray,
) -> tuple[int, float, float]:
    """Solve for one input: work[0] is e, work[1] is d; return iterations, largest imbalance and current.

    Ends where no node's currents miss by more than tol of the largest current of a device, as found by adding
    them up afresh; or after `limit` iterations, which the imbalance then shows.
    """
    e, d, r, z, p, h, t = work[0], work[1], work[2], work[3], work[4], work[5], work[6]
    ri, rc, ci, cc = row_factor[0], row_factor[1], column_factor[0], column_factor[1]
    e[:] = 0.0
    done = 0
    worst = largest = 0.0
    for _ in range(RESTARTS):
        _columns(g, ci, cc, rows, columns, e, d)
        before = worst
        worst, largest = _imbalance(g, row_link, column_link, rows, columns, e, d, r)
        if worst <= tol * largest or done >= limit or (before > 0.0 and worst > 0.5 * before):
            break
        goal = 0.5 * tol * largest
        p[:] = 0.0
        h[:] = 0.0
        step = 0.0
        slope = _precondition(ri, rc, r, z)
        while done < limit:
            curved = _multiply(g, ci, cc, step, r, z, p, h, t)
            if not curved > 0.0:
                break
            after, most = _advance(ri, rc, slope / curved, p, h, t, e, r, z)
            done += 1
            if most <= goal:
                break
            step = after / slope
            slope = after
    return done, worst, largest
