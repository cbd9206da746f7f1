"""The laws of one pulse: how its step depends on the value of the device.

    ideal, constant   up: a₊                                down: −a₋
    linear            a₊·(1 − γ₊·w/w_max)                   −a₋·(1 − γ₋·w/w_min)      (bounds without spread)
    softbounds        a₊·(1 − w/w_max)                      −a₋·(1 − w/w_min)       (each device's own bounds)
    pmax              (b₊ − w)·(1 − e^(−1/A₊))              −(b₋ − w)·(1 − e^(1/A₋)), b = w_min + B
                      B = (w_max − w_min)/(1 − e^(−P/A)), A = P·a(label), P = p_max (labels.py)

a± are `drawn.increments`. All of these are affine in w, so that n pulses are one draw (affine.py). Under
update=ideal a device has no bounds but those given, and its steps are whatever is asked for.

Source: Gokmen & Vlasov 2016 (constant); Fusi & Abbott, Nat. Neurosci. 10:485 (2007), and Gong et al., Nat.
Commun. 9:2102 (2018) (soft bounds); Chen, Peng & Yu, IEEE TCAD 37:3067 (2018) (pmax).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eqchip.devices.cells.affine import Affine, steps
from eqchip.devices.cells.drawn import Drawn
from eqchip.errors import InputError

FloatArray = NDArray[np.float64]
Line = tuple[FloatArray, FloatArray]  # c and s of a step c + s·w


def bounds(drawn: Drawn) -> tuple[FloatArray, FloatArray]:
    """Return the bounds of each device, low and high; infinite where there is none."""
    default = np.inf if drawn.word("update") == "ideal" else 1.0
    low, high = drawn.relative("w_min", -default), drawn.relative("w_max", default)
    if not np.all(low < high):
        raise InputError("w_min is not below w_max", expected="w_min < w_max")
    return low, high


def nominal_bounds(drawn: Drawn) -> tuple[float, float]:
    """Return the bounds without their spread; ±1 where there are none."""
    low = drawn.number("w_min") if drawn.has("w_min") else -1.0
    return low, drawn.number("w_max") if drawn.has("w_max") else 1.0


def _constant(
    drawn: Drawn, up: FloatArray, down: FloatArray, low: FloatArray, high: FloatArray
) -> list[Line]:
    return [(up, np.zeros(())), (-down, np.zeros(()))]


def _linear(drawn: Drawn, up: FloatArray, down: FloatArray, low: FloatArray, high: FloatArray) -> list[Line]:
    lowest, highest = nominal_bounds(drawn)
    _between(drawn, lowest, highest)
    rise, fall = drawn.absolute("gamma_up"), drawn.absolute("gamma_down")
    return [(up, -up * rise / highest), (-down, down * fall / lowest)]


def _softbounds(
    drawn: Drawn, up: FloatArray, down: FloatArray, low: FloatArray, high: FloatArray
) -> list[Line]:
    _between(drawn, *nominal_bounds(drawn))
    return [(up, -up / high), (-down, down / low)]


def _between(drawn: Drawn, low: float, high: float) -> None:
    """Refuse bounds on one side of 0: the step at value 0 is what others are counted from."""
    if not low < 0.0 < high:
        raise InputError(
            f"update={drawn.word('update')} needs w_min < 0 < w_max, here {low:g} and {high:g}",
            expected="values about 0; or update=pmax, which counts from w_min",
        )


_AFFINE = {"ideal": _constant, "constant": _constant, "linear": _linear, "softbounds": _softbounds}


def affine_of(drawn: Drawn, dw_min: float, low: FloatArray, high: FloatArray) -> Affine:
    """Return the steps of an array of devices, one row for each of its first axes."""
    law = _AFFINE[drawn.word("update")]
    up, down = drawn.increments(dw_min)
    multiplicative = drawn.word("mult_noise") == "1"
    noise = drawn.nominal("dw_min_std")
    columns: list[FloatArray] = []
    for (c, s), scale in zip(law(drawn, up, down, low, high), (up, down), strict=True):
        columns += steps(c, s, noise if multiplicative else noise * scale, multiplicative)
    return Affine(*(rows(one, drawn.shape) for one in (*columns, low, high)))


def rows(values: FloatArray, shape: tuple[int, ...]) -> FloatArray:
    """Return values as a matrix: the last axis in columns, all others in rows."""
    width = shape[-1] if shape else 1
    return np.ascontiguousarray(np.broadcast_to(values, shape), dtype=np.float64).reshape(-1, width)
