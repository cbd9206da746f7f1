"""NeuroSim's labels of non-linearity."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

import naive_cells
from eqchip.devices.cells import labels
from eqchip.devices.cells.cells import Cells

#: Device, labels up and down, states (MLP+NeuroSim V3.0, table II).
TABLE = {
    "Ag:a-Si": (2.4, -4.88, 97),
    "TaOx/TiO2": (1.85, -1.79, 102),
    "TaOx/HfOx": (0.04, -0.63, 128),
    "PCMO": (3.68, -6.76, 50),
    "AlOx/HfO2": (1.94, -0.61, 40),
    "GST": (0.105, 2.4, 100),
    "EpiRAM": (0.5, -0.5, 64),
    "FeFET": (1.75, 1.46, 32),
}


def streams(name: str) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(name.encode()))


@pytest.mark.parametrize("nl", [0.01, 0.5, 2.4, 4.88, 6.76, 9.0])
def test_a_label_is_the_largest_distance_from_the_straight_line(nl: float) -> None:
    k = float(labels.rate(nl))
    x = np.linspace(0.0, 1.0, 200_001)
    distance = np.max(np.expm1(-k * x) / np.expm1(-k) - x)
    assert 10.1015 * distance == pytest.approx(nl, rel=1e-7)
    assert float(labels.label(1.0 / k)) == pytest.approx(nl, rel=1e-9)
    assert float(labels.rate(-nl)) == -k


def test_a_straight_line_has_label_0() -> None:
    assert float(labels.rate(0.0)) == pytest.approx(0.0, abs=1e-12)
    assert float(labels.label(np.inf)) == 0.0


@pytest.mark.parametrize("device", TABLE)
def test_published_devices_go_from_bound_to_bound_as_labelled(device: str) -> None:
    up, down, states = TABLE[device]
    given = {"update": "pmax", "p_max": states, "nl_up": up, "nl_down": down}
    cells = Cells(given, (1, 1), streams)
    random = np.random.default_rng(0)
    cells.program(np.full((1, 1), -1.0), random)
    for nl, sign in ((up, 1.0), (down, -1.0)):
        seen = [float(cells.weights[0, 0])]
        for _ in range(states):
            cells.change(np.full((1, 1), sign * 2.0 / states), random)
            seen.append(float(cells.weights[0, 0]))
        course = 0.5 * (np.array(seen) + 1.0)
        if sign < 0.0:
            course = course[::-1]
        assert course[0] == pytest.approx(0.0, abs=1e-9)
        assert course[-1] == pytest.approx(1.0, abs=1e-9)
        wanted = naive_cells.curve(nl, states)
        wanted = 1.0 - wanted[::-1] if nl < 0.0 else wanted
        assert np.max(np.abs(course - wanted)) < 2e-3
