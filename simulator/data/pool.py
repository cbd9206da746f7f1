"""Pool: samples as a source has them, before a chip's encoding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Pool:
    """Data (N, features) and answers (N,) of class numbers, or (N, outputs) of values."""

    data: Array
    answers: Array

    def __len__(self) -> int:
        return len(self.data)

    def take(self, rows: Array) -> Pool:
        """Return some of the samples."""
        return Pool(self.data[rows], self.answers[rows])


@dataclass(frozen=True, slots=True)
class Source:
    """What a data set offers: one pool, or one to train on and one to test with."""

    name: str
    train: Pool
    test: Pool | None = None
    scale: float = 1.0  # factor that the data set itself wants on its data


def every(pool: Pool) -> Array:
    """Return the indices of all samples of a pool."""
    return np.arange(len(pool))
