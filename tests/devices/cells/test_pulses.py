"""From requests to pulses: counts, trains, what is lost."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import pytest
from scipy import stats

from eqchip.devices.cells.cells import Cells
from eqchip.errors import InputError


def streams(name: str) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(name.encode()))


def cells_of(shape: tuple[int, int], **given: Any) -> Cells:
    return Cells({"update": "constant", "dw_min": 1e-3, "w_max": 1e3, "w_min": -1e3, **given}, shape, streams)


def test_deterministic_pulses_are_rounded_and_end_with_the_train() -> None:
    cells = cells_of((1, 5), pulses="deterministic", bl=10)
    cells.change(1e-3 * np.array([[0.4, 0.6, -3.49, 9.6, 12.2]]), np.random.default_rng(1))
    assert np.allclose(cells.weights, 1e-3 * np.array([[0, 1, -3, 10, 10]]), atol=1e-12)
    assert cells.pulses == 24
    assert cells.lost == 2


@pytest.mark.statistical
def test_independent_pulses_are_binomial() -> None:
    cells = cells_of((200, 200), pulses="independent", bl=12)
    cells.change(np.full((200, 200), 2.5e-3), np.random.default_rng(1))
    counts = np.bincount(np.rint(cells.weights.ravel() * 1e3).astype(int), minlength=13)
    wanted = stats.binom.pmf(np.arange(13), 12, 2.5 / 12.0) * 40_000
    many = wanted > 5.0
    chi = float(((counts - wanted)[many] ** 2 / wanted[many]).sum())
    assert chi < stats.chi2.isf(1e-6, many.sum() - 1)
    assert cells.lost == 0.0


@pytest.mark.statistical
def test_shared_trains_have_the_mean_and_the_correlations_of_hardware() -> None:
    bl, times = 20, 4000
    rows = np.array([0.3, -0.8, 0.5])
    columns = np.array([1.0, 0.4, -0.2])
    seen = np.empty((times, 3, 3))
    random = np.random.default_rng(3)
    for k in range(times):
        cells = cells_of((3, 3), pulses="shared", bl=bl)
        cells.change_by_trains(rows[None], columns[None], 8e-3, random)
        seen[k] = cells.weights * 1e3
        assert cells.lost == 0.0
    wanted = 8.0 * np.outer(rows, columns)
    root = np.sqrt(8.0 / bl * 0.8 * 1.0)  # both busiest fire with this probability
    p, q = root * np.abs(rows) / 0.8, root * np.abs(columns)
    both = np.outer(p, q)
    variance = bl * both * (1.0 - both)
    assert np.all(np.abs(seen.mean(axis=0) - wanted) < 5.0 * np.sqrt(variance / times))
    assert np.allclose(seen.var(axis=0), variance, rtol=0.25)
    size = np.abs(seen)
    along = np.cov(size[:, 1, 0], size[:, 1, 1])[0, 1]
    expected = bl * p[1] * (1.0 - p[1]) * q[0] * q[1]
    assert abs(along - expected) < 5.0 * np.sqrt(variance[1, 0] * variance[1, 1] / times)
    assert expected > 5.0 * np.sqrt(variance[1, 0] * variance[1, 1] / times)  # it can be told from 0
    apart = np.cov(size[:, 0, 0], size[:, 1, 1])[0, 1]
    assert abs(apart) < 5.0 * np.sqrt(variance[0, 0] * variance[1, 1] / times)


def test_full_trains_say_what_is_lost() -> None:
    cells = cells_of((2, 2), pulses="shared", bl=10)
    cells.change_by_trains(np.array([[1.0, 0.5]]), np.array([[1.0, 0.5]]), 40e-3, np.random.default_rng(1))
    # Probabilities 2 and 1 are held at 1: 10 pulses each in place of 40, 20, 20, 10.
    assert np.allclose(cells.weights, 1e-2)
    assert cells.lost == pytest.approx(90 - 40)


@pytest.mark.parametrize("pulses", ["expected", "deterministic", "independent", "shared"])
def test_samples_follow_one_another(pulses: str) -> None:
    random = np.random.default_rng(7)
    rows, columns = random.uniform(-1, 1, (6, 4)), random.uniform(-1, 1, (6, 5))
    cells = cells_of((4, 5), pulses=pulses, bl=31)
    cells.change_by_trains(rows, columns, 8e-3, random)
    wanted = 8e-3 * rows.T @ columns
    room = {"expected": 1e-12, "deterministic": 6 * 0.5e-3, "independent": 0.05, "shared": 0.05}[pulses]
    assert np.max(np.abs(cells.weights - wanted)) <= room


def test_shared_trains_need_products_and_fit_a_word() -> None:
    with pytest.raises(InputError, match="pulses=shared needs what rows and columns do"):
        cells_of((2, 2), pulses="shared").change(np.zeros((2, 2)), np.random.default_rng(1))
    with pytest.raises(InputError, match="bl=65: shared trains have at most 64 pulses"):
        cells_of((2, 2), pulses="shared", bl=65)
