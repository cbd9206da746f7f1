"""Recurrent backpropagation as a rule: the gradient of the loss at the free state, by one linear solve.

No device can feel it; it trains what the local rules are held against. At a free state that is an equilibrium
it is dLoss/dθ exactly (references/recurrent_backpropagation.py).

Source: Almeida (1987); Pineda, Physical Review Letters 59 (1987).
"""

from __future__ import annotations

from typing import Any

from eqchip.simulator.chip import Array, Chip, State, Weights
from eqchip.simulator.learning.rules.rule import Rule


def reference(chip: Chip, free: State, inputs: Array, targets: Array, plan: Any) -> Weights:
    """Return dLoss/dθ at a free equilibrium."""
    return chip.gradient(free, inputs, targets, plan.cost)


RBP = Rule(
    "rbp",
    "the adjoint of the free equilibrium",
    limit="dLoss/dθ",
    reference=reference,
    local=False,
)
