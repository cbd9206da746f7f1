"""Block descent: groups of one colour in turn, each node solved exactly at the drive of the others.

For a chip with an energy every such solve takes the energy down, whatever the weights: nothing has to be
damped. Without one the same sweeps are a fixed-point iteration that converges where the coupling is weak
enough. A group that is coupled to itself is swept node by node. Sweeps are accelerated by `momentum`, which
falls back to ordinary ones, sample by sample. Samples are done at residuals of their own; they leave the
batch when enough are. Where sweeps are slow, or do not converge, `pseudo_transient` takes over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.errors import SimulationError
from eqchip.simulator.equilibrium import narrow, pseudo_transient
from eqchip.simulator.equilibrium.sweeps import Sweeps
from eqchip.simulator.phase import Phase

Array = NDArray[Any]

#: Sweeps at least until progress is looked at; and sweeps per free node that cost what implicit steps cost.
LOOK, DEAR = 20, 4.0
#: Share of a batch that goes on, below which the others are taken out: copying costs about a sweep.
CROWD = 0.7
#: Residual, in state units, of a state that grows without end.
LOST = 1e9


@dataclass(slots=True)
class Settled:
    """Where a batch ended; states by group."""

    states: list[Array]
    residual: NDArray[np.float64]
    iterations: NDArray[np.int64]
    settled: NDArray[np.bool_]


def settle(phase: Phase, states: list[Array], tol: float, limit: int, follow: bool = False) -> Settled:
    """Settle a batch from `states` (not changed) to residuals of `tol`, or of rounding where that is more.

    With `follow` the states are on a branch that is not to be left: momentum is cautious.
    """
    order = narrow.groups(phase)
    if order is None:
        return _settle(phase, states, tol, limit, follow)
    most = min(limit, max(LOOK, sum(phase.wiring.nodes[g].size for g in order)))
    ended = [state.copy() for state in states]
    cautious = follow or not phase.wiring.reciprocal
    done = Settled(ended, *narrow.settle(phase, ended, order, tol, most, cautious))
    if not np.all(done.settled):
        rows = np.flatnonzero(~done.settled)
        rest = _settle(phase.take(rows), [state[rows] for state in ended], tol, limit, follow, most)
        _keep(done, rows, rest.states, rest.residual, 0, rest.settled)
        done.iterations[rows] = rest.iterations
    return done


def _settle(
    phase: Phase, states: list[Array], tol: float, limit: int, follow: bool, taken: int = 0
) -> Settled:
    """Settle a batch that has had some sweeps already."""
    wiring = phase.wiring
    done = Settled(
        [np.empty_like(state) for state in states],
        np.full(phase.samples, np.inf),
        np.zeros(phase.samples, np.int64),
        np.zeros(phase.samples, np.bool_),
    )
    active = np.arange(phase.samples)  # rows of `done` that the sweeps have
    going = np.ones(phase.samples, np.bool_)  # which of these are not done
    sweeps = Sweeps(phase, states, follow)
    earlier = np.full(phase.samples, np.inf)
    size = sum(wiring.nodes[g].size for g in wiring.free)
    look = max(LOOK, size)  # sweeps until progress is looked at; doubles where implicit steps were of no help
    since = 0
    for sweep in range(taken, limit + 1):
        residual, floor = sweeps.look()
        if not np.all(np.isfinite(residual)):
            break
        if sweep > taken and np.any(going & (residual <= np.maximum(tol, floor))):
            if not sweeps.exact:
                residual, floor = sweeps.phase.residual(sweeps.states)
            finished = going & (residual <= np.maximum(tol, floor))
            _keep(done, active, sweeps.states, residual, sweep, finished)
            going &= ~finished
        if since == look:
            slow = going & (_remaining(residual, earlier, look, np.maximum(tol, floor)) > DEAR * size)
            earlier, since = residual, 0
            helped = np.any(slow) and _hand_over(done, sweeps, active, slow, sweep, tol, limit)
            look = look if helped or not np.any(slow) else 2 * look
            going &= ~done.settled[active]
        if not np.any(going):
            return done
        if sweep == limit:
            break
        if np.count_nonzero(going) < CROWD * len(going):
            rows = np.flatnonzero(going)
            sweeps.take(rows)
            active, going, earlier, residual = active[rows], going[rows], earlier[rows], residual[rows]
        sweeps.advance(residual)
        since += 1
    rows = np.flatnonzero(going)
    left = [state[rows] for state in sweeps.states]
    raise _failure(sweeps.phase.take(rows), left, limit, wiring.reciprocal)


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
    sweeps: Sweeps,
    active: Array,
    slow: Array,
    sweep: int,
    tol: float,
    limit: int,
) -> bool:
    """Let implicit steps finish the slow samples, from where they stand; return whether any sample did."""
    rows = np.flatnonzero(slow)
    begin = [state[rows] for state in sweeps.states]
    found = pseudo_transient.settle(sweeps.phase.take(rows), begin, tol, limit)
    if found is None:
        return False
    ended, residual, iterations, settled = found
    _keep(done, active[rows], ended, residual, sweep, settled)
    done.iterations[active[rows[settled]]] += iterations[settled]
    return bool(np.any(settled))


def _failure(phase: Phase, states: list[Array], limit: int, reciprocal: bool) -> SimulationError:
    residual, _ = phase.residual(states)
    if not np.all(residual < LOST):
        return SimulationError(
            "the chip has no equilibrium: states ran away", advice="smaller weights, or a smaller rate"
        )
    advice = (
        "a larger tol" if reciprocal else "smaller weights (it may oscillate), drive=energy, or solve=euler"
    )
    return SimulationError(
        f"{len(residual)} samples did not settle in {limit} sweeps; the largest |dv/dt|·τ left is "
        f"{float(np.max(residual)):.3g} state units, in {phase.worst(states)}",
        advice=advice,
    )
