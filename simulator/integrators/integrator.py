"""Integrator: one way of stepping a chip through time, as data: a step, its order, its own step length."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from eqchip.simulator.integrators.field import Array, Field

#: (field, x, f(x), length in s) → x after the step; x is not overwritten.
Step = Callable[[Field, Array, Array, float], Array]


@dataclass(frozen=True, slots=True)
class Integrator:
    """An integrator of fixed steps, or, with `adaptive`, one that chooses them."""

    name: str
    text: str
    order: int
    step: Step
    #: Length of a step over the smallest τ where nobody gave one.
    own_step: float
    #: Evaluations of the drive a step takes; 0: it depends.
    evaluations: int
    explicit: bool = True  # takes rates, so every node needs a capacitance
    physical: bool = True  # steps through time; False: an iteration, whose steps have no length
    adaptive: bool = False
