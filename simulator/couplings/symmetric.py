"""Symmetric: a bus coupled to itself, E = −½ρᵀWρ with W = Wᵀ: one value a pair, no diagonal unless self=1.

Weights stand as the whole matrix, both halves alike. The contrast and the gradient of a pair, −ρᵢρⱼ, count
once and stand in both halves, so that a step keeps W symmetric; the diagonal has half: −½ρᵢ².
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.simulator.couplings.coupling import Ends, descend_plainly
from eqchip.simulator.couplings.dense import Dense

Array = NDArray[Any]


class Symmetric(Dense):
    """A dense coupling whose columns are its rows; `drive` is all it does."""

    mutual = True

    def __init__(self, ends: Ends) -> None:
        self.diagonal = ends.diagonal
        # The scale of a pair is that of its column: of (i, j), i < j, node j, in both directions.
        gunit = np.triu(ends.gunit) + np.triu(ends.gunit, 1).T
        super().__init__(
            replace(ends, theta=self._whole(ends.theta), gunit=gunit, into_post=True, into_pre=False)
        )

    def _whole(self, values: Array) -> Array:
        """Return the matrix whose upper half these values are."""
        upper = np.triu(values, 0 if self.diagonal else 1)
        return upper + np.triu(values, 1).T

    def contrast(self, first: tuple[Array, Array], second: tuple[Array, Array]) -> Array:
        """Return the contrast of every pair."""
        whole = self._whole(super().contrast(first, second))
        if self.diagonal:
            np.fill_diagonal(whole, 0.5 * np.diagonal(whole))
        return whole

    def gradient(self, rho: tuple[Array, Array], mu: tuple[Array | None, Array | None]) -> Array:
        """Return the gradient of every pair: it drives both of its nodes."""
        one_way = super().gradient(rho, mu)
        both = one_way + one_way.T
        np.fill_diagonal(both, np.diagonal(one_way) if self.diagonal else 0.0)
        return both

    def descend(
        self, first: tuple[Array, Array], second: tuple[Array, Array], factor: float, low: float, high: float
    ) -> None:
        """Do θ ← θ − factor·contrast(first, second), within bounds."""
        descend_plainly(self, first, second, factor, low, high)

    def products(self, first: tuple[Array, Array], second: tuple[Array, Array]) -> None:
        """Return None: one device stands for both halves of its pairs."""
        return None

    def set(self, values: Array) -> None:
        """Replace the weights stored by the upper half of `values`."""
        super().set(self._whole(values))

    def write(self, change: Array) -> None:
        """Add the upper half of `change` to the weights stored."""
        super().write(self._whole(change))
