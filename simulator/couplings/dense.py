"""Dense: one weight between every row and every column, used both ways (tied), forward or backward only."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.simulator.couplings.coupling import Ends, descend_plainly, plain, scaled
from eqchip.simulator.couplings.products import accumulate, multiply
from eqchip.simulator.couplings.sparse_rows import add_outer, add_product

Array = NDArray[Any]


class Dense:
    """ΣWρ by matrix products. R is kept transposed: products with a transposed view are a third slower."""

    mutual = False

    def __init__(self, ends: Ends) -> None:
        self.name = ends.name
        self.into_post, self.into_pre = ends.into_post, ends.into_pre
        self.dtype = ends.dtype
        forward, backward, local = ends.scales()
        self.forward_scale = plain(forward, ends.dtype)
        self.backward_scale = plain(backward, ends.dtype)
        self.local_scale = plain(local, ends.dtype)
        self._theta: Array = np.array(ends.theta, dtype=ends.dtype, order="C")
        self._forward: Array | None = None
        self._backward: Array | None = None  # transposed, contiguous

    @property
    def theta(self) -> Array:
        """The weights stored, (n_pre, n_post); not a copy."""
        return self._theta

    def forward_matrix(self) -> Array:
        """Return F."""
        if self._forward is None:
            self._forward = scaled(self._theta, self.forward_scale)
        return self._forward

    def forward_transposed(self) -> Array:
        """Return Fᵀ, contiguous."""
        alike = isinstance(self.forward_scale, float) and isinstance(self.backward_scale, float)
        if self.into_pre and alike and self.forward_scale == self.backward_scale:
            return self.backward_transposed()
        return np.ascontiguousarray(self.forward_matrix().T)

    def backward_transposed(self) -> Array:
        """Return Rᵀ, contiguous."""
        if self._backward is None:
            self._backward = np.ascontiguousarray(scaled(self._theta, self.backward_scale).T)
        return self._backward

    def backward_matrix(self) -> Array:
        """Return R."""
        return self.backward_transposed().T

    def drive(self, pre: Array, out: Array | None = None) -> Array:
        """Return ρ_pre F."""
        return multiply(pre, self.forward_matrix(), out)

    def drive_held(self, pre: Array, out: Array) -> None:
        """Add ρ_pre F to out, for activities that may be mostly zero: those of inputs."""
        if not add_product(pre, self.forward_matrix(), out):
            out += self.drive(pre)

    def back(self, post: Array, out: Array | None = None) -> Array:
        """Return ρ_post Rᵀ."""
        return multiply(post, self.backward_transposed(), out)

    def drive_adjoint(self, post: Array) -> Array:
        """Return μ_post Fᵀ."""
        return np.asarray(np.matmul(post, self.forward_matrix().T))

    def back_adjoint(self, pre: Array) -> Array:
        """Return μ_pre R."""
        return np.asarray(np.matmul(pre, self.backward_transposed().T))

    def row_sums(self) -> Array:
        """Return Σ over columns of F."""
        return np.asarray(self.forward_matrix().sum(axis=1))

    def contrast(self, first: tuple[Array, Array], second: tuple[Array, Array]) -> Array:
        """Return −scale·mean of ρ₂ρ₂′ − ρ₁ρ₁′, from differences: nearly equal products would cancel.

        ρ₂ᵀρ₂′ − ρ₁ᵀρ₁′ = (ρ₂ − ρ₁)ᵀρ₂′ + ρ₁ᵀ(ρ₂′ − ρ₁′); the first part is nothing where rows are clamped.
        """
        change = np.matmul(first[0].T, second[1] - first[1])
        if first[0] is not second[0]:
            change += np.matmul((second[0] - first[0]).T, second[1])
        change *= -1.0 / len(first[0])
        return scaled(change, self.local_scale)

    def gradient(self, rho: tuple[Array, Array], mu: tuple[Array | None, Array | None]) -> Array:
        """Return mean of ρ_pre ⊗ μ_post·F/θ + μ_pre ⊗ ρ_post·R/θ."""
        parts = []
        if self.into_post and mu[1] is not None:
            parts.append(scaled(np.matmul(rho[0].T, mu[1]), self.forward_scale))
        if self.into_pre and mu[0] is not None:
            parts.append(scaled(np.matmul(mu[0].T, rho[1]), self.backward_scale))
        if not parts:
            return np.zeros(self._theta.shape)
        total: Array = parts[0] if len(parts) == 1 else parts[0] + parts[1]
        total *= 1.0 / len(rho[0])
        return total

    def descend(
        self, first: tuple[Array, Array], second: tuple[Array, Array], factor: float, low: float, high: float
    ) -> None:
        """Do θ ← θ − factor·contrast(first, second), within bounds, in one pass over θ.

        Nothing as large as θ is made on the way, where scales are alike.
        """
        if not isinstance(self.local_scale, float):
            descend_plainly(self, first, second, factor, low, high)
            return
        factor *= self.local_scale / len(first[0])
        self._add_outer(factor, first[0], second[1] - first[1])
        if first[0] is not second[0]:
            self._add_outer(factor, second[0] - first[0], second[1])
        if math.isfinite(low) or math.isfinite(high):
            np.clip(self._theta, low, high, out=self._theta)
        self._forward = self._backward = None

    def _add_outer(self, factor: float, rows: Array, columns: Array) -> None:
        """Add factor·rowsᵀ·columns to θ, in place."""
        if not add_outer(self._theta, factor, rows, columns):
            accumulate(self._theta, factor, rows, columns)

    def products(
        self, first: tuple[Array, Array], second: tuple[Array, Array]
    ) -> tuple[list[tuple[Array, Array]], float] | None:
        """Return ρ₁ᵀ(ρ₂′ − ρ₁′) and, where rows move, (ρ₂ − ρ₁)ᵀρ₂′; none where scales differ."""
        if not isinstance(self.local_scale, float):
            return None
        found = [(first[0], second[1] - first[1])]
        if first[0] is not second[0]:
            found.append((second[0] - first[0], second[1]))
        return found, self.local_scale / len(first[0])

    def set(self, values: Array) -> None:
        """Replace the weights stored; those that are written into `theta` itself are there already."""
        if values is not self._theta:
            self._theta[...] = values
        self._forward = self._backward = None

    def write(self, change: Array) -> None:
        """Add to the weights stored."""
        self._theta += change
        self._forward = self._backward = None
