"""Symbolic elimination: where L, U and the remainder have entries, for a given pivot order.

Depth-first search, shortened by symmetric pruning (Eisenstat and Liu, SIAM J. Matrix Anal. Appl. 13 (1992)
202): a column of L that has met its own row is searched no further than that.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from eqchip.kernels import kernel
from eqchip.simulator.linear.pattern import FloatArray, IntArray, Pattern


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
    fours: IntArray  # (limit) 1 where four pivots from here on share the rows below them
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


@kernel
def _sorted(start: IntArray, index: IntArray, size: int) -> IntArray:
    """Return the index with each column's positions ascending, by transposing twice."""
    columns = len(start) - 1
    row_start = np.zeros(size + 1, dtype=np.int64)
    for p in range(len(index)):
        row_start[index[p] + 1] += 1
    for i in range(size):
        row_start[i + 1] += row_start[i]
    by_row = np.empty(len(index), dtype=np.int64)
    at = row_start.copy()
    for j in range(columns):
        for p in range(start[j], start[j + 1]):
            i = index[p]
            by_row[at[i]] = j
            at[i] += 1
    ordered = np.empty(len(index), dtype=np.int64)
    at = start.copy()
    for i in range(size):
        for p in range(row_start[i], row_start[i + 1]):
            j = by_row[p]
            ordered[at[j]] = i
            at[j] += 1
    return ordered


@kernel
def _fours(l_start: IntArray, l_index: IntArray) -> IntArray:
    """Mark the pivots from which four in a row eliminate the same rows (a supernode)."""
    limit = len(l_start) - 1
    joined = np.zeros(limit + 3, dtype=np.int64)
    for k in range(limit - 1):
        first, second, end = l_start[k], l_start[k + 1], l_start[k + 2]
        if second - first != end - second + 1 or l_index[first] != k + 1:
            continue
        joined[k] = 1
        for p in range(second, end):
            if l_index[p] != l_index[p - second + first + 1]:
                joined[k] = 0
                break
    fours = np.zeros(limit, dtype=np.int64)
    for k in range(limit):
        fours[k] = joined[k] * joined[k + 1] * joined[k + 2]
    return fours


def trace(pattern: Pattern, rows: IntArray, columns: IntArray, limit: int, refill: int) -> Elimination:
    """Return the pattern of eliminating the first `limit` positions, with room for its numbers."""
    l_start, l_index, u_start, u_index, r_start, r_index = _search(
        pattern.start, pattern.rows, rows, columns, limit
    )
    nothing = np.zeros(0)
    l_index = _sorted(l_start, l_index[: l_start[-1]], pattern.size)
    found = Elimination(
        size=pattern.size,
        limit=limit,
        rows=rows,
        columns=columns,
        l_start=l_start,
        l_index=l_index,
        u_start=u_start,
        u_index=_sorted(u_start, u_index[: u_start[-1]], pattern.size),
        r_start=r_start,
        r_index=r_index[: r_start[-1]].copy(),
        fours=_fours(l_start, l_index),
        l=nothing,
        u=nothing,
        pivot=nothing,
        remainder=nothing,
        refill=refill,
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
