"""Pseudo-transient continuation: implicit Euler whose step grows as the residual falls.

    (τ/Δt − J) Δs = F,   J = ∂F/∂s,   Δt ← Δt·max(residual before/after, _GROWTH) while it falls

It starts as time does, so it keeps to the basin that time would reach, and ends as Newton's method.
States are put back into their intervals; a state pressed against a bound stands still (its row is that of
the identity). On a chip with an energy an end where the energy has no minimum is refused. Dense: for
chips of up to LARGEST free nodes.

Source: Kelley & Keyes, SIAM J. Numer. Anal. 35 (1998), switched evolution relaxation.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.simulator.jacobian import Point, point
from eqchip.simulator.phase import Phase

Array = NDArray[Any]

LARGEST = 2000
#: Numbers of the matrices that are solved together.
_ROOM = 1 << 22
#: First step over the smallest τ; the longest; its least growth; iterations at most.
_FIRST, _LONGEST, _GROWTH, _MOST = 0.5, 1e14, 1.5, 300


def settle(
    phase: Phase, states: list[Array], tol: float, limit: int
) -> tuple[list[Array], Array, Array, Array] | None:
    """Return (states, residuals, iterations, settled), by sample; None where the chip is too large."""
    size = sum(phase.wiring.nodes[g].size for g in phase.wiring.free)
    if size > LARGEST:
        return None
    together = max(1, _ROOM // (size * size))
    matrix = phase.wiring.matrix()
    parts = []
    for first in range(0, phase.samples, together):
        rows = slice(first, first + together)
        part = [state[rows].copy() for state in states]
        parts.append(_settle(phase.take(rows), part, matrix, tol, min(limit, _MOST)))
    ended = [np.concatenate([part[0][g] for part in parts]) for g in range(len(states))]
    residual, iterations, settled = (np.concatenate([part[i] for part in parts]) for i in (1, 2, 3))
    return ended, residual, iterations, settled


def _settle(
    phase: Phase, states: list[Array], matrix: Array, tol: float, limit: int
) -> tuple[list[Array], Array, Array, Array]:
    step = np.full(phase.samples, _FIRST)
    iterations = np.zeros(phase.samples, np.int64)
    at = point(phase, states)
    residual, floor = phase.residual(states)
    tau = at.tau / np.min(at.tau)
    for _ in range(limit):
        going = ~(residual <= np.maximum(tol, floor))
        if not np.any(going):
            break
        system = -at.jacobian(matrix)
        index = np.arange(system.shape[1])
        system[:, index, index] += tau / step[:, None]
        _hold(system, at.pinned)
        change = np.linalg.solve(system, np.where(at.pinned, 0.0, at.f)[:, :, None])[:, :, 0]
        change[~going] = 0.0
        before = [state.copy() for state in states]
        _move(phase, states, change)
        after, floor = phase.residual(states)
        worse = going & ~(after <= 2.0 * residual)
        for state, old in zip(states, before, strict=True):
            state[worse] = old[worse]
        ratio = residual / np.maximum(after, 1e-300)
        grown = step * np.where(ratio >= 1.0, np.clip(ratio, _GROWTH, 1e3), 0.5)
        step = np.where(worse, step / 4.0, np.minimum(grown, _LONGEST))
        residual = np.where(worse, residual, after)
        iterations += going
        at = point(phase, states)
        if np.all(step[going] < 1e-12):
            break
    settled = residual <= np.maximum(tol, floor)
    if phase.wiring.reciprocal and np.any(settled):
        settled &= _lowest(at, matrix)
    return states, residual, iterations, settled


def _hold(system: Array, pinned: Array) -> None:
    """Make rows and columns of states that stand still those of the identity."""
    keep = ~pinned
    system *= keep[:, :, None] & keep[:, None, :]
    index = np.arange(system.shape[1])
    system[:, index, index] += pinned


def _move(phase: Phase, states: list[Array], change: Array) -> None:
    begin = 0
    for group in phase.wiring.free:
        nodes = phase.wiring.nodes[group]
        states[group] += change[:, begin : begin + nodes.size].astype(states[group].dtype)
        np.clip(states[group], nodes.law.low, nodes.law.high, out=states[group])
        begin += nodes.size


def _lowest(at: Point, matrix: Array) -> NDArray[np.bool_]:
    """Say where the energy has a minimum: −J, made symmetric by its scales, has no negative eigenvalue."""
    root = np.sqrt(at.weight)
    curved = -at.jacobian(matrix) * root[:, None] / root[None, :]
    _hold(curved, at.pinned)
    lowest = np.linalg.eigvalsh(0.5 * (curved + curved.transpose(0, 2, 1)))[:, 0]
    return np.asarray(lowest > -1e-9)
