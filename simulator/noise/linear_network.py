"""Thermal noise of a linear RC network, by one exact step of any length.

    C dv/dt = −G v + i(t),   ⟨i(t) i(t′)ᵀ⟩ = 2kT·G·δ(t − t′)

Every resistor g between nodes i and j brings +i at one and −i at the other, of two-sided density 2kTg:
together 2kT times the conductance Laplacian, which is G. With A = C⁻¹G, t later

    v → e^{−At}·v + noise of covariance kT·(C⁻¹ − e^{−At} C⁻¹ e^{−Aᵀt})

in the modes of the network: C = LLᵀ, L⁻¹GL⁻ᵀ = QΛQᵀ, each mode an Ornstein-Uhlenbeck process of rate Λ_k
and variance kT. At equilibrium the covariance is kT·C⁻¹ whatever the resistors (equipartition). A floating
part of the network keeps its charge: its mode has Λ = 0 and no noise.

Directions without capacitance (a node with none, or two nodes that only a capacitor joins) are eliminated
first, by the Schur complement of G: what is left is again a passive network at one temperature. They follow
the others at once; their own noise is white, of infinite variance, and is left out.

Source: Nyquist, Phys. Rev. 32:110 (1928); van Kampen, Stochastic Processes in Physics and Chemistry.
Limits: C and G constant and symmetric, G with no negative eigenvalue: a passive network.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.devices.circuit.thermal import BOLTZMANN
from eqchip.errors import InputError

Array = NDArray[Any]
FloatArray = NDArray[np.float64]

#: Eigenvalues of C below this share of the largest count as zero.
SMALL = 1e-12


@dataclass(frozen=True, slots=True)
class LinearNetwork:
    """The modes of a network: v = shape·y where y are what time moves, y_k at rate Λ_k with variance kT."""

    rates: FloatArray  # (m) Λ, 1/s
    shapes: FloatArray  # (n, m): voltages of all nodes of a unit of each mode
    entry: FloatArray  # (m, n): modes of given voltages
    variance: float  # kT, J

    def advance(self, voltages: Array, length: float, normal: Array) -> FloatArray:
        """Return node voltages (B, n) `length` seconds later; `normal` is (B, m)."""
        kept = np.exp(-self._turns(length))
        fresh = np.sqrt(-self.variance * np.expm1(-2.0 * self._turns(length)))
        modes = np.asarray(voltages) @ self.entry.T
        return np.asarray((modes * kept + fresh * normal) @ self.shapes.T)

    def propagator(self, length: float) -> FloatArray:
        """Return e^{−At}, all nodes."""
        return np.asarray((self.shapes * np.exp(-self._turns(length))) @ self.entry)

    def covariance(self, length: float) -> FloatArray:
        """Return the covariance of what noise has added after `length` seconds; infinity: for ever."""
        grown = -self.variance * np.expm1(-2.0 * self._turns(length))
        return np.asarray((self.shapes * grown) @ self.shapes.T)

    def kept(self, length: float) -> FloatArray:
        """Return what is left of each mode after `length` seconds."""
        return np.asarray(np.exp(-self._turns(length)))

    def fresh(self, density: FloatArray, length: float) -> FloatArray:
        """Return B: B·ξ is what currents of ⟨i iᵀ⟩ = density·δ (n, n) have brought the modes by then.

        Several temperatures are allowed: in modes D = shapesᵀ·density·shapes, and the covariance is
        D_kl·(1 − e^{−(Λk + Λl)t})/(Λk + Λl).
        """
        pace = self.rates[:, None] + self.rates[None, :]
        moved = pace * length
        share = np.divide(-np.expm1(-moved), moved, out=np.ones_like(moved), where=moved > 1e-12)
        covariance = (self.shapes.T @ density @ self.shapes) * share * length
        size, turn = np.linalg.eigh(0.5 * (covariance + covariance.T))
        return np.asarray(turn * np.sqrt(np.maximum(size, 0.0)))

    def _turns(self, length: float) -> FloatArray:
        """Return Λ·t; 0 for what keeps its charge, for ever too."""
        return np.multiply(self.rates, length, out=np.zeros_like(self.rates), where=self.rates > 0.0)


def linear_network(capacitance: FloatArray, conductance: FloatArray, temperature: float) -> LinearNetwork:
    """Return the modes of a network with matrices C (F) and G (S) over its free nodes, at T (K)."""
    c, g = (np.asarray(one, dtype=np.float64) for one in (capacitance, conductance))
    _refuse_active(c, "capacitance")
    _refuse_active(g, "conductance")
    size, turn = np.linalg.eigh(c)
    charged = size > SMALL * max(float(np.max(size, initial=0.0)), np.finfo(float).tiny)
    moving, still = turn[:, charged], turn[:, ~charged]
    # Voltages are moving·x + still·z, and no current is left over along `still`.
    inner = still.T @ g @ still
    follow = -np.linalg.pinv(inner, hermitian=True) @ (still.T @ g @ moving)
    lift = moving + still @ follow
    reduced = lift.T @ g @ lift
    root = np.sqrt(size[charged])
    scaled = reduced / np.outer(root, root)
    rates, mixing = np.linalg.eigh(0.5 * (scaled + scaled.T))
    blur = 4.0 * len(rates) * np.finfo(float).eps * float(np.max(np.abs(rates), initial=0.0))
    rates = np.where(rates < blur, 0.0, rates)
    return LinearNetwork(rates, (lift / root) @ mixing, (mixing.T * root) @ moving.T, BOLTZMANN * temperature)


def laplacian(nodes: int, ends: NDArray[np.int64], values: FloatArray) -> FloatArray:
    """Return the matrix of two-terminal parts between nodes; an end of −1 is ground (or a driven node)."""
    out = np.zeros((nodes + 1, nodes + 1))
    first, second = ends[:, 0], ends[:, 1]
    np.add.at(out, (first, first), values)
    np.add.at(out, (second, second), values)
    np.add.at(out, (first, second), -values)
    np.add.at(out, (second, first), -values)
    return out[:nodes, :nodes]


def _refuse_active(matrix: FloatArray, what: str) -> None:
    top = float(np.max(np.abs(matrix), initial=0.0))
    if not np.allclose(matrix, matrix.T, rtol=0.0, atol=1e-9 * top):
        raise InputError(
            f"the {what} matrix is not symmetric: this network is no passive one",
            expected="resistors and capacitors at one temperature",
        )
    if len(matrix) and np.linalg.eigvalsh(matrix)[0] < -1e-9 * top:
        raise InputError(
            f"the {what} matrix has a negative eigenvalue: this network is no passive one",
            expected="no negative resistance or capacitance",
        )
