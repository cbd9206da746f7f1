"""Products with a matrix of activities that are mostly zero, and steps of weights by them.

Images are mostly black: 19 % of the pixels of MNIST are not. What is zero drives nothing and lets nothing
learn, so it is left out; the sums are those of the full products, in another order. Columns are shared among
threads: each keeps its part of the weights in its own cache, and what an element becomes does not depend on
how many there are.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.kernels import kernel
from eqchip.threads import share

Array = NDArray[Any]
IntArray = NDArray[np.int64]

#: Leaving out zeros is faster for products below the first share of others, for steps of weights below the
#: second (measured at 20 and 128 samples), with rows of at least so many weights.
PRODUCT, STEP, NARROW = 0.4, 0.25, 64
#: Products of one activity and one weight that are worth waking another thread for.
WORTH = 800_000


def add_product(activities: Array, weights: Array, out: Array) -> bool:
    """Add activities·weights to out (B, n), where leaving out zeros pays; return whether it does."""
    found = _count(activities, weights.shape[1], PRODUCT)
    if found is None:
        return False
    index, used = np.empty(activities.shape, np.int64), np.empty(len(activities), np.int64)
    find(activities, index, used)

    def work(first: int, last: int) -> None:
        products(activities, weights, out, index, used, first, last)

    share(work, weights.shape[1], _grain(found))
    return True


def add_outer(weights: Array, factor: float, activities: Array, changes: Array) -> bool:
    """Add factor·activitiesᵀ·changes to weights, in place, where this is the faster way; return whether."""
    rows, long = weights.shape
    if long < NARROW <= rows:
        _add_narrow(weights, factor, activities, changes)
        return True
    found = _count(activities, long, STEP)
    if found is None:
        return False
    columns = np.multiply(activities.T, factor, dtype=weights.dtype, order="C")

    def work(first: int, last: int) -> None:
        outer(weights, columns, changes, first, last)

    share(work, weights.shape[1], _grain(found))
    return True


def _add_narrow(weights: Array, factor: float, activities: Array, changes: Array) -> None:
    """Do the same with short rows, which processors do not like: on the transposed matrix."""
    columns = np.multiply(changes.T, factor, dtype=weights.dtype, order="C")
    flipped = np.ascontiguousarray(weights.T)
    outer(flipped, columns, activities, 0, flipped.shape[1])
    weights[...] = flipped.T


def _count(activities: Array, columns: int, most: float) -> int | None:
    """Return how many activities are not zero, None where too many are."""
    if columns < NARROW:
        return None
    found = count(activities)
    return found if found <= most * activities.size else None


def _grain(found: int) -> int:
    """Return how many columns a thread should have at least."""
    return max(NARROW, WORTH // max(found, 1))


@kernel
def count(values: Array) -> int:
    """Return how many values are not zero."""
    found = 0
    for row in range(values.shape[0]):
        for j in range(values.shape[1]):
            found += values[row, j] != 0
    return found


@kernel
def find(values: Array, index: IntArray, used: IntArray) -> None:
    """Set each row of index to where the values of that row are not zero, and used to how many there are."""
    for row in range(values.shape[0]):
        here = 0
        for j in range(values.shape[1]):
            index[row, here] = j
            here += values[row, j] != 0
        used[row] = here


@kernel(fastmath=frozenset({"contract"}))
def products(
    activities: Array, weights: Array, out: Array, index: IntArray, used: IntArray, first: int, last: int
) -> None:
    """Add the products of every row for the columns first … last − 1."""
    for row in range(out.shape[0]):
        x, at, to = activities[row], index[row], out[row, first:last]
        k = 0
        while k + 8 <= used[row]:
            x0, x1, x2, x3 = x[at[k]], x[at[k + 1]], x[at[k + 2]], x[at[k + 3]]
            x4, x5, x6, x7 = x[at[k + 4]], x[at[k + 5]], x[at[k + 6]], x[at[k + 7]]
            w0, w1 = weights[at[k], first:last], weights[at[k + 1], first:last]
            w2, w3 = weights[at[k + 2], first:last], weights[at[k + 3], first:last]
            w4, w5 = weights[at[k + 4], first:last], weights[at[k + 5], first:last]
            w6, w7 = weights[at[k + 6], first:last], weights[at[k + 7], first:last]
            for j in range(len(to)):
                near = x0 * w0[j] + x1 * w1[j] + x2 * w2[j] + x3 * w3[j]
                to[j] += near + x4 * w4[j] + x5 * w5[j] + x6 * w6[j] + x7 * w7[j]
            k += 8
        while k < used[row]:
            x0, w0 = x[at[k]], weights[at[k], first:last]
            for j in range(len(to)):
                to[j] += x0 * w0[j]
            k += 1


@kernel(fastmath=frozenset({"contract"}))
def outer(weights: Array, columns: Array, changes: Array, first: int, last: int) -> None:
    """Add columns·changes to the columns first … last − 1 of weights; what is zero is left out."""
    samples = columns.shape[1]
    at = np.empty(samples + 1, np.int64)
    for i in range(weights.shape[0]):
        x, used = columns[i], 0
        for b in range(samples):
            at[used] = b
            used += x[b] != 0
        w = weights[i, first:last]
        k = 0
        while k + 4 <= used:
            x0, x1, x2, x3 = x[at[k]], x[at[k + 1]], x[at[k + 2]], x[at[k + 3]]
            d0, d1 = changes[at[k], first:last], changes[at[k + 1], first:last]
            d2, d3 = changes[at[k + 2], first:last], changes[at[k + 3], first:last]
            for j in range(len(w)):
                w[j] += x0 * d0[j] + x1 * d1[j] + x2 * d2[j] + x3 * d3[j]
            k += 4
        while k < used:
            x0, d0 = x[at[k]], changes[at[k], first:last]
            for j in range(len(w)):
                w[j] += x0 * d0[j]
            k += 1
