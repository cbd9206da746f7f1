"""What a training leaves in its file: curves over the epochs, and what was learned.

A fraction or a mean that is not known is NaN.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from eqchip.netlists.circuit import Circuit
from eqchip.simulator.chip import Chip
from eqchip.simulator.learning.epoch import Epoch, Evaluation
from eqchip.simulator.records.arrays import ArrayPlan
from eqchip.simulator.rows import Column, Plan, Rows

_COLUMNS = (
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
    Column("rate_share", ""),  # what the schedule leaves of the rates
)


#: What says that the test samples are those of the training, among the attributes of a table.
AGAIN = "tested_with_training_samples"


def curves(resumed_after: Sequence[int] = (), again: bool = False) -> Plan:
    """Return the plan of `training/`, which says after which epochs it was resumed."""
    attributes: dict[str, Any] = {"resumed_after": list(resumed_after)} if resumed_after else {}
    if again:
        attributes[AGAIN] = 1
    return Plan("training", Column("epoch", ""), _COLUMNS, attributes)


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def row_of(epoch: Epoch, share: float = 1.0) -> Rows:
    """Return one epoch as a row of the curves; `share` is what the schedule left of the rates."""
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
        "rate_share": share,
    }
    return Rows(
        np.array([float(epoch.number)]), {name: np.array([_number(one)]) for name, one in values.items()}
    )


def confusion_plan(classes: int) -> Plan:
    """Return the plan of `confusion/`: a row a class, a column an answer."""
    labels = tuple(str(k) for k in range(classes))
    return Plan("confusion", Column("class", ""), (Column("answers", "", classes, labels),))


def confusion_rows(test: Evaluation) -> Rows | None:
    """Return how often each class of the test samples was answered how."""
    if test.confusion is None:
        return None
    counts = test.confusion.astype(np.float64)
    return Rows(np.arange(len(counts), dtype=np.float64), {"answers": counts})


def weight_plans(chip: Chip, group: str = "weights") -> list[ArrayPlan]:
    """Return one array for each thing that learns, with the nodes of its buses as labels."""
    plans = []
    for one in chip.learnables:
        instance = chip.circuit.instance(one.name)
        nodes = () if instance is None else (instance.ports or instance.nodes)[: len(one.shape)]
        dims, labels = [], []
        for axis, size in enumerate(one.shape):
            at: Any = nodes[axis] if axis < len(nodes) else None
            found = at is not None and np.size(at) == size
            labels.append(tuple(chip.circuit.nodes[int(k)] for k in np.atleast_1d(at)) if found else ())
            dims.append(_bus(chip.circuit, at) if found else f"{one.name}_{axis}")
        plans.append(ArrayPlan(f"{group}/{one.name}", one.shape, one.unit, tuple(dims), tuple(labels)))
    return plans


def _bus(circuit: Circuit, nodes: Any) -> str:
    for name, of_bus in circuit.buses.items():
        if np.array_equal(of_bus, nodes):
            return name
    return circuit.nodes[int(np.atleast_1d(nodes)[0])].partition("[")[0]
