"""Exponential Euler: the leak exactly, the drive as if it stood still for a step.

    x ← x + h·φ(−λh)·f(x),   φ(z) = (eᶻ − 1)/z,   λ = leak and live nudge of the node itself

which is x ← e^{−λh}·x + (1 − e^{−λh})·(drive)/λ. Order 1, exact for a constant drive, and never unstable
because of a leak: nodes much faster than the rest do not shorten the step. A strong coupling still does.

Source: Hochbruck & Ostermann, Acta Numerica 19 (2010), section 2.
"""

from __future__ import annotations

import numpy as np

from eqchip.simulator.integrators.field import Array, Field, projected
from eqchip.simulator.integrators.integrator import Integrator


def step(field: Field, x: Array, f: Array, length: float) -> Array:
    """Return the state after one step."""
    return projected(field, x + length * phi(-length * field.leak()).astype(x.dtype) * f)


def phi(z: Array) -> Array:
    """Return (eᶻ − 1)/z, 1 at 0."""
    safe = np.where(z == 0.0, 1.0, z)
    return np.where(z == 0.0, 1.0, np.expm1(safe) / safe)


EXPEULER = Integrator(
    "expeuler", "exponential Euler, exact for the leak", order=1, step=step, own_step=0.2, evaluations=1
)
