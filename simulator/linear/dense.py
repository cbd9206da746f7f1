"""Dense LU with partial pivoting, for the part of a matrix that elimination has filled in.

The matrix stands column by column in a flat array, so that every inner loop runs along memory. Four pivots
are applied at once, which keeps the updated column in registers.
"""

from __future__ import annotations

from typing import Any

from numba import types

from eqchip.entries import Entry, call, view
from eqchip.kernels import kernel
from eqchip.simulator.linear.pattern import FloatArray, IntArray


@kernel(inner=True)
def _pivot(a: FloatArray, m: int, k: int, swaps: IntArray) -> bool:
    """Choose the largest entry of column k as its pivot, swap rows, scale; return whether there is one."""
    column = a[k * m : (k + 1) * m]
    best = k
    for i in range(k + 1, m):
        if abs(column[i]) > abs(column[best]):
            best = i
    swaps[k] = best
    if best != k:
        for j in range(m):
            at = j * m
            a[at + k], a[at + best] = a[at + best], a[at + k]
    if not abs(column[k]) > 0.0:
        return False
    scale = 1.0 / column[k]
    for i in range(k + 1, m):
        column[i] *= scale
    return True


def _factor_dense(numbers: Any, swaps: Any, m: int) -> int:
    """Factor in place; return -1, or the column without a pivot."""
    a = view(numbers, (m * m,))
    k = 0
    while k < m:
        width = min(4, m - k)
        for c in range(k, k + width):
            if not _pivot(a, m, c, swaps):
                return c
            l0 = a[c * m : (c + 1) * m]
            for j in range(c + 1, k + width):
                column = a[j * m : (j + 1) * m]
                f0 = column[c]
                for i in range(c + 1, m):
                    column[i] -= l0[i] * f0
        end = k + width
        if end == m:
            return -1
        l0 = a[k * m : (k + 1) * m]
        l1 = a[(k + 1) * m : (k + 2) * m]
        l2 = a[(k + 2) * m : (k + 3) * m]
        l3 = a[(k + 3) * m : (k + 4) * m]
        for j in range(end, m):
            column = a[j * m : (j + 1) * m]
            f0 = column[k]
            f1 = column[k + 1] - l0[k + 1] * f0
            f2 = column[k + 2] - l0[k + 2] * f0 - l1[k + 2] * f1
            f3 = column[k + 3] - l0[k + 3] * f0 - l1[k + 3] * f1 - l2[k + 3] * f2
            column[k + 1] = f1
            column[k + 2] = f2
            column[k + 3] = f3
            for i in range(end, m):
                column[i] -= l0[i] * f0 + l1[i] * f1 + l2[i] * f2 + l3[i] * f3
        k = end
    return -1


_WORD, _INTS, _FLOATS = types.int64, types.CPointer(types.int64), types.CPointer(types.float64)
FACTOR_DENSE = Entry(_factor_dense, _WORD(_FLOATS, _INTS, _WORD))


@kernel
def factor_dense(address: int, a: FloatArray, swaps: IntArray) -> int:
    """Factor in place by FACTOR_DENSE's address; return -1, or the column without a pivot."""
    return call(address, (a, swaps, len(swaps)))


@kernel
def solve_dense(a: FloatArray, swaps: IntArray, b: FloatArray) -> None:
    """Solve in place with a factored matrix."""
    m = len(swaps)
    for k in range(m):
        other = swaps[k]
        if other != k:
            b[k], b[other] = b[other], b[k]
    for k in range(m):
        here = b[k]
        column = a[k * m : (k + 1) * m]
        for i in range(k + 1, m):
            b[i] -= column[i] * here
    for k in range(m - 1, -1, -1):
        column = a[k * m : (k + 1) * m]
        here = b[k] / column[k]
        b[k] = here
        for i in range(k):
            b[i] -= column[i] * here


@kernel
def solve_dense_transposed(a: FloatArray, swaps: IntArray, b: FloatArray) -> None:
    """Solve with the transpose of a factored matrix, in place."""
    m = len(swaps)
    for k in range(m):
        here = b[k]
        column = a[k * m : (k + 1) * m]
        for i in range(k):
            here -= column[i] * b[i]
        b[k] = here / column[k]
    for k in range(m - 1, -1, -1):
        here = b[k]
        column = a[k * m : (k + 1) * m]
        for i in range(k + 1, m):
            here -= column[i] * b[i]
        b[k] = here
    for k in range(m - 1, -1, -1):
        other = swaps[k]
        if other != k:
            b[k], b[other] = b[other], b[k]
