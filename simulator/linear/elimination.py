"""Elimination: Gaussian elimination of the first unknowns of a sparse matrix, in a fixed pivot order.

After `limit` pivots the matrix A, its rows and columns permuted, is

    [ L  0 ] [ U  V ]      L unit lower, U upper triangular, R = A_ss − M V the remainder
    [ M  1 ] [ 0  R ]      (the Schur complement of what was eliminated)

column by column (Gilbert and Peierls, SIAM J. Sci. Stat. Comput. 9 (1988) 862). The pattern is found once
(symbolic.py), the numbers are then refilled as often as the matrix changes. The pivot order is not revised
here: a pivot that has become too small against its column is reported, and the caller chooses a new order.
"""

from __future__ import annotations

from typing import Any

from numba import types

from eqchip.entries import Entry, call, unpack
from eqchip.kernels import kernel
from eqchip.simulator.linear.pattern import FloatArray, IntArray, Pattern
from eqchip.simulator.linear.symbolic import Elimination, trace

#: A pivot smaller than this part of its column asks for a new pivot order.
PIVOT_GROWTH = 1e-9


def _eliminate(packed: Any, start: Any, index: Any, data: Any, work: Any) -> int:
    """Fill in L, U and the remainder of a matrix; return -1, or the position of the pivot that failed."""
    e = unpack(packed, Elimination)
    rows, l_start, l_index, u_start, u_index = e.rows, e.l_start, e.l_index, e.u_start, e.u_index
    columns, r_start, r_index, limit = e.columns, e.r_start, e.r_index, e.limit
    l, u, pivot, remainder, fours = e.l, e.u, e.pivot, e.remainder, e.fours  # noqa: E741
    for j in range(e.size):
        column = columns[j]
        for p in range(start[column], start[column + 1]):
            work[rows[index[p]]] += data[p]
        p = u_start[j]
        end = u_start[j + 1]
        while p < end:
            k = u_index[p]
            a = l_start[k]
            if fours[k] == 1 and p + 3 < end and u_index[p + 3] == k + 3:
                # Four pivots that share the rows below them: each row is looked up once for all.
                b, c, d = l_start[k + 1], l_start[k + 2], l_start[k + 3]
                f0 = work[k]
                f1 = work[k + 1] - l[a] * f0
                f2 = work[k + 2] - l[a + 1] * f0 - l[b] * f1
                f3 = work[k + 3] - l[a + 2] * f0 - l[b + 1] * f1 - l[c] * f2
                for q in range(4):
                    work[k + q] = 0.0
                u[p] = f0
                u[p + 1] = f1
                u[p + 2] = f2
                u[p + 3] = f3
                a, b, c = a + 3, b + 2, c + 1
                for s in range(l_start[k + 4] - d):
                    work[l_index[d + s]] -= l[a + s] * f0 + l[b + s] * f1 + l[c + s] * f2 + l[d + s] * f3
                p += 4
                continue
            factor = work[k]
            work[k] = 0.0
            u[p] = factor
            p += 1
            if factor != 0.0:
                for s in range(a, l_start[k + 1]):
                    work[l_index[s]] -= l[s] * factor
        if j >= limit:
            for p in range(r_start[j - limit], r_start[j - limit + 1]):
                i = r_index[p] + limit
                remainder[p] = work[i]
                work[i] = 0.0
            continue
        here = work[j]
        work[j] = 0.0
        largest = 0.0
        for p in range(l_start[j], l_start[j + 1]):
            i = l_index[p]
            l[p] = work[i]
            largest = max(largest, abs(work[i]))
            work[i] = 0.0
        pivot[j] = here
        if not abs(here) > PIVOT_GROWTH * largest:
            return j
        scale = 1.0 / here
        for p in range(l_start[j], l_start[j + 1]):
            l[p] *= scale
    return -1


_WORD, _INTS, _FLOATS = types.int64, types.CPointer(types.int64), types.CPointer(types.float64)
ELIMINATE = Entry(_eliminate, _WORD(_INTS, _INTS, _INTS, _FLOATS, _FLOATS))


def find(pattern: Pattern, rows: IntArray, columns: IntArray, limit: int) -> Elimination:
    """Return the elimination of the first `limit` positions; `rows`: each row's position, `columns`: the
    column at each position.
    """
    return trace(pattern, rows, columns, limit, ELIMINATE.address)


@kernel(inner=True)
def eliminate(e: Elimination, start: IntArray, index: IntArray, data: FloatArray, work: FloatArray) -> int:
    """Fill in L, U and the remainder of a matrix; return -1, or the position of the pivot that failed.

    `work` (size) comes and goes all zero.
    """
    return call(e.refill, (e, start, index, data, work))


@kernel
def eliminate_packed(
    packed: IntArray, start: IntArray, index: IntArray, data: FloatArray, work: FloatArray
) -> int:
    """Fill in a packed elimination."""
    return eliminate(unpack(packed, Elimination), start, index, data, work)


@kernel(inner=True)
def forward(e: Elimination, w: FloatArray) -> None:
    """Solve [L 0; M 1] w = w in place, in positions: the right-hand side of the remainder is left below."""
    l_start, l_index, l, fours, limit = e.l_start, e.l_index, e.l, e.fours, e.limit  # noqa: E741
    j = 0
    while j < limit:
        a = l_start[j]
        f0 = w[j]
        if fours[j] == 1:
            b, c, d = l_start[j + 1], l_start[j + 2], l_start[j + 3]
            f1 = w[j + 1] - l[a] * f0
            f2 = w[j + 2] - l[a + 1] * f0 - l[b] * f1
            f3 = w[j + 3] - l[a + 2] * f0 - l[b + 1] * f1 - l[c] * f2
            w[j + 1] = f1
            w[j + 2] = f2
            w[j + 3] = f3
            a, b, c = a + 3, b + 2, c + 1
            j += 4
            if f0 != 0.0 or f1 != 0.0 or f2 != 0.0 or f3 != 0.0:
                for s in range(l_start[j] - d):
                    w[l_index[d + s]] -= l[a + s] * f0 + l[b + s] * f1 + l[c + s] * f2 + l[d + s] * f3
            continue
        j += 1
        if f0 != 0.0:
            for p in range(a, l_start[j]):
                w[l_index[p]] -= l[p] * f0


@kernel(inner=True)
def backward(e: Elimination, w: FloatArray) -> None:
    """Solve [U V; 0 1] w = w in place, once the remainder's unknowns stand below the pivots."""
    u_start, u_index, u, pivot, limit = e.u_start, e.u_index, e.u, e.pivot, e.limit
    for j in range(e.size - 1, -1, -1):
        here = w[j]
        if j < limit:
            here /= pivot[j]
            w[j] = here
        if here != 0.0:
            for p in range(u_start[j], u_start[j + 1]):
                w[u_index[p]] -= u[p] * here


@kernel(inner=True)
def forward_transposed(e: Elimination, w: FloatArray) -> None:
    """Solve [U V; 0 1]ᵀ w = w in place; the remainder's right-hand side is left below."""
    u_start, u_index, u, pivot, limit = e.u_start, e.u_index, e.u, e.pivot, e.limit
    for j in range(e.size):
        here = w[j]
        for p in range(u_start[j], u_start[j + 1]):
            here -= u[p] * w[u_index[p]]
        w[j] = here / pivot[j] if j < limit else here


@kernel(inner=True)
def backward_transposed(e: Elimination, w: FloatArray) -> None:
    """Solve [L 0; M 1]ᵀ w = w in place."""
    l_start, l_index, l = e.l_start, e.l_index, e.l  # noqa: E741
    for j in range(e.limit - 1, -1, -1):
        here = w[j]
        for p in range(l_start[j], l_start[j + 1]):
            here -= l[p] * w[l_index[p]]
        w[j] = here
