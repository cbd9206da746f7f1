"""Moment: which samples a chip works on, and when in a run; what its random numbers are keyed by.

A chip that has a moment fluctuates: its cells are read and written with noise, its phases are noisy. Without
one it is the chip as it was made, noise off. Draws are keyed by the seed of the run, the purpose, the epoch
and the sample (what a batch does once, by its first sample), never by what was drawn before: a resumed run,
or another imperfection, leaves every other draw as it was.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from eqchip.devices import random
from eqchip.simulator.streams import stream


@dataclass(frozen=True, slots=True)
class Moment:
    """A batch of a run. `rows` are the numbers of its samples in their set, in the order of the batch."""

    seed: int
    purpose: str  # train, test …
    epoch: int
    rows: NDArray[np.int64]
    phase: str = ""  # free, or the nudge's name; "": between phases

    def at(self, phase: str) -> Moment:
        """Return the same batch in one of its phases."""
        return replace(self, phase=phase)

    @property
    def sample(self) -> int:
        """The first sample: it tells the batches of an epoch apart."""
        return int(self.rows[0]) if len(self.rows) else 0

    def stream(self, *key: str | int) -> np.random.Generator:
        """Return the generator of one purpose in this batch (and phase)."""
        return stream(self.seed, self.purpose, self.epoch, self.sample, self.phase, *key)

    def normals(self, count: int, *key: str | int) -> NDArray[np.float64]:
        """Return normals (B, count): those of a sample depend on its number, not on its batch."""
        out = np.empty((len(self.rows), count))
        k0, k1 = random.key(self.seed, self.purpose, self.epoch, self.phase, *key)
        random.normals(out, k0, k1, np.asarray(self.rows, np.int64), 0, 0)
        return out
