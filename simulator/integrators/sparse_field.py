"""SparseField: a sparse chip in one phase as integrators see it; a row holds all unknowns, in V and A.

    f = −i(v)/C      V/s, for explicit integrators: every free node with a constant capacitance of its own
    f = −i(v)        A, for implicit ones, which balance charges and flux

i gathers the currents that leave a node. Unknowns that ideal sources hold stand still.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from eqchip.devices import dispatch
from eqchip.entries import pack
from eqchip.errors import InputError
from eqchip.kernels import kernel
from eqchip.simulator.integrators import sparse_stage
from eqchip.simulator.integrators.field import Array, FloatArray
from eqchip.simulator.integrators.integrator import Integrator
from eqchip.simulator.network import Evaluated, residual
from eqchip.simulator.slewing import slewed
from eqchip.simulator.system import System, padded

#: Residual that rounding leaves, in state units.
ROUNDING = 1e-13
#: How far two points lie apart, in V, at which a capacitance must be the same to count as constant.
APART = 0.1


class SparseField:
    """All unknowns of a system."""

    def __init__(
        self,
        system: System,
        drives: FloatArray,
        unit: FloatArray,
        held: Array,
        leak: FloatArray,
        spring: FloatArray,
        state_unit: FloatArray,
        method: Integrator,
        x: FloatArray,
    ) -> None:
        if not method.physical:
            raise InputError(
                f"solve={method.name} is for the array form of chips: this is the sparse form",
                expected="another solve=, or --form array where the circuit has that form",
            )
        self.system, self.drives, self.unit, self.held, self.method = system, drives, unit, held, method
        self.reltol = float(system.circuit.options.get("reltol", 1e-3))
        network = system.network
        self.low, self.high = network.low, network.high
        self.free = np.setdiff1d(np.arange(network.nodes), held)
        first = x[0] if len(x) else np.zeros(system.size), drives[0] if len(x) else system.rest
        self.per = np.zeros(system.size)  # 1/C, or 1, of what moves
        self.per[self.free] = 1.0
        self.charged, shared = _charged(system, *first)
        if method.explicit:
            self.per[self.free] = 1.0 / capacitances(system, *first, self.free, method.name)
        #: Whether every free node has a capacitance of its own.
        self.regular = bool(np.all(self.charged[self.free]) and not np.any(shared[self.free]))
        self._leak, self.state_unit = (leak + spring) * self.per, state_unit
        self.tau = _fastest(system, *first, self.free, leak)
        self.slew: FloatArray | None = None  # V/s of every unknown
        self.changed: Callable[[], bool] | None = None  # set where θ may be written on the way

    def _evaluate(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return all currents and charges at x, (B, size)."""
        points = padded(x)
        f, q = np.zeros(points.shape), np.zeros(points.shape)
        bench = Evaluated(self.system.network, self.system.room())
        _evaluations(pack(bench), points, self.drives, np.full(self.system.memory, np.inf), f, q)
        return f[:, :-1], q[:, :-1]

    # -- the contract ----------------------------------------------------------------------------------

    def rates(self, x: FloatArray) -> FloatArray:
        """Return f(x), bounds aside."""
        f, _ = self._evaluate(x)
        if not self.method.explicit:
            return -f
        return -f * self.per if self.slew is None else slewed(-f * self.per, self.slew)

    def leak(self) -> FloatArray:
        """Return the leak of every unknown, 1/s."""
        return self._leak

    def begin(self, x: FloatArray) -> FloatArray:
        """Return x with nodes that have no capacitance where the others put them at once."""
        if self.method.explicit or self.regular:
            return x
        return self.implicit(x, self.rates(x), sparse_stage.AT_ONCE * self.tau)

    def implicit(self, x: FloatArray, f: FloatArray, half: float) -> FloatArray:
        """Solve one implicit stage."""
        _, q = self._evaluate(x)
        history = -q / half - np.where(self.charged, f, 0.0)
        return sparse_stage.solve(self.system, self.drives, x, history, 1.0 / half)

    def residual(self, x: FloatArray, f: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return each sample's largest current left over `unit`, 0 at bounds; and what rounding leaves."""
        free = self.free
        force = f[:, free] / self.per[free]
        pressed = ((x[:, free] <= self.low[free]) & (force < 0.0)) | (
            (x[:, free] >= self.high[free]) & (force > 0.0)
        )
        size = np.where(pressed, 0.0, np.abs(force) / self.unit[free])
        return np.max(size, axis=1, initial=0.0), np.full(len(x), ROUNDING)

    def renew(self) -> bool:
        """Say whether θ was written since; currents are always those of θ as it is."""
        return self.changed is not None and self.changed()

    def take(self, rows: Array) -> SparseField:
        """Return the field of some samples."""
        fewer = object.__new__(SparseField)
        fewer.__dict__.update(self.__dict__)
        fewer.drives = np.ascontiguousarray(self.drives[rows])
        return fewer


def capacitances(system: System, x: FloatArray, drives: FloatArray, free: Array, solve: str) -> FloatArray:
    """Return the capacitance of the free nodes, or raise where C is not diagonal, constant and positive."""
    network = system.network
    c, elsewhere = (_slopes(system, x + shift, drives) for shift in (0.0, APART))
    rows = np.concatenate([system.pattern.rows, network.changing_rows])
    columns = np.concatenate([system.pattern.columns(), network.changing_columns])
    own = np.zeros(system.size)
    np.add.at(own, rows[rows == columns], c[rows == columns])
    shared = (rows != columns) & (c != 0.0)
    moving = np.zeros(system.size, np.bool_)
    moving[free] = True
    bent = moving[rows] & (np.abs(c - elsewhere) > 1e-9 * np.abs(c))
    for wrong, what in (
        (free[~(own[free] > 0.0)], "has no capacitance"),
        (rows[shared & moving[rows]], "shares a capacitance with another node"),
        (rows[bent], "has a capacitance that depends on its voltage"),
    ):
        if len(wrong):
            raise InputError(
                f"solve={solve}: {system.names[wrong[0]]} {what}",
                expected="a constant capacitance to ground on every node, solve=trap or solve=equilibrium",
            )
    branches = np.flatnonzero(own[network.nodes :]) + network.nodes
    if len(branches):
        raise InputError(
            f"solve={solve}: {system.names[branches[0]]} is an inductor's",
            expected="no inductors, or solve=trap",
        )
    return own[free]


def _fastest(system: System, x: FloatArray, drives: FloatArray, free: Array, leak: FloatArray) -> float:
    """Return the smallest C/G of a free node, both to ground and linear, s; NaN where there is none."""
    network = system.network
    rows = np.concatenate([system.pattern.rows, network.changing_rows])
    own = rows == np.concatenate([system.pattern.columns(), network.changing_columns])
    c = np.zeros(system.size)
    np.add.at(c, rows[own], _slopes(system, x, drives)[own])
    moving = free[(c[free] > 0.0) & (leak[free] > 0.0)]
    return float(np.min(c[moving] / leak[moving], initial=np.inf)) if len(moving) else np.nan


def _slopes(system: System, x: FloatArray, drives: FloatArray) -> FloatArray:
    """Return all entries of C at x: the constant ones in their pattern, then the changing ones."""
    network, at = system.network, system.room()
    memory = np.full(system.memory, np.inf)
    dispatch.load(network.varying, padded(x), drives, memory, at.f, at.q, at.jg, at.jc)
    return np.concatenate([network.c0[:-1], at.jc[:-1]])


def _charged(system: System, x: FloatArray, drives: FloatArray) -> tuple[Array, Array]:
    """Return which rows hold charge or flux, and which share it with another unknown."""
    network = system.network
    rows = np.concatenate([system.pattern.rows, network.changing_rows])
    columns = np.concatenate([system.pattern.columns(), network.changing_columns])
    full = _slopes(system, x, drives) != 0.0
    found, shared = np.zeros(system.size, np.bool_), np.zeros(system.size, np.bool_)
    found[rows[full]] = True
    shared[rows[full & (rows != columns)]] = True
    return found, shared


@kernel
def _evaluations(
    packed: Array, x: FloatArray, d: FloatArray, memory: FloatArray, f: FloatArray, q: FloatArray
) -> None:
    for sample in range(len(x)):
        residual(packed, x[sample], d[sample], memory, f[sample], q[sample])
