"""Bringing devices to given values: bounds, levels, programming error; and what endurance leaves of a range.

    w = clip(w*) + (c₀ + c₁·x + … + c₄·x⁴ + s·(1 − e^(−x/k)))·ξ,   x = |w*/w_max|,  the factor of ξ at least 0
    levels: L values, evenly from w_min to w_max
    endurance: after N pulses a device has 1 − slope·log₁₀(N/endurance) of its range, about its middle

Source: Joshi et al., Nat. Commun. 11:2473 (2020) (error polynomial); Agrawal et al., IEDM 2022 (error that
saturates); the law of endurance is the simplest that loses the same share in each decade.
Limits: errors of neighbours are independent.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eqchip.devices.cells.drawn import Drawn
from eqchip.devices.cells.normals import normals
from eqchip.errors import InputError

FloatArray = NDArray[np.float64]


class Programming:
    """How an array of devices is brought to values."""

    def __init__(self, drawn: Drawn, low: float, high: float) -> None:
        self.low, self.high = low, high
        self.levels = int(drawn.number("levels"))
        if self.levels == 1:
            raise InputError("levels=1: one level holds nothing", expected="0, any value; or 2 and more")
        self.error = [drawn.number(f"prog_{order}") for order in range(5)]
        self.saturated, self.knee = drawn.number("prog_sat"), drawn.number("prog_knee")
        self.endurance, self.slope = drawn.number("endurance"), drawn.number("endurance_slope")
        self.wears = self.endurance > 0.0 and self.slope > 0.0

    def on_levels(self, values: FloatArray) -> FloatArray:
        """Return values on the nearest level."""
        if self.levels < 2:
            return values
        step = (self.high - self.low) / (self.levels - 1)
        return np.clip(self.low + step * np.rint((values - self.low) / step), self.low, self.high)

    def missed(self, values: FloatArray, random: np.random.Generator) -> FloatArray:
        """Return values with their programming error."""
        if not (any(self.error) or self.saturated):
            return values
        x = np.abs(values) / self.high
        deviation = np.polynomial.polynomial.polyval(x, self.error) - self.saturated * np.expm1(
            -x / self.knee
        )
        return values + np.maximum(deviation, 0.0) * normals(values.shape, random)

    def worn(self, low: FloatArray, high: FloatArray, pulses: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the bounds of devices that took so many pulses."""
        with np.errstate(divide="ignore"):
            beyond = np.log10(np.maximum(pulses / self.endurance, 1.0))
        left = np.maximum(1.0 - self.slope * beyond, 0.0)
        middle, half = 0.5 * (low + high), 0.5 * (high - low)
        return middle - left * half, middle + left * half
