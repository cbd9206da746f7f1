"""Narrow chips: two groups with few weights between them are swept sample by sample, in one compiled loop.

With 784-512-10 a sweep is 10,000 products for a sample; calls into Python would cost more. The weights stay
in the cache, no sample waits for another, and none depends on the batch. The arithmetic is that of `sweeps`
and `momentum`; samples that need more than `most` sweeps are left to these.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from eqchip.kernels import kernel
from eqchip.simulator.node_kernels import Exact, Law, activities, rates, solve_row
from eqchip.simulator.phase import Phase

Array = NDArray[Any]

#: Weights between the groups up to which a chip is narrow.
LARGEST = 1 << 14


class Side(NamedTuple):
    """One of the two groups: how the other drives it, and its states."""

    into: Array  # (n of the other, n)
    constant: Array  # (B, n)
    a: Array
    k: Array  # (B, n)
    s: Array  # (B, n)
    rho: Array  # (B, n)


def groups(phase: Phase) -> tuple[int, int] | None:
    """Return the group that leads and the other one, of a chip that is narrow."""
    wiring = phase.wiring
    if any(wiring.nodes[group].inlet is not None for group in wiring.free):
        return None
    if phase.pull is not None or len(wiring.colours) != 2 or len(wiring.free) != 2:
        return None
    one, two = (colour[0] for colour in wiring.colours)
    if wiring.nodes[one].size * wiring.nodes[two].size > LARGEST:
        return None
    looped = any(link.looped for group in wiring.free for link, _ in wiring.from_free[group])
    return None if looped else (two, one) if two in phase.nudged else (one, two)


def settle(
    phase: Phase, states: list[Array], order: tuple[int, int], tol: float, most: int, cautious: bool
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.bool_]]:
    """Settle states, in place; return residual, sweeps, and which samples are done."""
    wiring, rho = phase.wiring, phase.activities(states)
    residual, sweeps = np.zeros(phase.samples), np.zeros(phase.samples, np.int64)
    done = np.zeros(phase.samples, np.bool_)
    sides = []
    for group, other in (order, order[::-1]):
        block = wiring.block(group, other)
        into = np.zeros((wiring.nodes[other].size, wiring.nodes[group].size)) if block is None else block.T
        into = np.ascontiguousarray(into, dtype=wiring.dtype)
        sides.append(
            Side(into, phase.constant[group], phase.a[group], phase.k[group], states[group], rho[group])
        )
    lead, rest = (wiring.nodes[group] for group in order)
    first, second = sides
    _settle(lead.law, rest.law, first, second, tol, most, cautious, lead.exact, residual, sweeps, done)
    return residual, sweeps, done


@kernel
def _settle(
    lead: Law,
    rest: Law,
    first: Side,
    second: Side,
    tol: float,
    most: int,
    cautious: bool,
    exact: Exact,
    residual: Array,
    sweeps: Array,
    done: Array,
) -> None:
    n, m = first.s.shape[1], second.s.shape[1]
    kind = first.s.dtype
    drive, before, ahead = np.empty((1, n), kind), np.empty((1, n), kind), np.empty((1, n), kind)
    other, rise, none = np.empty(m, kind), np.empty((1, n), kind), np.empty((0, n), kind)
    work, more = np.empty((10, n), kind), np.empty((10, m), kind)
    left, floor = np.zeros(1), np.zeros(1)
    for row in range(first.s.shape[0]):
        to = row + 1
        count, last = 0.0, np.inf
        for sweep in range(most + 1):
            _driven(first.into, first.constant[row], second.rho[row], drive[0])
            if lead.energy:
                activities(lead, first.s[row:to], none, rise, none, exact)
            left[0] = 0.0
            floor[0] = 0.0
            rates(lead, first.a, first.k[row:to], drive, first.s[row:to], rise, left, floor)
            residual[row] = left[0]
            sweeps[row] = sweep
            if not left[0] < np.inf:
                break
            if sweep > 0 and left[0] <= max(tol, floor[0]):
                done[row] = True
                break
            if sweep == most:
                break
            share = kind.type(0)
            if sweep > 0:
                turn = kind.type(0)
                for j in range(n):
                    turn += (ahead[0, j] - drive[0, j]) * (drive[0, j] - before[0, j])
                count = 0.0 if turn > 0 or (cautious and left[0] > last) else count + 1.0
                share = kind.type(count / (count + 3.0))
                last = left[0]
            else:
                before[0, :] = drive[0, :]
            for j in range(n):
                ahead[0, j] = drive[0, j] + share * (drive[0, j] - before[0, j])
                before[0, j] = drive[0, j]
            solve_row(lead, first.a, first.k[row], ahead[0], first.s[row], first.rho[row], work, exact)
            _driven(second.into, second.constant[row], first.rho[row], other)
            solve_row(rest, second.a, second.k[row], other, second.s[row], second.rho[row], more, exact)


@kernel(inner=True)
def _driven(into: Array, constant: Array, rho: Array, out: Array) -> None:
    """Set out to constant + rho·into."""
    np.dot(rho, into, out)
    for j in range(len(out)):
        out[j] += constant[j]
