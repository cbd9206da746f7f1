"""Continual: θ moves at every step of the nudged phase, by the contrast of that step.

    θ(t+1) = θ(t) − rate/β · [∂E/∂θ(v(t+1)) − ∂E/∂θ(v(t))],     v(t+1) settles on with θ(t)

Local in time as well as in space: no device has to keep what it felt in the free phase. As the rate goes
to 0 the changes of one nudged phase add up to those of `contrast`; at a finite rate the state follows the
moving θ. There is no step left for a trainer to take, so momentum and decay are refused.

Source: Ernoult, Grollier, Querlioz, Bengio & Scellier, arXiv 2005.04168 (2020). Limits: within a step θ
stands still; an equilibrium found directly is one step, and there it is `contrast`.
"""

from __future__ import annotations

from eqchip.simulator.chip import Chip, State, Weights
from eqchip.simulator.learning.rules.rule import Rule


def signal(chip: Chip, before: State, after: State) -> Weights:
    """Return the contrast of one step."""
    return chip.contrast(before, after)


CONTINUAL = Rule(
    "continual",
    "the contrast of every step, by which θ moves at once",
    limit="dLoss/dθ, as the rates go to 0 too",
    signal=signal,
    moving=True,
)
