"""What the free nodes of a tile of samples drive into each other, by matrices that stay in the nearest cache.

Five rows of a matrix and two samples at a time, so that each number read is used more often.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from eqchip.kernels import kernel
from eqchip.simulator.integrators.fused_layout import (
    AT,
    BEGIN,
    END,
    FEW,
    FROM,
    FROM_PLACE,
    INTO,
    INTO_PLACE,
    MANY,
    SPREAD,
    Fused,
)

Array = NDArray[Any]


@kernel(inner=True)
def add_drives(fused: Fused, rows: int, rho: Array, d_all: Array, spare: Array) -> None:
    """Add to the drives of a tile what its free nodes bring; `spare` has room for one sample."""
    for one in range(len(fused.links)):
        few, many, at = fused.links[one, FEW], fused.links[one, MANY], fused.links[one, AT]
        matrix = fused.weights[at : at + few * many]
        into, source = fused.links[one, INTO], fused.links[one, FROM]
        wide = fused.groups[into, END] - fused.groups[into, BEGIN]
        deep = fused.groups[source, END] - fused.groups[source, BEGIN]
        here = rows * fused.groups[into, BEGIN] + fused.links[one, INTO_PLACE]
        there = rows * fused.groups[source, BEGIN] + fused.links[one, FROM_PLACE]
        for row in range(0, rows, 2):
            # An odd last sample is taken twice; what its second time gives is thrown away.
            pair = min(row + 1, rows - 1)
            r, q = rho[there + row * deep :], rho[there + pair * deep :]
            d = d_all[here + row * wide :]
            e = d_all[here + pair * wide :] if pair > row else spare
            if fused.links[one, SPREAD] != 0:
                spread(r[:few], q[:few], matrix, d[:many], e[:many])
            else:
                gather(r[:many], q[:many], matrix, d[:few], e[:few])


@kernel(inline=True)
def row_of(matrix: Array, many: int, k: int) -> Array:
    """Return a row of a matrix that stands flat."""
    return matrix[k * many : (k + 1) * many]


@kernel(inner=True, fastmath=frozenset({"contract"}))
def spread(r: Array, q: Array, matrix: Array, d: Array, e: Array) -> None:
    """Add r·matrix to d and q·matrix to e: few drive many."""
    k, few, many = 0, len(r), len(d)
    while k + 5 <= few:
        m0, m1, m2 = row_of(matrix, many, k), row_of(matrix, many, k + 1), row_of(matrix, many, k + 2)
        m3, m4 = row_of(matrix, many, k + 3), row_of(matrix, many, k + 4)
        r0, r1, r2, r3, r4 = r[k], r[k + 1], r[k + 2], r[k + 3], r[k + 4]
        q0, q1, q2, q3, q4 = q[k], q[k + 1], q[k + 2], q[k + 3], q[k + 4]
        for j in range(many):
            d[j] += r0 * m0[j] + r1 * m1[j] + r2 * m2[j] + r3 * m3[j] + r4 * m4[j]
            e[j] += q0 * m0[j] + q1 * m1[j] + q2 * m2[j] + q3 * m3[j] + q4 * m4[j]
        k += 5
    while k < few:
        m0, r0, q0 = row_of(matrix, many, k), r[k], q[k]
        for j in range(many):
            d[j] += r0 * m0[j]
            e[j] += q0 * m0[j]
        k += 1


@kernel(inner=True, fastmath=frozenset({"contract", "reassoc"}))
def gather(r: Array, q: Array, matrix: Array, d: Array, e: Array) -> None:
    """Add matrix·r to d and matrix·q to e: many drive few.

    Sums in any order: several partial sums make one register.
    """
    k, few, many = 0, len(d), len(r)
    zero = r.dtype.type(0)
    while k + 5 <= few:
        m0, m1, m2 = row_of(matrix, many, k), row_of(matrix, many, k + 1), row_of(matrix, many, k + 2)
        m3, m4 = row_of(matrix, many, k + 3), row_of(matrix, many, k + 4)
        d0, d1, d2, d3, d4 = zero, zero, zero, zero, zero
        e0, e1, e2, e3, e4 = zero, zero, zero, zero, zero
        for j in range(many):
            d0 += m0[j] * r[j]
            e0 += m0[j] * q[j]
            d1 += m1[j] * r[j]
            e1 += m1[j] * q[j]
            d2 += m2[j] * r[j]
            e2 += m2[j] * q[j]
            d3 += m3[j] * r[j]
            e3 += m3[j] * q[j]
            d4 += m4[j] * r[j]
            e4 += m4[j] * q[j]
        d[k] += d0
        d[k + 1] += d1
        d[k + 2] += d2
        d[k + 3] += d3
        d[k + 4] += d4
        e[k] += e0
        e[k + 1] += e1
        e[k + 2] += e2
        e[k + 3] += e3
        e[k + 4] += e4
        k += 5
    while k < few:
        m0, d0, e0 = row_of(matrix, many, k), zero, zero
        for j in range(many):
            d0 += m0[j] * r[j]
            e0 += m0[j] * q[j]
        d[k] += d0
        e[k] += e0
        k += 1
