"""Backward: what a chip offers to what runs against time: a linearised state, and adjoints through its steps.

Forces and adjoints are per unit of the energy scale and of state, one number a free node and sample (B, n):

    force = −∂(E + β·cost)/∂s    (of a chip without an energy: its current in the same units)
    ds/dt = rate·force           at nodes that no bound holds
    J     = −∂force/∂s           without the nudge

A cost of slope `pull` has the adjoint λ(0) = pull at the end of a phase; against time, dλ/dt = −Jᵀ rate λ.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
FloatArray = NDArray[np.float64]
Weights = dict[str, Array]


@dataclass(frozen=True, slots=True)
class Linearised:
    """A chip at a state of a batch. Nodes that a bound holds have no force, no pull and no part in J."""

    force: FloatArray  # (B, n)
    pull: FloatArray  # (B, n) ∂cost/∂s; 0 without targets
    rate: FloatArray  # (n) 1/s; infinite where there is no capacitance
    held: NDArray[np.bool_]  # (B, n)
    transposed: Callable[[FloatArray], FloatArray]  # λ → Jᵀλ, (B, n)
    matrix: Callable[[int], FloatArray]  # J of one sample, (n, n); rows and columns held are 0


class Unrolled(Protocol):
    """The adjoints of the last K steps of a phase; step 1 is the last one."""

    @property
    def steps(self) -> int:
        """How many steps there are."""

    @property
    def gain(self) -> FloatArray:
        """What one unit of force adds to a state in one step, (n)."""

    def neurons(self, step: int) -> FloatArray:
        """Return d(cost)/ds of the state `step` steps before the end, (B, n); 0: at the end."""

    def weights(self, first: int, last: int) -> Weights:
        """Return d(Loss)/dθ through the steps first … last, both included, as batch means."""
