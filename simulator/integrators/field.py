"""Field: a chip in one phase, as integrators see it. Both forms offer it; an integrator is written once.

A state is a matrix (B, n): a row a sample, a column an unknown. Explicit integrators ask for rates,

    dx/dt = rates(x)            the state put back into its interval after every stage,

implicit ones for the solution of one stage; nodes without capacitance have no rate, only a balance:

    q(y) − half·f(y) = q(x) + half·f(x),     f(y) = 0 where there is no charge

with f = rates(x), which for them is what drives the charge. `residual` reads either.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
FloatArray = NDArray[np.float64]


class Field(Protocol):
    """What a form of a chip offers to integrators."""

    tau: float  # smallest time constant, s; NaN where there is none
    low: Array  # (n) the interval of every unknown
    high: Array
    state_unit: Array  # (n) one state unit of every unknown: 1, or volts
    reltol: float  # what `.options reltol=` says

    def rates(self, x: Array) -> Array:
        """Return f(x), bounds aside."""

    def leak(self) -> Array:
        """Return the linear part of −dx/dt that a node owes to itself, (n) 1/s: leak and live nudge."""

    def begin(self, x: Array) -> Array:
        """Return x with nodes that have no capacitance where the others put them at once."""

    def implicit(self, x: Array, f: Array, half: float) -> Array:
        """Return the y of the stage above, inside its interval; `half` in s."""

    def residual(self, x: Array, f: Array) -> tuple[FloatArray, FloatArray]:
        """Return each sample's largest |dv/dt|·τ in state units, 0 at bounds, and what rounding leaves."""

    def renew(self) -> bool:
        """Take up what was written to θ since; return whether anything was."""

    def take(self, rows: Array) -> Field:
        """Return the field of some samples."""


def projected(field: Field, x: Array) -> Array:
    """Put x back into its interval, in place, and return it."""
    return np.clip(x, field.low, field.high, out=x)
