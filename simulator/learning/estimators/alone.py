"""No estimator: rules that have no β (chl, rbp, bptt) bring a gradient of their own."""

from __future__ import annotations

import math
from typing import Any

from eqchip.simulator.learning.estimators.estimator import Energy, Estimator


def target(energy: Energy, beta: float) -> Any:
    """Return F(∞) − F(0): an infinitely strong nudge holds the outputs at their targets (chl)."""
    return energy(math.inf) - energy(0.0)


ALONE = Estimator(
    name="",
    text="the rule has no β",
    factors=(),
    first=0,
    second=1,
    distance=1.0,
    target=target,
    order=0,
    mean_order=0,
)
