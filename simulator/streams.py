"""Streams: random numbers that depend on what they are for, not on what was drawn before.

Every use has its own Philox stream, keyed by the seed, a name and counters (`stream(seed, "order", epoch)`),
so a resumed run, a different batch size or one imperfection more leaves every other draw as it was.
"""

from __future__ import annotations

import zlib

import numpy as np


def stream(seed: int, *key: str | int) -> np.random.Generator:
    """Return the generator of one purpose. Words of the key enter by their CRC-32, numbers as they are."""
    words = [zlib.crc32(part.encode()) if isinstance(part, str) else int(part) for part in key]
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([int(seed), *words])))
