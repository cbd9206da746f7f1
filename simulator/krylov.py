"""Krylov: solves with the Jacobian of a large array chip, and its slowest modes, without its matrix.

    J x = r·M(ρ′·x) + diagonal·x        Jᵀ y = ρ′·Mᵀ(r·y) + diagonal·y

M is applied array by array, so a chip of n free nodes in layers needs no n² numbers. J is near −1 on its
diagonal and its spectrum is short, so that GMRES needs tens of products; the slowest mode comes from Lanczos'
method where J is symmetric, from Arnoldi's elsewhere. Nodes that a bound holds are left out.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigs, eigsh, gmres

from eqchip.errors import SimulationError
from eqchip.simulator.jacobian import Point
from eqchip.simulator.wiring import Wiring

Array = NDArray[Any]
FloatArray = NDArray[np.float64]

#: Free nodes above which a chip is large.
LARGE = 400
#: Relative residual of a solve; products before GMRES begins anew; how often it may.
_TIGHT, _BASIS, _RESTARTS = 1e-13, 150, 20
#: Relative error of a decay rate; nodes up to which it is not worth an iteration.
_RATE, _FEW = 1e-7, 30


class Jacobian:
    """J at one sample of a point, over the nodes that are free to move."""

    def __init__(self, wiring: Wiring, at: Point) -> None:
        self.wiring, self.at = wiring, at
        self.move = np.flatnonzero(~at.pinned[0])
        self.size = at.f.shape[1]
        self.cuts = np.cumsum([wiring.nodes[g].size for g in wiring.free])[:-1]

    def product(self, x: Array) -> FloatArray:
        """Return J x."""
        at, whole = self.at, self._whole(x)
        out = at.r[0] * self._drives(at.rho_slope[0] * whole, False) + at.diagonal[0] * whole
        return self._rest(out, whole, False)

    def transposed(self, y: Array) -> FloatArray:
        """Return Jᵀ y."""
        at, whole = self.at, self._whole(y)
        out = at.rho_slope[0] * self._drives(at.r[0] * whole, True) + at.diagonal[0] * whole
        return self._rest(out, whole, True)

    def _whole(self, x: Array) -> FloatArray:
        whole = np.zeros(self.size)
        whole[self.move] = np.ravel(x)
        return whole

    def _rest(self, out: FloatArray, whole: FloatArray, transposed: bool) -> FloatArray:
        if self.at.bent is not None:
            among, bend = self.at.bent
            out[among] += (bend[0].T if transposed else bend[0]) @ whole[among]
        return np.asarray(out[self.move])

    def _drives(self, x: FloatArray, transposed: bool) -> FloatArray:
        """Return M x or Mᵀ x."""
        wiring = self.wiring
        parts = dict(zip(wiring.free, np.split(x[None, :], self.cuts, axis=1), strict=True))
        out = {group: np.zeros_like(part) for group, part in parts.items()}
        for group in wiring.free:
            for link, forward in wiring.from_free[group]:
                ends = (link.pre, link.pre_part), (link.post, link.post_part)
                (source, rows), (target, columns) = ends if forward else ends[::-1]
                coupling = link.coupling
                if transposed:
                    back = coupling.drive_adjoint if forward else coupling.back_adjoint
                    out[source][:, rows] += back(parts[target][:, columns])
                else:
                    way = coupling.drive if forward else coupling.back
                    out[target][:, columns] += way(np.ascontiguousarray(parts[source][:, rows]))
        return np.concatenate([out[group][0] for group in wiring.free])


def solve_transposed(wiring: Wiring, at: Point, right: FloatArray) -> FloatArray:
    """Return λ of every sample, Jᵀλ = right; 0 at nodes that a bound holds."""
    solved = np.zeros_like(right)
    for row in range(len(right)):
        j = Jacobian(wiring, at.part(slice(row, row + 1)))
        here = right[row, j.move]
        if not np.any(here):
            continue
        count = len(j.move)
        operator = LinearOperator((count, count), matvec=j.transposed, dtype=np.float64)
        found, failed = gmres(operator, here, rtol=_TIGHT, restart=min(count, _BASIS), maxiter=_RESTARTS)
        left = float(np.linalg.norm(j.transposed(found) - here) / np.linalg.norm(here))
        if failed and not left < 1e3 * _TIGHT:
            raise SimulationError(
                f"the adjoint of a chip of {count} nodes was not found: a residual of {left:.2g} is left",
                advice="a chip whose slowest mode decays faster (eqchip check says how fast)",
            )
        solved[row, j.move] = found
    return solved


def slowest_rate(wiring: Wiring, at: Point) -> float:
    """Return the least decay rate of one sample, 1/s: of −C⁻¹∂f/∂v the eigenvalue of least real part."""
    j = Jacobian(wiring, at)
    count = len(j.move)
    if count == 0:
        return math.inf
    tau, weight = at.tau[j.move], at.weight[j.move]
    if count <= _FEW:
        dense = -np.stack([j.product(one) for one in np.eye(count)], axis=1) / tau[:, None]
        return float(np.min(np.linalg.eigvals(dense).real))
    unit = float(np.min(tau))  # eigenvalues are found over 1/unit
    begin = np.cos(np.arange(1.0, count + 1.0))  # the same each time; ARPACK's own is drawn
    try:
        if wiring.reciprocal:
            left, right = np.sqrt(weight * unit / tau), np.sqrt(unit / (tau * weight))
            symmetric = LinearOperator(
                (count, count), matvec=lambda x: -left * j.product(right * np.ravel(x)), dtype=np.float64
            )
            found = eigsh(symmetric, 1, which="SA", v0=begin, tol=_RATE, return_eigenvectors=False)
        else:
            operator = LinearOperator(
                (count, count), matvec=lambda x: -unit / tau * j.product(x), dtype=np.float64
            )
            found = eigs(operator, 1, which="SR", v0=begin, tol=_RATE, return_eigenvectors=False)
    except ArpackNoConvergence as fault:
        raise SimulationError(
            f"the slowest mode of a chip of {count} free nodes was not found",
            advice="other samples, or fewer",
        ) from fault
    return float(np.min(np.real(found))) / unit
