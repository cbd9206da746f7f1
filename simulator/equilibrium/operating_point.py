"""Operating points: where every current sums to zero, for one set of drives or for a whole batch.

Plain Newton first. Samples where that fails get a shunt from every node to ground that is then taken away
(gmin stepping); where that fails too, all sources are switched on little by little (source stepping). What
still fails is an error that names the nodes which moved last.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eqchip.entries import unpack
from eqchip.errors import SimulationError
from eqchip.kernels import kernel
from eqchip.simulator.equilibrium.bench import ITERATIONS, LAST_STEP, REPIVOT, VIOLATION, Bench, Control
from eqchip.simulator.equilibrium.newton import newton
from eqchip.simulator.equilibrium.solver import NO_NUMBER, NotFinite, Solver, solver_of
from eqchip.simulator.network import offset
from eqchip.simulator.outcome import Outcome
from eqchip.simulator.system import System, padded

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

CONTROL = Control(limit=100, relative=1e-8, volts=1e-10, amperes=1e-14, leak=1e-12, reuse=False, verify=True)
#: gmin stepping begins with this shunt and ends below the second, S.
GMIN_START, GMIN_STOP = 1e-2, 1e-13
#: Source stepping gives up when a step gets smaller than this part of the sources.
SMALLEST_SOURCE_STEP = 1e-4
#: Conductance, S, with which .ic and .nodeset hold a node.
HOLD = 1e6


@dataclass(slots=True)
class Equilibria:
    """Solutions of a batch. `x` (B, unknowns); `violation` is the worst current in A that a node misses."""

    x: FloatArray
    violation: FloatArray  # (B,)
    iterations: IntArray  # (B,)
    outcomes: IntArray  # (B,) of Outcome
    attempts: list[str]  # beyond plain Newton, what was tried


@kernel
def settle_batch(
    packed: IntArray,
    x: FloatArray,
    d: FloatArray,
    memory: FloatArray,
    pull: FloatArray,
    share: float,
    follow: bool,
    first: int,
    found: FloatArray,
) -> int:
    """Solve sample after sample; return how many are done: fewer than there are when a pivot failed.

    `found` (B, 4): outcome, iterations, violation, last step over its tolerance. With `follow`, a sample
    starts where the one before ended. `share` scales what the sources add; `pull` is added as it is.
    """
    bench = unpack(packed, Bench)
    network = bench.network
    b = np.empty(network.size + 1)
    q = np.empty(network.size + 1)
    for sample in range(first, len(x)):
        if follow and sample > 0:
            for i in range(network.size):
                x[sample, i] = x[sample - 1, i]
            for k in range(memory.shape[1]):
                memory[sample, k] = memory[sample - 1, k]
        offset(network, d[sample], bench.at, b, q)
        for i in range(network.size):
            b[i] = share * b[i] + pull[i]
        code = newton(packed, bench.newton, x[sample], d[sample], memory[sample], b)
        found[sample, 0] = code
        found[sample, 1] = bench.ws.found[ITERATIONS]
        found[sample, 2] = bench.ws.found[VIOLATION]
        found[sample, 3] = bench.ws.found[LAST_STEP]
        if code == REPIVOT:
            return sample
    return len(x)


@dataclass(slots=True)
class _Batch:
    """A batch on its way: states with ground at the end, drives, junction memories, results."""

    x: FloatArray
    d: FloatArray
    memory: FloatArray
    found: FloatArray


def _run(solver: Solver, batch: _Batch, pull: FloatArray, share: float = 1.0, follow: bool = False) -> None:
    """Run the kernel over a batch; a failed pivot gets a new order, twice in a row is the end of a sample."""
    first, again = 0, 0
    while first < len(batch.x):
        start = batch.x[first].copy()
        stopped = settle_batch(
            solver.packed,
            batch.x,
            batch.d,
            batch.memory,
            pull,
            share,
            follow,
            first,
            batch.found,
        )
        if stopped == len(batch.x):
            return
        again = again + 1 if stopped == first else 1
        if again > 3:
            batch.found[stopped, 0] = Outcome.SINGULAR
            first, again = stopped + 1, 0
            continue
        if not np.all(np.isfinite(batch.x[stopped])):
            batch.x[stopped] = start if stopped == first else 0.0
            batch.memory[stopped] = np.nan
        first = stopped
        try:
            solver.repivot(batch.x[stopped], batch.d[stopped])
        except NotFinite:
            batch.found[stopped, 0] = Outcome.NOT_FINITE
            first, again = stopped + 1, 0


def _slice(batch: _Batch, k: int) -> _Batch:
    return _Batch(batch.x[k : k + 1], batch.d[k : k + 1], batch.memory[k : k + 1], batch.found[k : k + 1])


def _gmin_stepping(solver: Solver, one: _Batch, pull: FloatArray, shunt: FloatArray) -> bool:
    """Take a shunt at every node away little by little; whether it led to a solution."""
    nodes = solver.system.network.nodes
    one.x[:] = 0.0
    one.memory[:] = np.nan
    gmin, factor = GMIN_START, 10.0
    kept_x, kept_memory = one.x.copy(), one.memory.copy()
    while True:
        total = np.zeros(solver.system.size)
        total[:nodes] = gmin
        solver.prepare(one.x[0], one.d[0], CONTROL, 0.0, total + shunt if len(shunt) else total)
        _run(solver, one, pull)
        if one.found[0, 0] == Outcome.DONE:
            if gmin <= GMIN_STOP:
                break
            kept_x, kept_memory = one.x.copy(), one.memory.copy()
            gmin /= factor
            factor = min(factor * factor**0.5, 10.0)
        else:
            if gmin == GMIN_START or factor < 1.0001:
                break
            one.x[:], one.memory[:] = kept_x, kept_memory
            gmin *= factor
            factor **= 0.25
            gmin /= factor
    solver.prepare(one.x[0], one.d[0], CONTROL, 0.0, shunt if len(shunt) else None)
    if one.found[0, 0] == Outcome.DONE:
        _run(solver, one, pull)
    return bool(one.found[0, 0] == Outcome.DONE)


def _source_stepping(solver: Solver, one: _Batch, pull: FloatArray) -> tuple[bool, float]:
    """Switch the sources on little by little; whether it led to a solution, and how far it came."""
    one.x[:] = 0.0
    one.memory[:] = np.nan
    reached, step = 0.0, 0.1
    _run(solver, one, pull, 0.0)
    if one.found[0, 0] != Outcome.DONE:
        return False, 0.0
    while reached < 1.0:
        kept_x, kept_memory = one.x.copy(), one.memory.copy()
        share = min(1.0, reached + step)
        _run(solver, one, pull, share)
        if one.found[0, 0] == Outcome.DONE:
            reached = share
            step *= 1.5
        else:
            one.x[:], one.memory[:] = kept_x, kept_memory
            step /= 4.0
            if step < SMALLEST_SOURCE_STEP:
                return False, reached
    return True, 1.0


def equilibria(
    system: System,
    drives: FloatArray,
    start: FloatArray | None = None,
    *,
    follow: bool = False,
    holds: dict[int, float] | None = None,
    check: bool = True,
) -> Equilibria:
    """Find the equilibrium of each row of `drives` (B, drives).

    `start` (B, unknowns) says where to begin; `follow` lets each sample begin where the one before ended.
    `holds` ties unknowns to voltages (.ic). With `check` a failure raises the SimulationError that explains
    it; without, it is left in `outcomes`.
    """
    solver = solver_of(system)
    drives = np.ascontiguousarray(drives, dtype=np.float64)
    count = len(drives)
    x = np.zeros((count, system.size + 1)) if start is None else padded(start[:, : system.size])
    batch = _Batch(x, drives, system.fresh_memory(count), np.zeros((count, 4)))
    pull = np.zeros(system.size)
    shunt = np.zeros(0)
    if holds:
        shunt = np.zeros(system.size)
        for unknown, volts in holds.items():
            shunt[unknown] = HOLD
            pull[unknown] = -HOLD * volts
    attempts: list[str] = []
    if count:
        solver.prepare(batch.x[0], drives[0], CONTROL, 0.0, shunt if holds else None)
        _run(solver, batch, pull, follow=follow)
    for k in np.flatnonzero(batch.found[:, 0] != Outcome.DONE):
        _rescue(solver, batch, int(k), pull, shunt, attempts, check)
    if holds:
        solver.prepare(batch.x[0], drives[0], CONTROL)
    return Equilibria(
        batch.x[:, :-1].copy(),
        batch.found[:, 2].copy(),
        batch.found[:, 1].astype(np.int64),
        batch.found[:, 0].astype(np.int64),
        attempts,
    )


def implicit_point(
    solver: Solver, drives: FloatArray, start: FloatArray, charge: FloatArray, step: float
) -> FloatArray:
    """Solve f(x) + (q(x) − charge)/step = 0, one step of backward Euler, from `start` (unknowns)."""
    alpha = 1.0 / step
    # Over next to no time even the rounding of a charge is a current: it counts by what it would move.
    control = CONTROL._replace(leak=np.inf)
    batch = _Batch(padded(start[None]), drives[None], solver.system.fresh_memory(1), np.zeros((1, 4)))
    solver.prepare(batch.x[0], drives, control, alpha)
    _run(solver, batch, -alpha * charge[: solver.system.size])
    if batch.found[0, 0] != Outcome.DONE:
        raise SimulationError(
            "no state fits the initial conditions", advice=Outcome(int(batch.found[0, 0])).advice, time=0.0
        )
    return batch.x[0, :-1].copy()


def _rescue(
    solver: Solver,
    batch: _Batch,
    k: int,
    pull: FloatArray,
    shunt: FloatArray,
    attempts: list[str],
    check: bool,
) -> None:
    """Try again where plain Newton failed."""
    one = _slice(batch, k)
    moved = one.x.copy()
    spent = int(one.found[0, 1])
    tried = [f"Newton ({spent} iterations)"]
    if _gmin_stepping(solver, one, pull, shunt):
        attempts.append("gmin stepping")
        return
    tried.append("gmin stepping")
    done, reached = _source_stepping(solver, one, pull)
    if done:
        attempts.append("source stepping")
        return
    tried.append(f"source stepping (to {100.0 * reached:.3g} % of the sources)")
    if check:
        raise _failure(solver, one, moved, tried)


def _failure(solver: Solver, one: _Batch, moved: FloatArray, tried: list[str]) -> SimulationError:
    """Return the error that says where and why no equilibrium was found."""
    system = solver.system
    said = "no operating point found: " + ", ".join(tried)
    if names := solver.not_finite():
        return SimulationError(f"{said}; {NO_NUMBER}", advice=Outcome.NOT_FINITE.advice, nodes=names)
    f = solver.residual(np.nan_to_num(moved[0, :-1]), one.d[0])
    nodes = system.network.nodes
    worst = [int(i) for i in np.argsort(-np.abs(f), kind="stable")[:3] if f[i]]
    return SimulationError(
        said,
        advice=Outcome.NOT_CONVERGED.advice,
        nodes=[
            f"{system.names[i]} (misses Kirchhoff's law by {abs(f[i]):.3g} {'A' if i < nodes else 'V'})"
            for i in worst
        ],
    )
