"""Plain twin of the memory devices: one pulse at a time, one line a law, bounds after every pulse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def step(law: str, w: Array, up: bool, p: Mapping[str, float]) -> Array:
    """Return the mean step of one pulse; bounds ±b, or p[low] … p[high]."""
    low, high, dw = p.get("w_min", -1.0), p.get("w_max", 1.0), p["dw_min"]
    sign = 1.0 if up else -1.0
    one = np.ones_like(w)
    if law in ("ideal", "constant"):
        return sign * dw * one
    if law == "softbounds":
        return sign * dw * (1.0 - w / (high if up else low))
    if law == "linear":
        gamma = p["gamma_up"] if up else p["gamma_down"]
        return sign * dw * (1.0 - gamma * w / (high if up else low))
    if law == "power":
        share = (high - w) / (high - low)
        return sign * dw * (share if up else 1.0 - share) ** p["pow_gamma"]
    if law == "exponential":
        z = 2.0 * p["exp_a"] * w / (high - low) + p["exp_b"]
        factor, gamma = (p["a_up"], p["gamma_up"]) if up else (p["a_down"], p["gamma_down"])
        return sign * dw * np.maximum(0.0, 1.0 - factor * np.exp(sign * gamma * z))
    if law == "table":
        nodes = [p[f"{'up' if up else 'down'}_{k}"] for k in range(3)]
        return sign * dw * np.interp(w, np.linspace(low, high, 3), nodes)
    raise ValueError(law)


def pulses(
    law: str, w: Array, up: bool, count: int, p: Mapping[str, float], random: np.random.Generator
) -> Array:
    """Return w after `count` pulses one way."""
    low, high = p.get("w_min", -1.0), p.get("w_max", 1.0)
    noise, relative = p.get("dw_min_std", 0.0), p.get("mult_noise", 0.0)
    for _ in range(count):
        mean = step(law, w, up, p)
        width = np.abs(mean) if relative or law == "exponential" else p["dw_min"]
        if law == "exponential":
            width = width + p["dw_min"] * (
                p.get("dw_min_std_add", 0.0) + p.get("dw_min_std_slope", 0.0) * np.abs(w)
            )
        w = np.clip(w + mean + noise * width * random.standard_normal(w.shape), low, high)
    return w


def curve(nl: float, p_max: int) -> Array:
    """Return the normalised conductance after 0 … p_max pulses of a device with this label."""
    x = np.arange(p_max + 1) / p_max
    best = min(np.geomspace(1e-2, 1e3, 4001), key=lambda a: abs(_label(a) - abs(nl)))
    return (1.0 - np.exp(-x / best)) / (1.0 - np.exp(-1.0 / best))


def _label(a: float) -> float:
    x = np.linspace(0.0, 1.0, 201)
    return float(10.1015 * np.max((1.0 - np.exp(-x / a)) / (1.0 - np.exp(-1.0 / a)) - x))
