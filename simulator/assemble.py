"""Assemble: groups of elements as a Graph, and the positions of its entries in the Jacobian."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eqchip.devices.dispatch import link
from eqchip.devices.families import FAMILIES
from eqchip.devices.family import FloatArray
from eqchip.devices.graph import Graph
from eqchip.simulator.spread import Group

IntArray = NDArray[np.int64]


@dataclass(slots=True)
class Block:
    """A group whose pins and values are known."""

    group: Group
    pins: IntArray  # (elements, pins): unknowns
    rows: int  # pins that are not controls
    values: FloatArray | list[FloatArray]  # a row per element


def _starts(lengths: IntArray) -> IntArray:
    """Return where each run begins, and where the last one ends."""
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths, dtype=np.int64)])


def _lengths(block: Block) -> IntArray:
    count = len(block.pins)
    if isinstance(block.values, np.ndarray):
        return np.full(count, block.values.shape[1], dtype=np.int64)
    return np.array([len(row) for row in block.values], dtype=np.int64)


def _joined(parts: Sequence[NDArray[np.int64]]) -> IntArray:
    return np.concatenate(parts).astype(np.int64) if parts else np.zeros(0, dtype=np.int64)


def sort(blocks: Sequence[Block]) -> list[Block]:
    """Return the blocks in the order of the families."""
    order = {family.name: index for index, family in enumerate(FAMILIES)}
    return sorted(blocks, key=lambda block: order[block.group.family.name])


def graph(blocks: Sequence[Block]) -> tuple[Graph, IntArray, IntArray]:
    """Return sorted blocks as a Graph without slots, and row and column of each of its entries."""
    order = {family.name: index for index, family in enumerate(FAMILIES)}
    counts = np.zeros(len(FAMILIES), dtype=np.int64)
    for block in blocks:
        counts[order[block.group.family.name]] += len(block.pins)
    rows, columns = [], []
    for block in blocks:
        count, pins = block.pins.shape
        shape = (count, block.rows, pins)
        rows.append(np.broadcast_to(block.pins[:, : block.rows, None], shape).ravel())
        columns.append(np.broadcast_to(block.pins[:, None, :], shape).ravel())
    values = [
        block.values.ravel() if isinstance(block.values, np.ndarray) else np.concatenate(block.values)
        for block in blocks
        if len(block.pins)
    ]
    result = Graph(
        family=_starts(counts),
        pin_start=_starts(_joined([np.full(len(b.pins), b.pins.shape[1]) for b in blocks])),
        pins=_joined([block.pins.ravel() for block in blocks]),
        rows=_joined([np.full(len(block.pins), block.rows) for block in blocks]),
        entry_start=_starts(_joined([np.full(len(b.pins), b.rows * b.pins.shape[1]) for b in blocks])),
        entries=np.zeros(sum(len(part) for part in rows), dtype=np.int64),
        value_start=_starts(_joined([_lengths(block) for block in blocks])),
        values=np.concatenate(values) if values else np.zeros(0),
        memory_start=_starts(_joined([np.full(len(b.pins), b.group.family.memory) for b in blocks])),
        width=max((block.pins.shape[1] for block in blocks), default=1),
        laws=np.zeros(0, dtype=np.int64),
    )
    return link(result), _joined(rows), _joined(columns)
