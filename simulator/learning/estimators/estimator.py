"""Estimator: which nudged phases are run, and which two states make the estimate of the gradient.

Every nudged phase starts from the free state. With states 0 (free), 1, 2 … (nudged),

    estimate = signal(states[first], states[second]) / (distance·β),

where `distance`·β is how far the two states lie apart in β. What a rule feels, `signal`, is its own matter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

#: β → the energy F(β) at the nudged equilibrium, over the energy scale (or its gradient, or F of anything).
Energy = Callable[[float], float]


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
    target: Callable[[Energy, float], float]
    #: The error against dLoss/dθ of one draw is of this order in β.
    order: int
    #: The same for the mean over its draws.
    mean_order: int
    draws: tuple[float, ...] = (1.0,)  # signs of β, one drawn a batch with equal odds

    def sign(self, random: np.random.Generator) -> float:
        """Draw the sign of β of one batch."""
        return self.draws[0] if len(self.draws) == 1 else float(random.choice(self.draws))

    def betas(self, beta: float) -> tuple[float, ...]:
        """Return β of each nudged phase, in the order in which they are run."""
        return tuple(factor * beta for factor in self.factors)
