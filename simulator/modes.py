"""Modes: how a linearised chip C dv/dt = −J v returns to its equilibrium, and whether J is symmetric."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

Array = NDArray[Any]


def asymmetry(conductance: Array) -> float:
    """Return ‖J − Jᵀ‖/‖J‖ (Frobenius); 0 where nothing is free to move."""
    size = float(np.linalg.norm(conductance))
    return float(np.linalg.norm(conductance - conductance.T)) / size if size else 0.0


def modes(conductance: Array, capacitance: Array, tau: float) -> tuple[float, float]:
    """Return (slowest decay rate over 1/tau, its time constant in s) from the eigenvalues of −C⁻¹J.

    Negative: a mode grows, and the time constant is that of its growth, negative too. `capacitance` is a
    vector, or a matrix. Nodes without capacitance are eliminated; without any, (inf, 0).
    """
    return of_rate(decay_rate(conductance, capacitance), tau)


def of_rate(rate: float, tau: float) -> tuple[float, float]:
    """Return a rate in 1/s over 1/tau, and its time constant; (inf, 0) of an infinite one."""
    return rate * tau, (1.0 / rate if rate else math.inf)


def decay_rate(conductance: Array, capacitance: Array, symmetric: bool = False) -> float:
    """Return the slowest decay rate in 1/s; `symmetric` where J, in siemens, is known to be."""
    if capacitance.ndim == 1:
        capacitance = np.diag(capacitance)
    slow = np.abs(capacitance).sum(axis=1) > 0.0
    if not np.any(slow):
        return math.inf
    j = conductance[np.ix_(slow, slow)]
    if not np.all(slow):
        fast = np.ix_(~slow, ~slow)
        j = j - conductance[np.ix_(slow, ~slow)] @ np.linalg.solve(
            conductance[fast], conductance[np.ix_(~slow, slow)]
        )
    c = capacitance[np.ix_(slow, slow)]
    if symmetric:
        return float(eigh(0.5 * (j + j.T), c, eigvals_only=True, subset_by_index=[0, 0])[0])
    return float(np.min(np.linalg.eigvals(np.linalg.solve(c, j)).real))
