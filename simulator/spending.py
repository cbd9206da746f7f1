"""What an answer and a training sample take: the phases of some samples, watched and priced.

    latency   when each sample has settled within `.options settletol=` (cost/latency.py), and how long its
              free phase was
    energy    by kind of device and phase, J of each sample (cost/energy.py)

The first samples (Chip.watched: 100, fewer of large sparse chips) are run once more, state by state, with the
noise off: that is the cost at small cost. Phases that training steps through are priced as they are stepped,
from a state of zero. Phases that are settled directly say nothing about time: the same phases are then run in
time, by Heun's method (where nodes have no capacitance the trapezoidal rule) until each sample rests within a
tenth of settletol. A training sample is one free phase and every nudged phase of its estimator.

Nothing is known (NaN) of chips that are settled directly and have no neuron with a time constant, or whose
phases are iterations (solve=discrete); of nudged phases that hold their outputs (chl), of complex ones
(holomorphic), and of rules that are references and no hardware (rbp, bptt).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from eqchip.errors import InputError, SimulationError
from eqchip.netlists.circuit import Circuit
from eqchip.netlists.training import TIMELESS
from eqchip.simulator.chip import Chip, Nudge, Settling, State
from eqchip.simulator.cost.energy import Energy
from eqchip.simulator.cost.latency import Latency
from eqchip.simulator.learning.plan import Plan as Training
from eqchip.simulator.samples import Samples

FloatArray = NDArray[np.float64]

#: Rest over the tolerance of settling; steps after which nothing rests any more.
REST, LIMIT = 0.1, 5000
#: How phases that are settled directly are run in time: the first of these that can.
_SOLVERS = ("heun", "trap")
#: State units from its end within which a sample counts as settled, unless .options says otherwise.
TOLERANCE = 0.01


def tolerance_of(circuit: Circuit) -> float:
    """Return how near its end a sample is settled, in state units."""
    return float(circuit.options.get("settletol", TOLERANCE))


@dataclass(slots=True)
class Spending:
    """What some samples took; an empty array where it is not known."""

    in_time: bool = False  # whether phases that are settled directly were run in time
    settling: FloatArray = field(default_factory=lambda: np.zeros(0))  # (B,) s until each has settled
    lasted: FloatArray = field(default_factory=lambda: np.zeros(0))  # (B,) s of each free phase
    free: dict[str, FloatArray] = field(default_factory=dict)  # (B,) J by kind
    nudged: dict[str, FloatArray] = field(default_factory=dict)
    nudged_phases: int = 0  # of a training sample


def spend(chip: Chip, samples: Samples, plan: Training, trains: bool = True) -> Spending:
    """Return what the first samples take; their nudged phases too if `trains`."""
    tolerance, found = tolerance_of(chip.circuit), Spending()
    found.in_time = plan.free.solve == "equilibrium"
    if plan.free.solve in TIMELESS or (found.in_time and not chip.tau > 0.0) or not len(samples):
        return found
    few = samples[: chip.watched]
    moment, chip.moment = chip.moment, None
    try:
        for solve in _SOLVERS if found.in_time else (plan.free.solve,):
            end = _free(chip, few, _in_time(plan.free, tolerance, solve), tolerance, found)
            if end is not None and trains:
                found.nudged_phases = len(plan.methods()[0].factors)
                found.nudged = _nudged(chip, few, plan, end, _in_time(plan.nudged, tolerance, solve))
            if end is not None:
                break
    finally:
        chip.moment = moment
    return found


def _in_time(settling: Settling, tolerance: float, solve: str) -> Settling:
    """Return how a phase is run in time."""
    if settling.solve != "equilibrium":
        return settling
    return Settling(solve, tol=REST * tolerance, limit=LIMIT)


def _free(chip: Chip, few: Samples, settling: Settling, tolerance: float, found: Spending) -> State | None:
    """Run the free phase; return its end, None where it does not come to one."""
    try:
        end = chip.settle(few.inputs, settling)
    except (SimulationError, InputError):
        if not found.in_time:
            raise  # the same phase was run before
        return None  # explicit steps refuse nodes without capacitance; or it does not come to rest
    latency, energy = Latency(len(few), tolerance), Energy(len(few))
    power = chip.power(few.inputs)
    for state in chip.course(few.inputs, settling):
        at = _times(state)
        latency.add(at, np.max(np.abs(chip.displacement(end, state)), axis=1, initial=0.0))
        energy.add(at, power(state))
    found.settling, found.free, found.lasted = latency.times, energy.kinds, _times(state)
    return end


def _nudged(
    chip: Chip, few: Samples, plan: Training, free: State, settling: Settling
) -> dict[str, FloatArray]:
    """Return the joules of all nudged phases by kind; empty where they are not known."""
    method, rule, _ = plan.methods()
    if rule.signal is None or rule.clamp or method.circle or not method.factors:
        return {}
    anchor = chip.outputs(free) if plan.kind == "frozen" else None
    energy = Energy(len(few))
    for beta in method.betas(plan.beta):
        nudge = Nudge(few.targets, beta, anchor, plan.cost)
        power = chip.power(few.inputs, nudge)
        energy.begin_again()
        try:
            for state in chip.course(few.inputs, settling, nudge, replace(free, seconds=0.0)):
                energy.add(_times(state), power(state))
        except SimulationError:
            return {}
    return energy.kinds


def _times(state: State) -> FloatArray:
    """Return how long each sample has been under way, s."""
    if state.durations is not None:
        return np.asarray(state.durations, dtype=np.float64)
    return np.full(len(state.residual), state.seconds)
