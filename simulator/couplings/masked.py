"""Masked: an array with devices at some of its crossings only; none on the diagonal of a recurrent one.

    F = M∘F₀, R = M∘R₀,  M = 1 where there is a device, 0 elsewhere

Where there is none the weight is 0, nothing is felt, and nothing that is set or added stays. Products are
those of the whole matrix: a mask saves no time, it says what the chip has.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.simulator.couplings.coupling import Ends, descend_plainly
from eqchip.simulator.couplings.dense import Dense
from eqchip.simulator.couplings.symmetric import Symmetric

Array = NDArray[Any]


class Masked(Dense):
    """A dense coupling that has no device where its mask is False."""

    def __init__(self, ends: Ends) -> None:
        assert ends.mask is not None  # kinds.kind_of chose this class for it
        self.mask = ends.mask
        super().__init__(replace(ends, theta=np.where(ends.mask, ends.theta, 0.0)))

    def contrast(self, first: tuple[Array, Array], second: tuple[Array, Array]) -> Array:
        """Return the contrast of the devices there are."""
        return np.asarray(super().contrast(first, second) * self.mask)

    def gradient(self, rho: tuple[Array, Array], mu: tuple[Array | None, Array | None]) -> Array:
        """Return the gradient of the devices there are."""
        return np.asarray(super().gradient(rho, mu) * self.mask)

    def descend(
        self, first: tuple[Array, Array], second: tuple[Array, Array], factor: float, low: float, high: float
    ) -> None:
        """Do θ ← θ − factor·contrast(first, second), within bounds."""
        descend_plainly(self, first, second, factor, low, high)

    def set(self, values: Array) -> None:
        """Replace the weights of the devices there are."""
        super().set(np.where(self.mask, values, 0.0))

    def write(self, change: Array) -> None:
        """Add to the weights of the devices there are."""
        super().write(np.where(self.mask, change, 0.0))


class MaskedPairs(Masked, Symmetric):
    """The same of a bus coupled to itself with W = Wᵀ; the mask is symmetric too."""
