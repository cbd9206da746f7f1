"""What the vector-field rule tends to as β → 0, by one linear solve a sample.

At equilibrium a nudge of β moves the state by δv = −β J⁻¹ ∂cost/∂v, so the rule adds up

    (1/β)·(∂f/∂θ)ᵀ δv  →  −(∂f/∂θ)ᵀ J⁻¹ ∂cost/∂v

where the gradient has J⁻ᵀ. It is the rule's own target, on any chip. J is a matrix here, sample by sample.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.simulator.chip import Array, Chip, Nudge, State, Weights

FloatArray = NDArray[np.float64]


def limit(chip: Chip, free: State, inputs: Array, targets: Array, plan: Any) -> Weights:
    """Return what rule=vectorfield tends to at a free equilibrium, the mean over the samples."""
    at = chip.linearised(free, inputs, Nudge(targets, cost=plan.cost))
    moved = np.zeros_like(at.pull)
    for k, keep in enumerate(~at.held):
        moved[k, keep] = -np.linalg.solve(at.matrix(k)[np.ix_(keep, keep)], at.pull[k, keep])
    return felt(chip, free, moved)


def felt(chip: Chip, free: State, moved: FloatArray) -> Weights:
    """Return (∂f/∂θ)ᵀ of a displacement at a free state, as batch means."""
    size = float(np.max(np.abs(moved), initial=0.0)) or 1.0
    # Both ends of a step around the free state, whose middle it is, well above rounding.
    ends = (chip.displaced(free, sign * 0.5 / size * moved) for sign in (-1.0, 1.0))
    return {name: size * one for name, one in chip.vector_field(*ends).items()}
