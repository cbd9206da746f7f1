"""What a chip is shown in one continuous waveform: the samples, orders and signs that training would draw.

Order and signs come from the same streams as those of training (trainer.py), one sample a batch, and Δθ is
−(rate/β) times the change of what each device feels, in the same units. So with a rate that goes to zero,
and phases long enough to settle, (θ − θ₀)/rate becomes that of `eqchip train` with batch=1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.errors import InputError
from eqchip.netlists.circuit import Circuit, Nudging, Tran
from eqchip.simulator.analyses.learning_waveform import Lesson, Presentation, learning_waveform
from eqchip.simulator.analyses.moving import Moving, moving_parameters
from eqchip.simulator.analyses.presented import FREE, GAP, NUDGED
from eqchip.simulator.chip import Array, Nudge, State, Weights
from eqchip.simulator.cost.costs import cost
from eqchip.simulator.cost.readout import readout_of
from eqchip.simulator.integrators.plastic import CONTRAST
from eqchip.simulator.learning.acting import check_acting
from eqchip.simulator.learning.methods import estimator, rule
from eqchip.simulator.learning.plan import Plan, plan_for
from eqchip.simulator.moment import Moment
from eqchip.simulator.rows import Column, Rows
from eqchip.simulator.rows import Plan as RowsPlan
from eqchip.simulator.samples import Dataset
from eqchip.simulator.sparse import INPUT_PREFIX
from eqchip.simulator.sparse_form import SparseChip
from eqchip.simulator.streams import stream

FloatArray = NDArray[np.float64]


def waveform_of(circuit: Circuit) -> Tran | None:
    """Return the card of a circuit's learning waveform."""
    return next((one for one in circuit.analyses if isinstance(one, Tran) and one.learn), None)


@dataclass(frozen=True, slots=True)
class Learner:
    """A chip that learns in its waveform."""

    chip: SparseChip
    card: Tran
    lesson: Lesson
    taken: FloatArray  # the parameters as of the last rows that were taken

    def waveform(self) -> Iterator[Rows | RowsPlan]:
        """Run it."""
        return learning_waveform(self.chip.system, self.card, self.lesson)

    def take(self) -> None:
        """Note that all rows so far were taken: an interrupted march may be ahead of them."""
        self.taken[:] = self.lesson.moving.plastic.theta

    def weights(self) -> Weights:
        """Return what was learned up to the last row taken."""
        plastic = self.lesson.moving.plastic
        plastic.graph.values[plastic.spots] = self.taken
        self.chip.take_up()
        return self.chip.parameters()


def learner_of(circuit: Circuit, data: Dataset) -> Learner:
    """Return the chip of a circuit's learning waveform, and what it is to learn."""
    card = waveform_of(circuit)
    assert card is not None  # the caller saw it
    chip = SparseChip(circuit)
    lesson = lesson_of(chip, data)
    return Learner(chip, card, lesson, lesson.moving.plastic.theta.copy())


def lesson_of(chip: SparseChip, data: Dataset) -> Lesson:
    """Return what a chip learns in its waveform; its parameters are brought within their bounds."""
    circuit, system = chip.circuit, chip.system
    assert circuit.protocol is not None  # the netlist was checked
    plan = plan_for(chip)
    check_acting(chip, plan)
    law = rule(plan.rule).law  # the netlist was checked: it is one that moves
    for one in chip.learnables:
        found = system.elements(one.name).instance
        if law == CONTRAST and (found.family.learning is None or found.family.learning.signal is None):
            raise InputError(
                f"{found.name} ({found.family.name}) feels no ∂E/∂θ for rule={plan.rule}",
                found.at,
                expected="rule=vectorfield",
            )
    chip.write(chip.parameters())
    moving = moving_parameters(system, chip.learnables)
    rates = [one.rate * one.measure**2 / chip.scales.energy for one in chip.learnables]
    slots = [system.slots(INPUT_PREFIX + one.bus) for one in circuit.inputs]
    outputs = np.concatenate([one.nodes for one in circuit.outputs])
    return Lesson(
        protocol=circuit.protocol,
        law=law,
        moving=moving,
        inputs=np.concatenate(slots),
        outputs=system.unknown_of_node[outputs],
        presentations=_presentations(chip, data, plan, moving.spread(rates)),
        marks=_Marks(chip, data, plan, outputs),
        columns=_mark_columns(chip, data),
        between=Between(chip, moving, plan.period or circuit.protocol.period) if chip.stores else None,
        attributes={
            "rule": plan.rule,
            "estimator": plan.estimator,
            "beta": plan.beta,
            "free": circuit.protocol.free,
            "nudged": circuit.protocol.nudged,
            "gap": circuit.protocol.gap,
            **({"left_out": list(moving.left_out)} if moving.left_out else {}),
        },
    )


def _presentations(chip: SparseChip, data: Dataset, plan: Plan, rates: FloatArray) -> Iterator[Presentation]:
    """Yield sample after sample, epoch after epoch, without an end."""
    method = estimator(plan.estimator)
    for epoch in count(1):
        order = stream(plan.seed, "order", epoch).permutation(len(data.train))
        signs = stream(plan.seed, "sign", epoch)
        for row in order:
            beta = method.sign(signs) * plan.beta
            moment = Moment(plan.seed, "train", epoch, np.array([row]))
            yield _presentation(chip, data, plan, moment, beta, rates / beta)


def _presentation(
    chip: SparseChip, data: Dataset, plan: Plan, moment: Moment, beta: float, factors: FloatArray
) -> Presentation:
    row = moment.sample
    inputs, targets = data.train.inputs[row : row + 1], data.train.targets[row : row + 1]

    def nudged(free: FloatArray) -> FloatArray:
        anchor = chip.outputs(_state(free)) if plan.kind == "frozen" else None
        return np.asarray(chip.drives(inputs, Nudge(targets, beta, anchor))[0])

    return Presentation(row, np.asarray(chip.drives(inputs)[0]), nudged, factors, targets[0], beta, moment)


class Between:
    """Devices that are not ideal, between the phases of a waveform.

    Each phase reads them anew. What a nudge moved is what is asked of them: it is written, by pulses, when
    the nudge ends, and what they made of it stands in the next gap. So the waveform shows both: the wish,
    as it grows, and the step that comes of it.
    """

    def __init__(self, chip: SparseChip, moving: Moving, period: float) -> None:
        self.chip, self.moving, self.period = chip, moving, period
        self.before: FloatArray | None = None  # θ when the nudge began

    def __call__(self, phase: int, shown: Presentation) -> bool:
        """Let the devices change as a phase begins; return whether θ of the circuit is another now."""
        chip, plastic = self.chip, self.moving.plastic
        if phase == GAP:
            if self.before is not None:
                asked, plastic.graph.values[plastic.spots] = plastic.theta - self.before, self.before
                self.before = None
                chip.change(
                    {
                        one.name: chip.shaped(one.name, asked[where])
                        for one, where in zip(chip.learnables, self.moving.ranges, strict=True)
                    }
                )
                chip.elapse(self.period)
            chip.moment = shown.moment
        chip.enter({GAP: "gap", FREE: "free", NUDGED: f"{shown.beta:g}"}[phase])
        if phase == NUDGED:
            self.before = plastic.graph.values[plastic.spots]
        return phase == GAP or chip.fluctuates


def _state(x: FloatArray) -> State:
    return State(x[None], np.zeros(1), np.zeros(1, np.int64), np.zeros(1, np.bool_))


class _Marks:
    """What is said of the outputs along the way: their cost, whether the answer is wrong, their targets."""

    def __init__(self, chip: SparseChip, data: Dataset, plan: Plan, outputs: NDArray[np.int64]) -> None:
        self.cost, self.readout = cost(plan.cost), readout_of(chip.circuit, data)
        self.vunit = chip.scales.vunit[outputs]
        self.buses = [(one, _width(chip.circuit, one), chip.scales.vunit) for one in chip.circuit.nudges]

    def __call__(self, volts: FloatArray, targets: Array) -> Mapping[str, FloatArray]:
        outputs, wanted = volts / self.vunit, np.tile(targets, (len(volts), 1))
        found: dict[str, Any] = {"cost": self.cost.losses(self.readout.values(outputs), wanted)}
        wrong = self.readout.wrong(outputs, wanted)
        if wrong is not None:
            found["wrong"] = wrong.astype(np.float64)
        begin = 0
        for one, width, vunit in self.buses:
            step = len(one.nodes) // width
            found[f"target({one.bus.lower()})"] = wanted[:, begin : begin + width] * vunit[one.nodes[::step]]
            begin += width
        return found


def _mark_columns(chip: SparseChip, data: Dataset) -> tuple[Column, ...]:
    columns = [Column("cost", "")]
    circuit = chip.circuit
    if any(one.decode != "linear" for one in circuit.outputs):
        columns.append(Column("wrong", ""))
    for one in circuit.nudges:
        width = _width(circuit, one)
        nodes = one.nodes[:: len(one.nodes) // width]
        labels = tuple(circuit.nodes[node].lower() for node in nodes)
        columns.append(Column(f"target({one.bus.lower()})", "V", width, labels))
    return tuple(columns)


def _width(circuit: Circuit, nudging: Nudging) -> int:
    """Return how many targets a nudged bus has: one for each output, or each pair of outputs."""
    paired = any(one.pairs and np.all(np.isin(nudging.nodes, one.nodes)) for one in circuit.outputs)
    return len(nudging.nodes) // 2 if paired else len(nudging.nodes)
