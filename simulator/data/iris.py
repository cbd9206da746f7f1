"""Iris: 150 flowers of three species by four lengths, embedded; 120 to train on, 30 to test with.

Each length is brought to [0, 1] by its least and largest among all 150. Every fifth flower of each species is
for testing. The species take turns, so that any range of samples has all of them.

Source: SOURCES.md beside this file.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from eqchip.simulator.data.pool import Pool, Source
from eqchip.simulator.data.split import every_fifth, in_turn

FILE = Path(__file__).parent / "iris.csv"


def iris() -> Source:
    """Return the flowers."""
    table = np.loadtxt(FILE, delimiter=",", skiprows=1)
    low, high = table[:, :4].min(axis=0), table[:, :4].max(axis=0)
    species = table[:, 4].astype(np.int64)
    pool = Pool((table[:, :4] - low) / (high - low), species).take(in_turn(species))
    train, test = every_fifth(pool.answers)
    return Source("iris", pool.take(train), pool.take(test))
