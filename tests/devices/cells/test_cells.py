"""Cells as a whole: bounds, spreads, pairs, wear, energy, state."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import pytest

from eqchip import threads
from eqchip.devices.cells.cells import PARAMETERS, Cells, cells_of
from eqchip.devices.cells.drawn import Drawn
from eqchip.devices.cells.steps import bounds, devices_of
from eqchip.devices.cells.symmetry import symmetry_points
from eqchip.devices.place import Place
from eqchip.errors import InputError

RANDOM = np.random.default_rng(0)  # where no draw matters
CURVED = {"update": "exponential", "a_up": 0.2, "a_down": 0.3, "gamma_up": 2.0, "gamma_down": 2.5}


def streams(name: str) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(name.encode()))


def made(shape: tuple[int, ...] = (4, 5), **given: Any) -> Cells:
    return Cells(given, shape, streams)


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_every_parameter_says_what_it_is() -> None:
    for one in PARAMETERS:
        assert one.text
        assert one.source
        assert one.words or one.low < one.high
        if one.place is not Place.LAW:
            assert one.imperfection
    assert len({one.name for one in PARAMETERS}) == len(PARAMETERS)


def test_ideal_devices_need_no_cells() -> None:
    given = {"w": np.ones((2, 2)), "update": "ideal", "dw_min": 0.01, "wscale": 2.0, "dw_min_std": 0.0}
    assert cells_of(given, (2, 2), streams) is None
    assert cells_of({"stuck": np.full((2, 2), np.nan)}, (2, 2), streams) is None
    for name, value in (("update", "constant"), ("read_noise", 0.1), ("stuck", 0.0), ("w_max", 1.0)):
        assert cells_of({**given, name: value}, (2, 2), streams) is not None


def test_a_request_beyond_a_bound_ends_at_it() -> None:
    cells = made(wscale=2.0, update="constant", w_max=0.5, w_min=-0.25)
    cells.change(np.full((4, 5), 9.0), rng())
    assert np.all(cells.weights == 1.0)
    cells.change(np.full((4, 5), -9.0), rng())
    assert np.all(cells.weights == -0.5)


@pytest.mark.statistical
def test_spreads_are_as_wide_as_given() -> None:
    shape = (300, 200)
    given = {
        "update": "softbounds",
        "dw_min_dtod": 0.2,
        "up_down": 0.1,
        "up_down_dtod": 0.05,
        "w_max_dtod": 0.1,
    }
    drawn = Drawn(given, shape, streams)
    low, high = bounds(drawn)
    devices = devices_of(drawn, 1e-3, low, high)
    up, down = devices.up_c / 1e-3, -devices.down_c / 1e-3
    n = np.sqrt(up.size)
    assert abs(up.mean() - 1.0) < 5.0 * 0.21 / n
    assert abs(down.mean() - 0.9) < 5.0 * 0.21 / n
    assert abs(up.std() / np.hypot(0.2, 0.05) - 1.0) < 5.0 / (n * np.sqrt(2.0))
    assert abs((up - down).std() / 0.1 - 1.0) < 5.0 / (n * np.sqrt(2.0))  # twice the spread of up_down
    assert abs(high.std() / 0.1 - 1.0) < 5.0 / (n * np.sqrt(2.0))
    assert low.shape == ()
    assert float(low) == -1.0
    lognormal = Drawn({"dw_min_dtod": 0.8, "dtod_law": "lognormal"}, shape, streams)
    assert abs(np.log(lognormal.increments(1e-3)[0] / 1e-3).std() / 0.8 - 1.0) < 5.0 / (n * np.sqrt(2.0))


@pytest.mark.parametrize(
    "given",
    [
        {"update": "softbounds", "up_down": 0.3, "w_max": 0.8},
        {"update": "linear", "gamma_up": 0.5, "gamma_down": 0.7, "up_down": -0.2},
        CURVED,
        {"update": "power", "pow_gamma": 1.5, "pow_up_down": 0.4},
    ],
)
def test_alternating_pulses_end_at_the_symmetry_point(given: dict[str, Any]) -> None:
    cells = made((1, 1), dw_min=0.01, **given)
    for _ in range(3000):
        cells.change(np.full((1, 1), 0.01), RANDOM)
        cells.change(np.full((1, 1), -0.01), RANDOM)
    resting = float(cells.weights[0, 0])
    assert resting == pytest.approx(float(symmetry_points(cells._devices)[0, 0]), abs=0.01)
    if given["update"] == "softbounds":
        wanted = (1.0 - 0.7) / (1.0 / 0.8 + 0.7 / 1.0)
        assert float(symmetry_points(cells._devices)[0, 0]) == pytest.approx(wanted, abs=1e-12)
    shifted = made((1, 1), dw_min=0.01, symmetry="1", **given)
    shifted.program(np.zeros((1, 1)), rng())
    shifted.change(np.full((1, 1), 0.01), rng())
    up = float(shifted.weights[0, 0])
    shifted.program(np.zeros((1, 1)), rng())
    shifted.change(np.full((1, 1), -0.01), rng())
    assert up == pytest.approx(-float(shifted.weights[0, 0]), rel=1e-6)


@pytest.mark.parametrize("kind", ["single", "pair", "onesided", "reference"])
def test_weights_are_what_they_are_programmed_to(kind: str) -> None:
    wanted = rng(3).uniform(-0.4, 0.4, (4, 5))
    cells = made(update="constant", cells=kind, wscale=0.5, reference=0.2, w_min=-1.5, w_max=1.5)
    for exact in (False, True):
        cells.program(wanted, rng(), exact)
        assert np.allclose(cells.weights, wanted, atol=1e-14)
    request = rng(4).uniform(-0.1, 0.1, (4, 5))
    cells.change(request, rng())
    assert np.allclose(cells.weights, wanted + request, atol=1e-10)
    assert cells.pulses == pytest.approx(np.abs(request).sum() / 0.5 / 1e-3)


def test_one_sided_pairs_run_full_and_refreshing_makes_room() -> None:
    held, renewed = (
        made(update="constant", cells="onesided", w_min=0.0, w_max=1.0, dw_min=0.01, refresh=n)
        for n in (0, 4)
    )
    for cells in (held, renewed):
        for k in range(400):
            cells.change(np.full((4, 5), 0.05 if k % 2 else -0.05), rng())
        cells.change(np.full((4, 5), 0.05), rng())
    assert np.all(held.weights == 0.0)  # both at their bounds
    assert np.allclose(renewed.weights, 0.05, atol=1e-12)


def test_a_reference_column_takes_drift_out() -> None:
    alone, against = (
        made(update="constant", cells=kind, w_min=0.0, drift_nu=0.1, reference=0.5)
        for kind in ("single", "reference")
    )
    for cells in (alone, against):
        cells.program(np.zeros((4, 5)), rng())
        cells.wait(1e4, rng())
    assert np.all(alone.weights < -0.1)
    assert np.allclose(against.weights, 0.0, atol=1e-14)


def test_levels_are_evenly_spaced() -> None:
    cells = made(levels=5, w_min=-1.0, w_max=1.0)
    cells.program(np.linspace(-1.0, 1.0, 20).reshape(4, 5), rng())
    assert set(np.unique(cells.weights)) == {-1.0, -0.5, 0.0, 0.5, 1.0}
    cells.program(np.zeros((4, 5)), rng())
    cells.change(np.full((4, 5), 0.24), rng())
    assert np.all(cells.weights == 0.0)
    cells.change(np.full((4, 5), 0.26), rng())
    assert np.all(cells.weights == 0.5)


@pytest.mark.statistical
def test_stuck_devices_stay_and_are_as_many_as_given() -> None:
    cells = made((200, 200), update="softbounds", stuck_prob=0.1348, stuck_range=0.01)
    first = cells.weights.copy()
    cells.program(np.full((200, 200), 0.5), rng())
    cells.change(np.full((200, 200), 0.3), rng())
    stuck = cells.weights == first
    assert abs(stuck.mean() - 0.1348) < 5.0 * np.sqrt(0.1348 * 0.8652 / stuck.size)
    assert np.all(np.abs(cells.weights[stuck]) <= 0.01)
    cells.program(np.full((200, 200), 0.5), rng(), exact=True)
    assert np.all((cells.weights == first) == stuck)
    one = np.full((4, 5), np.nan)
    one[1, 2] = -0.75
    named = made(update="constant", stuck=one)
    named.change(np.full((4, 5), 0.1), rng())
    assert named.weights[1, 2] == -0.75
    assert np.count_nonzero(np.isclose(named.weights, 0.1)) == 19


@pytest.mark.statistical
def test_programming_misses_by_its_polynomial() -> None:
    cells = made((300, 300), prog_0=0.01, prog_1=0.04, prog_2=-0.02)
    for target in (0.0, 0.5):
        cells.program(np.full((300, 300), target), rng())
        wanted = 0.01 + 0.04 * target - 0.02 * target**2
        assert abs(cells.weights.std() / wanted - 1.0) < 5.0 / np.sqrt(2.0 * 90_000)
    cells.program(np.full((300, 300), 0.5), rng(), exact=True)
    assert np.all(cells.weights == 0.5)


@pytest.mark.statistical
def test_write_noise_is_redrawn_and_the_value_below_persists() -> None:
    cells = made((300, 300), update="constant", write_noise_std=20.0)
    for _ in range(3):
        cells.change(np.full((300, 300), 0.1), rng())
        assert abs(cells.weights.std() / 0.02 - 1.0) < 5.0 / np.sqrt(2.0 * 90_000)
    assert abs(cells.weights.mean() - 0.3) < 5.0 * 0.02 / 300
    before = cells.weights.copy()
    cells.change(np.zeros((300, 300)), rng(9))
    assert np.array_equal(cells.weights, before)  # no pulse, no new noise


def test_beyond_their_endurance_devices_lose_range() -> None:
    cells = made(update="constant", endurance=100.0, endurance_slope=0.25, dw_min=0.1)
    for _ in range(100):
        cells.change(np.full((4, 5), 1.0), rng())
    # 1000 pulses: a decade beyond
    assert np.allclose(cells.weights, 0.75)


def test_energy_is_that_of_the_pulses() -> None:
    given = {
        "update": "constant",
        "dw_min": 0.01,
        "gmax": 3e-6,
        "gmin": 1e-6,
        "pulse_v": 2.0,
        "pulse_t": 1e-6,
    }
    cells = made((1, 1), **given)
    cells.change(np.full((1, 1), 0.5), rng())
    mean = 1e-6 + 2e-6 * (0.25 + 1.0) / 2.0
    assert cells.energy == pytest.approx(4.0 * 1e-6 * 50 * mean, rel=1e-12)
    assert np.isnan(made(update="constant").energy)


@pytest.mark.parametrize("update", ["softbounds", "power"])
def test_no_bit_depends_on_threads(update: str) -> None:
    found = []
    for count in (1, 2):
        threads.apply(count)
        cells = made((64, 130), update=update, dw_min_std=0.3, write_noise_std=1.0, pulses="shared")
        random = rng(5)
        cells.change_by_trains(rng(1).random((3, 64)), rng(2).random((3, 130)), 0.01, random)
        found.append((cells.weights, cells.pulses))
    threads.apply()
    assert np.array_equal(found[0][0], found[1][0])
    assert found[0][1] == found[1][1]


@pytest.mark.parametrize("kind", ["single", "pair", "onesided", "reference"])
def test_a_restored_state_goes_on_to_the_same_bits(kind: str) -> None:
    given: dict[str, Any] = {
        "update": "softbounds",
        "cells": kind,
        "dw_min_std": 0.3,
        "write_noise_std": 2.0,
        "refresh": 3,
        "drift_nu": 0.05,
        "drift_nu_k": 0.01,
        "endurance": 50.0,
        "endurance_slope": 0.1,
        "rtn": 0.1,
        "pulse_v": 1.0,
        "pulse_t": 1.0,
        "gmax": 1.0,
    }

    def some(cells: Cells, seed: int) -> None:
        random = rng(seed)
        for _ in range(4):
            cells.change(random.normal(0.0, 0.05, (4, 5)), random)
            cells.wait(3.0, random)

    cells, other = made(**given), made(**given)
    cells.program(np.full((4, 5), 0.1), rng())
    some(cells, 1)
    kept = {name: value.copy() for name, value in cells.state().items()}
    other.restore(kept)
    for each in (cells, other):
        some(each, 2)
    assert np.array_equal(cells.weights, other.weights)
    assert np.array_equal(cells.read(rng(7)), other.read(rng(7)))
    assert (cells.energy, cells.pulses) == (other.energy, other.pulses)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"update": "constant", "w_max": -2.0}, "w_min = -1 is not below w_max = -2"),
        ({"levels": 1}, "levels=1: one level holds nothing"),
        (
            {"update": "constant", "w_min": 0.9, "w_max_dtod": 3.0},
            r"spread leaves [1-9]\d* of \d+ devices no range: w_min ≥ w_max",
        ),
        ({"update": "softbounds", "w_min": 0.0}, "update=softbounds needs w_min < 0 < w_max, here 0 and 1"),
        ({"update": "table", "up_0": 1.0}, "update=table has no up_1"),
        ({"update": "table", "up_0": 1.0, "up_1": 1.0}, "update=table has no down_0"),
        (
            {"update": "constant", "up_down": 0.5, "symmetry": "1"},
            "symmetry=1: 20 of 20 devices have no symmetry point",
        ),
    ],
)
def test_what_cannot_be_is_told(given: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        made(**given)
