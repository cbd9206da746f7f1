"""What a step law leaves unexplained of a measurement: innovations, pulse by pulse.

Two noises are in such data. The step itself differs from cycle to cycle and stays: a random walk. The reading
(and what a write leaves for a moment) errs, and is gone at the next pulse. Steps ΔG fitted against G take the
second for a slope, whole curves take the first for a trend. Both are cases of

    x̂⁻ₖ = x̂ₖ₋₁ + f(x̂ₖ₋₁)          P⁻ₖ = (1 + f′)²·Pₖ₋₁ + 1        per pulse, in variances of a step
    eₖ  = yₖ − x̂⁻ₖ                 Sₖ  = P⁻ₖ + ρ                   ρ = variance of a reading / of a step
    x̂ₖ  = x̂⁻ₖ + (P⁻ₖ/Sₖ)·eₖ        Pₖ  = P⁻ₖ·ρ/Sₖ

a Kalman filter whose gain is 1 at ρ = 0 (steps) and falls to 0 as ρ → ∞ (curves). Σ eₖ²/Sₖ is what least
squares makes small; N·ln(mean eₖ²/Sₖ) + Σ ln Sₖ, least over ρ too, tells the two noises apart.

Source: prediction-error method, L. Ljung, System Identification (1999); Kalman (1960), linearised about
the estimate. Limits: both noises are white and equal over the range; summary.py asks how they vary.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.simulator.fitting.response import Train

Array = NDArray[Any]
#: step(values, pulses) → values after so many pulses (below 0: down); both (sets, trains).
Step = Callable[[Array, Array], Array]

_NUDGE = 1e-6


@dataclass(frozen=True, slots=True)
class Stack:
    """Trains side by side, in device units, padded to the longest: values (trains, rows), pulses a step."""

    values: Array
    pulses: Array  # (trains, rows): pulses that led to the row; 0 in the first
    there: Array  # (trains, rows): whether the row is measured
    directions: Array  # (trains,)

    @property
    def count(self) -> int:
        """How many steps there are."""
        return int(self.there[:, 1:].sum())


def stack(trains: tuple[Train, ...], low: float, high: float) -> Stack:
    """Lay trains side by side; `low` and `high` are the conductances of values −1 and 1."""
    rows = max(len(train.values) for train in trains)
    shape = (len(trains), rows)
    values, pulses, there = np.zeros(shape), np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.bool_)
    for k, train in enumerate(trains):
        size = len(train.values)
        values[k, :size] = (2.0 * train.values - (low + high)) / (high - low)
        pulses[k, 1:size] = np.diff(train.counts)
        there[k, :size] = True
    return Stack(values, pulses, there, np.array([train.direction for train in trains], dtype=np.float64))


@dataclass(frozen=True, slots=True)
class Innovations:
    """Of every step that was measured: e, S and the value from which the step was taken (sets, steps)."""

    errors: Array
    variances: Array
    before: Array
    steps: Array  # what the law says of the step
    directions: Array  # (steps,)


def innovations(step: Step, sets: int, data: Stack, ratio: float) -> Innovations:
    """Run `sets` sets of parameters through the trains at once."""
    x = np.repeat(data.values[None, :, 0], sets, axis=0)
    spread = np.full(x.shape, ratio)  # the first row is a reading too
    errors, variances, before, steps, directions = [], [], [], [], []
    for k in range(1, data.values.shape[1]):
        there = data.there[:, k]
        begin = x
        pulses = np.broadcast_to(data.pulses[:, k] * data.directions, x.shape)
        if ratio > 0.0:
            both = step(np.concatenate([x, x + _NUDGE]), np.concatenate([pulses, pulses]))
            x, beside = both[:sets], both[sets:]
            slope = ((beside - x) / _NUDGE) ** 2
        else:
            x, slope = step(x, pulses), np.ones(())
        # Noise of the first pulses of a step passes through the slope of the later ones: half of it, a mean.
        spread = slope * spread + 0.5 * (1.0 + slope) * data.pulses[:, k]
        variance = spread + ratio
        error = data.values[:, k] - x
        errors.append(error[:, there])
        variances.append(variance[:, there])
        before.append(begin[:, there])
        steps.append((x - begin)[:, there])
        directions.append(data.directions[there])
        gain = spread / np.where(there, variance, 1.0)
        x = np.where(there, x + gain * error, x)
        spread = np.where(there, gain * ratio, spread)
    join = [np.concatenate(one, axis=1) for one in (errors, variances, before, steps)]
    return Innovations(join[0], join[1], join[2], join[3], np.concatenate(directions))
