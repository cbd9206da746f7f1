"""The laws of one pulse: how its step depends on the value of the device.

    ideal, constant   up: a₊                                down: −a₋
    linear            a₊·(1 − γ₊·w/w_max)                   −a₋·(1 − γ₋·w/w_min)      (bounds without spread)
    softbounds        a₊·(1 − w/w_max)                      −a₋·(1 − w/w_min)       (each device's own bounds)
    pmax              (b₊ − w)·(1 − e^(−1/A₊))              −(b₋ − w)·(1 − e^(1/A₋)), b = w_min + B
                      B = (w_max − w_min)/(1 − e^(−P/A)), A = P·a(label), P = p_max (labels.py)

    exponential, power, table                           curved.py

a± are `drawn.increments`. All but the last line are affine in w, so that n pulses are one draw (affine.py).
Under update=ideal a device has no bounds but those given, and its steps are whatever is asked for.

Source: Gokmen & Vlasov 2016 (constant); Fusi & Abbott, Nat. Neurosci. 10:485 (2007), and Gong et al., Nat.
Commun. 9:2102 (2018) (soft bounds); Chen, Peng & Yu, IEEE TCAD 37:3067 (2018) (pmax).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eqchip.devices.cells import labels
from eqchip.devices.cells.affine import Affine, steps
from eqchip.devices.cells.curved import EXPONENTIAL, POWER, TABLE, Curved
from eqchip.devices.cells.declarations import NODES
from eqchip.devices.cells.drawn import Drawn
from eqchip.errors import InputError

FloatArray = NDArray[np.float64]
Line = tuple[FloatArray, FloatArray]  # c and s of a step c + s·w


def bounds(drawn: Drawn) -> tuple[FloatArray, FloatArray]:
    """Return the bounds of each device, low and high; infinite where there is none."""
    default = np.inf if drawn.word("update") == "ideal" else 1.0
    low, high = drawn.relative("w_min", -default), drawn.relative("w_max", default)
    if not np.all(low < high):
        lowest, highest = drawn.nominal("w_min", -default), drawn.nominal("w_max", default)
        said = f"w_min = {np.max(lowest):g} is not below w_max = {np.min(highest):g}"
        if np.all(lowest < highest):
            there = np.broadcast(low, high).size
            said = f"spread leaves {np.count_nonzero(low >= high)} of {there} devices no range: w_min ≥ w_max"
            raise InputError(said, expected="less of w_max_dtod, w_min_dtod, or bounds farther apart")
        raise InputError(said, expected="w_min < w_max")
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


def _pmax(drawn: Drawn, up: FloatArray, down: FloatArray, low: FloatArray, high: FloatArray) -> list[Line]:
    pulses, spread = drawn.number("p_max"), drawn.nominal("nl_dtod")
    found = []
    for name, rises, size in (("nl_up", True, up), ("nl_down", False, down)):
        label = drawn.nominal(name) + (spread * drawn.xi(name) if np.any(spread) else 0.0)
        label = np.clip(label, -labels.LARGEST, labels.LARGEST)
        c, s = labels.line(labels.rate(label), pulses, low, high, rises)
        gain = size / labels.step(pulses, *nominal_bounds(drawn))  # its spread; 1 without one
        found.append((gain * c, gain * s))
    return found


_AFFINE = {
    "ideal": _constant,
    "constant": _constant,
    "linear": _linear,
    "softbounds": _softbounds,
    "pmax": _pmax,
}
_CURVED = {"exponential": EXPONENTIAL, "power": POWER, "table": TABLE}


def step_of(drawn: Drawn) -> float:
    """Return the step of one pulse that numbers of pulses are counted in."""
    if drawn.word("update") == "pmax" and not drawn.has("dw_min"):
        return labels.step(drawn.number("p_max"), *nominal_bounds(drawn))
    return drawn.number("dw_min")


def devices_of(drawn: Drawn, dw_min: float, low: FloatArray, high: FloatArray) -> Affine | Curved:
    """Return the steps of an array of devices, one row for each of its first axes."""
    up, down = drawn.increments(dw_min)
    if drawn.word("update") in _CURVED:
        return _curved(drawn, dw_min, up, down, low, high)
    multiplicative = drawn.word("mult_noise") == "1"
    noise = drawn.nominal("dw_min_std")
    columns: list[FloatArray] = []
    lines = _AFFINE[drawn.word("update")](drawn, up, down, low, high)
    for (c, s), scale in zip(lines, (up, down), strict=True):
        columns += steps(c, s, noise if multiplicative else noise * scale, multiplicative)
    return Affine(*(rows(one, drawn.shape) for one in (*columns, low, high)))


def _curved(
    drawn: Drawn, dw_min: float, up: FloatArray, down: FloatArray, low: FloatArray, high: FloatArray
) -> Curved:
    law = _CURVED[drawn.word("update")]
    rise, fall = drawn.absolute("gamma_up"), drawn.absolute("gamma_down")
    if law == POWER:
        exponent, half = drawn.relative("pow_gamma"), 0.5 * drawn.absolute("pow_up_down")
        rise, fall = np.maximum(exponent + half, 0.0), np.maximum(exponent - half, 0.0)
    names = ("a_up", "a_down", "exp_a", "exp_b", "dw_min_std")
    shared = [drawn.number(name) for name in names]
    shared += [float(drawn.word("mult_noise") == "1"), dw_min]
    shared += [drawn.number("dw_min_std_add"), drawn.number("dw_min_std_slope"), *nominal_bounds(drawn)]
    least, most = rows(low, drawn.shape), rows(high, drawn.shape)
    return Curved(
        law,
        rows(up, drawn.shape),
        rows(down, drawn.shape),
        rows(rise, drawn.shape),
        rows(fall, drawn.shape),
        least,
        most,
        least,
        most,
        np.array(shared),
        _table(drawn, "up", law == TABLE),
        _table(drawn, "down", law == TABLE),
    )


def _table(drawn: Drawn, way: str, needed: bool) -> FloatArray:
    """Return the nodes of a measured step."""
    given = [node for node in range(NODES) if drawn.has(f"{way}_{node}")]
    if needed and (len(given) < 2 or given != list(range(len(given)))):
        missing = next((node for node in range(NODES) if node not in given), 0)
        raise InputError(
            f"update=table has no {way}_{missing}",
            expected=f"{way}_0, {way}_1, … without a gap, two at least: steps over dw_min",
        )
    return np.array([drawn.number(f"{way}_{node}") for node in given] or [1.0, 1.0])


def rows(values: FloatArray, shape: tuple[int, ...]) -> FloatArray:
    """Return values as a matrix: the last axis in columns, all others in rows; one row of a number."""
    width = shape[-1] if shape else 1
    if np.ndim(values) == 0:
        return np.full((1, width), float(values))
    return np.ascontiguousarray(np.broadcast_to(values, shape), dtype=np.float64).reshape(-1, width)
