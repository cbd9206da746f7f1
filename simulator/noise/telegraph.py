"""Random telegraph noise: a trap that is empty or full, by exact steps of any length.

    empty → full at `up` per second, full → empty at `down`
    full with probability p = up/(up + down);  E = e^{−(up + down)·h}
    P(full after h) = p + (1 − p)·E from full,  p·(1 − E) from empty
    one-sided spectrum of a jump J:  4 J² p(1 − p)·(up + down) / ((up + down)² + ω²)

A step has the law of the process itself, whatever h; a naive step, which flips with probability rate·h, gets
occupancy and correlation wrong as soon as rate·h is not small. What happened between two steps is not seen.

Source: Kirton & Uren, Adv. Phys. 38:367 (1989).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Telegraph:
    """One trap a column; states are 1 where it is full, else 0."""

    up: FloatArray  # (n) 1/s
    down: FloatArray  # (n) 1/s

    @property
    def occupancy(self) -> FloatArray:
        """How often each trap is full."""
        return self.up / (self.up + self.down)

    def begin(self, uniform: Array) -> Array:
        """Return stationary states from uniforms (B, n)."""
        return np.where(uniform < self.occupancy, 1.0, 0.0)

    def advance(self, states: Array, length: float, uniform: Array) -> Array:
        """Return the states `length` seconds later."""
        full = self.occupancy
        left = np.exp(-(self.up + self.down) * length)
        return np.where(uniform < full * (1.0 - left) + states * left, 1.0, 0.0)

    def spectrum(self, frequency: FloatArray) -> FloatArray:
        """Return the one-sided spectrum of a jump of 1 at frequencies in Hz, (frequencies, n)."""
        rate, full = self.up + self.down, self.occupancy
        turn = 2.0 * np.pi * np.asarray(frequency)[:, None]
        return np.asarray(4.0 * full * (1.0 - full) * rate / (rate**2 + turn**2))
