"""Adjoint: λ with Jᵀλ = −∂cost/∂s at an equilibrium of an array chip, from which its exact gradient follows.

Batches of matrices are factorised where a chip is small; GMRES serves where it is large (krylov).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.simulator.jacobian import Point, point
from eqchip.simulator.krylov import LARGE, solve_transposed
from eqchip.simulator.phase import Phase

Array = NDArray[Any]
FloatArray = NDArray[np.float64]

#: Numbers of the matrices that are factorised together.
_ROOM = 1 << 22


def adjoint(phase: Phase, states: Sequence[Array], pull: Sequence[Array]) -> dict[int, FloatArray]:
    """Return μ = r·λ by free group, Jᵀλ = −pull, λ = 0 at a bound: Σ μ ∂d/∂θ is the gradient."""
    wiring = phase.wiring
    at = point(phase, states)
    right = np.concatenate([np.asarray(pull[g], dtype=np.float64) for g in wiring.free], axis=1)
    small = right.shape[1] <= LARGE
    solved = _factorised(wiring.matrix(), at, -right) if small else solve_transposed(wiring, at, -right)
    mu = solved * at.r
    cuts = np.cumsum([wiring.nodes[g].size for g in wiring.free])[:-1]
    return dict(zip(wiring.free, np.split(mu, cuts, axis=1), strict=True))


def _factorised(matrix: FloatArray, at: Point, right: FloatArray) -> FloatArray:
    size = len(matrix)
    index = np.arange(size)
    solved = np.empty_like(right)
    together = max(1, _ROOM // (size * size))
    for first in range(0, len(right), together):
        rows = slice(first, first + together)
        keep = ~at.pinned[rows]
        part = at.part(rows).jacobian(matrix) * (keep[:, :, None] & keep[:, None, :])
        part[:, index, index] += ~keep
        force = np.where(keep, right[rows], 0.0)
        solved[rows] = np.linalg.solve(part.transpose(0, 2, 1), force[:, :, None])[:, :, 0]
    return solved
