"""Laying: what devices hold, or are read as, straight into the array of weights that a phase runs with.

One pass over the devices, in the precision of that array; with two planes it is their difference:

    out = wscale·(w₊ − w₊₀ − (w₋ − w₋₀)) − column,   each w read as  w + √(σ² + σ_rel²·w²)·ξ

One normal a device has the law of the two that read noise and relative read noise are (read.py). It is keyed
by the row of the device, so it does not depend on threads.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.devices.cells.affine import own
from eqchip.devices.random import row_of_normals
from eqchip.kernels import kernel
from eqchip.threads import share

Array = NDArray[Any]
FloatArray = NDArray[np.float64]

#: Devices that are worth waking another thread for.
WORTH = 60_000


def lay(
    out: Array,
    hidden: FloatArray,
    offset: FloatArray,
    zero: FloatArray,
    column: FloatArray,
    wscale: float,
    noise: tuple[float, float],
    key: tuple[int, int],
) -> None:
    """Set out (rows, columns) to weights; devices stand in rows, one plane after another.

    `offset` has no rows where there is none, `column` no entries; `zero` may have one row for all. `noise`
    is σ and σ_rel.
    """

    def work(first: int, last: int) -> None:
        lay_rows(first, last, hidden, offset, zero, column, wscale, *noise, *key, out)

    share(work, len(out), max(1, WORTH // max(hidden.shape[1], 1)))


@kernel(fastmath=frozenset({"contract"}))
def lay_rows(
    first: int,
    last: int,
    hidden: FloatArray,
    offset: FloatArray,
    zero: FloatArray,
    column: FloatArray,
    wscale: float,
    noise: float,
    relative: float,
    k0: int,
    k1: int,
    out: Array,
) -> None:
    """Set rows first … last − 1 of out."""
    height, width = out.shape
    total, z, blur = np.empty(width), np.empty(width, np.float32), np.empty(width)
    fluctuates = noise > 0.0 or relative > 0.0
    for row in range(first, last):
        base = column[row] if len(column) else 0.0
        for j in range(width):
            total[j] = -base
        for plane in range(len(hidden) // height):
            at = plane * height + row
            scale = -wscale if plane else wscale
            w, from_ = hidden[at], own(zero, at)
            if len(offset):
                o = offset[at]
                for j in range(width):
                    blur[j] = w[j] + o[j]
                w = blur
            for j in range(width):
                total[j] += scale * (w[j] - from_[j])
            if not fluctuates:
                continue
            row_of_normals(z, k0, k1, at, 0, 0)
            if relative > 0.0:
                for j in range(width):
                    total[j] += scale * np.sqrt(noise * noise + relative * relative * w[j] * w[j]) * z[j]
            else:
                for j in range(width):
                    total[j] += scale * noise * z[j]
        to = out[row]
        for j in range(width):
            to[j] = total[j]
