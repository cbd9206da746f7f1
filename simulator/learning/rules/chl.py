"""Contrastive Hebbian learning: outputs held at their targets against outputs left free; there is no β.

    estimate = ∂E/∂θ (clamped) − ∂E/∂θ (free)

Exactly the gradient of J = E(clamped) − E(free), each the energy of its own equilibrium. J ≥ 0 is no less
than what it costs to pull the outputs over, and 0 where the free chip is right; it is not the loss, though
the two share that zero. The clamped phase begins at the free state, so both lie on one branch where they can.

Source: Movellan, Proceedings of the 1990 Connectionist Models Summer School; Xie & Seung, Neural
Computation 15 (2003). Limits: reciprocal chips.
"""

from __future__ import annotations

from eqchip.simulator.chip import Chip, State, Weights
from eqchip.simulator.learning.rules.rule import Rule


def signal(chip: Chip, free: State, clamped: State) -> Weights:
    """Return ∂E/∂θ(clamped) − ∂E/∂θ(free)."""
    return chip.contrast(free, clamped)


CHL = Rule(
    "chl",
    "∂E/∂θ with the outputs held at their targets minus that of the free state",
    limit="d(E clamped − E free)/dθ",
    signal=signal,
    clamp=True,
)
