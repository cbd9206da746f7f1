"""Normals for a whole array, one for each device, from one key: the same however many threads draw them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.devices.random import row_of_normals
from eqchip.kernels import kernel
from eqchip.threads import share

Array = NDArray[Any]

_WIDTH = 4096


def key_of(random: np.random.Generator) -> tuple[int, int]:
    """Return a key of two words, drawn from a generator."""
    first, second = random.integers(0, 1 << 32, 2, dtype=np.uint64)
    return int(first), int(second)


@kernel
def _fill(out: Array, first: int, last: int, k0: int, k1: int) -> None:
    for row in range(first, last):
        row_of_normals(out[row], k0, k1, row, 0, 0)


def normals(shape: tuple[int, ...], random: np.random.Generator) -> NDArray[np.float32]:
    """Return independent standard normals of this shape."""
    count = int(np.prod(shape))
    height = -(-count // _WIDTH)
    out = np.empty((height, _WIDTH if height > 1 else count), np.float32)
    k0, k1 = key_of(random)
    share(lambda first, last: _fill(out, first, last, k0, k1), height)
    return out.reshape(-1)[:count].reshape(shape)
