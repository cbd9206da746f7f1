"""train and evaluate: generators of results; no file is opened and nothing is printed here.

    for each epoch: draw the order of samples
        for each batch:
            estimate of dLoss/dθ (free phase, nudged phases, local signals; batch means)
            velocity ← momentum·velocity + estimate + decay·θ
            ask the devices for −rate·velocity, within bounds; the rate as the schedule has it in this epoch
            let the time of the batch pass

Order and signs come from streams keyed by the seed and the epoch, so a resumed run goes on to the same bits.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator

import numpy as np

from eqchip.errors import InputError
from eqchip.simulator.chip import Array, Chip, State, Weights
from eqchip.simulator.cost.confusion import confusion
from eqchip.simulator.cost.decoding import Readout, Several
from eqchip.simulator.cost.readout import readout_of
from eqchip.simulator.learning.acting import check_acting, check_aging
from eqchip.simulator.learning.epoch import Epoch, Evaluation, PhaseReport, TrainState, latency
from eqchip.simulator.learning.estimate import Estimate, estimate, settle_free
from eqchip.simulator.learning.particles import Particles, copied
from eqchip.simulator.learning.plan import Plan
from eqchip.simulator.moment import Moment
from eqchip.simulator.samples import Dataset, Samples
from eqchip.simulator.streams import stream

#: Samples settled together in a test; only what devices read with noise depends on it: once a batch.
TEST_BATCH = 256


def train(
    chip: Chip,
    data: Dataset,
    plan: Plan,
    state: TrainState | None = None,
    tick: Callable[[int], None] | None = None,
) -> Iterator[Epoch]:
    """Train `chip` in place and yield each epoch as it ends, from the epoch after `state` on.

    `tick` is called after every batch with the number of samples passed in this epoch.
    """
    if not chip.learnables:
        raise InputError("there is nothing to train: no .learn card", expected=".learn ARRAY|NEURONS rate=")
    check_acting(chip, plan)
    check_aging(chip, plan)
    readout = readout_of(chip.circuit, data)
    done = 0
    bounded = {one.name for one in chip.learnables if np.isfinite(one.low) or np.isfinite(one.high)}
    if bounded:  # what was drawn or given beyond its bounds is brought within
        chip.write({name: value for name, value in chip.parameters().items() if name in bounded})
    velocity: Weights = {}
    plainly = not any(one.momentum or one.decay for one in chip.learnables)
    inputs = data.train.inputs.astype(chip.dtype, copy=False)
    particles = Particles(len(data.train))
    if state is not None:
        done = state.epoch
        chip.write(state.parameters)
        chip.restore(state.condition)
        velocity = {name: np.array(value) for name, value in state.momentum.items()}
        particles.store = copied(state.particles)  # a state can be gone on from more than once
    for number in range(done + 1, plan.epochs + 1):
        started = time.perf_counter()
        tally = Tally(plan, readout)
        order = stream(plan.seed, "order", number).permutation(len(data.train))
        signs, share = stream(plan.seed, "sign", number), plan.share(number)
        method = plan.methods()[0]
        for first in range(0, len(order), plan.batch):
            rows = order[first : first + plan.batch]
            targets = data.train.targets[rows]
            chip.moment = Moment(plan.seed, "train", number, rows)
            begin = particles.recall(rows) if plan.persistent else None
            sign = method.sign(signs)
            found = estimate(chip, inputs[rows], targets, plan, sign, begin, share, plainly)
            if plan.persistent:
                particles.keep(rows, found.free)
            tally.add(found, targets)
            if found.ends is not None:
                first_end, second_end, distance = found.ends
                factors = {one.name: share * one.rate / distance for one in chip.learnables}
                chip.descend_contrast(first_end, second_end, factors)
            elif found.moved is not None:
                chip.write(found.moved)
            else:
                chip.change(requests(chip, found.values, velocity, share))
            chip.elapse(len(rows) * _seconds(plan, found))
            if tick is not None:
                tick(first + len(rows))
        tally.sum()
        chip.moment = None
        seconds = time.perf_counter() - started
        test = evaluate(chip, data.test, plan, readout, purpose="test", epoch=number)
        valid = None
        if data.valid is not None:
            valid = evaluate(chip, data.valid, plan, readout, purpose="valid", epoch=number)
        yield Epoch(
            number,
            len(order),
            tally.error(),
            tally.loss(),
            test.error,
            test.loss,
            valid.error if valid else None,
            valid.loss if valid else None,
            seconds,
            len(order) / seconds,
            latency(tally.phases["free"]),
            tally.phases,
            TrainState(
                number,
                chip.parameters(),
                dict(velocity),
                particles.store if plan.persistent else None,
                chip.condition(),
            ),
            test,
        )


def requests(chip: Chip, estimates: Weights, velocity: Weights, share: float = 1.0) -> Weights:
    """Return the changes of θ to ask for, at a share of the rates; bring `velocity` up to date in place."""
    asked = Weights()
    values = chip.parameters() if any(one.decay for one in chip.learnables) else {}
    for one in chip.learnables:
        step = estimates[one.name]
        if one.decay:
            step = step + one.decay * values[one.name] / one.measure
        if one.momentum:
            step = velocity[one.name] = one.momentum * velocity.get(one.name, 0.0) + step
        asked[one.name] = -(share * one.rate * one.measure * step)
    return asked


def _seconds(plan: Plan, found: Estimate) -> float:
    """Return how long a sample takes: its period, or that of its phases where time was stepped."""
    if plan.period:
        return plan.period
    lasted = [state.seconds for state in (found.free, *found.nudged)]
    return sum(lasted) if all(math.isfinite(one) for one in lasted) else 0.0


def evaluate(
    chip: Chip,
    samples: Samples,
    plan: Plan,
    readout: Readout | Several,
    tick: Callable[[int], None] | None = None,
    purpose: str = "evaluate",
    epoch: int = 0,
) -> Evaluation:
    """Settle every sample freely and return how the answers are; `tick` hears of samples passed.

    `purpose` and `epoch` are what the noise of the chip is keyed by.
    """
    if not len(samples):
        raise InputError("there is no sample to test with")
    started = time.perf_counter()
    tally = Tally(plan, readout)
    counts, durations = None, list[Array]()
    for first in range(0, len(samples), TEST_BATCH):
        batch = samples[first : first + TEST_BATCH]
        chip.moment = Moment(plan.seed, purpose, epoch, np.arange(first, first + len(batch)))
        free = settle_free(chip, batch.inputs, plan.free)
        outputs = chip.outputs(free)
        tally.phases.setdefault("free", PhaseReport()).add(free)
        tally.answers(outputs, batch.targets)
        counted = confusion(readout, outputs, batch.targets)
        counts = counted if counts is None or counted is None else counts + counted
        if free.durations is not None:
            durations.append(free.durations)
        if tick is not None:
            tick(first + len(batch))
    chip.moment = None
    seconds = time.perf_counter() - started
    report = tally.phases["free"]
    return Evaluation(
        len(samples),
        tally.error(),
        tally.loss(),
        seconds,
        len(samples) / seconds,
        latency(report),
        report,
        counts,
        np.concatenate(durations) if durations else None,
    )


class Tally:
    """Sums of losses, errors and phases over batches; small batches are put together before they are."""

    def __init__(self, plan: Plan, readout: Readout | Several) -> None:
        self.readout = readout
        self.cost = plan.methods()[2]
        self.samples = 0
        self.losses = 0.0
        self.wrong: int | None = 0
        self.phases: dict[str, PhaseReport] = {}
        self.ended: dict[str, list[State]] = {}  # phases not summed yet, less their states
        self.answered: list[tuple[Array, Array]] = []  # outputs and targets not summed yet
        self.waiting = 0

    def add(self, found: Estimate, targets: Array) -> None:
        """Count one batch of training in."""
        self._hold("free", found.free)
        for beta, state in zip(found.betas, found.nudged, strict=True):
            phase = "complex β" if isinstance(beta, complex) else "+β" if beta > 0 else "−β"
            self._hold("clamped" if beta == math.inf else phase, state)
        self.answered.append((found.outputs, targets))
        self.waiting += len(targets)
        if self.waiting >= TEST_BATCH:
            self.sum()

    def _hold(self, phase: str, state: State) -> None:
        ended = State(None, state.residual, state.iterations, state.settled, durations=state.durations)
        self.ended.setdefault(phase, []).append(ended)

    def sum(self) -> None:
        """Count in what waits."""
        for phase, states in self.ended.items():
            if states:
                self.phases.setdefault(phase, PhaseReport()).add(_joined(states))
                states.clear()
        if self.answered:
            outputs, targets = (np.concatenate(parts) for parts in zip(*self.answered, strict=True))
            self.answers(outputs, targets)
            self.answered.clear()
        self.waiting = 0

    def answers(self, outputs: Array, targets: Array) -> None:
        """Count the answers of one batch in."""
        self.samples += len(targets)
        self.losses += float(np.sum(self.cost.losses(self.readout.values(outputs), targets)))
        wrong = self.readout.wrong(outputs, targets)
        if wrong is None or self.wrong is None:
            self.wrong = None
        else:
            self.wrong += int(np.count_nonzero(wrong))

    def error(self) -> float | None:
        """Return the fraction of samples answered wrongly."""
        return None if self.wrong is None else self.wrong / self.samples

    def loss(self) -> float:
        """Return the mean cost."""
        return self.losses / self.samples


def _joined(states: list[State]) -> State:
    """Return how a phase of several batches ended, less where."""
    if len(states) == 1:
        return states[0]
    durations = [one.durations for one in states if one.durations is not None]
    return State(
        None,
        np.concatenate([one.residual for one in states]),
        np.concatenate([one.iterations for one in states]),
        np.concatenate([one.settled for one in states]),
        durations=np.concatenate(durations) if len(durations) == len(states) else None,
    )
