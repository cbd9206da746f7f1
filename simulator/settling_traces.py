"""How a few samples settle, free and nudged: what goes to `settling/` of a training's file.

One row is one state of one sample on its way: `trained` (0 before the training, 1 after it), `sample`,
`phase` (1 free, 2 nudged), `nudge` (its β), `step`, `time` since the free phase began (NaN where time is not
stepped), `residual` (largest |dv/dt|·τ; NaN where it was not worked out) and the voltages of buses.
Of a bus with more than 16 nodes, 16 from all along are kept. Long phases are thinned out.

Where phases are settled directly, time is stepped here all the same, by Euler's method with a quarter of the
smallest time constant: it shows how the circuit would go; β, θ and inputs are those of the training.

Limits: a rule that clamps outputs, or that has no nudged phase, shows what its phases are; complex phases
(holomorphic) are left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from eqchip.simulator.chip import Chip, Nudge, Settling, State
from eqchip.simulator.learning.plan import Plan as Training
from eqchip.simulator.rows import Column, Plan, Rows
from eqchip.simulator.samples import Samples

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Samples that are followed, nodes of a bus, states of a phase.
SAMPLES, NODES, STATES = 3, 16, 400
#: How phases that are settled directly are shown: steps of the free one, of the nudged one, and their length.
_FREE_STEPS, _NUDGED_STEPS, _EPS = 60, 30, 0.25
_NO_LENGTH = 1e-12
_OWN = (
    Column("trained", ""),
    Column("sample", ""),
    Column("phase", ""),
    Column("nudge", ""),
    Column("step", ""),
    Column("time", "s"),
    Column("residual", ""),
)


@dataclass(frozen=True, slots=True)
class Followed:
    """Which nodes are followed, by the column they go to."""

    columns: tuple[Column, ...]
    kept: dict[str, IntArray]

    @property
    def plan(self) -> Plan:
        """What `settling/` holds."""
        return Plan("settling", Column("row", ""), (*_OWN, *self.columns))


def followed(chip: Chip) -> Followed:
    """Choose the nodes of every free bus, or all nodes where there are no buses."""
    circuit = chip.circuit
    clamped = np.concatenate([np.atleast_1d(one.nodes) for one in circuit.inputs] or [np.zeros(0, np.int64)])
    columns, kept = [], {}
    for name, nodes in circuit.buses.items():
        if name in circuit.inner or np.all(np.isin(nodes, clamped)):
            continue
        count = len(nodes)
        places = np.unique(np.linspace(0, count - 1, min(count, NODES)).astype(np.int64))
        labels = tuple(circuit.nodes[int(nodes[k])] for k in places)
        column = f"v({name.lower()})"
        columns.append(Column(column, "V", len(places), labels))
        kept[column] = places
    return Followed(tuple(columns), kept)


def settle_visibly(
    chip: Chip, samples: Samples, plan: Training, chosen: Followed, trained: bool, row: int
) -> Rows:
    """Return the free and the nudged phases of the first samples, rows numbered from `row`."""
    few = samples[:SAMPLES]
    parts = list(_phases(chip, few, plan))
    blocks = []
    for sample in range(len(few)):
        begin = 0.0
        for number, beta, states in parts:
            blocks.append(_block(chip, states, chosen, sample, float(trained), number, beta, begin))
            begin += states[-1].seconds
    values = {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}
    return Rows(row + np.arange(len(values["step"]), dtype=np.float64), values)


def _phases(chip: Chip, few: Samples, plan: Training) -> Iterator[tuple[float, float, list[State]]]:
    """Yield phase number, β and states of the free phase and the first nudged one."""
    free = _course(chip, few, plan.free, _FREE_STEPS)
    yield 1.0, 0.0, free
    method, rule, _ = plan.methods()
    if rule.clamp:
        nudge = Nudge(few.targets, cost=plan.cost, clamp=True)
    elif rule.signal is None or method.circle or not method.factors:
        return
    else:
        anchor = chip.outputs(free[-1]) if plan.kind == "frozen" else None
        nudge = Nudge(few.targets, method.betas(plan.beta)[0], anchor, plan.cost)
    beta = math.inf if nudge.clamp else nudge.beta
    yield 2.0, beta, _course(chip, few, plan.nudged, _NUDGED_STEPS, nudge, free[-1])


def _course(
    chip: Chip,
    few: Samples,
    settling: Settling,
    steps: int,
    nudge: Nudge | None = None,
    start: State | None = None,
) -> list[State]:
    """Return the states of a phase, some of them when there are many."""
    stepped = settling.steps > 0 or settling.seconds > 0.0
    if not stepped and math.isfinite(chip.tau) and chip.tau > 0.0 and not (nudge and nudge.clamp):
        slowly = Settling("euler", tol=settling.tol, steps=steps, eps=_EPS)
        states = _thin(chip.course(few.inputs, slowly, nudge, start))
        if all(np.all(np.isfinite(one)) for one in chip.voltages(states[-1]).values()):
            return _measured(chip, few, states, nudge)
    return _measured(chip, few, _thin(chip.course(few.inputs, settling, nudge, start)), nudge)


def _measured(chip: Chip, few: Samples, states: list[State], nudge: Nudge | None) -> list[State]:
    """Return the states with what is left in each, where a course does not say: after a step of no length."""
    if not (math.isfinite(chip.tau) and chip.tau > 0.0) or (nudge is not None and nudge.clamp):
        return states
    probe = Settling("euler", steps=1, eps=_NO_LENGTH)
    return [
        replace(one, residual=chip.settle(few.inputs, probe, nudge, one).residual)
        if np.any(np.isnan(one.residual))
        else one
        for one in states
    ]


def _thin(states: Iterator[State]) -> list[State]:
    """Keep at most 2·STATES of a phase, evenly, and its last."""
    kept: list[State] = []
    every, last = 1, None
    for number, state in enumerate(states):
        last = state
        if number % every == 0:
            kept.append(state)
        if len(kept) >= 2 * STATES:
            kept, every = kept[::2], 2 * every
    assert last is not None  # a course has a beginning
    if kept[-1] is not last:
        kept.append(last)
    return kept


def _block(
    chip: Chip,
    states: list[State],
    chosen: Followed,
    sample: int,
    trained: float,
    phase: float,
    beta: float,
    begin: float,
) -> dict[str, FloatArray]:
    """Return the rows of one sample in one phase."""
    count = len(states)
    found = {
        "trained": np.full(count, trained),
        "sample": np.full(count, float(sample)),
        "phase": np.full(count, phase),
        "nudge": np.full(count, beta),
        "step": np.arange(count, dtype=np.float64),
        "time": begin + np.array([state.seconds for state in states]),
        "residual": np.array([float(state.residual[sample]) for state in states]),
    }
    volts = [chip.voltages(state) for state in states]
    for name, places in chosen.kept.items():
        found[name] = np.array([one[name][sample][places] for one in volts])
    return found
