"""ArrayField: an array chip in one phase as integrators see it; in state units, groups side by side.

f = [r·(ΣWρ + b + inputs) + k − a·s]/τ         1/s, for explicit integrators (a, k, r: node_kernels.py)
f = [ … ]                                      for implicit ones, with τ as the charge of a state
f = ρ(ΣWρ + b + inputs) + k − a·s              for the iteration of discrete.py, ρ a clamp or nothing
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from eqchip.errors import InputError
from eqchip.simulator.integrators import array_stage
from eqchip.simulator.integrators.field import Array, FloatArray
from eqchip.simulator.integrators.integrator import Integrator
from eqchip.simulator.jacobian import per_node
from eqchip.simulator.node_kernels import activities
from eqchip.simulator.phase import Phase
from eqchip.simulator.slewing import refuse_slew, slewed

#: Returns the phase of the whole batch with θ as it is now; None where nothing was written since.
Changed = Callable[[], Phase | None]


class ArrayField:
    """Groups of nodes, one after the other in a row."""

    def __init__(self, phase: Phase, method: Integrator, reltol: float = 1e-3) -> None:
        self.phase, self.method, self.reltol = phase, method, reltol
        wiring = phase.wiring
        ends = np.cumsum([wiring.nodes[g].size for g in wiring.free])
        self.cuts = [
            slice(int(end) - wiring.nodes[g].size, int(end)) for g, end in zip(wiring.free, ends, strict=True)
        ]
        self.low = np.concatenate([wiring.nodes[g].law.low for g in wiring.free])
        self.high = np.concatenate([wiring.nodes[g].law.high for g in wiring.free])
        self.state_unit = np.ones_like(self.low)
        self.taus = per_node(wiring, lambda nodes: nodes.tau)
        moving = self.taus[self.taus > 0.0]
        self.tau = float(np.min(moving)) if len(moving) else np.nan
        if method.physical and method.explicit:
            self._refuse_without_capacitance()
        if not method.physical:
            self._refuse_energy_drive()
        rate = 1.0 / self.taus if method.physical and method.explicit else np.ones_like(self.taus)
        self.rate = rate.astype(wiring.dtype)
        self.slew = self._slew()
        self.changed: Changed | None = None  # set where θ may be written on the way
        self.rows: Array | None = None  # of the batch; None: all

    def _refuse_without_capacitance(self) -> None:
        for group in self.phase.wiring.free:
            nodes = self.phase.wiring.nodes[group]
            if not np.all(nodes.tau > 0.0):
                raise InputError(
                    f"solve={self.method.name} needs capacitance on every node: {nodes.name} has none",
                    expected="c= above 0, solve=trap or solve=equilibrium",
                )

    def _refuse_energy_drive(self) -> None:
        for group in self.phase.wiring.free:
            nodes = self.phase.wiring.nodes[group]
            if nodes.law.energy and nodes.curved:
                raise InputError(
                    f"solve={self.method.name} takes the drive as it is: {nodes.name} weighs it with ρ′",
                    expected="drive=direct, or activation=hardsigmoid, relu or linear",
                )
            if group in self.phase.nudged and nodes.curved:
                raise InputError(
                    f"solve={self.method.name} nudges activities: those of {nodes.name} stand behind a "
                    "curved activation, which holds no s ← ρ(Ws) + β(t − s)",
                    expected="outputs with activation=linear, hardsigmoid or relu",
                )

    def _slew(self) -> Array | None:
        """Return how fast states may move, 1/s; None: there is no limit."""
        groups = [self.phase.wiring.nodes[g] for g in self.phase.wiring.free]
        if all(nodes.slew is None for nodes in groups):
            return None
        if not (self.method.physical and self.method.explicit):
            raise refuse_slew(self.method.name)
        limits = [np.full(n.size, np.inf) if n.slew is None else n.slew / n.vunit for n in groups]
        return np.concatenate(limits).astype(self.phase.wiring.dtype)

    # -- the contract ----------------------------------------------------------------------------------

    def parts(self, x: Array) -> list[Array]:
        """Return the states of every group; clamped groups keep their (empty) place."""
        wiring = self.phase.wiring
        states = [np.empty((len(x), 0), x.dtype)] * len(wiring.nodes)
        for group, cut in zip(wiring.free, self.cuts, strict=True):
            states[group] = np.ascontiguousarray(x[:, cut])
        return states

    def joined(self, states: list[Array]) -> Array:
        """Return groups side by side."""
        return np.concatenate([states[g] for g in self.phase.wiring.free], axis=1)

    def rates(self, x: Array) -> Array:
        """Return f(x), bounds aside."""
        wiring, phase = self.phase.wiring, self.phase
        states = self.parts(x)
        rho, rises = list(states), list(states)
        for group in wiring.free:
            nodes, state = wiring.nodes[group], states[group]
            none = np.empty((0, nodes.size), state.dtype)
            rho[group] = np.empty_like(state)
            rises[group] = np.empty_like(state) if nodes.law.energy and nodes.curved else none
            activities(nodes.law, state, rho[group], rises[group], none, nodes.exact)
        out = np.empty_like(x)
        for group, cut in zip(wiring.free, self.cuts, strict=True):
            nodes, state = wiring.nodes[group], states[group]
            drive = phase.drive(group, rho, np.empty_like(state))
            if not self.method.physical and not nodes.curved:
                np.clip(drive, nodes.law.low, nodes.law.high, out=drive)
            elif nodes.law.energy and nodes.curved:
                drive *= rises[group]
            if group in phase.nudged:
                drive += phase.force(group, state)
                drive -= phase.a[group] * state
            else:
                drive -= state
            out[:, cut] = drive
        out *= self.rate
        return out if self.slew is None else slewed(out, self.slew)

    def leak(self) -> Array:
        """Return a/τ."""
        a = np.concatenate([self.phase.a[g] for g in self.phase.wiring.free]).astype(np.float64)
        return np.asarray(a / self.taus)

    def begin(self, x: Array) -> Array:
        """Return x with nodes that have no capacitance where the others put them at once."""
        if self.method.physical and not self.method.explicit and not np.all(self.taus > 0.0):
            return self.implicit(x, self.rates(x), array_stage.AT_ONCE * self.tau)
        return x

    def implicit(self, x: Array, f: Array, half: float) -> Array:
        """Solve one implicit stage."""
        return array_stage.solve(self.phase, self.parts, x, f, self.taus / half)

    def residual(self, x: Array, f: Array) -> tuple[FloatArray, FloatArray]:
        """Return each sample's largest |τ ds/dt|, 0 at bounds; and what rounding leaves."""
        force = f / self.rate
        held = ((x <= self.low) & (force < 0)) | ((x >= self.high) & (force > 0))
        size = np.where(held, 0.0, np.abs(force)).astype(np.float64)
        floor = 16.0 * np.finfo(x.dtype).eps * (1.0 + np.max(np.abs(x) + size, axis=1, initial=0.0))
        return np.max(size, axis=1, initial=0.0), np.asarray(floor, dtype=np.float64)

    def renew(self) -> bool:
        """Take up what was written to θ since; return whether anything was."""
        fresh = self.changed() if self.changed is not None else None
        if fresh is None:
            return False
        self.phase = fresh if self.rows is None else fresh.take(self.rows)
        return True

    def take(self, rows: Array) -> ArrayField:
        """Return the field of some samples."""
        fewer = ArrayField(self.phase.take(rows), self.method, self.reltol)
        fewer.changed = self.changed
        fewer.rows = rows if self.rows is None else self.rows[rows]
        return fewer
