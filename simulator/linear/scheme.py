"""Scheme: which unknowns are eliminated when, for matrices of which only a part ever changes.

Most of a circuit is linear. The unknowns no changing entry touches, the *head*, are eliminated once, which
leaves their Schur complement on the rest, the *core*; then only the core is factored again and again:

    A = constant + changing      head: sparse, once      core: sparse, each time, its filled-in end dense

Pivot orders come from SuperLU (minimum degree on A + Aᵀ), which sees the numbers once and pivots off the
diagonal where it must; afterwards the order is kept until a pivot fails.
"""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from scipy.sparse.linalg import splu

from eqchip.simulator.linear.elimination import Elimination, eliminate, find, flops
from eqchip.simulator.linear.pattern import IntArray, Pattern, compress

FloatArray = NDArray[np.float64]

#: Matrices up to this order are factored dense: nothing is gained by looking for zeros.
SMALL = 24
#: The end of the pivot order is factored dense from where it is filled to this part.
FILLED = 0.5


class Scheme(NamedTuple):
    """Orders and patterns. The core's unknowns keep one order of their own, `core_unknowns`."""

    head: Elimination
    core: Elimination
    core_unknowns: IntArray  # unknown (row and column alike) of each position of the core
    spots: IntArray  # where each changing entry lands in the core's data; the last one is the dump
    spot_rows: IntArray  # its row and column in the core
    spot_columns: IntArray


class Factors(NamedTuple):
    """The numbers that go with a Scheme."""

    constant: FloatArray  # (entries + 1) data of the constant part
    head_l: FloatArray
    head_u: FloatArray
    head_pivot: FloatArray
    complement: FloatArray  # (entries + 1) data of the head's Schur complement
    total: FloatArray  # the same with the changing entries added
    core_l: FloatArray
    core_u: FloatArray
    core_pivot: FloatArray
    dense: FloatArray  # (m, m), column by column
    swaps: IntArray  # (m)
    changing: FloatArray  # the changing entries the core is factored with
    work: FloatArray  # (size), all zero between calls


class Singular(ArithmeticError):
    """No pivot order was found: the matrix is singular."""


def _order(matrix: sparse.csc_matrix) -> tuple[IntArray, IntArray]:
    """Return the position of each row and the column at each position, chosen by SuperLU."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            chosen = splu(
                matrix,
                permc_spec="MMD_AT_PLUS_A",
                diag_pivot_thresh=1e-3,
                options={"SymmetricMode": True, "Equil": False},
            )
    except RuntimeError as error:
        raise Singular(str(error)) from error
    rows = chosen.perm_r.astype(np.int64)
    return rows, np.argsort(chosen.perm_c).astype(np.int64)


def _matrix(pattern: Pattern, data: FloatArray) -> sparse.csc_matrix:
    """Wrap a pattern and its data as SciPy has it."""
    return sparse.csc_matrix(
        (data[: pattern.entries], pattern.index.astype(np.int32), pattern.start.astype(np.int32)),
        shape=(pattern.size, pattern.size),
    )


def _dense_end(found: Elimination) -> int:
    """Return the position from which the matrix is filled well enough to be factored dense."""
    size = found.size
    entries = 1.0 + np.diff(found.l_start)
    entries += np.bincount(found.u_index, minlength=size)
    inside = np.cumsum(entries[::-1])[::-1]
    order = size - np.arange(size)
    dense = np.flatnonzero(inside >= FILLED * order.astype(np.float64) ** 2)
    start = int(dense[0]) if len(dense) else size
    return start if size - start >= 8 else size


def _cut(found: Elimination, limit: int) -> Elimination:
    """Stop a complete elimination at `limit`; the remainder is taken to be full."""
    left = found.size - limit
    columns = np.repeat(np.arange(found.size), np.diff(found.u_start))
    kept = found.u_index < limit
    u_start = np.zeros(found.size + 1, dtype=np.int64)
    np.cumsum(np.bincount(columns[kept], minlength=found.size), out=u_start[1:])
    return found._replace(
        limit=limit,
        l_start=found.l_start[: limit + 1].copy(),
        l_index=found.l_index[: found.l_start[limit]].copy(),
        u_start=u_start,
        u_index=found.u_index[kept],
        r_start=np.arange(left + 1, dtype=np.int64) * left,
        r_index=np.tile(np.arange(left, dtype=np.int64), left),
    )


def _core(pattern: Pattern, data: FloatArray) -> Elimination:
    """Order the core: sparse to begin with, dense at the end; all dense when small or full."""
    size = pattern.size
    same = np.arange(size, dtype=np.int64)
    if size <= SMALL or pattern.entries >= FILLED * size * size:
        none = np.zeros(1, dtype=np.int64)
        empty = np.zeros(0, dtype=np.int64)
        full = Elimination(
            size, 0, same, same, none, empty, np.zeros(size + 1, dtype=np.int64), empty, none, empty
        )
        return _cut(full, 0)
    rows, columns = _order(_matrix(pattern, data))
    found = find(pattern, rows, columns, size)
    return _cut(found, _dense_end(found))


def _split(pattern: Pattern, data: FloatArray, touched: NDArray[np.bool_]) -> Elimination | None:
    """Eliminate every unknown that is not touched; None when that does not pay or has no pivots."""
    size = pattern.size
    core = np.flatnonzero(touched)
    rest = np.flatnonzero(~touched)
    if not len(rest) or not len(core):
        return None
    try:
        inner_rows, inner_columns = _order(_matrix(pattern, data)[rest][:, rest].tocsc())
    except Singular:
        return None
    rows = np.empty(size, dtype=np.int64)
    rows[rest] = inner_rows
    rows[core] = np.arange(len(rest), size)
    columns = np.concatenate([rest[inner_columns], core])
    found = find(pattern, rows, columns, len(rest))
    return found if len(found.r_index) <= 4 * pattern.entries + 40_000 else None


def _no_head(pattern: Pattern) -> Elimination:
    same = np.arange(pattern.size, dtype=np.int64)
    return find(pattern, same, same, 0)


def devise(
    pattern: Pattern, constant: FloatArray, rows: IntArray, columns: IntArray, changing: FloatArray
) -> tuple[Scheme, Factors]:
    """Choose orders for a matrix: its pattern and constant data, and the entries that will change.

    `pattern` contains the positions (`rows`, `columns`) of the changing entries; `constant` and `changing`
    are numbers of the size to be expected, `changing` with a dump at its end. Raises Singular.
    """
    size = pattern.size
    touched = np.zeros(size, dtype=np.bool_)
    touched[rows] = True
    touched[columns] = True
    head = _split(pattern, constant, touched) if len(rows) else None
    if head is None:
        head = _no_head(pattern)
    remaining = size - head.limit
    core_unknowns = head.columns[head.limit :].copy()
    position = np.full(size, remaining, dtype=np.int64)
    position[core_unknowns] = np.arange(remaining)
    complement = np.zeros(len(head.r_index) + 1)
    factors = _room(pattern, head, len(changing))
    failed = eliminate(
        head,
        pattern.start,
        pattern.index,
        constant,
        factors.head_l,
        factors.head_u,
        factors.head_pivot,
        complement,
        factors.work,
    )
    if failed >= 0:
        # The head is badly conditioned without what changes around it: factor everything together.
        head = _no_head(pattern)
        remaining, core_unknowns = size, head.columns.copy()
        position = np.arange(size, dtype=np.int64)
        factors = _room(pattern, head, len(changing))
        complement = np.append(constant[: pattern.entries], 0.0)
    # The remainder's rows come as found; sorted within each column they make an ordinary pattern.
    sizes = np.diff(head.r_start)
    at = np.repeat(np.arange(remaining, dtype=np.int64), sizes)
    sorted_pattern, slots = compress(head.r_index, at, remaining)
    ordered = np.zeros(sorted_pattern.entries + 1)
    ordered[slots] = complement[: len(slots)]
    head = head._replace(r_index=sorted_pattern.index)
    spot_rows, spot_columns = position[rows], position[columns]
    keys = sorted_pattern.columns() * remaining + sorted_pattern.index
    spots = np.append(np.searchsorted(keys, spot_columns * remaining + spot_rows), sorted_pattern.entries)
    whole = ordered.copy()
    np.add.at(whole, spots, changing)
    core = _core(sorted_pattern, whole)
    left = core.size - core.limit
    factors = factors._replace(
        complement=np.zeros(sorted_pattern.entries + 1),
        total=np.zeros(sorted_pattern.entries + 1),
        core_l=np.zeros(len(core.l_index)),
        core_u=np.zeros(len(core.u_index)),
        core_pivot=np.zeros(core.limit),
        dense=np.zeros((left, left)),
        swaps=np.zeros(left, dtype=np.int64),
    )
    return Scheme(head, core, core_unknowns, spots.astype(np.int64), spot_rows, spot_columns), factors


def _room(pattern: Pattern, head: Elimination, changing: int) -> Factors:
    """Return empty factors with room for a head; the core's follow once it is ordered."""
    none = np.zeros(0)
    return Factors(
        constant=np.zeros(pattern.entries + 1),
        head_l=np.zeros(len(head.l_index)),
        head_u=np.zeros(len(head.u_index)),
        head_pivot=np.zeros(head.limit),
        complement=none,
        total=none,
        core_l=none,
        core_u=none,
        core_pivot=none,
        dense=np.zeros((0, 0)),
        swaps=np.zeros(0, dtype=np.int64),
        changing=np.zeros(changing),
        work=np.zeros(pattern.size),
    )


def refill_cost(scheme: Scheme) -> float:
    """Return the multiplications of factoring the core once."""
    left = float(scheme.core.size - scheme.core.limit)
    return flops(scheme.core) + left**3 / 3.0
