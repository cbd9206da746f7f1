"""n pulses in one draw, against pulse after pulse."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import pytest
from scipy import stats

import naive_cells
from eqchip.devices.cells.cells import Cells

pytestmark = pytest.mark.statistical

N = 50_000
#: Kolmogorov-Smirnov distance that two samples of N reach once in 10⁶ trials.
ALARM = float(np.sqrt(-np.log(1e-6 / 2.0) / 2.0) * np.sqrt(2.0 / N))

CURVED: dict[str, dict[str, float]] = {
    "exponential": {
        "a_up": 0.00081,
        "a_down": 0.36833,
        "gamma_up": 12.44625,
        "gamma_down": 12.78785,
        "exp_a": 0.244,
        "exp_b": 0.2425,
    },
    "power": {"pow_gamma": 1.7},
    "table": {"up_0": 1.5, "up_1": 1.0, "up_2": 0.2, "down_0": 0.1, "down_1": 0.8, "down_2": 1.2},
}


def streams(name: str) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(name.encode()))


def drawn(given: dict[str, Any], start: float, request: float, count: int = N, seed: int = 1) -> np.ndarray:
    cells = Cells(given, (count // 100, 100), streams)
    cells.program(np.full(cells.shape, start), np.random.default_rng(0))
    cells.change(np.full(cells.shape, request), np.random.default_rng(seed))
    return cells.weights.ravel()


def test_the_published_soft_bounds_device_has_its_mean_and_variance() -> None:
    # 31 pulses up from −0.2 of a device with w_max = 0.6, dw_min = 0.02, σ = 0.3: 0.32032 and 4.820e-4.
    given = {"update": "softbounds", "dw_min": 0.02, "w_max": 0.6, "w_min": -0.6, "dw_min_std": 0.3}
    found = drawn(given, -0.2, 0.62)
    r = 1.0 - 0.02 / 0.6
    mean, variance = 0.6 - 0.8 * r**31, 0.006**2 * (1.0 - r**62) / (1.0 - r**2)
    assert mean == pytest.approx(0.32032, abs=2e-5)
    assert variance == pytest.approx(4.820e-4, abs=2e-7)
    assert abs(found.mean() - mean) < 5.0 * np.sqrt(variance / N)
    assert abs(found.var() / variance - 1.0) < 5.0 * np.sqrt(2.0 / N)
    assert stats.kstest(found, "norm", args=(mean, np.sqrt(variance))).statistic < ALARM / np.sqrt(2.0)


@pytest.mark.parametrize("up", [True, False])
@pytest.mark.parametrize(
    ("law", "values"),
    [
        ("constant", {}),
        ("linear", {"gamma_up": 0.4, "gamma_down": -0.3}),
        ("softbounds", {"w_max": 0.9, "w_min": -0.7}),
    ],
)
def test_in_the_interior_one_draw_is_as_pulse_after_pulse(
    law: str, values: dict[str, float], up: bool
) -> None:
    given = {"update": law, "dw_min": 0.01, "dw_min_std": 0.5, **values}
    one = drawn(given, 0.1, 0.2 if up else -0.2)
    many = naive_cells.pulses(law, np.full(N, 0.1), up, 20, given, np.random.default_rng(5))
    assert stats.ks_2samp(one, many).statistic < ALARM


def test_multiplicative_noise_has_its_two_moments() -> None:
    given = {"update": "softbounds", "dw_min": 0.02, "dw_min_std": 1.0, "mult_noise": "1"}
    one = drawn(given, -0.3, 0.4)
    d, s = 1.3, 0.02
    mean = 1.0 - d * (1.0 - s) ** 20
    second = d * d * ((1.0 - s) ** 2 + s * s) ** 20
    variance = second - (1.0 - mean) ** 2
    assert abs(one.mean() - mean) < 5.0 * np.sqrt(variance / N)
    assert abs(one.var() / variance - 1.0) < 6.0 * np.sqrt(2.0 / N)
    twin = {**given, "mult_noise": 1.0}
    many = naive_cells.pulses("softbounds", np.full(N, -0.3), True, 20, twin, np.random.default_rng(5))
    assert stats.ks_2samp(one, many).statistic < ALARM + 0.02  # it is skewed, by 3·s·σ·√n ≈ 0.27


@pytest.mark.parametrize(
    ("law", "start", "noise", "pulses", "most"),
    [
        ("constant", 0.97, 0.3, 20, 0.03),
        ("constant", 0.95, 3.0, 20, 0.08),
        ("constant", 0.8, 3.0, 20, 0.02),
        ("constant", 0.95, 3.0, -20, 0.02),
        ("constant", -0.98, 3.0, -2, 0.06),
        ("softbounds", 0.95, 3.0, 20, 0.03),
        ("softbounds", 0.9, 5.0, 31, 0.03),
    ],
)
def test_at_a_bound_the_distance_is_bounded(
    law: str, start: float, noise: float, pulses: int, most: float
) -> None:
    given = {"update": law, "dw_min": 0.005, "dw_min_std": noise}
    one = drawn(given, start, 0.005 * pulses)
    random = np.random.default_rng(5)
    many = naive_cells.pulses(law, np.full(N, start), pulses > 0, abs(pulses), given, random)
    assert stats.ks_2samp(one, many).statistic < most  # without a reflection: 0.4 in the second case
    assert abs(one.mean() - many.mean()) < 0.03 * many.std() + 1e-5
    assert np.max(np.abs(one)) <= 1.0


@pytest.mark.parametrize("up", [True, False])
@pytest.mark.parametrize("law", CURVED)
def test_curved_steps_follow_pulse_after_pulse(law: str, up: bool) -> None:
    given = {"update": law, "dw_min": 0.004, "dw_min_std": 0.5, "mult_noise": "0", **CURVED[law]}
    one = drawn(given, 0.2, 0.08 if up else -0.08)
    twin = {**given, "mult_noise": 0.0}
    many = naive_cells.pulses(law, np.full(N, 0.2), up, 20, twin, np.random.default_rng(5))
    moved = abs(many.mean() - 0.2)
    assert abs(one.mean() - many.mean()) < 2e-3 * moved + 5.0 * many.std() * np.sqrt(2.0 / N)
    assert abs(one.std() / many.std() - 1.0) < 0.01
    assert stats.ks_2samp(one, many).statistic < ALARM + 0.01


@pytest.mark.parametrize("law", CURVED)
@pytest.mark.parametrize("up", [True, False])
def test_coarse_curved_devices_are_pulsed_one_by_one(law: str, up: bool) -> None:
    given = {"update": law, "dw_min": 0.15, **CURVED[law]}
    one = drawn(given, 0.05, 0.45 if up else -0.45, 100)
    many = naive_cells.pulses(law, np.full(100, 0.05), up, 3, given, np.random.default_rng(5))
    tolerance = {"exponential": 1e-12, "power": 1e-12, "table": 5e-3}[law]
    assert np.max(np.abs(one - many)) < tolerance


def test_two_halves_of_a_change_are_as_the_whole() -> None:
    given = {"update": "softbounds", "dw_min": 0.01}
    whole = drawn(given, 0.1, 0.0537, 100)
    cells = Cells(given, (1, 100), streams)
    cells.program(np.full((1, 100), 0.1), np.random.default_rng(0))
    for part in (0.0137, 0.04):
        cells.change(np.full((1, 100), part), np.random.default_rng(0))
    assert np.allclose(cells.weights.ravel(), whole, atol=1e-14)


def test_small_changes_keep_their_digits() -> None:
    given = {"update": "softbounds", "dw_min": 1e-3}
    found = drawn(given, 0.0, 1e-12, 100)
    assert np.allclose(found, -np.log1p(-1e-3) * 1e-9, rtol=1e-6)
