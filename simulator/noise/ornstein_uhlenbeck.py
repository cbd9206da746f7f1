"""Ornstein-Uhlenbeck noise, by exact steps of any length.

    dx = −x/τ dt + s·√(2/τ) dW      stationary: normal, variance s², correlation e^{−|t|/τ},
                                    one-sided spectrum 4s²τ / (1 + (ωτ)²)
    x(t + h) = a·x(t) + s·√(1 − a²)·ξ,   a = e^{−h/τ},   ξ standard normal

The step has the law of the process itself, whatever h: no error of order h, and none where h is many τ. (The
step of Euler and Maruyama has variance s²/(1 − h/2τ): twice too much at h = τ, none at all beyond 2τ.) The
noise is additive, so Itô's and Stratonovich's integral are the same.

Source: Gillespie, Phys. Rev. E 54:2084 (1996).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class OrnsteinUhlenbeck:
    """One process a column."""

    deviation: FloatArray  # (n) s
    tau: FloatArray  # (n) s

    def begin(self, normal: Array) -> Array:
        """Return stationary states from standard normals (B, n)."""
        return self.deviation * normal

    def advance(self, states: Array, length: float, normal: Array) -> Array:
        """Return the states `length` seconds later."""
        kept = np.exp(-length / self.tau)
        fresh = self.deviation * np.sqrt(-np.expm1(-2.0 * length / self.tau))
        return kept * states + fresh * normal

    def spectrum(self, frequency: FloatArray) -> FloatArray:
        """Return the one-sided spectrum of each at frequencies in Hz, (frequencies, n)."""
        turns = 2.0 * np.pi * np.asarray(frequency)[:, None] * self.tau
        return np.asarray(4.0 * self.deviation**2 * self.tau / (1.0 + turns**2))


def white_step(density: Array, leak: Array, kept: Array, length: float) -> Array:
    """Return the deviation that one step of `length` gives a node, for the right stationary variance.

    `density` is D of ⟨n(t)n(t′)⟩ = D·δ(t − t′) in dx/dt = −λx + … + n, `leak` is λ, and `kept` is what the
    integrator's own step leaves of a deviation of x by that leak. The exact variance is D/2λ; a step that
    keeps a keeps a² of it, so it needs D/2λ·(1 − a²), whatever the integrator: for the exact a = e^{−λh} this
    is the exact step, for Euler's a = 1 − λh it mends the variance. D·h where nothing leaks. NaN where the
    step is unstable: no noise gives that a stationary variance.
    """
    z = leak * length
    shrunk = 1.0 - kept * kept
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(np.abs(z) < 1e-12, 1.0, shrunk / (2.0 * z))
        return np.asarray(np.sqrt(density * length * share))


def split_step(density: Array, leak: Array, kept: Array, length: float) -> Array:
    """Return the deviation of each of the two kicks, before and after one step of `length`.

    A variance v becomes a²(v + q) + q, so q = D/2λ·(1 − a²)/(1 + a²) keeps the exact D/2λ, at any step at
    which the integrator is stable; D·h/2 where nothing leaks. Half before and half after is Strang's
    splitting: through couplings its error is of second order (integrators/shaken.py).
    """
    return white_step(density, leak, kept, length) / np.sqrt(1.0 + kept * kept)
