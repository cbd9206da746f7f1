"""Explicit Euler: x ← x + h·f(x).

Order 1. Stable while h is below 2τ over the largest eigenvalue of −J. It is the schedule of the papers
(Scellier & Bengio 2017: ε = 0.5; Ernoult et al. 2019: dt = 0.2). Whole phases of array and sparse chips run
in kernels of their own (array_euler.py, sparse_euler.py), which are held to this one.
"""

from __future__ import annotations

from eqchip.simulator.integrators.field import Array, Field, projected
from eqchip.simulator.integrators.integrator import Integrator


def step(field: Field, x: Array, f: Array, length: float) -> Array:
    """Return the state after one step."""
    return projected(field, x + length * f)


EULER = Integrator("euler", "explicit Euler", order=1, step=step, own_step=0.2, evaluations=1)
