"""Point: an array chip at a state, with its residual F and what makes up the Jacobian ∂F/∂s. Always float64.

    J = diag(r)·M·diag(ρ′) + diag(r′·d − a),   r = ρ′, r′ = ρ″ under energy drive, 1 and 0 under direct drive

Behind an inlet ρ, F = ρ(d) + k − a·s, and r = ρ′(d), r′ = 0.

M is the matrix of all couplings (wiring.matrix()). Nodes are the free groups', one after the other. With
gleak·vunit (row) and vunit (column), J becomes −∂f/∂v in siemens; over τ, −C⁻¹∂f/∂v in 1/s.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.simulator.nodes import Nodes
from eqchip.simulator.phase import Phase
from eqchip.simulator.wiring import Wiring

Array = NDArray[Any]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Point:
    """All (B, n) over the free nodes, but `tau` and `weight` (n)."""

    f: FloatArray  # τ ds/dt, bounds aside
    r: FloatArray
    rho_slope: FloatArray
    diagonal: FloatArray
    pinned: NDArray[np.bool_]  # pressed against a bound
    tau: FloatArray  # s
    weight: FloatArray  # gleak·vunit², W: what makes J symmetric
    bent: tuple[IntArray, FloatArray] | None = None  # some nodes, and what a pull adds to J among them

    def part(self, rows: slice) -> Point:
        """Return the point of some samples."""
        return Point(
            self.f[rows],
            self.r[rows],
            self.rho_slope[rows],
            self.diagonal[rows],
            self.pinned[rows],
            self.tau,
            self.weight,
            None if self.bent is None else (self.bent[0], self.bent[1][rows]),
        )

    def jacobian(self, matrix: FloatArray) -> FloatArray:
        """Return J of every sample, (B, n, n)."""
        j = self.r[:, :, None] * matrix * self.rho_slope[:, None, :]
        index = np.arange(matrix.shape[0])
        j[:, index, index] += self.diagonal
        if self.bent is not None:
            among, bend = self.bent
            j[:, among[:, None], among[None, :]] += bend
        return j


def point(phase: Phase, states: Sequence[Array]) -> Point:
    """Evaluate a chip at a state."""
    wiring = phase.wiring
    rho = phase.activities(states)
    parts: list[tuple[Array, ...]] = []
    for group in wiring.free:
        nodes, state = wiring.nodes[group], states[group]
        drive = phase.sum(group, rho, np.empty_like(state)).astype(np.float64)
        rise = nodes.slope(state).astype(np.float64)
        force = drive
        if nodes.law.energy:
            r, bend = rise, nodes.curvature(state).astype(np.float64)
            force = r * drive
        else:
            r, bend = np.ones_like(rise), np.zeros_like(rise)
        if nodes.gate is not None:
            whole = drive.astype(state.dtype)
            r, force = nodes.admittance(whole).astype(np.float64), nodes.admit(whole).astype(np.float64)
        a = phase.a[group].astype(np.float64)
        f = force + phase.force(group, state) - a * state
        pinned = ((state <= nodes.law.low) & (f < 0)) | ((state >= nodes.law.high) & (f > 0))
        parts.append((f, r, rise, bend * drive - a, pinned))
    f, r, rise, diagonal, pinned = (np.concatenate(columns, axis=1) for columns in zip(*parts, strict=True))
    return Point(
        f,
        r,
        rise,
        diagonal,
        pinned.astype(np.bool_),
        per_node(wiring, lambda nodes: nodes.tau),
        per_node(wiring, lambda nodes: nodes.gleak * nodes.vunit**2),
        _bent(phase, states),
    )


def _bent(phase: Phase, states: Sequence[Array]) -> tuple[IntArray, FloatArray] | None:
    """Return the nodes a pull acts on, counted over the free groups, and ∂k/∂s among them."""
    if phase.pull is None:
        return None
    before = [g for g in phase.wiring.free if g < phase.pull.group]
    begin = sum(phase.wiring.nodes[g].size for g in before)
    return begin + phase.pull.places, phase.pull.bend(states[phase.pull.group])


def per_node(wiring: Wiring, what: Callable[[Nodes], FloatArray]) -> FloatArray:
    """Return a number of every free node, groups one after the other."""
    return np.concatenate([what(wiring.nodes[g]) for g in wiring.free])


def free_conductances(wiring: Wiring, at: Point) -> tuple[FloatArray, FloatArray]:
    """Return J in siemens and C in farads of the first sample, over the nodes that are free to move."""
    move = np.flatnonzero(~at.pinned[0])
    j = -at.jacobian(wiring.matrix())[0]
    vunit = per_node(wiring, lambda nodes: nodes.vunit)
    leak = per_node(wiring, lambda nodes: nodes.gleak)
    siemens = j * (leak * vunit)[:, None] / vunit[None, :]
    return siemens[np.ix_(move, move)], per_node(wiring, lambda nodes: nodes.capacitance)[move]
