"""Holomorphic: the first Fourier coefficient of ∂E/∂θ over a circle of N complex β; error O(β^N).

    1/(N β) Σ_n e^{−2πin/N} ∂E/∂θ(β e^{2πin/N})

without complex conjugates in E. States at conjugate β are conjugate, so those of the upper half suffice: the
real part counts each of them twice. N = 2 is the centered estimator. Only for analytic activations and costs,
where the branch of the free state is analytic within |β|; no hardware does this: a reference.

Source: Laborieux & Zenke, NeurIPS 2022, eq. 8.
"""

from __future__ import annotations

import cmath
from functools import lru_cache
from typing import Any

from eqchip.errors import InputError
from eqchip.simulator.learning.estimators.estimator import Energy, Estimator


@lru_cache
def holomorphic(points: int) -> Estimator:
    """Return the estimator of N points."""
    if points < 2:
        raise InputError(
            "estimator=holomorphic needs points=, the number of β on the circle", expected="points=2 or more"
        )
    circle = []
    for n in range(points // 2 + 1):
        turn = cmath.exp(2j * cmath.pi * n / points)
        alone = n == 0 or 2 * n == points  # on the real axis: its own conjugate
        turn = complex(round(turn.real)) if alone else turn
        circle.append((turn, (1.0 if alone else 2.0) / (points * turn)))

    def target(energy: Energy, beta: float) -> Any:
        """Return the first Fourier coefficient of F over β."""
        return sum((weight * energy(turn * beta)).real for turn, weight in circle) / beta

    return Estimator(
        name="holomorphic",
        text=f"the first Fourier coefficient over {points} complex β",
        factors=(),
        first=0,
        second=0,
        distance=1.0,
        target=target,
        order=points,
        mean_order=points,
        circle=tuple(circle),
    )
