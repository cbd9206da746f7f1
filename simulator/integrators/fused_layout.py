"""Fused: a wiring whose couplings between free nodes are small, laid out flat for one kernel a phase.

The states of all free groups stand one after another in one row a sample. A coupling stands as (few, many),
the smaller side first, whichever way it drives: its rows are then long, and what a processor adds and
multiplies at once lies side by side.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from eqchip.simulator.integrators.euler_rows import alike
from eqchip.simulator.phase import Phase
from eqchip.simulator.wiring import Link

Array = NDArray[Any]
IntArray = NDArray[np.int64]

#: Weights of one coupling, and of all between free nodes, up to which a matrix times one sample at a time is
#: no slower than the product with a whole batch: they stay in the nearest cache.
LARGEST, MOST = 16_384, 32_768

#: Samples that are moved together; their states and what drives them should stay in the nearest cache.
TILE = 8

#: Columns of `groups` and of `links`.
BEGIN, END, CODE, ENERGY, ALIKE = range(5)
INTO, INTO_PLACE, FROM, FROM_PLACE, FEW, MANY, AT, SPREAD = range(8)


class Fused(NamedTuple):
    """What the kernel reads. Numbers by node stand TILE times, group by group, in the states' dtype."""

    groups: IntArray  # (groups, 5): first node, one past the last, activation, drive=energy, all alike
    slope: Array
    shift: Array
    low: Array
    high: Array
    step: Array  # Δt/τ
    a: Array  # leak and live nudge
    links: IntArray  # (links, 8): group driven, first node there, group driving, and there; few, many, …
    weights: Array  # all matrices, one after another


class Table(NamedTuple):
    """What a layout has that no phase changes: `fused` without weights, and where each matrix comes from."""

    fused: Fused
    sources: tuple[tuple[Link, bool], ...]


def fused_of(phase: Phase, length: float) -> Fused | None:
    """Return the layout of a phase in steps of `length` seconds; None where it does not suit."""
    if phase.pull is not None or any(phase.wiring.nodes[g].inlet is not None for g in phase.wiring.free):
        return None
    kept, key = phase.wiring.kept, ("fused", length, phase.nudged)
    if key not in kept:
        kept[key] = _table(phase, length)
    table: Table | None = kept[key]
    if table is None:
        return None
    return table.fused._replace(
        a=_leaks(phase, table.fused) if phase.nudged else table.fused.a,
        weights=matrices(table),
    )


def matrices(table: Table) -> Array:
    """Return all weights of a layout as they are now, one matrix after another."""
    found = [np.ravel(_matrix(link, forward)[0]) for link, forward in table.sources]
    return found[0] if len(found) == 1 else np.concatenate([table.fused.weights, *found])


def _table(phase: Phase, length: float) -> Table | None:
    """Return what no phase of a wiring changes; None where its couplings are too large."""
    wiring = phase.wiring
    into = [(group, *one) for group in wiring.free for one in wiring.from_free[group]]
    sizes = [link.coupling.theta.size for _, link, _ in into]
    if any(size > LARGEST for size in sizes) or sum(sizes) > MOST:
        return None
    nodes = [wiring.nodes[group] for group in wiring.free]
    ends = np.cumsum([0] + [one.size for one in nodes])
    row = {group: index for index, group in enumerate(wiring.free)}
    steps = [(length / one.tau).astype(wiring.dtype) for one in nodes]
    groups = [
        (begin, end, one.law.code, one.law.energy, alike(phase, group, share) is not None)
        for group, one, share, begin, end in zip(wiring.free, nodes, steps, ends[:-1], ends[1:], strict=True)
    ]
    links: list[tuple[int, ...]] = []
    sources: list[tuple[Link, bool]] = []
    stored: dict[int, int] = {}
    held: list[Array] = []
    at = 0
    for group, link, forward in into:
        matrix, spread = _matrix(link, forward)
        where = stored.get(id(matrix))
        if where is None:
            where = stored[id(matrix)] = at
            held.append(matrix)
            sources.append((link, forward))
            at += matrix.size
        driven, driver = (link.post_part, link.pre_part) if forward else (link.pre_part, link.post_part)
        source = row[link.pre if forward else link.post]
        links.append((row[group], driven.start, source, driver.start, *matrix.shape, where, spread))
    empty = np.zeros(0, wiring.dtype)
    laws = [one.law for one in nodes]
    fused = Fused(
        np.array(groups, np.int64),
        _tiled([law.slope for law in laws]),
        _tiled([law.shift for law in laws]),
        _tiled([law.low for law in laws]),
        _tiled([law.high for law in laws]),
        _tiled(steps),
        np.ones(TILE * ends[-1], wiring.dtype),
        np.array(links, np.int64).reshape(-1, 8),
        empty,
    )
    return Table(fused, tuple(sources))


def _leaks(phase: Phase, fused: Fused) -> Array:
    """Return a of a phase with nudged groups."""
    a = fused.a.copy()
    for group, (begin, end) in zip(phase.wiring.free, fused.groups[:, : END + 1], strict=True):
        if group in phase.nudged:
            a[TILE * begin : TILE * end].reshape(TILE, -1)[:] = phase.a[group]
    return a


def _tiled(parts: list[Array]) -> Array:
    """Return numbers by node, those of each group as often as a tile has samples."""
    return np.concatenate([np.tile(part, TILE) for part in parts])


def _matrix(link: Link, forward: bool) -> tuple[Array, bool]:
    """Return the weights as (few, many), and whether the few drive the many."""
    rows, columns = link.coupling.theta.shape
    coupling = link.coupling
    if forward:
        return (
            (coupling.forward_matrix(), True) if rows <= columns else (coupling.forward_transposed(), False)
        )
    if columns <= rows:
        return coupling.backward_transposed(), True
    return np.ascontiguousarray(coupling.backward_matrix()), False
