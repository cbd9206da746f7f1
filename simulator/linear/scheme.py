"""Scheme: which unknowns are eliminated when, for matrices of which only a part ever changes.

Most of a circuit is linear. The unknowns no changing entry touches, the *head*, are eliminated once, which
leaves their Schur complement on the rest, the *core*; then only the core is factored again and again:

    A = constant + changing      head: sparse, once      core: sparse, each time, its filled-in end dense

Pivot orders come from SuperLU (minimum degree on A + Aᵀ), which sees the numbers once and pivots off the
diagonal where it must; afterwards the order is kept until a pivot fails.
"""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from scipy.sparse.linalg import spilu, splu

from eqchip.entries import pack
from eqchip.simulator.linear.dense import FACTOR_DENSE
from eqchip.simulator.linear.elimination import eliminate_packed, find
from eqchip.simulator.linear.pattern import FloatArray, IntArray, Pattern, compress, locate
from eqchip.simulator.linear.symbolic import Elimination, flops, with_room

#: Matrices up to this order are factored dense: nothing is gained by looking for zeros.
SMALL = 24
#: The end of the pivot order is factored dense from where it is filled to this part.
FILLED = 0.8
#: Multipliers above this say that pivots chosen by dropped numbers were not good.
LARGEST = 1e4


class Scheme(NamedTuple):
    """Orders, patterns and numbers. The core's unknowns have an order of their own, `core_unknowns`."""

    head: Elimination  # its remainder is the Schur complement on the core
    core: Elimination  # its remainder is dense, column by column
    core_unknowns: IntArray  # unknown (row and column alike) of each position of the core
    spots: IntArray  # where each changing entry lands in the core's data; the last one is the dump
    spot_rows: IntArray  # its row and column in the core
    spot_columns: IntArray
    constant: FloatArray  # (entries + 1) data of the constant part
    changing: FloatArray  # the changing entries the core is factored with
    total: FloatArray  # (core entries + 1) Schur complement and changing entries together
    swaps: IntArray  # of the dense end
    work: FloatArray  # (size), all zero between calls
    factor_dense: int  # address of what factors the dense end


class Singular(ArithmeticError):
    """No pivot order was found: the matrix is singular."""


def _order(matrix: sparse.csc_matrix, careful: bool = True) -> tuple[IntArray, IntArray]:
    """Return the position of each row and the column at each position, chosen by SuperLU.

    Unless `careful`, it drops what it fills in: the columns come in the same order, in a third of the time,
    but rows are chosen by numbers that are not the true ones, so their pivots must be checked.
    """
    options: dict[str, Any] = {
        "permc_spec": "MMD_AT_PLUS_A",
        "diag_pivot_thresh": 1e-3,
        "options": {"SymmetricMode": True, "Equil": False},
    }
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            chosen = splu(matrix, **options) if careful else spilu(matrix, 0.9, 1.0, **options)
    except RuntimeError as error:
        raise Singular(str(error)) from error
    rows = chosen.perm_r.astype(np.int64)
    return rows, np.argsort(chosen.perm_c).astype(np.int64)


def _matrix(pattern: Pattern, data: FloatArray) -> sparse.csc_matrix:
    """Wrap a pattern and its data as SciPy has it."""
    return sparse.csc_matrix(
        (data[: pattern.entries], pattern.rows.astype(np.int32), pattern.start.astype(np.int32)),
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
    cut = found._replace(
        limit=limit,
        l_start=found.l_start[: limit + 1].copy(),
        l_index=found.l_index[: found.l_start[limit]].copy(),
        fours=np.where(np.arange(limit) + 3 < limit, found.fours[:limit], 0),
        u_start=u_start,
        u_index=found.u_index[kept],
        r_start=np.arange(left + 1, dtype=np.int64) * left,
        r_index=np.tile(np.arange(left, dtype=np.int64), left),
    )
    return with_room(cut)


def _core(pattern: Pattern, data: FloatArray) -> Elimination:
    """Order the core: sparse to begin with, dense at the end; all dense when small or full."""
    size = pattern.size
    if size <= SMALL or pattern.entries >= FILLED * size * size:
        return _cut(_no_head(pattern), 0)
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
    inner = _matrix(pattern, data)[rest][:, rest].tocsc()
    for careful in (False, True):
        try:
            inner_rows, inner_columns = _order(inner, careful)
        except Singular:
            continue
        rows = np.empty(size, dtype=np.int64)
        rows[rest] = inner_rows
        rows[core] = np.arange(len(rest), size)
        found = find(pattern, rows, np.concatenate([rest[inner_columns], core]), len(rest))
        if len(found.r_index) > 4 * pattern.entries + 40_000:
            return None
        if _eliminate(found, pattern, data) < 0 and np.max(np.abs(found.l), initial=0.0) <= LARGEST:
            return found
    return None


def _no_head(pattern: Pattern) -> Elimination:
    same = np.arange(pattern.size, dtype=np.int64)
    return find(pattern, same, same, 0)


def devise(
    pattern: Pattern, constant: FloatArray, rows: IntArray, columns: IntArray, changing: FloatArray
) -> Scheme:
    """Choose orders for a matrix: its pattern and constant data, and the entries that will change.

    `pattern` contains the positions (`rows`, `columns`) of the changing entries; `constant` and `changing`
    are numbers of the size to be expected, `changing` with a dump at its end. The head is eliminated for
    `constant`. Raises Singular.
    """
    size = pattern.size
    touched = np.zeros(size, dtype=np.bool_)
    touched[rows] = True
    touched[columns] = True
    head = _split(pattern, constant, touched) if len(rows) else None
    if head is None:
        # Nothing is worth eliminating first, or it is badly conditioned without what changes around it.
        head = _no_head(pattern)
        _eliminate(head, pattern, constant)
    remaining = size - head.limit
    core_unknowns = head.columns[head.limit :].copy()
    position = np.full(size, remaining, dtype=np.int64)
    position[core_unknowns] = np.arange(remaining)
    # The remainder's rows come as found; sorted within each column they make an ordinary pattern.
    at = np.repeat(np.arange(remaining, dtype=np.int64), np.diff(head.r_start))
    ordered, slots = compress(head.r_index, at, remaining)
    whole = np.zeros(ordered.entries + 1)
    whole[slots] = head.remainder
    head = head._replace(r_index=ordered.rows, remainder=whole[:-1].copy())
    spot_rows, spot_columns = position[rows], position[columns]
    spots = np.append(locate(ordered, spot_rows, spot_columns), ordered.entries).astype(np.int64)
    np.add.at(whole, spots, changing)
    core = _core(ordered, whole)
    return Scheme(
        head=head,
        core=core,
        core_unknowns=core_unknowns,
        spots=spots,
        spot_rows=spot_rows,
        spot_columns=spot_columns,
        constant=constant.copy(),
        changing=changing.copy(),
        total=np.zeros(ordered.entries + 1),
        swaps=np.zeros(core.size - core.limit, dtype=np.int64),
        work=np.zeros(size),
        factor_dense=FACTOR_DENSE.address,
    )


def _eliminate(head: Elimination, pattern: Pattern, data: FloatArray) -> int:
    work = np.zeros(pattern.size)
    return eliminate_packed(pack(head), pattern.start, pattern.rows, data, work)


def refill_cost(scheme: Scheme) -> float:
    """Return the multiplications of factoring the core once."""
    left = float(scheme.core.size - scheme.core.limit)
    return flops(scheme.core) + left**3 / 3.0


def solve_cost(scheme: Scheme) -> float:
    """Return the multiplications of an iteration: a solve with the core, some for every changing entry."""
    left = float(scheme.core.size - scheme.core.limit)
    return len(scheme.core.l) + len(scheme.core.u) + left**2 + 10.0 * len(scheme.spots)
