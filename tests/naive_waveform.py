"""A learning waveform the slow way: one system of ordinary differential equations for v and W together.

The chip is layered, x–h–y, of sigmoid neurons (slope 4, shift ½) with τ = 1 and energy drive, nudged live:

    ḣ = −h + ρ′(h)·(Wᵀx + V ρ(y) + b)        ẏ = −y + ρ′(y)·(Vᵀρ(h) + c) + β·(t − y)
    Ẇ = (rate/β)·d(x ρ(h))/dt while nudged, and likewise for V, b and c

solved by SciPy's DOP853 at 1e-11, phase by phase, with every rate alike.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

Array = NDArray[Any]


def rho(s: Array) -> Array:
    """Return σ(4s − 2)."""
    return np.asarray(1.0 / (1.0 + np.exp(-(4.0 * s - 2.0))))


def rho_slope(s: Array) -> Array:
    """Return its derivative."""
    return 4.0 * rho(s) * (1.0 - rho(s))


class NaiveWaveform:
    """Where a waveform stands: states h, y and the parameters."""

    def __init__(self, w: Array, v: Array, b: Array, c: Array, rate: float) -> None:
        self.shapes = [(w.shape[1],), (v.shape[1],), w.shape, v.shape, b.shape, c.shape]
        self.state = np.concatenate(
            [np.zeros(w.shape[1] + v.shape[1]), *(one.ravel() for one in (w, v, b, c))]
        )
        self.rate = rate
        self.inputs = np.zeros(w.shape[0])

    def parts(self, state: Array) -> list[Array]:
        """Return h, y, W, V, b, c."""
        ends = np.cumsum([int(np.prod(shape)) for shape in self.shapes])[:-1]
        return [part.reshape(shape) for part, shape in zip(np.split(state, ends), self.shapes, strict=True)]

    def speeds(self, state: Array, inputs: Array, target: Array, beta: float) -> Array:
        """Return d(state)/dt."""
        h, y, w, v, b, c = self.parts(state)
        dh = -h + rho_slope(h) * (inputs @ w + v @ rho(y) + b)
        dy = -y + rho_slope(y) * (rho(h) @ v + c) + beta * (target - y)
        moved = [np.zeros_like(one) for one in (w, v, b, c)]
        if beta:
            r_h, r_y = rho_slope(h) * dh, rho_slope(y) * dy
            field = [
                np.outer(inputs, r_h),
                np.outer(r_h, rho(y)) + np.outer(rho(h), r_y),
                r_h,
                r_y,
            ]
            moved = [self.rate / beta * one for one in field]
        return np.concatenate([dh, dy, *(one.ravel() for one in moved)])

    def settle(self) -> None:
        """Let it rest with all inputs at 0."""
        self.run(60.0, np.zeros(len(self.inputs)), np.zeros(self.shapes[1]), 0.0)

    def run(self, seconds: float, after: Array, target: Array, beta: float) -> None:
        """Go on for some τ while inputs go in straight lines to `after`."""
        before = self.inputs

        def law(t: float, state: Array) -> Array:
            inputs = before + (after - before) * t / seconds
            return self.speeds(state, inputs, target, beta)

        found = solve_ivp(law, (0.0, seconds), self.state, method="DOP853", rtol=1e-11, atol=1e-13)
        self.state, self.inputs = found.y[:, -1], after
