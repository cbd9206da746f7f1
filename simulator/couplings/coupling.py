"""Coupling: what joins two groups of nodes. Couplings know weights and scales; nodes know ρ.

With F the weights as the columns feel them and R as the rows do (n_pre, n_post; per unit of the driven node's
gleak·vunit), θ the weights stored:

    drive(pre)      ρ_pre F    into the columns        drive_adjoint(post)    μ_post Fᵀ    its transpose
    back(post)      ρ_post Rᵀ  into the rows           back_adjoint(pre)      μ_pre R      its transpose
    contrast        batch mean of ∂E/∂θ (second) − ∂E/∂θ (first), per unit of the energy scale
    gradient        batch mean of Σ μ ∂(drives)/∂θ, for adjoints μ at both ends

θ is what a phase reads: what devices that are not ideal make of it has been before (simulator/storing.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
FloatArray = NDArray[np.float64]


class Coupling(Protocol):
    """One array of devices between two groups of nodes, or of one with itself."""

    name: str
    into_post: bool  # whether it drives its columns
    into_pre: bool  # whether it drives its rows
    #: Whether it is W = Wᵀ between a group and itself: what it drives one way it drives back.
    mutual: bool

    @property
    def theta(self) -> Array:
        """The weights stored, (n_pre, n_post); not a copy."""

    def drive(self, pre: Array, out: Array | None = None) -> Array:
        """Return ΣWρ into the columns (B, n_post) of activities (B, n_pre)."""

    def back(self, post: Array, out: Array | None = None) -> Array:
        """Return ΣWρ into the rows (B, n_pre) of activities (B, n_post)."""

    def drive_held(self, pre: Array, out: Array) -> None:
        """Add to out what `drive` returns, for activities that may be mostly zero: those of inputs."""

    def drive_adjoint(self, post: Array) -> Array:
        """Return the transpose of `drive` applied to (B, n_post)."""

    def back_adjoint(self, pre: Array) -> Array:
        """Return the transpose of `back` applied to (B, n_pre)."""

    def forward_matrix(self) -> Array:
        """Return F, (n_pre, n_post)."""

    def backward_matrix(self) -> Array:
        """Return R, (n_pre, n_post)."""

    def forward_transposed(self) -> Array:
        """Return Fᵀ, (n_post, n_pre), contiguous."""

    def backward_transposed(self) -> Array:
        """Return Rᵀ, (n_post, n_pre), contiguous."""

    def row_sums(self) -> Array:
        """Return Σ over columns of F, (n_pre)."""

    def contrast(self, first: tuple[Array, Array], second: tuple[Array, Array]) -> Array:
        """Return the contrast of two states, each the activities of rows and columns."""

    def gradient(self, rho: tuple[Array, Array], mu: tuple[Array | None, Array | None]) -> Array:
        """Return dLoss/dθ of activities and adjoints at rows and columns; None: that end is clamped."""

    def descend(
        self, first: tuple[Array, Array], second: tuple[Array, Array], factor: float, low: float, high: float
    ) -> None:
        """Do θ ← θ − factor·contrast(first, second), and put it back into its bounds."""

    def products(
        self, first: tuple[Array, Array], second: tuple[Array, Array]
    ) -> tuple[list[tuple[Array, Array]], float] | None:
        """Return (rows, columns) and a factor, whose products Σ factor·rowsᵀ·columns are −contrast.

        None where the contrast is no sum of products.
        """

    def set(self, values: Array) -> None:
        """Replace the weights stored; `values` may be `theta` itself, written to."""

    def write(self, change: Array) -> None:
        """Add to the weights stored."""


@dataclass(frozen=True, slots=True)
class End:
    """Volts of a state unit and leak (S; 0: none) of the nodes at one end."""

    vunit: FloatArray
    gleak: FloatArray


@dataclass(frozen=True, slots=True)
class Ends:
    """What a kind of coupling is built from: devices as matrices over (rows, columns), and both ends."""

    name: str
    theta: FloatArray
    gunit: FloatArray  # S, never NaN
    pre: End
    post: End
    into_post: bool
    into_pre: bool
    diagonal: bool  # of an array on one bus with W = Wᵀ: whether nodes drive themselves
    energy_scale: float  # W, gleak·vunit² of the outputs
    dtype: Any
    mask: NDArray[np.bool_] | None = None  # where there is a device; None: everywhere (but see diagonal)

    def scales(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return F/θ, R/θ and −∂²E/∂θ∂(ρρ) over the energy scale, each (rows, columns)."""
        rows, columns = self.pre.vunit[:, None], self.post.vunit[None, :]
        with np.errstate(divide="ignore"):  # inputs have no leak; nothing drives them
            forward = self.gunit * rows / (self.post.gleak[None, :] * columns)
            backward = self.gunit * columns / (self.pre.gleak[:, None] * rows)
        return forward, backward, self.gunit * rows * columns / self.energy_scale


def plain(values: FloatArray, dtype: Any) -> Any:
    """Return one number where all are the same, for products that can then be left out."""
    first = values.flat[0]
    return float(first) if np.all(values == first) else values.astype(dtype)


def scaled(values: Array, factor: Any) -> Array:
    """Return values·factor; the values themselves where the factor is 1."""
    return values if isinstance(factor, float) and factor == 1.0 else values * factor


def descend_plainly(
    coupling: Coupling,
    first: tuple[Array, Array],
    second: tuple[Array, Array],
    factor: float,
    low: float,
    high: float,
) -> None:
    """Do Coupling.descend by its contrast."""
    coupling.set(np.clip(coupling.theta - factor * coupling.contrast(first, second), low, high))
