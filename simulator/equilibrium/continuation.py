"""Continuation: equilibria of an array chip under a complex nudge, followed from the free one.

    F(s, β) = −s + r(s)·d(s) − β·∂cost/∂y = 0,   d = constant + M ρ(s),   all analytic in s

β grows along its ray, t·β with t from 0 to 1; at every t Newton's method, in complex128 with the dense
Jacobian, starts at the last t. A step that does not contract at once is halved, so that the branch is kept;
where steps become too short, β is beyond the domain in which the branch is analytic. A singularity between
two rays shows along the arc that joins them. Then the sample gets a smaller circle: any circle in that domain
gives the estimate. Each sample has steps, and a circle, of its own.

Source: Laborieux & Zenke, NeurIPS 2022, holomorphic equilibrium propagation. An offline reference, for chips
of up to LARGEST free nodes: no circuit has complex voltages.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.errors import SimulationError
from eqchip.simulator.equilibrium.complex_laws import inside, laws
from eqchip.simulator.wiring import Wiring

Array = NDArray[Any]
IntArray = NDArray[np.int64]

LARGEST = 2000
#: Numbers of the matrices that are solved together.
_ROOM = 1 << 21
#: Newton iterations of a step; largest first correction, and by how much each must shrink; when it has
#: converged: the next correction would be the square of this; shortest step; least β over that asked for.
_MOST, _FAR, _SHRINK, _DONE, _SHORTEST, _LEAST = 12, 0.5, 0.5, 1e-9, 2.0**-10, 1e-3
#: States apart by less are the same; what is left of a circle around a singularity, before it is halved.
_SAME, _CROSSED = 1e-6, 0.9


@dataclass(frozen=True, slots=True)
class Nudged:
    """A chip with its inputs, and a nudge whose β is complex. Free nodes stand group after group."""

    wiring: Wiring
    matrix: Array  # (n, n) drive into every node of a unit of activity of every other
    constant: Array  # (B, n)
    places: IntArray  # of the outputs, in the order of their targets
    share: Array  # β of each output, over that of all
    slope: Callable[[Array, IntArray], Array]  # (outputs, samples) → ∂cost/∂y
    bend: Callable[[Array], Array] | None  # outputs → ∂²cost/∂y²; None: the slope is frozen

    def laws(self, s: Array) -> tuple[Array, Array, Array, Array]:
        """Return ρ, ρ′, r and r′ of all free nodes."""
        parts, begin = [], 0
        for group in self.wiring.free:
            nodes = self.wiring.nodes[group]
            rho, rise, bend = laws(nodes.law, s[:, begin : begin + nodes.size])
            if not nodes.law.energy:
                bend = np.zeros_like(bend)
            parts.append((rho, rise, rise if nodes.law.energy else np.ones_like(rise), bend))
            begin += nodes.size
        rho, rise, r, bend = (np.concatenate(columns, axis=1) for columns in zip(*parts, strict=True))
        return rho, rise, r, bend

    def force(self, s: Array, beta: Array, rows: IntArray) -> Array:
        """Return F."""
        rho, _, r, _ = self.laws(s)
        return self._force(s, beta, rows, rho, r)

    def _force(self, s: Array, beta: Array, rows: IntArray, rho: Array, r: Array) -> Array:
        f = r * (self.constant[rows] + rho @ self.matrix.T) - s
        f[:, self.places] -= beta[:, None] * self.share * self.slope(s[:, self.places], rows)
        return np.asarray(f)

    def step(self, s: Array, beta: Array, rows: IntArray) -> Array:
        """Return Newton's correction."""
        rho, rise, r, bend = self.laws(s)
        f = self._force(s, beta, rows, rho, r)
        j = r[:, :, None] * self.matrix * rise[:, None, :]
        index = np.arange(s.shape[1])
        j[:, index, index] += bend * (self.constant[rows] + rho @ self.matrix.T) - 1.0
        if self.bend is not None:
            among = np.ix_(np.arange(len(s)), self.places, self.places)
            j[among] -= beta[:, None, None] * self.share[:, None] * self.bend(s[:, self.places])
        return np.asarray(np.linalg.solve(j, -f[:, :, None])[:, :, 0])

    def inside(self, s: Array) -> NDArray[np.bool_]:
        """Say where no state has left the strip of its activation."""
        kept, begin = np.ones(len(s), np.bool_), 0
        for group in self.wiring.free:
            nodes = self.wiring.nodes[group]
            kept &= inside(nodes.law, s[:, begin : begin + nodes.size])
            begin += nodes.size
        return kept


def circle(
    chip: Nudged, start: Array, beta: float, turns: Sequence[complex]
) -> tuple[list[tuple[Array, Array, IntArray]], Array]:
    """Return (states, residual, iterations) at each turn·β, and the β that each sample was given.

    `turns` go through the upper half of the circle, from 1. A sample gets a smaller β where it cannot be
    followed along a ray, or comes elsewhere along the arc from the ray before: a singularity is within.
    """
    together = max(1, _ROOM // chip.matrix.size)
    given = np.full(len(start), beta)
    states = [start.astype(np.complex128) for _ in turns]
    iterations = [np.zeros(len(start), np.int64) for _ in turns]
    for first in range(0, len(start), together):
        rows = np.arange(first, min(first + together, len(start)))
        while len(rows):
            least = np.ones(len(rows))
            for n, turn in enumerate(turns):
                states[n][rows], reached, more = _ray(chip, start[rows], turn * given[rows], rows)
                iterations[n][rows] += more
                least = np.minimum(least, reached)
            ends = [states[n][rows] for n in range(len(turns))]
            least[~_one_branch(chip, ends, given[rows], turns, rows)] *= _CROSSED
            short = least < 1.0
            given[rows[short]] *= 0.5 * least[short]
            rows = rows[short]
            if np.any(np.abs(given[rows]) < _LEAST * abs(beta)):
                raise SimulationError(
                    f"the free state of {len(rows)} samples cannot be followed to any complex β",
                    advice="a smaller tol=; whether it is stable says eqchip check",
                )
    everyone = np.arange(len(start))
    residuals = [
        np.max(np.abs(chip.force(s, turn * given, everyone)), axis=1)
        for s, turn in zip(states, turns, strict=True)
    ]
    return list(zip(states, residuals, iterations, strict=True)), given


def _ray(chip: Nudged, start: Array, beta: Array, rows: IntArray) -> tuple[Array, Array, IntArray]:
    return _along(chip, start, lambda t, on: t * beta[on], rows)


def _one_branch(
    chip: Nudged, ends: list[Array], beta: Array, turns: Sequence[complex], rows: IntArray
) -> NDArray[np.bool_]:
    """Say of which samples the ends of the rays are joined by arcs; the last, by symmetry, across −β."""
    same = np.ones(len(rows), np.bool_)
    for n, turn in enumerate(turns):
        last = n == len(turns) - 1
        if last and turn.real < 0.0 and turn.imag == 0.0:
            break
        width = np.angle((-1.0 if last else turns[n + 1]) / turn)
        from_here = turn * beta

        def path(t: Array, on: IntArray, width: float = width, begin: Array = from_here) -> Array:
            return begin[on] * np.exp(1j * width * t)

        s, reached, _ = _along(chip, ends[n], path, rows)
        apart = np.abs(s.imag) if last else np.abs(s - ends[n + 1])
        same &= (reached == 1.0) & np.all(apart < _SAME, axis=1)
    return same


def _along(
    chip: Nudged, start: Array, path: Callable[[Array, IntArray], Array], rows: IntArray
) -> tuple[Array, Array, IntArray]:
    """Return where each sample was followed to, the share of its path at which that is, and the iterations.

    `path` gives β of some samples at t from 0 to 1.
    """
    s = start.astype(np.complex128)
    reached, step = np.zeros(len(s)), np.ones(len(s))
    iterations = np.zeros(len(s), np.int64)
    while True:
        on = np.flatnonzero((reached < 1.0) & (step >= _SHORTEST))
        if not len(on):
            return s, reached, iterations
        goal = np.minimum(reached[on] + step[on], 1.0)
        found, good, taken = _newton(chip, s[on], path(goal, on), rows[on])
        iterations[on] += taken
        s[on[good]], reached[on[good]] = found[good], goal[good]
        step[on] *= np.where(good, 2.0, 0.5)


def _newton(chip: Nudged, s: Array, beta: Array, rows: IntArray) -> tuple[Array, NDArray[np.bool_], IntArray]:
    """Return where Newton's method ended, whether it contracted all the way, and its iterations."""
    s = s.copy()
    last = np.full(len(s), _FAR / _SHRINK)
    going, good = np.ones(len(s), np.bool_), np.zeros(len(s), np.bool_)
    taken = np.zeros(len(s), np.int64)
    for _ in range(_MOST):
        on = np.flatnonzero(going)
        if not len(on):
            break
        change = chip.step(s[on], beta[on], rows[on])
        size = np.max(np.abs(change), axis=1)
        s[on] += change
        taken[on] += 1
        shrinks = size <= _SHRINK * last[on]
        done = shrinks & (size <= _DONE)
        good[on[done]] = True
        going[on] = shrinks & ~done
        last[on] = size
    return s, good & chip.inside(s), taken
