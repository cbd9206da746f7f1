"""Dense LU with partial pivoting, for the part of a matrix that elimination has filled in.

Column j of the matrix is row j of the array, so that every inner loop runs along memory. Four pivots are
applied at once, which keeps the updated column in registers.
"""

from __future__ import annotations

from eqchip.kernels import kernel


@kernel
def _pivot(a, k, swaps):  # type: ignore[no-untyped-def]
    """Choose the largest entry of column k as its pivot, swap rows, scale; return whether there is one."""
    m = len(a)
    best = k
    for i in range(k + 1, m):
        if abs(a[k, i]) > abs(a[k, best]):
            best = i
    swaps[k] = best
    if best != k:
        for j in range(m):
            a[j, k], a[j, best] = a[j, best], a[j, k]
    if not abs(a[k, k]) > 0.0:
        return False
    scale = 1.0 / a[k, k]
    for i in range(k + 1, m):
        a[k, i] *= scale
    return True


@kernel
def factor_dense(a, swaps):  # type: ignore[no-untyped-def]
    """Factor in place; return -1, or the column without a pivot."""
    m = len(a)
    k = 0
    while k < m:
        width = min(4, m - k)
        for c in range(k, k + width):
            if not _pivot(a, c, swaps):
                return c
            for j in range(c + 1, k + width):
                factor = a[j, c]
                for i in range(c + 1, m):
                    a[j, i] -= a[c, i] * factor
        end = k + width
        if width < 4:
            return -1
        l0, l1, l2, l3 = a[k], a[k + 1], a[k + 2], a[k + 3]
        for j in range(end, m):
            column = a[j]
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


@kernel
def solve_dense(a, swaps, b):  # type: ignore[no-untyped-def]
    """Solve in place with a factored matrix."""
    m = len(a)
    for k in range(m):
        other = swaps[k]
        if other != k:
            b[k], b[other] = b[other], b[k]
    for k in range(m):
        here = b[k]
        column = a[k]
        for i in range(k + 1, m):
            b[i] -= column[i] * here
    for k in range(m - 1, -1, -1):
        column = a[k]
        here = b[k] / column[k]
        b[k] = here
        for i in range(k):
            b[i] -= column[i] * here


@kernel
def solve_dense_transposed(a, swaps, b):  # type: ignore[no-untyped-def]
    """Solve with the transpose of a factored matrix, in place."""
    m = len(a)
    for k in range(m):
        here = b[k]
        column = a[k]
        for i in range(k):
            here -= column[i] * b[i]
        b[k] = here / column[k]
    for k in range(m - 1, -1, -1):
        here = b[k]
        column = a[k]
        for i in range(k + 1, m):
            here -= column[i] * b[i]
        b[k] = here
    for k in range(m - 1, -1, -1):
        other = swaps[k]
        if other != k:
            b[k], b[other] = b[other], b[k]
