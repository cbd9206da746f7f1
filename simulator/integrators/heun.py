"""Heun's method: the mean of the rates at both ends of an Euler step.

    y = x + h·f(x),   x ← x + h/2·[f(x) + f(y)]

Order 2; real stability as Euler's, 2. Also the midpoint for noise in the sense of Stratonovich.
"""

from __future__ import annotations

from eqchip.simulator.integrators.field import Array, Field, projected
from eqchip.simulator.integrators.integrator import Integrator


def step(field: Field, x: Array, f: Array, length: float) -> Array:
    """Return the state after one step."""
    end = field.rates(projected(field, x + length * f))
    return projected(field, x + (0.5 * length) * (f + end))


HEUN = Integrator("heun", "Heun's method", order=2, step=step, own_step=0.2, evaluations=2)
