"""Digits: 1797 handwritten digits of 8 × 8 pixels, embedded; 1437 to train on, 360 to test with.

Of all samples, those of a class together and each class in the order of the source, every fifth is for
testing: the classes have the same shares in both parts. The same people wrote in both.

Source: SOURCES.md beside this file.
"""

from __future__ import annotations

from pathlib import Path

from eqchip.simulator.data.idx import read_idx
from eqchip.simulator.data.pool import Pool, Source
from eqchip.simulator.data.split import every_fifth

HERE = Path(__file__).parent


def digits() -> Source:
    """Return the digits; data are counts of 0 to 16."""
    images = read_idx(HERE / "digits-images-idx3-ubyte.gz", 3).values
    labels = read_idx(HERE / "digits-labels-idx1-ubyte.gz", 1).values
    pool = Pool(images.reshape(len(images), -1), labels)
    train, test = every_fifth(labels)
    return Source("digits", pool.take(train), pool.take(test), 1.0 / 16.0)
