"""Symmetry points: the value at which a pulse up and one down are equally large.

Alternating pulses take a device there. For affine steps c₊ + s₊·w and c₋ + s₋·w it is

    w* = −(c₊ + c₋)/(s₊ + s₋)         soft bounds: (a₊ − a₋)/(a₊/w_max − a₋/w_min)

for curved ones it is found by bisection between the bounds.

Source: Gokmen & Haensch, Front. Neurosci. 14:103 (2020); Kim et al., arXiv:1907.10228.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eqchip.devices.cells.affine import FLATTEST, Affine, own
from eqchip.devices.cells.curved import Curved, steps_of_row
from eqchip.errors import InputError
from eqchip.kernels import kernel

FloatArray = NDArray[np.float64]

_HALVINGS = 60


def symmetry_points(devices: Affine | Curved, height: int = 1) -> FloatArray:
    """Return the symmetry point of each device, (rows, columns), 0 of one that is stuck.

    There are `height` rows at least: those of devices that are all alike stand in one.

    InputError where a device that moves has none.
    """
    if isinstance(devices, Affine):
        # A pulse that overshoots its bound leads to the bound: w + (bound − w).
        rise, fall = devices.up_s, devices.down_s
        up_c = np.where(rise > 2.0 * FLATTEST - 1.0, devices.up_c, devices.high)
        down_c = np.where(fall > 2.0 * FLATTEST - 1.0, devices.down_c, devices.low)
        constant, slope = up_c + down_c, rise + fall
        level = np.abs(slope) <= 4.0 * FLATTEST
        alike = np.abs(constant) <= 1e-14 * (np.abs(up_c) + np.abs(down_c))
        with np.errstate(divide="ignore", invalid="ignore"):
            found = np.where(level & alike, 0.0, -constant / slope)
        there = ~level | alike
        there &= (found >= devices.low) & (found <= devices.high)
    else:
        shape = np.broadcast_shapes(*(one.shape for one in devices[1:9]))
        found, there = np.empty(shape), np.empty(shape, np.bool_)
        _bisect(devices, found, there)
    stuck = devices.low == devices.high  # they keep the value at which they stand
    found, there = np.where(stuck, 0.0, found), there | stuck
    shape = max(height, len(found)), found.shape[1]
    found, there = np.broadcast_to(found, shape), np.broadcast_to(there, shape)
    if not np.all(there):
        raise InputError(
            f"symmetry=1: {np.count_nonzero(~there)} of {there.size} devices have no symmetry point",
            expected="steps that shrink towards the bounds, as those of update=softbounds",
        )
    return found


@kernel
def _bisect(devices: Curved, found: FloatArray, there: NDArray[np.bool_]) -> None:
    width = found.shape[1]
    up, down = np.ones(width), np.full(width, -1.0)
    rise, fall = np.empty(width), np.empty(width)
    for row in range(found.shape[0]):
        low, high = own(devices.low, row).copy(), own(devices.high, row).copy()
        steps_of_row(devices, row, up, low, rise)
        steps_of_row(devices, row, down, low, fall)
        there[row] = rise + fall >= 0.0
        steps_of_row(devices, row, up, high, rise)
        steps_of_row(devices, row, down, high, fall)
        there[row] &= rise + fall <= 0.0
        for _ in range(_HALVINGS):
            middle = 0.5 * (low + high)
            steps_of_row(devices, row, up, middle, rise)
            steps_of_row(devices, row, down, middle, fall)
            for j in range(width):
                if rise[j] + fall[j] > 0.0:
                    low[j] = middle[j]
                else:
                    high[j] = middle[j]
        found[row] = 0.5 * (low + high)
