"""NeuroSim's labels of non-linearity, in closed form.

The normalised curve of x = P/P_max pulses of a device with A = a·P_max is

    g(x) = (1 − e^(−x/a))/(1 − e^(−1/a))

Its label is NL = 10.1015 times its largest distance from the straight line, with the sign of a:

    D(k) = 1/q − 1/k − ln(k/q)/k,   q = 1 − e^(−k),   k = 1/|a|

where the distance is largest at x = ln(k/q)/k. The published table of 900 entries is this to 5 digits.

Source: Chen, Peng & Yu, IEEE TCAD 37:3067 (2018) (curve); the closed form is our own.
Limits: |NL| < 10.1015; labels beyond 9 are none of NeuroSim's.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

SCALE = 10.1015
#: The largest label there is.
LARGEST = 9.0


def deviation(k: FloatArray | float) -> FloatArray:
    """Return D(k): how far the curve rises above the straight line."""
    k = np.asarray(k, dtype=np.float64)
    small = k < 1e-3
    safe = np.where(small, 1.0, k)
    q = -np.expm1(-safe)
    return np.where(small, k / 8.0, 1.0 / q - 1.0 / safe - np.log(safe / q) / safe)


def label(a: FloatArray | float) -> FloatArray:
    """Return the label of a device with A = a·P_max; 0 for a = ±inf."""
    a = np.asarray(a, dtype=np.float64)
    return np.asarray(np.sign(a) * SCALE * deviation(1.0 / np.abs(a)))


def rate(labels: FloatArray | float) -> FloatArray:
    """Return 1/a of labels: k with the sign of the label, by bisection."""
    wanted = np.abs(np.asarray(labels, dtype=np.float64)) / SCALE
    low, high = np.zeros(wanted.shape), np.full(wanted.shape, 200.0)
    for _ in range(80):
        middle = 0.5 * (low + high)
        below = deviation(middle) < wanted
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.asarray(np.sign(labels) * 0.5 * (low + high))


def line(k: FloatArray, p_max: float, low: FloatArray, high: FloatArray, up: bool) -> tuple[FloatArray, ...]:
    """Return c and s of the step c + s·w that a device with 1/a = k makes in one pulse.

    w(P) = low + (high − low)·(1 − e^(−kP/P_max))/(1 − e^(−k)): a pulse up raises P by 1, one down lowers it.
    """
    k = np.where(np.abs(k) < 1e-9, 1e-9, k)
    slope = np.expm1(-k / p_max) if up else np.expm1(k / p_max)
    fixed = low + (high - low) / -np.expm1(-k)
    return -slope * fixed, slope


def step(p_max: float, low: float, high: float) -> float:
    """Return the mean step of one pulse."""
    return (high - low) / p_max if math.isfinite(high - low) else 2.0 / p_max
