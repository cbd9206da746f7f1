"""Train a chip, or test a trained one, to memory or to a file."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from eqchip.errors import InputError
from eqchip.simulator.chip import Chip
from eqchip.simulator.curves import weight_plans
from eqchip.simulator.data.load import load as load_data
from eqchip.simulator.learning.epoch import Epoch, TrainState
from eqchip.simulator.learning.plan import Plan, plan_for
from eqchip.simulator.learning.trainer import train as epochs
from eqchip.simulator.loaded import LoadedChip, pointing
from eqchip.simulator.records.reader import Record
from eqchip.simulator.records.recorder import Recorder
from eqchip.simulator.resuming import Kept, fingerprint, same_samples
from eqchip.simulator.rows import gather
from eqchip.simulator.run import Run
from eqchip.simulator.samples import Dataset
from eqchip.simulator.simulating import origin, seed_of
from eqchip.simulator.training_report import Report
from eqchip.simulator.training_state import Keeper, state_plans, unpack

#: Weights go to disk this often at most, in seconds; and at the end.
_OFTEN = 2.0

Watch = Callable[[Epoch], None]
Tick = Callable[[int, int, int], None]


@pointing
def train(
    chip: LoadedChip,
    file: str | os.PathLike[str] | None = None,
    *,
    data: str | None = None,
    form: str = "auto",
    dtype: str | None = None,
    arguments: Sequence[str] = (),
    watch: Watch | None = None,
    tick: Tick | None = None,
    kept: Kept | None = None,
    priced: bool = True,
) -> Run:
    """Train a chip as its cards say; from where `kept` ended, when that is given.

    `watch` is called with every epoch; `tick` with samples passed, samples in all, and the epoch. Without
    `priced` nothing is watched to know what energy samples take, and when they settle.
    """
    begin = time.monotonic()
    if not chip.circuit.learns:
        raise InputError(
            f"{chip.name} has nothing that learns: no .learn card",
            expected="a chip with .learn, .nudge and .data; eqchip simulate runs any circuit",
        )
    if kept is not None:
        chip, form, dtype, data = kept.chip, kept.form, kept.dtype, kept.data
    data = chip.data if data is None else data
    compiled = chip.compile(form, dtype)
    samples = load_data(chip.circuit, data)
    plan = plan_for(compiled)
    state = None
    if kept is not None:
        same_samples(kept, samples.train)
        _same_schedule(kept, plan)
        state = unpack(kept.epoch, kept.arrays, compiled, plan, samples.train)
    stream = _watched(compiled, samples, plan, state, watch, tick)
    if file is None:
        return _in_memory(chip, compiled, samples, plan, stream, kept, begin, priced)
    where = origin("train", chip, compiled.form, str(compiled.dtype), arguments, data)
    known = {**where.parameters, "samples": fingerprint(samples.train), "data_option": data}
    report = Report(compiled, samples, plan, kept, priced)
    recorder = Recorder(
        file,
        replace(where, parameters=known),
        report.plans,
        weight_plans(compiled) + weight_plans(compiled, "weights_before"),
        state_plans(compiled, plan, samples.train),
    )
    _record(recorder, report, stream, state)
    return Run.of(Record(file))


def _same_schedule(kept: Kept, plan: Plan) -> None:
    """Refuse to raise the epochs of a schedule that runs over all of them: what is done would be another."""
    before = plan.with_(epochs=kept.planned)
    if any(before.share(number) != plan.share(number) for number in range(1, kept.epoch + 1)):
        raise InputError(
            f"train.epochs={plan.epochs}: the rates of {kept.file} run down over its {kept.planned} epochs "
            f"(schedule={plan.schedule}), so more of them are another training",
            expected="the epochs it was begun with, or schedule=constant from the start",
        )


def _in_memory(
    chip: LoadedChip,
    compiled: Chip,
    samples: Dataset,
    plan: Plan,
    stream: Iterator[Epoch],
    kept: Kept | None,
    begin: float,
    priced: bool,
) -> Run:
    """Return a training as a run in memory, with the parts that a file has."""
    report = Report(compiled, samples, plan, kept, priced)
    blocks = [list(report.before())]
    last = None
    for epoch in stream:
        blocks.append([(report.training, report.row(epoch))])
        last = epoch
    blocks.append(list(report.after(last)))
    rows = [one for block in blocks for one in block]
    traces = {
        one.kind: gather([one, *(part for number, part in rows if number == k)])[0]
        for k, one in enumerate(report.plans)
    }
    facts = {
        "command": "train",
        "chip": chip.name,
        "form": compiled.form,
        "dtype": str(compiled.dtype),
        "seed": seed_of(chip.circuit),
        "outcome": "complete",
        "seconds": time.monotonic() - begin,
    }
    return Run(facts, traces, compiled.parameters(), beginning=report.beginning)


def _watched(
    chip: Chip, samples: Dataset, plan: Plan, state: TrainState | None, watch: Watch | None, tick: Tick | None
) -> Iterator[Epoch]:
    """Train, and tell `watch` and `tick` how far it is."""
    size = len(samples.train)
    done = state.epoch if state is not None else 0

    def count(passed: int) -> None:
        if tick is not None:
            tick(done * size + passed, plan.epochs * size, done + 1)

    for epoch in epochs(chip, samples, plan, state, count):
        done = epoch.number
        yield epoch
        if watch is not None:
            watch(epoch)


def _record(recorder: Recorder, report: Report, stream: Iterator[Epoch], state: TrainState | None) -> None:
    """Write what comes; the file holds whole epochs only, however it ends."""
    keeper = Keeper(recorder)
    done, written = 0, -math.inf
    last: Epoch | None = None
    with recorder:
        _store(recorder, report.beginning, "weights_before")
        _store(recorder, report.beginning)
        for table, rows in report.before():
            recorder.add(table, rows)
        if state is not None:
            done = state.epoch
            _store(recorder, state.parameters)
            keeper.offer(state)
        try:
            for epoch in stream:
                last, done = epoch, epoch.number
                recorder.add(report.training, report.row(epoch))
                keeper.offer(epoch.state)
                if time.monotonic() - written > _OFTEN:
                    _store(recorder, epoch.state.parameters)
                    written = time.monotonic()
            for table, rows in report.after(last):
                recorder.add(table, rows)
        except KeyboardInterrupt:
            if not done:
                raise KeyboardInterrupt("nothing was kept: no epoch had ended") from None
            raise KeyboardInterrupt(
                f"{done} of {report.plan.epochs} epochs are kept in {recorder.path}"
            ) from None
        finally:
            keeper.finish()
            if keeper.parameters:
                _store(recorder, keeper.parameters)


def _store(recorder: Recorder, weights: Mapping[str, NDArray[Any]], group: str = "weights") -> None:
    for name, values in weights.items():
        recorder.put(f"{group}/{name}", values)
