"""Backpropagation through time as a rule: the gradient through the last steps of the free phase.

No device can feel it; it trains what equilibrium propagation is compared with (Ernoult et al. 2019, table 1).
It runs the free phase itself: the states of its last nudged_steps steps are kept, and run backwards
(references/backpropagation_through_time.py).
"""

from __future__ import annotations

from typing import Any

from eqchip.simulator.chip import Array, Chip, State, Weights
from eqchip.simulator.learning.references import backpropagation_through_time
from eqchip.simulator.learning.rules.rule import Rule


def descent(
    chip: Chip, inputs: Array, targets: Array, plan: Any, start: State | None
) -> tuple[State, Weights]:
    """Return the end of the free phase and dLoss/dθ through its last steps."""
    course = backpropagation_through_time.last_states(chip, inputs, plan, start)
    return course[-1], backpropagation_through_time.gradient(chip, course, targets, plan)


BPTT = Rule(
    "bptt",
    "the free phase run backwards, nudged_steps steps from its end",
    limit="dLoss/dθ where these steps are at rest and reach back far enough",
    descent=descent,
    local=False,
)
