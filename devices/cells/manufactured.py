"""What is fixed when devices are made, beside the laws of pulses: what is stuck, what a pulse costs.

A device is stuck with probability stuck_prob, evenly within ±stuck_range, or where `stuck` says; its bounds
are then on both sides of where it stands.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.devices.cells.declarations import PARAMETERS
from eqchip.devices.cells.drawn import Drawn
from eqchip.devices.place import Place
from eqchip.errors import InputError

FloatArray = NDArray[np.float64]

_IMPERFECT = {one.name: one for one in PARAMETERS if one.place is not Place.LAW}


def held_bounds(drawn: Drawn, low: FloatArray, high: FloatArray) -> tuple[FloatArray, FloatArray, bool]:
    """Return the bounds that devices keep to, in full shape, and whether any is stuck."""
    at = np.full(drawn.shape, np.nan)
    if (share_of := drawn.number("stuck_prob")) > 0.0:
        width = drawn.number("stuck_range")
        where = width * (2.0 * drawn.uniform("stuck_range") - 1.0)
        at = np.where(drawn.uniform("stuck_prob") < share_of, where, at)
    if drawn.has("stuck"):
        at[0] = np.where(np.isnan(drawn.given["stuck"]), at[0], drawn.given["stuck"])
    low, high = (np.broadcast_to(one, drawn.shape) for one in (low, high))
    if np.all(np.isnan(at)):
        return low, high, False
    at = np.clip(at, low, high)
    if np.any(np.isinf(at)):
        raise InputError("stuck=on and stuck=off are at bounds, and there are none", expected="w_max= w_min=")
    low, high = (np.where(np.isnan(at), one, at) for one in (low, high))
    return low, high, True


def energies(
    drawn: Drawn, given: Mapping[str, Any], wscale: float, bounds: tuple[float, float]
) -> tuple[float, tuple[float, float]]:
    """Return V²·t of a pulse, NaN where it is not known, and G = base + slope·w."""
    top = given.get("gmax")
    if top is None and given.get("gunit") is not None:
        top = np.max(given["gunit"]) * wscale
    if top is None or not (drawn.has("pulse_v") and drawn.has("pulse_t")):
        return math.nan, (math.nan, math.nan)
    low, high = bounds
    slope = (float(top) - drawn.number("gmin")) / (high - low)
    joule = drawn.number("pulse_v") ** 2 * drawn.number("pulse_t")
    return joule, (drawn.number("gmin") - slope * low, slope)


def acts(name: str, value: Any) -> bool:
    """Say whether a parameter that is given makes a device differ from the ideal one."""
    if name == "stuck":
        return value is not None and not np.all(np.isnan(value))
    if name not in _IMPERFECT or value is None:
        return False
    default = _IMPERFECT[name].default
    if default is None:
        return True
    return bool(value != default if isinstance(value, str) else np.any(value != default))
