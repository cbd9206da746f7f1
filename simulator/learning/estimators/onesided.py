"""One-sided: [∂E/∂θ(β) − ∂E/∂θ(0)]/β, one nudged phase; error O(β).

Scellier & Bengio, Frontiers in Computational Neuroscience 11 (2017), eq. 9.
"""

from __future__ import annotations

from typing import Any

from eqchip.simulator.learning.estimators.estimator import Energy, Estimator


def target(energy: Energy, beta: float) -> Any:
    """Return [F(β) − F(0)]/β."""
    return (energy(beta) - energy(0.0)) / beta


ONESIDED = Estimator(
    name="onesided",
    text="the nudged state against the free one",
    factors=(1.0,),
    first=0,
    second=1,
    distance=1.0,
    target=target,
    order=1,
    mean_order=1,
)
