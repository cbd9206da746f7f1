"""Symmetry points of devices some of which reach a bound with one pulse, as in arrays of wide spread."""

import numpy as np
import pytest

from eqchip.devices.cells.cells import Cells
from eqchip.devices.cells.symmetry import symmetry_points

#: Of a measured array: a device in forty has a bound nearer to 0 than one step.
WIDE = {"update": "softbounds", "dw_min": 0.0949, "dw_min_dtod": 0.7829, "dtod_law": "lognormal"} | {
    "w_max_dtod": 0.3499,
    "w_min_dtod": 0.5695,
}


def test_one_pulse_up_and_one_down_undo_each_other_there_where_one_overshoots_too() -> None:
    shape = (30, 40)
    cells = Cells({**WIDE, "symmetry": "1"}, shape, lambda name: np.random.default_rng(len(name)))
    points = symmetry_points(cells._devices).reshape(shape)
    overshoot = np.minimum(cells._devices.up_s, cells._devices.down_s) <= 1e-9 - 1.0  # type: ignore[union-attr]
    assert np.count_nonzero(overshoot) > 5
    random = np.random.default_rng(0)
    changes = []
    for sign in (1.0, -1.0):
        cells.program(np.zeros(shape), random, exact=True)  # the symmetry point stands for 0
        cells.change(np.full(shape, sign * cells.dw_min), random)
        changes.append(cells.weights)
    assert changes[0] + changes[1] == pytest.approx(np.zeros(shape), abs=1e-9)
    assert np.all(points >= cells._devices.low) & np.all(points <= cells._devices.high)
