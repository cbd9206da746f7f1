"""Estimator: which nudged phases are run, and which two states make the estimate of the gradient.

Every nudged phase starts from the free state. With states 0 (free), 1, 2 … (nudged),

    estimate = signal(states[first], states[second]) / (distance·β),

where `distance`·β is how far the two states lie apart in β. What a rule feels, `signal`, is its own matter.
An estimator with complex phases has a `circle` instead: of factors z and weights w,

    estimate = Re Σ w·signal(free, state at z·β) / β.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

#: β → the energy F(β) at the nudged equilibrium, over the energy scale (or its gradient, or F of anything);
#: complex where β is.
Energy = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Estimator:
    """An estimator as data, with the target it is tested against."""

    name: str
    text: str
    factors: tuple[float, ...]  # β of each nudged phase, over the plan's β
    first: int
    second: int
    distance: float
    #: The function of F whose gradient the estimate is *exactly*, in the mean over its draws, with the rule
    #: `contrast` and a live nudge, at any β.
    target: Callable[[Energy, float], Any]
    #: The error against dLoss/dθ of one draw is of this order in β.
    order: int
    #: The same for the mean over its draws.
    mean_order: int
    draws: tuple[float, ...] = (1.0,)  # signs of β, one drawn a batch with equal odds
    circle: tuple[tuple[complex, complex], ...] = ()  # of each complex phase: β over the plan's β, weight

    def sign(self, random: np.random.Generator) -> float:
        """Draw the sign of β of one batch."""
        return self.draws[0] if len(self.draws) == 1 else self.draws[int(random.integers(len(self.draws)))]

    def betas(self, beta: float) -> tuple[float, ...]:
        """Return β of each nudged phase, in the order in which they are run."""
        return tuple(factor * beta for factor in self.factors)
