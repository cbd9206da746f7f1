"""One pass over devices: changes by products, and weights laid where they are used, against the plain way."""

from typing import Any

import numpy as np
import pytest

from eqchip.devices.cells.cells import Cells

SHAPE = (70, 90)
KINDS: list[dict[str, Any]] = [
    {"update": "softbounds", "dw_min_std": 0.3, "dw_min_dtod": 0.3, "wscale": 2.0},
    {"update": "exponential", "a_up": 0.00081, "a_down": 0.36833, "gamma_up": 12.4, "gamma_down": 12.8},
    {"update": "softbounds", "cells": "pair", "reference_dtod": 0.1, "write_noise_std": 3.0},
    {"update": "constant", "cells": "reference", "read_noise": 0.01, "w_max_dtod": 0.1},
]


def cells(given: dict[str, Any]) -> Cells:
    return Cells(given, SHAPE, lambda what: np.random.default_rng(len(what)))


@pytest.mark.parametrize("given", KINDS, ids=lambda one: str(one.get("cells", one["update"])))
def test_products_ask_for_what_their_sum_asks_for(given: dict[str, Any]) -> None:
    random = np.random.default_rng(1)
    rows, columns = random.standard_normal((7, SHAPE[0])), random.standard_normal((7, SHAPE[1]))
    rows[:, ::3] = 0.0
    one, other = cells(given), cells(given)
    one.change_by_products(rows, columns, 3e-3, np.random.default_rng(5))
    other.change(3e-3 * rows.T @ columns, np.random.default_rng(5))
    assert one.weights == pytest.approx(other.weights, abs=1e-10)
    assert one.pulses == pytest.approx(other.pulses)
    assert np.std(one.weights[1::3]) > 0.0
    assert np.array_equal(one.hidden[:, ::3], cells(given).hidden[:, ::3])  # nothing asked, nothing moved


@pytest.mark.parametrize("given", KINDS, ids=lambda one: str(one.get("cells", one["update"])))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_is_laid_is_what_is_stored(given: dict[str, Any], dtype: type) -> None:
    one, out = cells(given), np.empty(SHAPE, dtype)
    one.change(np.random.default_rng(2).normal(0.0, 0.01, SHAPE), np.random.default_rng(3))
    one.lay(out)
    assert out == pytest.approx(one.weights, abs=1e-6 if dtype is np.float32 else 1e-12)


def test_a_reading_has_the_variance_of_both_read_noises() -> None:
    """σ² + σ_rel²·w² a device, twice for a pair; 12,600 readings, 5 standard errors of a variance."""
    given = {"cells": "pair", "w_min": 0.0, "w_max": 1.0, "read_noise": 0.02, "read_noise_rel": 0.1}
    one = cells(given)
    one.program(np.full(SHAPE, 0.4), np.random.default_rng(1), exact=True)  # 0.7 and 0.3
    readings = np.concatenate([np.ravel(one.read(np.random.default_rng(seed))) for seed in (1, 2)])
    wanted = 2 * 0.02**2 + 0.1**2 * (0.7**2 + 0.3**2)
    count = len(readings)
    assert np.mean(readings) == pytest.approx(0.4, abs=5 * np.sqrt(wanted / count))
    assert np.var(readings) == pytest.approx(wanted, rel=5 * np.sqrt(2 / count))
