"""Block descent: groups of one colour in turn, each node solved exactly at the drive of the others.

For a chip with an energy every such solve takes the energy down, whatever the weights: nothing has to be
damped. Without one the same sweeps are a fixed-point iteration that converges where the coupling is weak
enough. A group that is coupled to itself is swept node by node. Samples whose residual is small enough
leave the batch. Where sweeps are slow, or do not converge, `pseudo_transient` takes over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.errors import SimulationError
from eqchip.simulator.equilibrium import pseudo_transient
from eqchip.simulator.equilibrium.node_by_node import descend
from eqchip.simulator.node_kernels import solve
from eqchip.simulator.phase import Phase

Array = NDArray[Any]

#: Sweeps at least until progress is looked at; and sweeps per free node that cost what implicit steps cost.
LOOK, DEAR = 20, 4.0


@dataclass(slots=True)
class Settled:
    """Where a batch ended; states by group."""

    states: list[Array]
    residual: NDArray[np.float64]
    iterations: NDArray[np.int64]
    settled: NDArray[np.bool_]


def settle(phase: Phase, states: list[Array], tol: float, limit: int) -> Settled:
    """Settle a batch from `states` (not changed) to residuals of `tol`, or of rounding where that is more."""
    wiring = phase.wiring
    done = Settled(
        [state.copy() for state in states],
        np.full(phase.samples, np.inf),
        np.zeros(phase.samples, np.int64),
        np.zeros(phase.samples, np.bool_),
    )
    active = np.arange(phase.samples)
    states = [state.copy() for state in states]
    rho = phase.activities(states)
    loops = {
        g: np.ascontiguousarray(block.T, dtype=wiring.dtype)
        for g in wiring.free
        if (block := wiring.block(g, g)) is not None
    }
    earlier = np.full(phase.samples, np.inf)
    size = sum(wiring.nodes[g].size for g in wiring.free)
    look = max(LOOK, size)  # sweeps until progress is looked at; doubles where implicit steps were of no help
    since = 0
    for sweep in range(1, limit + 1):
        first = _sweep(phase, states, rho, loops)
        near = first <= max(tol, 0.0)
        if not np.all(np.isfinite(first)):
            break
        since += 1
        if np.any(near) or since == look:
            residual, floor = phase.residual(states)
            finished = residual <= np.maximum(tol, floor)
            _keep(done, active, states, residual, sweep, finished)
            if np.all(finished):
                return done
            if np.any(finished):
                rows = np.flatnonzero(~finished)
                phase, active = phase.take(rows), active[rows]
                states = [state[rows] for state in states]
                rho, residual, earlier = phase.activities(states), residual[rows], earlier[rows]
            if since == look:
                slow = _remaining(residual, earlier, look, np.maximum(tol, floor[~finished])) > DEAR * size
                earlier, since = residual, 0
                helped = np.any(slow) and _hand_over(done, phase, active, states, slow, sweep, tol, limit)
                look = look if helped or not np.any(slow) else 2 * look
                if helped:
                    rows = np.flatnonzero(~done.settled[active])
                    if not len(rows):
                        return done
                    phase, active, earlier = phase.take(rows), active[rows], earlier[rows]
                    states = [state[rows] for state in states]
                    rho = phase.activities(states)
    raise _failure(phase, states, limit, wiring.reciprocal)


def _sweep(phase: Phase, states: list[Array], rho: list[Array], loops: dict[int, Array]) -> Array:
    """Solve every group once; return the largest |τ ds/dt| that the first colour had before."""
    wiring = phase.wiring
    residual, floor = np.zeros(phase.samples), np.zeros(phase.samples)
    for number, colour in enumerate(wiring.colours):
        for group in colour:
            nodes = wiring.nodes[group]
            state = states[group]
            drive = phase.drive(group, rho, np.empty_like(state))
            if number == 0:
                phase.add_residual(group, drive, state, residual, floor)
            a, k = phase.a[group], phase.k[group]
            if group in loops:
                descend(nodes.law, a, k, drive, loops[group], state, rho[group], nodes.exact)
            else:
                solve(nodes.law, a, k, drive, state, rho[group], nodes.exact)
    return np.where(residual <= floor, 0.0, residual)


def _remaining(residual: Array, earlier: Array, sweeps: int, target: Array) -> Array:
    """Return how many sweeps more it takes if residuals go on falling as they did over the last ones."""
    with np.errstate(divide="ignore", invalid="ignore"):
        fall = np.log(residual / earlier) / sweeps
        return np.where(fall < 0.0, np.log(target / residual) / fall, np.inf)


def _keep(
    done: Settled, active: Array, states: list[Array], residual: Array, sweep: int, which: Array
) -> None:
    """Note where samples stand that are finished."""
    rows = active[which]
    for kept, state in zip(done.states, states, strict=True):
        kept[rows] = state[which]
    done.residual[rows] = residual[which]
    done.iterations[rows] = sweep
    done.settled[rows] = True


def _hand_over(
    done: Settled,
    phase: Phase,
    active: Array,
    states: list[Array],
    slow: Array,
    sweep: int,
    tol: float,
    limit: int,
) -> bool:
    """Let implicit steps finish the slow samples, from where they stand; return whether any sample did."""
    rows = np.flatnonzero(slow)
    found = pseudo_transient.settle(phase.take(rows), [state[rows] for state in states], tol, limit)
    if found is None:
        return False
    ended, residual, iterations, settled = found
    _keep(done, active[rows], ended, residual, sweep, settled)
    done.iterations[active[rows[settled]]] += iterations[settled]
    return bool(np.any(settled))


def _failure(phase: Phase, states: list[Array], limit: int, reciprocal: bool) -> SimulationError:
    if not all(np.all(np.isfinite(states[g])) for g in phase.wiring.free):
        return SimulationError(
            "the chip has no equilibrium: states ran away", advice="smaller weights, or a smaller rate"
        )
    residual, _ = phase.residual(states)
    advice = (
        "a larger tol" if reciprocal else "smaller weights (it may oscillate), drive=energy, or solve=euler"
    )
    return SimulationError(
        f"{len(residual)} samples did not settle in {limit} sweeps; the largest |dv/dt|·τ left is "
        f"{float(np.max(residual)):.3g} state units, in {phase.worst(states)}",
        advice=advice,
    )
