"""From the numbers of every device to a card: means, spreads over devices, noise from pulse to pulse.

    a₊ = (g + min(u, 0) + r)·dw_min      a₋ = (g − max(u, 0) − r)·dw_min
    dw_min_dtod = σ(g)                  up_down_dtod = σ(r)

as cells draw them. Where σ(g) is above `LOGNORMAL` a normal draw would turn steps: dw_min is then spread
by exp(s·ξ), with the geometric mean. Bounds are spread relative to their mean, slopes absolutely.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.devices.cells.declarations import NODES
from eqchip.simulator.fitting.laws import WIDEST
from eqchip.simulator.fitting.search import Found

Array = NDArray[Any]

#: Relative spread of steps from which on it is taken as log-normal.
LOGNORMAL = 0.3
#: ρ below which noise is all of steps, so that how it goes with them can be seen.
_STEPS_ONLY = 0.3


@dataclass(frozen=True, slots=True)
class Summary:
    """What stands on the card: parameters of cells; `uncertain`: standard errors of the means."""

    values: dict[str, float | str]
    uncertain: dict[str, float]


def summarise(
    law: str, raw: Array, covariance: Array, p_max: float, found: list[Found], ratio: float, variance: float
) -> Summary:
    """Return the card of a fit."""
    values: dict[str, float | str] = {}
    uncertain: dict[str, float] = {}
    if law == "table":
        raw = _levelled(values, raw)
    if law == "pmax":
        values["p_max"] = p_max
    else:
        dw_min = _increments(values, uncertain, raw, covariance)
    widths = [_direct(values, uncertain, one, raw, covariance) for one in _PLAIN[law]]
    if law == "pmax" and len(raw) > 1:
        _absolute(values, "nl_dtod", float(np.sqrt(np.mean(np.square(widths[:2])))))
    if law == "pmax":  # dw_min is not given: it is the range over p_max
        dw_min = (float(values["w_max"]) - float(values["w_min"])) / p_max
    if law == "linear":  # slopes of the search are over one unit, those of a card over the bounds
        for way, bound in (("up", float(values["w_max"])), ("down", -float(values["w_min"]))):
            for name in (f"gamma_{way}", f"gamma_{way}_dtod"):
                if name in values:
                    values[name] = float(values[name]) * bound
    if law == "exponential":
        values |= {"exp_a": 1.0, "exp_b": 0.0, "w_max": 1.0, "w_min": -1.0}
    _noise(values, found, ratio, variance, dw_min)
    return Summary(values, uncertain)


#: Of each law: column of the search, name on the card, the transform, how its spread is counted.
_Plain = tuple[int, str, Callable[[Array], Array], str]


def _same(column: Array) -> Array:
    return column


_BOUNDS: tuple[_Plain, ...] = ((2, "w_max", _same, "relative"), (3, "w_min", _same, "relative"))
_PLAIN: dict[str, tuple[_Plain, ...]] = {
    "constant": _BOUNDS,
    "linear": (*_BOUNDS, (4, "gamma_up", _same, "absolute"), (5, "gamma_down", _same, "absolute")),
    "softbounds": _BOUNDS,
    "exponential": (
        (2, "a_up", _same, ""),
        (3, "a_down", _same, ""),
        (4, "gamma_up", _same, "absolute"),
        (5, "gamma_down", _same, "absolute"),
    ),
    "power": (*_BOUNDS, (4, "pow_gamma", np.exp, "relative")),
    "pmax": ((0, "nl_up", _same, ""), (1, "nl_down", _same, ""), *_BOUNDS),
    "table": (),
}


def _increments(values: dict[str, Any], uncertain: dict[str, float], raw: Array, covariance: Array) -> float:
    """Put dw_min, up_down and their spreads; return dw_min."""
    up, down = np.exp(raw[:, 0]), np.exp(raw[:, 1])
    joint = np.exp(0.5 * (raw[:, 0] + raw[:, 1]))
    lognormal = len(raw) > 1 and float(np.std(np.log(joint), ddof=1)) > LOGNORMAL
    mean = _geometric if lognormal else _arithmetic
    high, low = mean(up), mean(down)
    dw_min = max(high, low)
    shift = (high - low) / dw_min
    values["dw_min"], values["up_down"] = dw_min, shift
    # Standard errors of a₊ and a₋ over dw_min, from those of their logarithms.
    scale = np.stack([up, down], axis=1) / dw_min
    errors = covariance[:, :2, :2] * scale[:, :, None] * scale[:, None, :]
    g = 0.5 * (scale[:, 0] - min(shift, 0.0) + scale[:, 1] + max(shift, 0.0))
    r = 0.5 * (scale[:, 0] - min(shift, 0.0) - scale[:, 1] - max(shift, 0.0))
    of_g = 0.25 * (errors[:, 0, 0] + errors[:, 1, 1] + 2.0 * errors[:, 0, 1])
    of_r = 0.25 * (errors[:, 0, 0] + errors[:, 1, 1] - 2.0 * errors[:, 0, 1])
    uncertain["dw_min"] = dw_min * _error_of_mean(g, of_g)
    uncertain["up_down"] = 2.0 * _error_of_mean(r, of_r)
    if len(raw) > 1:
        _absolute(values, "dw_min_dtod", _spread(np.log(joint) if lognormal else g, of_g))
        if lognormal:
            values["dtod_law"] = "lognormal"
        _absolute(values, "up_down_dtod", _spread(r, of_r))
    return dw_min


def _direct(
    values: dict[str, Any], uncertain: dict[str, float], plain: _Plain, raw: Array, covariance: Array
) -> float:
    """Put one parameter that is a number of the search by itself, and its spread; return the spread."""
    column, name, transform, kind = plain
    found = transform(raw[:, column])
    slope = transform(raw[:, column] + 1e-6) - found
    errors = covariance[:, column, column] * (slope / 1e-6) ** 2
    mean = float(np.mean(found))
    values[name] = mean
    uncertain[name] = _error_of_mean(found, errors)
    if len(raw) < 2:
        return 0.0
    width = _spread(found, errors)
    if kind:
        _absolute(values, f"{name}_dtod", width / abs(mean) if kind == "relative" else width)
    return width


def _levelled(values: dict[str, Any], raw: Array) -> Array:
    """Put the nodes of a table, over their mean; return the numbers with a₊ and a₋ times as much."""
    values |= {"w_max": WIDEST, "w_min": -WIDEST}
    scaled = raw.copy()
    for k, way in enumerate(("up", "down")):
        nodes = raw[:, 2 + k * NODES : 2 + (k + 1) * NODES].mean(axis=0)
        level = max(float(np.mean(np.abs(nodes))), 1e-6)
        scaled[:, k] += np.log(level)
        for node in range(NODES):
            values[f"{way}_{node}"] = float(nodes[node]) / level
    return scaled


def _noise(values: dict[str, Any], found: list[Found], ratio: float, variance: float, dw_min: float) -> None:
    """Put the noise of a step, and of what stands after it."""
    values["dw_min_std"] = float(np.sqrt(variance)) / dw_min
    if ratio > 0.0:
        values["write_noise_std"] = float(np.sqrt(ratio * variance)) / dw_min
    if ratio > _STEPS_ONLY:
        return
    errors = np.concatenate([one.left.errors[0] for one in found])
    size = np.maximum(np.abs(np.concatenate([one.left.steps[0] for one in found])), 0.02 * dw_min)
    flat = errors.size * np.log(np.mean(errors**2))
    grown = errors.size * np.log(np.mean((errors / size) ** 2)) + 2.0 * float(np.log(size).sum())
    if grown < flat:
        values["mult_noise"] = "1"
        values["dw_min_std"] = float(np.sqrt(np.mean((errors / size) ** 2)))


def _geometric(found: Array) -> float:
    return float(np.exp(np.mean(np.log(found))))


def _arithmetic(found: Array) -> float:
    return float(np.mean(found))


def _spread(found: Array, errors: Array) -> float:
    """Return the deviation over devices, less what the errors of the fits add to it."""
    return float(np.sqrt(max(float(np.var(found, ddof=1)) - float(np.mean(errors)), 0.0)))


def _error_of_mean(found: Array, errors: Array) -> float:
    if len(found) > 1:
        return float(np.std(found, ddof=1) / np.sqrt(len(found)))
    return float(np.sqrt(errors[0]))


def _absolute(values: dict[str, Any], name: str, width: float) -> None:
    if width > 0.0:
        values[name] = width
