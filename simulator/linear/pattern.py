"""Pattern: where a sparse matrix has entries, by columns, and where each contribution lands in its data.

Elements contribute to positions (row, column), many to the same one. `compress` sorts the positions once;
from then on filling the matrix is adding to `data[slot]`. What touches ground lands in a dump slot.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class Pattern(NamedTuple):
    """Entries of a square matrix of order `size`, column by column; `rows` their rows, ascending."""

    size: int
    start: IntArray  # (size + 1)
    rows: IntArray

    @property
    def entries(self) -> int:
        """How many entries there are; also the dump slot."""
        return len(self.rows)

    def columns(self) -> IntArray:
        """Return the column of each entry."""
        return np.repeat(np.arange(self.size, dtype=np.int64), np.diff(self.start))


def compress(rows: IntArray, columns: IntArray, size: int) -> tuple[Pattern, IntArray]:
    """Return the pattern of all positions, and each position's slot; beyond `size` means ground."""
    inside = (rows < size) & (columns < size)
    keys = columns[inside] * size + rows[inside]
    found, where = np.unique(keys, return_inverse=True)
    start = np.zeros(size + 1, dtype=np.int64)
    np.cumsum(np.bincount(found // size, minlength=size) if size else [], out=start[1:])
    slots = np.full(len(rows), len(found), dtype=np.int64)
    slots[inside] = where
    return Pattern(size, start, found % size if size else found), slots


def locate(pattern: Pattern, rows: IntArray, columns: IntArray) -> IntArray:
    """Return the slots of positions that are in the pattern."""
    keys = pattern.columns() * pattern.size + pattern.rows
    return np.searchsorted(keys, columns * pattern.size + rows).astype(np.int64)
