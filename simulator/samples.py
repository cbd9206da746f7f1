"""Samples and Dataset: what a chip is shown, and what it should answer.

Everything is in state units of the chip's own nodes: inputs after gain, offset and encoding, targets as the
outputs should read. Readers of files (simulator.data) make them; learning and studies consume them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Samples:
    """Inputs (N, input nodes) and targets (N, outputs), row by row."""

    inputs: Array
    targets: Array

    def __post_init__(self) -> None:
        if self.inputs.ndim != 2 or self.targets.ndim != 2 or len(self.inputs) != len(self.targets):
            raise ValueError(f"samples of shapes {self.inputs.shape} and {self.targets.shape}")

    def __len__(self) -> int:
        return len(self.inputs)

    def __getitem__(self, rows: Any) -> Samples:
        """Return some of the samples: a slice, or an array of indices."""
        return Samples(self.inputs[rows], self.targets[rows])


@dataclass(frozen=True, slots=True)
class Dataset:
    """What to train on and what to test with."""

    name: str
    train: Samples
    test: Samples
    valid: Samples | None = None
    again: bool = False  # a file keeps none apart: the test samples are those of the training

    def target_levels(self) -> tuple[Array, Array]:
        """Return the lowest and the highest target of each output over all samples."""
        parts = [one.targets for one in (self.train, self.test, self.valid) if one is not None]
        targets = np.concatenate(parts)
        return np.min(targets, axis=0), np.max(targets, axis=0)
