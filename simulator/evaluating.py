"""Test a trained chip, to memory or to a file.

evaluation/  one row: test_error with Wilson's interval of 95 %, test_loss, samples, rate, latency
cost/        latency and energy of samples, device counts
confusion/   how each class was answered; not there where outputs stand for no classes
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from eqchip.errors import InputError
from eqchip.simulator.cost.confusion import wilson
from eqchip.simulator.cost.readout import readout_of
from eqchip.simulator.cost_table import cost_answers, cost_plan, cost_rows
from eqchip.simulator.curves import AGAIN, confusion_plan, confusion_rows
from eqchip.simulator.data.load import load as load_data
from eqchip.simulator.learning.epoch import Evaluation
from eqchip.simulator.learning.plan import plan_for
from eqchip.simulator.learning.trainer import evaluate as settle_all
from eqchip.simulator.loaded import LoadedChip, pointing
from eqchip.simulator.records.reader import Record
from eqchip.simulator.records.recorder import Recorder
from eqchip.simulator.rows import Column, Plan, Rows, gather
from eqchip.simulator.run import Run
from eqchip.simulator.simulating import origin, seed_of
from eqchip.simulator.spending import Spending, spend

EVALUATION = Plan(
    "evaluation",
    None,
    (
        Column("test_error", ""),
        Column("test_error_low", ""),
        Column("test_error_high", ""),
        Column("test_loss", ""),
        Column("samples", ""),
        Column("samples_per_second", "Hz"),
        Column("latency", "s"),
    ),
)


@pointing
def evaluate(
    chip: LoadedChip,
    file: str | os.PathLike[str] | None = None,
    *,
    data: str | None = None,
    form: str = "auto",
    dtype: str | None = None,
    arguments: Sequence[str] = (),
    tick: Callable[[int, int], None] | None = None,
    priced: bool = True,
) -> Run:
    """Test a chip with the weights it has, on the data it was trained with unless others are given.

    `tick` is called with samples settled, and samples in all. Without `priced` nothing is watched to know
    what energy samples take, and when they settle.
    """
    begin = time.monotonic()
    if chip.weights is None and chip.circuit.learns:
        raise InputError(
            f"{chip.name} is not trained", expected="a file that eqchip train wrote: eqchip evaluate RUN.h5"
        )
    compiled = chip.compile(form, dtype)
    spec = chip.data if data is None else data
    samples = load_data(chip.circuit, spec)

    def count(passed: int) -> None:
        if tick is not None:
            tick(passed, len(samples.test))

    plan = plan_for(compiled)
    found = settle_all(compiled, samples.test, plan, readout_of(chip.circuit, samples), count)
    spent = spend(compiled, samples.test, plan, trains=False) if priced else Spending()
    blocks = [(cost_plan(chip.circuit), cost_rows(chip.circuit, found, spent))]
    counted = confusion_rows(found)
    if counted is not None:
        blocks.append((confusion_plan(len(counted.axis)), counted))
    table = replace(EVALUATION, attributes={AGAIN: 1}) if samples.again else EVALUATION
    blocks.append((table, _row(found)))
    used = str(np.dtype(compiled.dtype))
    if file is None:
        facts = {
            "command": "evaluate",
            "chip": chip.name,
            "form": compiled.form,
            "dtype": used,
            "seed": seed_of(chip.circuit),
            "outcome": "complete",
            "seconds": time.monotonic() - begin,
        }
        return Run(facts, {plan.kind: gather([plan, rows])[0] for plan, rows in blocks})
    where = origin("evaluate", chip, compiled.form, used, arguments, spec)
    where = replace(where, parameters={**where.parameters, "data_option": spec})
    with Recorder(file, where, [plan for plan, _ in blocks]) as recorder:
        for number, (_, rows) in enumerate(blocks):
            recorder.add(number, rows)
    return Run.of(Record(file))


def _row(found: Evaluation) -> Rows:
    low = high = error = math.nan
    if found.error is not None:
        error = found.error
        low, high = wilson(round(error * found.samples), found.samples)
    values = {
        "test_error": error,
        "test_error_low": low,
        "test_error_high": high,
        "test_loss": found.loss,
        "samples": float(found.samples),
        "samples_per_second": found.samples_per_second,
        "latency": math.nan if found.latency is None else found.latency,
    }
    return Rows(np.zeros(1), {name: np.array([value]) for name, value in values.items()})


def answers(run: Run) -> dict[str, Any]:
    """Return the keys that `evaluate` adds to what every --json has."""

    def known(name: str) -> float | None:
        value = float(run["evaluation"][name])
        return value if math.isfinite(value) else None

    return {
        "test_error": known("test_error"),
        "test_error_low": known("test_error_low"),
        "test_error_high": known("test_error_high"),
        "train_error": None,
        "test_loss": known("test_loss"),
        "epochs": None,
        "samples": int(run["evaluation"]["samples"]),
        "samples_per_second": known("samples_per_second"),
        **cost_answers(run["cost"].trace),
    }
