"""The classical method of Runge and Kutta: four rates a step, order 4; real stability up to 2.785.

    k₁ = f(x)   k₂ = f(x + h/2·k₁)   k₃ = f(x + h/2·k₂)   k₄ = f(x + h·k₃)
    x ← x + h/6·(k₁ + 2k₂ + 2k₃ + k₄)

Where a state reaches a bound within a step, the order falls to 1 for that step.
"""

from __future__ import annotations

from eqchip.simulator.integrators.field import Array, Field, projected
from eqchip.simulator.integrators.integrator import Integrator


def step(field: Field, x: Array, f: Array, length: float) -> Array:
    """Return the state after one step."""
    half = 0.5 * length
    second = field.rates(projected(field, x + half * f))
    third = field.rates(projected(field, x + half * second))
    fourth = field.rates(projected(field, x + length * third))
    return projected(field, x + (length / 6.0) * (f + 2.0 * (second + third) + fourth))


RK4 = Integrator("rk4", "Runge-Kutta, fourth order", order=4, step=step, own_step=0.5, evaluations=4)
