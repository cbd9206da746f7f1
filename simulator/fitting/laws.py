"""Which numbers of a step law are fitted, from where the search begins, and what they are on a card.

The laws themselves are those of devices/cells: a step is taken by the devices of a chip, all noise off. In
the search a law has *raw* numbers, well scaled and free of each other; on a card it has *parameters*.

    every law       a₊, a₋ (steps at value 0, raw: ln a) ↔ dw_min, up_down; w_max, w_min
    linear          and gamma_up, gamma_down
    exponential     and a_up, a_down, gamma_up, gamma_down, with exp_a = 1, exp_b = 0 (they say nothing more)
    power           and pow_gamma
    pmax            nl_up, nl_down instead of a₊, a₋; p_max is the longest train
    table           the step at eleven values for each direction, over a₊ and a₋

A, and the nodes of a table, are common to all devices of an array.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.devices.cells.cells import Cells
from eqchip.devices.cells.declarations import NODES
from eqchip.simulator.fitting.prediction import Stack, Step

Array = NDArray[Any]

#: Values that exponential steps may reach, in units of the nominal half range; and where a table ends.
_WIDE, WIDEST = 2.0, 1.25


@dataclass(frozen=True, slots=True)
class Law:
    """One step law as it is fitted.

    `raw` names the numbers of the search, `low` and `high` bound them; `start(stack, p_max)` is where it
    begins; `given(raw, p_max)` turns columns of raw numbers, raw[k] of any shape, into parameters of cells.
    """

    name: str
    raw: tuple[str, ...]
    start: Callable[[Stack, float], Array]
    given: Callable[[Array, float], dict[str, Any]]
    low: tuple[float, ...]
    high: tuple[float, ...]
    common: tuple[int, ...] = ()  # numbers that all devices of an array share

    def step(self, raw: Array, p_max: float) -> Step:
        """Return the step of devices with these numbers; raw (numbers, sets, trains)."""
        random = np.random.default_rng(0)  # no noise is on: what it draws is multiplied by 0
        count = raw.shape[1]
        if self.common:  # devices of one array share these numbers: an array for each of their values
            _, which = np.unique(raw[self.common, :, 0], axis=1, return_inverse=True)
            groups = [np.flatnonzero(which.ravel() == one) for one in range(int(which.max()) + 1)]
        else:
            groups = [np.arange(count)]
        made: dict[int, list[tuple[Array, Cells]]] = {}

        def arrays(copies: int, trains: int) -> list[tuple[Array, Cells]]:
            found = []
            for group in groups:
                rows = (group[None, :] + count * np.arange(copies)[:, None]).ravel()
                given = self.given(np.tile(raw[:, group], (1, copies, 1)), p_max)
                cells = Cells({"update": self.name, **given}, (len(rows), trains), _no_draw)
                found.append((rows, cells))
            return found

        def step(values: Array, pulses: Array) -> Array:
            copies = len(values) // count
            if copies not in made:
                made[copies] = arrays(copies, values.shape[1])
            after = np.empty_like(values)
            for rows, cells in made[copies]:
                cells.program(values[rows], random, exact=True)
                cells.change(pulses[rows] * cells.dw_min, random)
                after[rows] = cells.weights
            return after

        return step


def _no_draw(name: str) -> np.random.Generator:
    return np.random.default_rng(0)  # no spread is given


def increments(up: Array, down: Array) -> dict[str, Any]:
    """Return dw_min and up_down of the steps at value 0."""
    largest = np.maximum(up, down)
    return {"dw_min": largest, "up_down": (up - down) / largest}


def _lines(stack: Stack) -> tuple[float, float, float, float]:
    """Return c₊, m₊, c₋, m₋: the lines c + m·w through the steps, up and down, of one pulse each."""
    found = []
    for direction in (1.0, -1.0):
        rows = stack.there[:, 1:] & (stack.directions[:, None] == direction)
        w = stack.values[:, :-1][rows]
        step = (np.diff(stack.values, axis=1) / np.maximum(stack.pulses[:, 1:], 1))[rows]
        if len(w) < 3 or np.ptp(w) == 0.0:
            found += [direction * (float(np.abs(step).mean()) if len(w) else 0.01), 0.0]
            continue
        slope, middle = np.polyfit(w, step, 1)
        found += [float(middle), float(slope)]
    return found[0], found[1], found[2], found[3]


def _steps(stack: Stack) -> list[float]:
    """Return ln a₊ and ln a₋ to begin with."""
    up, _, down, _ = _lines(stack)
    least = 1e-6
    return [float(np.log(max(up, least))), float(np.log(max(-down, least)))]


def _extremes(stack: Stack) -> list[float]:
    values = stack.values[stack.there]
    return [max(float(values.max()), 0.05), min(float(values.min()), -0.05)]


def _common(raw: Array) -> dict[str, Any]:
    return increments(np.exp(raw[0]), np.exp(raw[1]))


def _constant(raw: Array, p_max: float) -> dict[str, Any]:
    return {**_common(raw), "w_max": raw[2], "w_min": raw[3]}


def _linear(raw: Array, p_max: float) -> dict[str, Any]:
    # Slopes are counted from the nominal bounds, which are those of the first device.
    high, low = raw[2].flat[0], -raw[3].flat[0]
    return {**_constant(raw, p_max), "gamma_up": raw[4] * high, "gamma_down": raw[5] * low}


def _exponential(raw: Array, p_max: float) -> dict[str, Any]:
    fixed = {"w_max": _WIDE, "w_min": -_WIDE, "exp_a": _WIDE, "exp_b": 0.0}
    return {
        **_common(raw),
        **fixed,
        "a_up": raw[2].flat[0],
        "a_down": raw[3].flat[0],
        "gamma_up": raw[4],
        "gamma_down": raw[5],
    }


def _power(raw: Array, p_max: float) -> dict[str, Any]:
    return {**_common(raw), "w_max": raw[2], "w_min": raw[3], "pow_gamma": np.exp(raw[4])}


def _pmax(raw: Array, p_max: float) -> dict[str, Any]:
    return {
        "p_max": p_max,  # dw_min is the range over it
        "nl_up": raw[0],
        "nl_down": raw[1],
        "w_max": raw[2],
        "w_min": raw[3],
    }


def _table(raw: Array, p_max: float) -> dict[str, Any]:
    nodes = {
        f"{way}_{node}": raw[2 + k * NODES + node].flat[0]
        for k, way in enumerate(("up", "down"))
        for node in range(NODES)
    }
    return {**_common(raw), "w_max": WIDEST, "w_min": -WIDEST, **nodes}


def _table_start(stack: Stack, p_max: float) -> Array:
    up, rise, down, fall = _lines(stack)
    at = np.linspace(-WIDEST, WIDEST, NODES)
    scales = _steps(stack)
    shape = [(up + rise * at) / np.exp(scales[0]), -(down + fall * at) / np.exp(scales[1])]
    return np.concatenate([scales, *(np.clip(one, -5.0, 5.0) for one in shape)])


def _softbounds_start(stack: Stack, p_max: float) -> Array:
    up, rise, down, fall = _lines(stack)
    high, low = _extremes(stack)
    bound = [
        1.02 * max(-up / rise if rise < 0 else 4.0, high),
        1.02 * min(-down / fall if fall < 0 else -4.0, low),
    ]
    return np.array([*_steps(stack), min(bound[0], 20.0), max(bound[1], -20.0)])


def _slopes(stack: Stack) -> list[float]:
    up, rise, down, fall = _lines(stack)
    return [-rise / max(up, 1e-6), fall / min(down, -1e-6)]


_BOUNDS = ((0.02, -50.0), (50.0, -0.02))
_LN = (-16.0, 1.0)
_FOUR = ("ln_up", "ln_down", "w_max", "w_min")
_LOW4, _HIGH4 = (_LN[0], _LN[0], *_BOUNDS[0]), (_LN[1], _LN[1], *_BOUNDS[1])

LAWS: Mapping[str, Law] = {
    one.name: one
    for one in (
        Law(
            "constant",
            _FOUR,
            lambda stack, p_max: np.array([*_steps(stack), *_extremes(stack)]),
            _constant,
            _LOW4,
            _HIGH4,
        ),
        Law(
            "linear",
            (*_FOUR, "slope_up", "slope_down"),
            lambda stack, p_max: np.array([*_steps(stack), *_extremes(stack), *_slopes(stack)]),
            _linear,
            (*_LOW4, -20.0, -20.0),
            (*_HIGH4, 20.0, 20.0),
        ),
        Law("softbounds", _FOUR, _softbounds_start, _constant, _LOW4, _HIGH4),
        Law(
            "exponential",
            ("ln_up", "ln_down", "a_up", "a_down", "gamma_up", "gamma_down"),
            lambda stack, p_max: np.array([*(one + 0.7 for one in _steps(stack)), 0.5, 0.5, 1.0, 1.0]),
            _exponential,
            (*_LN[:1] * 2, -200.0, -200.0, -20.0, -20.0),
            (*_LN[1:] * 2, 200.0, 200.0, 20.0, 20.0),
            common=(2, 3),
        ),
        Law(
            "power",
            (*_FOUR, "ln_gamma"),
            lambda stack, p_max: np.array([*_steps(stack), *(1.05 * one for one in _extremes(stack)), 0.0]),
            _power,
            (*_LOW4, -4.0),
            (*_HIGH4, 3.0),
        ),
        Law(
            "pmax",
            ("nl_up", "nl_down", "w_max", "w_min"),
            lambda stack, p_max: np.array([1.0, -1.0, *_extremes(stack)]),
            _pmax,
            (-9.0, -9.0, *_BOUNDS[0]),
            (9.0, 9.0, *_BOUNDS[1]),
        ),
        Law(
            "table",
            ("ln_up", "ln_down", *(f"{way}_{node}" for way in ("up", "down") for node in range(NODES))),
            _table_start,
            _table,
            (*_LN[:1] * 2, *(-20.0,) * (2 * NODES)),
            (*_LN[1:] * 2, *(20.0,) * (2 * NODES)),
            common=tuple(range(2, 2 + 2 * NODES)),
        ),
    )
}
