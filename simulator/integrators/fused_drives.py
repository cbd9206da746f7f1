"""What the free nodes of a tile of samples drive into each other, by matrices that stay in the nearest cache.

Several rows of a matrix at a time, so that what they are added to is read and written less often.
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
def add_drives(fused: Fused, rows: int, rho: Array, d: Array) -> None:
    """Add to the drives of a tile what its free nodes bring."""
    for one in range(len(fused.links)):
        few, many, at = fused.links[one, FEW], fused.links[one, MANY], fused.links[one, AT]
        matrix = fused.weights[at : at + few * many]
        into, source = fused.links[one, INTO], fused.links[one, FROM]
        wide = fused.groups[into, END] - fused.groups[into, BEGIN]
        deep = fused.groups[source, END] - fused.groups[source, BEGIN]
        here = rows * fused.groups[into, BEGIN] + fused.links[one, INTO_PLACE]
        there = rows * fused.groups[source, BEGIN] + fused.links[one, FROM_PLACE]
        for _ in range(rows):
            if fused.links[one, SPREAD] != 0:
                spread(rho[there : there + few], matrix, d[here : here + many])
            else:
                gather(rho[there : there + many], matrix, d[here : here + few])
            here += wide
            there += deep


@kernel(inline=True)
def row(matrix: Array, many: int, k: int) -> Array:
    """Return a row of a matrix that stands flat."""
    return matrix[k * many : (k + 1) * many]


@kernel(inner=True, fastmath=frozenset({"contract"}))
def spread(r: Array, matrix: Array, d: Array) -> None:
    """Add r·matrix to d: few drive many."""
    k, few, many = 0, len(r), len(d)
    while k + 8 <= few:
        r0, r1, r2, r3, r4, r5, r6, r7 = (
            r[k],
            r[k + 1],
            r[k + 2],
            r[k + 3],
            r[k + 4],
            r[k + 5],
            r[k + 6],
            r[k + 7],
        )
        m0, m1, m2, m3, m4, m5, m6, m7 = (
            row(matrix, many, k),
            row(matrix, many, k + 1),
            row(matrix, many, k + 2),
            row(matrix, many, k + 3),
            row(matrix, many, k + 4),
            row(matrix, many, k + 5),
            row(matrix, many, k + 6),
            row(matrix, many, k + 7),
        )
        for j in range(many):
            d[j] += (
                r0 * m0[j]
                + r1 * m1[j]
                + r2 * m2[j]
                + r3 * m3[j]
                + r4 * m4[j]
                + r5 * m5[j]
                + r6 * m6[j]
                + r7 * m7[j]
            )
        k += 8
    while k + 2 <= few:
        r0, r1 = r[k], r[k + 1]
        m0, m1 = row(matrix, many, k), row(matrix, many, k + 1)
        for j in range(many):
            d[j] += r0 * m0[j] + r1 * m1[j]
        k += 2
    while k < few:
        r0, m0 = r[k], row(matrix, many, k)
        for j in range(many):
            d[j] += r0 * m0[j]
        k += 1


@kernel(inner=True, fastmath=frozenset({"contract", "reassoc"}))
def gather(r: Array, matrix: Array, d: Array) -> None:
    """Add matrix·r to d: many drive few. Sums in any order: several partial sums make one register."""
    k, few, many = 0, len(d), len(r)
    zero = r.dtype.type(0)
    while k + 8 <= few:
        m0, m1, m2, m3, m4, m5, m6, m7 = (
            row(matrix, many, k),
            row(matrix, many, k + 1),
            row(matrix, many, k + 2),
            row(matrix, many, k + 3),
            row(matrix, many, k + 4),
            row(matrix, many, k + 5),
            row(matrix, many, k + 6),
            row(matrix, many, k + 7),
        )
        d0 = d1 = d2 = d3 = d4 = d5 = d6 = d7 = zero
        for j in range(many):
            d0 += m0[j] * r[j]
            d1 += m1[j] * r[j]
            d2 += m2[j] * r[j]
            d3 += m3[j] * r[j]
            d4 += m4[j] * r[j]
            d5 += m5[j] * r[j]
            d6 += m6[j] * r[j]
            d7 += m7[j] * r[j]
        d[k + 0] += d0
        d[k + 1] += d1
        d[k + 2] += d2
        d[k + 3] += d3
        d[k + 4] += d4
        d[k + 5] += d5
        d[k + 6] += d6
        d[k + 7] += d7
        k += 8
    while k + 2 <= few:
        m0, m1 = row(matrix, many, k), row(matrix, many, k + 1)
        d0 = d1 = zero
        for j in range(many):
            d0 += m0[j] * r[j]
            d1 += m1[j] * r[j]
        d[k + 0] += d0
        d[k + 1] += d1
        k += 2
    while k < few:
        m0, d0 = row(matrix, many, k), zero
        for j in range(many):
            d0 += m0[j] * r[j]
        d[k] += d0
        k += 1
