"""Centered: [∂E/∂θ(β) − ∂E/∂θ(−β)]/(2β), two nudged phases of strength β each; error O(β²).

Laborieux et al., Frontiers in Neuroscience 15 (2021), eq. 8. Needs stable equilibria on both sides: −β pushes
the outputs *away* from their targets, and above |β| = 1 it overcomes the leak of an output.
"""

from __future__ import annotations

from typing import Any

from eqchip.simulator.learning.estimators.estimator import Energy, Estimator


def target(energy: Energy, beta: float) -> Any:
    """Return [F(β) − F(−β)]/(2β)."""
    return (energy(beta) - energy(-beta)) / (2.0 * beta)


CENTERED = Estimator(
    name="centered",
    text="the states nudged towards and away from the target against each other",
    factors=(-1.0, 1.0),  # in time: what is compared first was held longest (hold_leak)
    first=1,
    second=2,
    distance=2.0,
    target=target,
    order=2,
    mean_order=2,
)
