"""Recurrent backpropagation: dLoss/dθ at the free equilibrium by one linear solve.

At f(v, θ) = 0 the adjoint J^T λ = ∂C/∂v gives dC/dθ = −λ^T ∂f/∂θ, J = ∂f/∂v restricted to the nodes that
are free to move (Almeida 1987; Pineda, Physical Review Letters 59 (1987)). It needs J and is not local: the
yardstick of the local rules. The chip does the solve, in its own form; here the free state that it needs is
settled first.
"""

from __future__ import annotations

from eqchip.simulator.chip import Array, Chip, Settling, Weights
from eqchip.simulator.learning.estimate import settle_free


def gradient(chip: Chip, inputs: Array, targets: Array, tol: float = 1e-12) -> Weights:
    """Return dLoss/dθ, the mean over the samples, of every learnable."""
    free = settle_free(chip, inputs, Settling(tol=tol))
    return chip.gradient(free, inputs, targets)
