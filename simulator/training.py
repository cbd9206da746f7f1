"""Train a chip, or test a trained one, to memory or to a file."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.errors import InputError
from eqchip.netlists.circuit import Circuit
from eqchip.simulator.chip import Chip
from eqchip.simulator.cost.readout import readout_of
from eqchip.simulator.data.load import load as load_data
from eqchip.simulator.learning.epoch import Epoch, Evaluation
from eqchip.simulator.learning.plan import plan_for
from eqchip.simulator.learning.trainer import evaluate as evaluations
from eqchip.simulator.learning.trainer import train as epochs
from eqchip.simulator.loaded import LoadedChip
from eqchip.simulator.records.arrays import ArrayPlan
from eqchip.simulator.records.reader import Record
from eqchip.simulator.records.recorder import Recorder
from eqchip.simulator.rows import Column, Plan, Rows, gather
from eqchip.simulator.run import Run
from eqchip.simulator.simulating import origin, seed_of

#: Weights go to disk this often at most, in seconds; and at the end.
_OFTEN = 2.0

#: The curves of `training/`. A fraction or a mean that is not known is NaN.
CURVES = Plan(
    "training",
    Column("epoch", ""),
    (
        Column("train_error", ""),
        Column("test_error", ""),
        Column("valid_error", ""),
        Column("train_loss", ""),
        Column("test_loss", ""),
        Column("valid_loss", ""),
        Column("seconds", "s"),
        Column("samples_per_second", "Hz"),
        Column("latency", "s"),
        Column("free_iterations", ""),
        Column("free_residual", ""),
    ),
)


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def row_of(epoch: Epoch) -> Rows:
    """Return one epoch as a row of CURVES."""
    free = epoch.phases["free"]
    values = {
        "train_error": epoch.train_error,
        "test_error": epoch.test_error,
        "valid_error": epoch.valid_error,
        "train_loss": epoch.train_loss,
        "test_loss": epoch.test_loss,
        "valid_loss": epoch.valid_loss,
        "seconds": epoch.seconds,
        "samples_per_second": epoch.samples_per_second,
        "latency": epoch.latency,
        "free_iterations": free.iterations,
        "free_residual": free.largest_residual,
    }
    return Rows(
        np.array([float(epoch.number)]), {name: np.array([_number(one)]) for name, one in values.items()}
    )


def weight_plans(chip: Chip) -> list[ArrayPlan]:
    """Return one array for each thing that learns, with the nodes of its buses as labels."""
    plans = []
    for one in chip.learnables:
        instance = chip.circuit.instance(one.name)
        nodes = instance.nodes[: len(one.shape)] if instance is not None else ()
        dims, labels = [], []
        for axis, size in enumerate(one.shape):
            at: Any = nodes[axis] if axis < len(nodes) else None
            found = at is not None and np.size(at) == size
            labels.append(tuple(chip.circuit.nodes[int(k)] for k in np.atleast_1d(at)) if found else ())
            dims.append(_bus(chip.circuit, at) if found else f"{one.name}_{axis}")
        plans.append(ArrayPlan(f"weights/{one.name}", one.shape, one.unit, tuple(dims), tuple(labels)))
    return plans


def _bus(circuit: Circuit, nodes: Any) -> str:
    for name, of_bus in circuit.buses.items():
        if np.array_equal(of_bus, nodes):
            return name
    return circuit.nodes[int(np.atleast_1d(nodes)[0])].partition("[")[0]


def train(
    chip: LoadedChip,
    file: str | os.PathLike[str] | None = None,
    *,
    data: str | None = None,
    form: str = "auto",
    dtype: str | None = None,
    arguments: Sequence[str] = (),
    watch: Callable[[Epoch], None] | None = None,
    tick: Callable[[int, int, int], None] | None = None,
) -> Run:
    """Train a chip as its cards say.

    `watch` is called with every epoch; `tick` with samples passed, samples in all, and the epoch.
    """
    begin = time.monotonic()
    if not chip.circuit.learns:
        raise InputError(
            f"{chip.name} has nothing that learns: no .learn card",
            expected="a chip with .learn, .nudge and .data; eqchip simulate runs any circuit",
        )
    compiled = chip.compile(form, dtype)
    samples = load_data(chip.circuit, data)
    plan = plan_for(compiled)
    total = len(samples.train) * plan.epochs
    done = 0

    def count(passed: int) -> None:
        if tick is not None:
            tick(done * len(samples.train) + passed, total, done + 1)

    used = str(np.dtype(compiled.dtype))
    arrays = weight_plans(compiled)
    rows: list[Rows] = []
    recorder = None
    if file is not None:
        recorder = Recorder(
            file, origin("train", chip, compiled.form, used, arguments, data), [CURVES], arrays
        )
    stream = epochs(compiled, samples, plan, tick=count)
    if recorder is None:
        for epoch in stream:
            done = epoch.number
            rows.append(row_of(epoch))
            if watch is not None:
                watch(epoch)
        facts = {
            "command": "train",
            "chip": chip.name,
            "form": compiled.form,
            "dtype": used,
            "seed": seed_of(chip.circuit),
            "outcome": "complete",
            "seconds": time.monotonic() - begin,
        }
        trace = gather([CURVES, *rows])[0]
        return Run(facts, {"training": trace}, compiled.parameters())
    written = -math.inf
    with recorder:
        _store(recorder, compiled.parameters())
        try:
            for epoch in stream:
                done = epoch.number
                recorder.add(0, row_of(epoch))
                if time.monotonic() - written > _OFTEN:
                    _store(recorder, epoch.state.parameters)
                    written = time.monotonic()
                if watch is not None:
                    watch(epoch)
        except KeyboardInterrupt:
            kept = f"{done} epochs are kept in {file}" if done else "nothing was kept"
            raise KeyboardInterrupt(kept) from None
        finally:
            _store(recorder, compiled.parameters())
    return Run.of(Record(file))


def _store(recorder: Recorder, weights: Mapping[str, NDArray[Any]]) -> None:
    for name, values in weights.items():
        recorder.put(f"weights/{name}", values)


def evaluate(
    chip: LoadedChip, *, data: str | None = None, form: str = "auto", dtype: str | None = None
) -> tuple[Evaluation, Chip]:
    """Test a chip with the weights it has; returns how it answers, and the compiled chip."""
    if chip.weights is None and chip.circuit.learns:
        raise InputError(
            f"{chip.name} is not trained", expected="a file that eqchip train wrote: eqchip evaluate RUN.h5"
        )
    compiled = chip.compile(form, dtype)
    samples = load_data(chip.circuit, data)
    return evaluations(
        compiled, samples.test, plan_for(compiled), readout_of(chip.circuit, samples)
    ), compiled
