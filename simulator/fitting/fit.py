"""Fit: a step law to a measurement, device by device; means, spreads, noise, and what is left.

Means are those of the devices. A spread is the standard deviation over devices less what the uncertainty of
each fit adds to it. Noise from cycle to cycle is the deviation of a step; that of a reading is held apart
(prediction.py). Models are compared by Akaike's criterion, −2·ln L + 2·(numbers fitted).

Source: H. Akaike, IEEE Trans. Autom. Control 19, 716 (1974).
Limits: white noises; spreads need several devices and are not given for one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.errors import InputError, nearest
from eqchip.simulator.fitting.laws import LAWS, Law
from eqchip.simulator.fitting.prediction import stack
from eqchip.simulator.fitting.response import Response, Train
from eqchip.simulator.fitting.search import TOGETHER, Found, search
from eqchip.simulator.fitting.summary import Summary, summarise

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Fit:
    """A law fitted to a measurement."""

    law: str
    response: Response
    low: float  # S, of value −1
    high: float  # S, of value 1
    p_max: float
    raw: Array  # (devices, numbers)
    summary: Summary
    ratio: float
    step_deviation: float  # of one step, device units
    read_deviation: float  # of one reading, device units
    residual: float  # S, root mean square of what one step is off the law's prediction
    curve_residual: float  # S, root mean square of what a whole train is off the law's curve
    criterion: float  # Akaike's

    def curve(self, train: Train) -> Array:
        """Return the conductances the law predicts for a train, from its first row, without noise."""
        data = stack((train,), self.low, self.high)
        device = self.response.devices.index(train.device)
        raw = self.raw[device][:, None, None]
        found = _run(LAWS[self.law], raw, self.p_max, data.values[:, :1], data.pulses, data.directions)
        return self.low + 0.5 * (found + 1.0) * (self.high - self.low)

    def steps(self, values: Array, direction: int) -> Array:
        """Return what one pulse changes at these conductances, the mean over devices, in siemens."""
        scale = 0.5 * (self.high - self.low)
        x = np.repeat(((values - self.low) / scale - 1.0)[None], len(self.raw), axis=0)
        raw = np.repeat(self.raw.T[:, :, None], len(values), axis=2)
        change = LAWS[self.law].step(raw, self.p_max)(x, np.full(x.shape, float(direction))) - x
        mean: Array = scale * change.mean(axis=0)
        return mean


def _run(law: Law, raw: Array, p_max: float, x: Array, pulses: Array, directions: Array) -> Array:
    step = law.step(raw, p_max)
    values = [float(x[0, 0])]
    for count in pulses[0, 1:]:
        x = step(x, np.array([[float(count * directions[0])]]))
        values.append(float(x[0, 0]))
    return np.array(values)


def law_named(name: str) -> Law:
    """Return a law; InputError with the nearest name if there is none."""
    law = LAWS.get(name.lower())
    if law is None:
        raise InputError(
            f"no model '{name}' to fit", expected="one of: all, " + ", ".join(LAWS), near=nearest(name, LAWS)
        )
    return law


def fit(response: Response, name: str, ratio: float | None = None) -> Fit:
    """Fit one law; `ratio`, variance of a reading over that of a step, is looked for if None."""
    law = law_named(name)
    low, high = response.range()
    p_max = float(max(train.counts[-1] for train in response.trains))
    found: list[Found] = []
    devices = response.devices
    for first in range(0, len(devices), TOGETHER):
        group = devices[first : first + TOGETHER]
        parts = [response.of(one) for one in group]
        data = stack(tuple(train for part in parts for train in part), low, high)
        owner = np.repeat(np.arange(len(group)), [len(part) for part in parts])
        begin = np.array([law.start(stack(part, low, high), p_max) for part in parts])
        found.append(search(law, data, owner, begin, p_max, ratio))
        ratio = found[0].ratio
    return _result(law, response, low, high, p_max, found)


def _result(law: Law, response: Response, low: float, high: float, p_max: float, found: list[Found]) -> Fit:
    raw = np.concatenate([one.raw for one in found])
    covariance = np.concatenate([one.covariance for one in found])
    counts = np.array([one.left.errors.size for one in found])
    variance = float(np.average([one.variance for one in found], weights=counts))
    ratio = found[0].ratio
    half = 0.5 * (high - low)
    squares = sum(float((one.left.errors**2).sum()) for one in found)
    logs = sum(float(np.log(one.left.variances).sum()) for one in found)
    total = int(counts.sum())
    common = len(law.common)
    numbers = len(raw) * (raw.shape[1] - common) + len(found) * common + 2  # and the two noises
    misfit = total * (np.log(max(variance, 1e-300)) + np.log(2.0 * np.pi) + 1.0) + logs
    made = Fit(
        law.name,
        response,
        low,
        high,
        p_max,
        raw,
        summarise(law.name, raw, covariance, p_max, found, ratio, variance),
        ratio,
        float(np.sqrt(variance)),
        float(np.sqrt(ratio * variance)),
        half * float(np.sqrt(squares / total)),
        0.0,
        float(misfit + 2.0 * numbers),
    )
    return _with_curves(made)


def _with_curves(made: Fit) -> Fit:
    squares, count = 0.0, 0
    for train in made.response.trains:
        difference = made.curve(train)[1:] - train.values[1:]
        squares += float((difference**2).sum())
        count += len(difference)
    return replace(made, curve_residual=float(np.sqrt(squares / count)))
