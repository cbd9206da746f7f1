"""Contrast of end points: ∂E/∂θ in one state minus the same in the other.

For a tied synapse −ρ(pre)·ρ(post), for a bias −ρ(s), for an ohmic conductance ½(Δv)²: all of it is felt at
the terminals of the device. With a live nudge, signal/β is exactly the gradient of [F(β) − F(0)]/β, where
F(β) is E + β·cost at the nudged equilibrium; as β → 0, of the loss. The chip must be reciprocal, and both
states equilibria on one branch.
"""

from __future__ import annotations

from eqchip.simulator.chip import Chip, State, Weights
from eqchip.simulator.integrators import plastic
from eqchip.simulator.learning.rules.rule import Rule


def signal(chip: Chip, first: State, second: State) -> Weights:
    """Return ∂E/∂θ(second) − ∂E/∂θ(first)."""
    return chip.contrast(first, second)


CONTRAST = Rule(
    "contrast",
    "∂E/∂θ in one state minus the same in the other",
    limit="dLoss/dθ",
    signal=signal,
    law=plastic.CONTRAST,
    in_place=True,
    exact=True,
)
