"""Modes: how a linearised chip C dv/dt = −J v returns to its equilibrium, and whether J is symmetric."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

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
    if capacitance.ndim == 1:
        capacitance = np.diag(capacitance)
    slow = np.abs(capacitance).sum(axis=1) > 0.0
    if not np.any(slow):
        return np.inf, 0.0
    j = conductance[np.ix_(slow, slow)]
    if not np.all(slow):
        fast = np.ix_(~slow, ~slow)
        j = j - conductance[np.ix_(slow, ~slow)] @ np.linalg.solve(
            conductance[fast], conductance[np.ix_(~slow, slow)]
        )
    rate = float(np.min(np.linalg.eigvals(np.linalg.solve(capacitance[np.ix_(slow, slow)], j)).real))
    return rate * tau, (1.0 / rate if rate else np.inf)
