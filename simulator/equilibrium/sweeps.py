"""Sweeps: a batch of samples under block descent: groups of one colour solved at the drive of the others.

The colour that is solved first leads: the one that is nudged, for there a phase begins to differ from the
one before it. Of two colours the second is solved exactly, so the residual of the lead, which falls out
of its drive, is that of the whole chip. Where there are more colours, or a group that is coupled to
itself, it is only a hint, and `exact` is False.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.simulator.equilibrium.momentum import Momentum, extrapolate, turns
from eqchip.simulator.equilibrium.node_by_node import descend
from eqchip.simulator.node_kernels import solve
from eqchip.simulator.phase import Phase

Array = NDArray[Any]


class Sweeps:
    """Where a batch stands, with the room that sweeps need."""

    def __init__(self, phase: Phase, states: list[Array], cautious: bool) -> None:
        wiring = phase.wiring
        self.phase = phase
        self.states = [state.copy() for state in states]
        self.rho = phase.activities(self.states)
        looped = {g: block for g in wiring.free if (block := wiring.block(g, g)) is not None}
        #: Groups swept node by node; behind an inlet the drive of a node is no sum to be mended.
        self.loops = {
            g: np.ascontiguousarray(block.T, dtype=wiring.dtype)
            for g, block in looped.items()
            if wiring.nodes[g].inlet is None
        }
        first = next((i for i, colour in enumerate(wiring.colours) if phase.nudged & set(colour)), 0)
        self.lead = wiring.colours[first]
        self.rest = wiring.colours[first + 1 :] + wiring.colours[:first]
        self.exact = len(self.rest) == 0 or (
            len(self.rest) == 1
            and not any(group in looped for group in self.rest[0])
            and (phase.pull is None or phase.pull.group in self.lead)
        )
        self.momentum: Momentum | None = None
        if self.rest and not any(group in looped for group in self.lead):
            self.momentum = Momentum(phase.samples, cautious or not wiring.reciprocal, wiring.dtype)
        self.drive, self.before, self.ahead = (
            {group: np.empty_like(self.states[group]) for group in self.lead} for _ in range(3)
        )
        self.others = {group: np.empty_like(self.states[group]) for colour in self.rest for group in colour}
        self.begun = False

    def take(self, rows: Any) -> None:
        """Keep some samples."""
        self.phase = self.phase.take(rows)
        self.states = [state[rows] for state in self.states]
        self.rho = [activity[rows] for activity in self.rho]
        self.drive, self.before, self.ahead, self.others = (
            {group: room[rows] for group, room in one.items()}
            for one in (self.drive, self.before, self.ahead, self.others)
        )
        if self.momentum is not None:
            self.momentum.take(rows)

    def look(self) -> tuple[Array, Array]:
        """Drive the lead; return its residual and what rounding leaves of it, sample by sample."""
        residual, floor = np.zeros(self.phase.samples), np.zeros(self.phase.samples)
        for group in self.lead:
            self.phase.drive(group, self.rho, self.drive[group])
            self.phase.add_residual(group, self.drive[group], self.states[group], residual, floor)
        return residual, floor

    def advance(self, residual: Array) -> None:
        """Solve every group once; `residual` is what `look` has found."""
        into = self.drive
        if self.momentum is not None:
            if self.begun:
                turn = np.zeros(self.phase.samples)
                for group in self.lead:
                    turns(self.drive[group], self.before[group], self.ahead[group], turn)
                share = self.momentum.shares(turn, residual)
                for group in self.lead:
                    extrapolate(self.drive[group], self.before[group], share, self.ahead[group])
            else:
                for group in self.lead:
                    self.ahead[group][:] = self.drive[group]
            into, self.begun = self.ahead, True
            self.drive, self.before = self.before, self.drive
        for group in self.lead:
            self._solve(group, into[group])
        for colour in self.rest:
            for group in colour:
                self._solve(group, self.phase.drive(group, self.rho, self.others[group]))

    def _solve(self, group: int, drive: Array) -> None:
        phase, nodes = self.phase, self.phase.wiring.nodes[group]
        state, rho = self.states[group], self.rho[group]
        a, k = phase.a[group], phase.force(group, state)
        if group in self.loops:
            descend(nodes.law, a, k, drive, self.loops[group], state, rho, nodes.exact)
        else:
            solve(nodes.law, a, k, drive, state, rho, nodes.exact)
