"""Random sign: one-sided with the sign of β drawn once a batch; error O(β) each, O(β²) in the mean.

Scellier & Bengio, Frontiers in Computational Neuroscience 11 (2017), §3.3 and their code.
"""

from __future__ import annotations

from eqchip.simulator.learning.estimators import centered
from eqchip.simulator.learning.estimators.estimator import Estimator

RANDOM = Estimator(
    name="random",
    text="the nudged state against the free one, the sign of β drawn once a batch",
    factors=(1.0,),
    first=0,
    second=1,
    distance=1.0,
    target=centered.target,  # the mean of [F(β) − F(0)]/β and [F(−β) − F(0)]/(−β)
    order=1,
    mean_order=2,
    draws=(1.0, -1.0),
)
