"""Latency: when a sample has settled, the first time after which it stays within a tolerance of its end.

With D(t) the largest distance, over nodes, from where the phase ends, in state units,

    settled at t* = inf{ t : D(t′) ≤ tolerance for all t′ ≥ t }

Between two states D is taken as a straight line, so that steps much longer than t* do not round it up. A
phase that is cut off before it rests has a latency of its own end, not of the equilibrium.

Source: settling time of a step response, as control engineering defines it, per sample and over all nodes.
Limits: a node that crosses the tolerance and comes back within one step is not seen.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


class Latency:
    """Watches samples on their way; `times` is what is known of them so far, in seconds."""

    def __init__(self, samples: int, tolerance: float) -> None:
        self.tolerance = tolerance
        self.times = np.zeros(samples)
        self._before: tuple[FloatArray, FloatArray] | None = None

    def add(self, at: FloatArray, distance: FloatArray) -> None:
        """Take the next state: when each sample was in it, s, and how far from its end, both (B,)."""
        if self._before is not None:
            began, far = self._before
            crosses = (far > self.tolerance) & (distance <= self.tolerance)
            with np.errstate(divide="ignore", invalid="ignore"):
                share = np.where(crosses, (far - self.tolerance) / (far - distance), 0.0)
            self.times = np.where(crosses, began + share * (at - began), self.times)
        self.times = np.where(distance > self.tolerance, at, self.times)
        self._before = at, distance


def quantiles(times: FloatArray) -> tuple[float, float, float]:
    """Return median, 95 % and largest of what is known; NaN where nothing is."""
    known = times[np.isfinite(times)]
    if not len(known):
        return np.nan, np.nan, np.nan
    return float(np.median(known)), float(np.quantile(known, 0.95)), float(np.max(known))
