"""Elimination: Gaussian elimination of the first unknowns of a sparse matrix, in a fixed pivot order.

After `limit` pivots the matrix A, its rows and columns permuted, is

    [ L  0 ] [ U  V ]      L unit lower, U upper triangular, R = A_ss − M V the remainder
    [ M  1 ] [ 0  R ]      (the Schur complement of what was eliminated)

column by column (Gilbert and Peierls, SIAM J. Sci. Stat. Comput. 9 (1988) 862): the pattern is found once by
depth-first search, shortened by symmetric pruning (Eisenstat and Liu, SIAM J. Matrix Anal. Appl. 13 (1992)
202), and the numbers are then refilled as often as the matrix changes. The pivot order is not revised here:
a pivot that has become too small against its column is reported, and the caller chooses a new order.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import types

from eqchip.entries import Entry, call, unpack
from eqchip.kernels import kernel
from eqchip.simulator.linear.pattern import FloatArray, IntArray, Pattern

#: A pivot smaller than this part of its column asks for a new pivot order.
PIVOT_GROWTH = 1e-9


class Elimination(NamedTuple):
    """Pattern and numbers of an elimination. Positions count in pivot order; those from `limit` on remain."""

    size: int
    limit: int
    rows: IntArray  # (size) position of each row
    columns: IntArray  # (size) the column at each position
    l_start: IntArray  # (limit + 1) into l_index: positions below the pivot, M included
    l_index: IntArray
    u_start: IntArray  # (size + 1) into u_index: eliminated positions above, in an order that can be followed
    u_index: IntArray
    r_start: IntArray  # (size - limit + 1) into r_index: rows of the remainder, less `limit`
    r_index: IntArray
    l: FloatArray  # noqa: E741
    u: FloatArray
    pivot: FloatArray  # (limit)
    remainder: FloatArray
    refill: int  # address of what fills in the numbers


@kernel
def _grown(array: IntArray, needed: int) -> IntArray:
    """Return `array`, or a copy twice as long or longer that holds `needed` numbers."""
    if needed <= len(array):
        return array
    longer = np.empty(2 * len(array) + needed, dtype=np.int64)
    for i in range(len(array)):
        longer[i] = array[i]
    return longer


@kernel
def _search(
    start: IntArray, index: IntArray, rows: IntArray, columns: IntArray, limit: int
) -> tuple[IntArray, IntArray, IntArray, IntArray, IntArray, IntArray]:
    """Find the pattern of L, U and the remainder for a given pivot order."""
    size = len(columns)
    room = max(16, 4 * len(index))
    l_start = np.zeros(limit + 1, dtype=np.int64)
    u_start = np.zeros(size + 1, dtype=np.int64)
    r_start = np.zeros(size - limit + 1, dtype=np.int64)
    l_index = np.empty(room, dtype=np.int64)
    u_index = np.empty(room, dtype=np.int64)
    r_index = np.empty(16, dtype=np.int64)
    pruned = np.full(limit, -1, dtype=np.int64)  # end of the part of a column of L worth searching
    mark = np.full(size, -1, dtype=np.int64)
    stack = np.empty(size + 1, dtype=np.int64)
    place = np.empty(size + 1, dtype=np.int64)
    order = np.empty(size, dtype=np.int64)
    below = np.empty(size, dtype=np.int64)
    for j in range(size):
        bound = min(j, limit)
        top = size  # `order[top:]`: eliminated positions reached, each before those it updates
        count = 0  # `below[:count]`: the others
        mark[j] = j if j < limit else mark[j]
        for p in range(start[columns[j]], start[columns[j] + 1]):
            first = rows[index[p]]
            if mark[first] == j:
                continue
            mark[first] = j
            if first >= bound:
                below[count] = first
                count += 1
                continue
            depth = 0
            stack[0] = first
            place[0] = l_start[first]
            while depth >= 0:
                k = stack[depth]
                end = pruned[k] if pruned[k] >= 0 else l_start[k + 1]
                at = place[depth]
                while at < end:
                    i = l_index[at]
                    at += 1
                    if mark[i] == j:
                        continue
                    mark[i] = j
                    if i >= bound:
                        below[count] = i
                        count += 1
                        continue
                    break
                else:
                    depth -= 1
                    top -= 1
                    order[top] = k
                    continue
                place[depth] = at
                depth += 1
                stack[depth] = i
                place[depth] = l_start[i]
        at = u_start[j]
        u_index = _grown(u_index, at + size - top)
        for p in range(top, size):
            u_index[at] = order[p]
            at += 1
        u_start[j + 1] = at
        if j >= limit:
            at = r_start[j - limit]
            r_index = _grown(r_index, at + count)
            for p in range(count):
                r_index[at] = below[p] - limit
                at += 1
            r_start[j - limit + 1] = at
            continue
        at = l_start[j]
        l_index = _grown(l_index, at + count)
        for p in range(count):
            l_index[at] = below[p]
            at += 1
        l_start[j + 1] = at
        for p in range(u_start[j], u_start[j + 1]):
            k = u_index[p]
            if pruned[k] >= 0:
                continue
            meets = False
            for q in range(l_start[k], l_start[k + 1]):
                if l_index[q] == j:
                    meets = True
                    break
            if not meets:
                continue
            # Later columns that reach k also reach j, and through j all that stands further down.
            head = l_start[k]
            tail = l_start[k + 1]
            while head < tail:
                if l_index[head] <= j:
                    head += 1
                else:
                    tail -= 1
                    l_index[head], l_index[tail] = l_index[tail], l_index[head]
            pruned[k] = tail
    return l_start, l_index, u_start, u_index, r_start, r_index


def find(pattern: Pattern, rows: IntArray, columns: IntArray, limit: int) -> Elimination:
    """Return the elimination of the first `limit` positions of a pivot order."""
    l_start, l_index, u_start, u_index, r_start, r_index = _search(
        pattern.start, pattern.rows, rows, columns, limit
    )
    nothing = np.zeros(0)
    found = Elimination(
        size=pattern.size,
        limit=limit,
        rows=rows,
        columns=columns,
        l_start=l_start,
        l_index=l_index[: l_start[-1]].copy(),
        u_start=u_start,
        u_index=u_index[: u_start[-1]].copy(),
        r_start=r_start,
        r_index=r_index[: r_start[-1]].copy(),
        l=nothing,
        u=nothing,
        pivot=nothing,
        remainder=nothing,
        refill=ELIMINATE.address,
    )
    return with_room(found)


def with_room(found: Elimination) -> Elimination:
    """Return a pattern with room for its numbers."""
    return found._replace(
        l=np.zeros(len(found.l_index)),
        u=np.zeros(len(found.u_index)),
        pivot=np.zeros(found.limit),
        remainder=np.zeros(len(found.r_index)),
    )


def flops(found: Elimination) -> float:
    """Return the multiplications of one refill."""
    below = np.diff(found.l_start).astype(np.float64)
    return float(below[found.u_index].sum() + below.sum())


def _eliminate(packed: Any, start: Any, index: Any, data: Any, work: Any) -> int:
    """Fill in L, U and the remainder of a matrix; return -1, or the position of the pivot that failed."""
    e = unpack(packed, Elimination)
    rows, l_start, l_index, u_start, u_index = e.rows, e.l_start, e.l_index, e.u_start, e.u_index
    columns, r_start, r_index, limit = e.columns, e.r_start, e.r_index, e.limit
    l, u, pivot, remainder = e.l, e.u, e.pivot, e.remainder  # noqa: E741
    for j in range(e.size):
        column = columns[j]
        for p in range(start[column], start[column + 1]):
            work[rows[index[p]]] += data[p]
        for p in range(u_start[j], u_start[j + 1]):
            k = u_index[p]
            factor = work[k]
            work[k] = 0.0
            u[p] = factor
            if factor != 0.0:
                for s in range(l_start[k], l_start[k + 1]):
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
    l_start, l_index, l = e.l_start, e.l_index, e.l  # noqa: E741
    for j in range(e.limit):
        here = w[j]
        if here != 0.0:
            for p in range(l_start[j], l_start[j + 1]):
                w[l_index[p]] -= l[p] * here


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
