"""Vector field: for chips without an energy, +ρ(pre)·Δv(post), added up on the way through the nudged phase.

    dθ/dt ∝ −(∂f/∂θ)ᵀ dv/dt      a synapse: +ρ(pre)·dv_post/dt, times ρ′(post) under energy drive, from
                                 every direction in which it is used; a bias: dv/dt, times ρ′

It asks for no energy and no symmetric weights. At equilibrium (1/β)∫dv = −J⁻¹ ∂cost/∂v, where the gradient
has J⁻ᵀ: the limit is the gradient exactly where J is symmetric. Elsewhere it is a direction of its own,
whose angle to the gradient grows with ‖J − Jᵀ‖/‖J‖; W = Wᵀ under direct drive is not enough for J = Jᵀ.

Source: Scellier, Goncalves, Binas, Mesnard & Bengio, arXiv 1808.04873 (2018). Limits: each step takes
∂f/∂θ in its middle, an error of second order in the step; an equilibrium found directly is one step.
"""

from __future__ import annotations

from collections.abc import Iterator

from eqchip.simulator.chip import Chip, State, Weights
from eqchip.simulator.integrators import plastic
from eqchip.simulator.learning.references import vector_field_limit
from eqchip.simulator.learning.rules.rule import Rule


def signal(chip: Chip, before: State, after: State) -> Weights:
    """Return (∂f/∂θ)ᵀ Δv of one step."""
    return chip.vector_field(before, after)


def path(chip: Chip, states: Iterator[State]) -> tuple[State, Weights]:
    """Return the last state of a phase, and the signals of all its steps added up."""
    return chip.vector_field_along(states)


VECTORFIELD = Rule(
    "vectorfield",
    "ρ of the driving node times the change of the driven one, added up over the nudged phase",
    limit="−(∂f/∂θ)ᵀ J⁻¹ dCost/dv; dLoss/dθ where J is symmetric",
    signal=signal,
    aim=vector_field_limit.limit,
    path=path,
    law=plastic.FIELD,
)
