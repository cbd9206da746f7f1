"""Drift, decay, diffusion; read noise, 1/f and telegraph noise."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import pytest

from eqchip.devices.cells.cells import Cells


def streams(name: str) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(name.encode()))


def made(shape: tuple[int, ...] = (300, 300), **given: Any) -> Cells:
    cells = Cells(given, shape, streams)
    cells.program(np.full(shape, 0.5), np.random.default_rng(0))
    return cells


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_drift_is_a_power_of_time() -> None:
    cells = made((2, 3), drift_nu=0.06, drift_t0=20.0)
    cells.wait(1e4, rng())
    assert np.allclose(cells.weights, 0.5 * ((1e4 + 20.0) / 20.0) ** -0.06, rtol=1e-12)


def test_the_exponent_of_drift_depends_on_the_state_as_published() -> None:
    # PCM: ν = −0.0155·ln g + 0.0244, held from 0.049 to 0.1 (Nandakumar et al. 2019).
    given = {"drift_nu": 0.0244, "drift_nu_k": 0.0155, "drift_nu_min": 0.049, "drift_nu_max": 0.1}
    cells = made((1, 3), **given)
    values = np.array([[0.9, 0.1, 0.001]])
    cells.program(values, rng())
    cells.wait(1e3, rng())
    nu = -np.log(cells.weights / values) / np.log((1e3 + 20.0) / 20.0)
    assert np.allclose(nu, [[0.049, -0.0155 * np.log(0.1) + 0.0244, 0.1]], rtol=1e-9)


@pytest.mark.parametrize(
    "given",
    [
        {"drift_nu": 0.1, "drift_nu_k": 0.02, "drift_dtod": 0.02},
        {"lifetime": 40.0, "lifetime_dtod": 0.3, "reset": 0.1, "reset_dtod": 0.05},
    ],
)
def test_two_waits_are_as_one_of_their_sum(given: dict[str, float]) -> None:
    once, twice = made((4, 5), **given), made((4, 5), **given)
    once.wait(37.0, rng())
    for part in (0.5, 36.5):
        twice.wait(part, rng())
    assert np.allclose(once.weights, twice.weights, rtol=1e-12)


def test_a_pulse_begins_drift_anew() -> None:
    cells = made((1, 2), drift_nu=0.1, update="constant")
    cells.wait(1e6, rng())
    before = cells.weights.copy()
    cells.change(np.array([[0.1, 0.0]]), rng())
    cells.wait(20.0, rng())
    assert cells.weights[0, 0] == pytest.approx((before[0, 0] + 0.1) * 2.0**-0.1, rel=1e-9)
    assert cells.weights[0, 1] == pytest.approx(before[0, 1], rel=1e-5)


@pytest.mark.statistical
@pytest.mark.parametrize("steps", [1, 7])
@pytest.mark.parametrize("lifetime", [0.0, 5.0])
def test_diffusion_has_its_variance_whatever_the_steps(steps: int, lifetime: float) -> None:
    cells = made(diffusion=0.01, lifetime=lifetime)
    random = rng(3)
    for _ in range(steps):
        cells.wait(14.0 / steps, random)
    time = 14.0 if lifetime == 0.0 else -0.5 * lifetime * np.expm1(-2.0 * 14.0 / lifetime)
    assert abs(cells.weights.var() / (1e-4 * time) - 1.0) < 5.0 * np.sqrt(2.0 / 90_000)
    mean = 0.5 if lifetime == 0.0 else 0.5 * np.exp(-14.0 / lifetime)
    assert abs(cells.weights.mean() - mean) < 5.0 * 0.01 * np.sqrt(time) / 300.0


@pytest.mark.statistical
def test_read_noise_is_anew_in_each_reading_and_leaves_what_is_stored() -> None:
    cells = made(read_noise=0.03, read_noise_rel=0.08)
    assert cells.fluctuates
    first, second = cells.read(rng(1)), cells.read(rng(2))
    assert abs((first - 0.5).std() / np.hypot(0.03, 0.04) - 1.0) < 5.0 / np.sqrt(2.0 * 90_000)
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 5.0 / 300.0
    assert np.array_equal(first, cells.read(rng(1)))
    assert np.all(cells.weights == 0.5)
    assert not made((2, 2), update="constant").fluctuates


@pytest.mark.statistical
@pytest.mark.parametrize(("seconds", "g"), [(1.0, 0.5), (1e5, 0.05)])
def test_1_over_f_noise_grows_as_published(seconds: float, g: float) -> None:
    # Nandakumar et al. 2019: σ = g·Q·√ln((t + t_r)/(2 t_r)), Q = min(0.2, 0.0088/g^0.65), t_r = 250 ns.
    cells = made(flicker=0.0088, flicker_exp=0.65)
    cells.program(np.full((300, 300), g), rng())
    cells.wait(seconds, rng())
    wanted = g * min(0.2, 0.0088 / g**0.65) * np.sqrt(np.log((seconds + 250e-9) / 500e-9))
    assert abs(cells.read(rng(5)).std() / wanted - 1.0) < 5.0 / np.sqrt(2.0 * 90_000)


@pytest.mark.statistical
@pytest.mark.parametrize("seconds", [0.01, 1.0, 30.0])
def test_traps_are_filled_and_flip_as_a_markov_chain_at_any_step(seconds: float) -> None:
    up, down = 0.5, 1.5
    cells = made(rtn=0.2, rtn_up=up, rtn_down=down)
    random = rng(2)
    for _ in range(3):
        cells.wait(seconds, random)
    full = (cells.read(random) < 0.45).ravel()
    share = up / (up + down)
    error = np.sqrt(share * (1.0 - share) / full.size)
    assert abs(full.mean() - share) < 5.0 * error
    assert np.allclose(cells.read(random).ravel()[full], 0.4)
    assert np.array_equal((cells.read(rng(9)) < 0.45).ravel(), full)  # readings flip nothing
    cells.wait(seconds, random)
    later = (cells.read(random) < 0.45).ravel()
    correlation = np.corrcoef(full, later)[0, 1]
    assert abs(correlation - np.exp(-(up + down) * seconds)) < 6.0 / 300.0
