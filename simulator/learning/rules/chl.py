"""Contrastive Hebbian learning: outputs held at their targets against outputs left free; there is no β.

    estimate = ∂E/∂θ (clamped) − ∂E/∂θ (free)

Exactly the gradient of J = E(clamped) − E(free), each the energy of its own equilibrium. J ≥ 0 is no less
than what it costs to pull the outputs over, and 0 where the free chip is right; it is not the loss, though
the two share that zero. The clamped phase begins at the free state, so both lie on one branch where they can.

Source: Movellan, Proceedings of the 1990 Connectionist Models Summer School; Xie & Seung, Neural
Computation 15 (2003). Limits: reciprocal chips.
"""

from __future__ import annotations

from typing import Any

from eqchip.simulator.chip import Array, Chip, Nudge, Settling, State, Weights
from eqchip.simulator.learning.rules.rule import Rule
from eqchip.simulator.learning.settled import finite

TOL = 1e-14


def signal(chip: Chip, free: State, clamped: State) -> Weights:
    """Return ∂E/∂θ(clamped) − ∂E/∂θ(free)."""
    return chip.contrast(free, clamped)


def aim(chip: Chip, free: State, inputs: Array, targets: Array, plan: Any) -> Weights:
    """Return d(E clamped − E free)/dθ: what is felt between the two equilibria, settled to rounding."""
    nudge = Nudge(targets, cost=plan.cost, clamp=True)
    clamped = finite(chip.settle(inputs, Settling(tol=TOL), nudge, free), "the clamped phase")
    return chip.contrast(free, clamped)


CHL = Rule(
    "chl",
    "∂E/∂θ with the outputs held at their targets minus that of the free state",
    limit="d(E clamped − E free)/dθ",
    signal=signal,
    aim=aim,
    clamp=True,
)
