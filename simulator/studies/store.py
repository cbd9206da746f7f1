"""Store: the labelled dataset of a study, in memory and, where one is named, in a file that is never behind.

    /study            one row a point, over the dimension `points`, in the order of the design
        status        0 not run, 1 done, 2 failed; `reason` says why
        seconds       what it took (of the run that computed it)
        address       of the point (point.py)
        seed chip_seed, and what the design varies: `train.beta`, or `case` and `imperfection`
        test_error …  the metrics; NaN where a point has none

Every row is on disk before the next point begins: a study that is killed keeps what was finished, and
`--resume` runs the rest. The rows that go on are written before the first new one, so at no time is there no
file that holds them. Where they cannot all be kept, the file is refused instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.errors import InputError
from eqchip.simulator.records.arrays import ArrayPlan
from eqchip.simulator.records.claim import Claim
from eqchip.simulator.records.provenance import Provenance
from eqchip.simulator.records.reader import Record
from eqchip.simulator.records.recorder import Recorder
from eqchip.simulator.records.recover import recover
from eqchip.simulator.records.target import part_of
from eqchip.simulator.rows import Column, Plan, Trace
from eqchip.simulator.studies.design import Design
from eqchip.simulator.studies.point import Point, Value
from eqchip.simulator.studies.runner import DONE, FAILED, OPEN, Outcome
from eqchip.simulator.studies.task import known

Array = NDArray[Any]

GROUP = "study"
AXIS = "points"
#: Characters of a reason that are kept.
REASON = 500


class Store:
    """What is known of the points of a study so far."""

    def __init__(
        self, design: Design, addresses: Sequence[str], metrics: tuple[Column, ...], about: Mapping[str, Any]
    ) -> None:
        self.design, self.metrics = design, metrics
        self.about = {"design": design.kind, "varied": list(design.axes), **about}
        count = len(design)
        self.texts: dict[str, list[str]] = {"address": list(addresses), "reason": [""] * count}
        self.numbers: dict[str, Array] = {}
        for name in design.axes:
            self._label(name, [point.labels.get(name, "") for point in design.points])
        for name in ("seed", "chip_seed"):
            self.numbers[name] = np.array([_seed(point, name) for point in design.points])
        self.numbers["status"] = np.full(count, OPEN, dtype=np.uint8)
        self.numbers["seconds"] = np.full(count, np.nan)
        for column in metrics:
            self.numbers[column.name] = np.full(count, np.nan)
        self.recorder: Recorder | None = None

    def _label(self, name: str, values: Sequence[Value]) -> None:
        if any(isinstance(value, str) for value in values):
            self.texts[name] = [value if isinstance(value, str) else f"{value:g}" for value in values]
        else:
            self.numbers[name] = np.array(values, dtype=np.float64)

    def count(self, status: int) -> int:
        """Return how many points have a status."""
        return int(np.count_nonzero(self.numbers["status"] == status))

    def put(self, outcome: Outcome) -> None:
        """Take an outcome; when this returns, it is on disk."""
        row: dict[str, Any] = {"status": outcome.status, "seconds": outcome.seconds}
        row |= known(outcome.metrics, self.metrics)
        for name, value in row.items():
            self.numbers[name][outcome.index] = value
        self.texts["reason"][outcome.index] = outcome.reason
        if self.recorder is not None:
            shown = outcome.reason.encode()[:REASON].decode(errors="ignore")
            self.recorder.put_row(GROUP, outcome.index, {**row, "reason": shown})

    def trace(self) -> Trace:
        """Return it as a table over the points."""
        units = {column.name: column.unit for column in self.metrics} | {"seconds": "s"}
        columns = tuple(Column(name, units.get(name, "")) for name in self.numbers)
        plan = Plan(GROUP, Column(AXIS, ""), columns, {**self.about, **self.texts})
        return Trace(plan, np.arange(len(self.design)), self.numbers)

    def record(self, path: Path | Claim, provenance: Provenance) -> Recorder:
        """Open a file for it; with what is known already in it."""
        units = {column.name: column.unit for column in self.metrics} | {"seconds": "s"}
        size = (len(self.design),)
        plans = [
            ArrayPlan(
                f"{GROUP}/{name}", size, units.get(name, ""), (AXIS,), dtype=values.dtype.str, text=name
            )
            for name, values in self.numbers.items()
        ]
        plans += [
            ArrayPlan(f"{GROUP}/{name}", size, "", (AXIS,), dtype=f"text{REASON if name == 'reason' else ''}")
            for name in self.texts
        ]
        starts = {**self.numbers, **self.texts}
        self.recorder = Recorder(
            path,
            provenance,
            [],
            plans,
            notes={GROUP: self.about},
            starts={f"{GROUP}/{name}": values for name, values in starts.items()},
        )
        return self.recorder


def _seed(point: Point, name: str) -> float:
    found = getattr(point, name)
    return np.nan if found is None else float(found)


def outcomes(path: Path) -> dict[str, Outcome]:
    """Return the points of a file that were run, by address; of a killed run's too."""
    record = Record(path)
    trace = record.traces.get(GROUP)
    if trace is None:
        raise InputError(f"{path} is no study", expected="a file that eqchip sweep wrote")
    texts = trace.plan.attributes
    fixed = {"seed", "chip_seed", "status", "seconds", *_list(texts["varied"])}
    numbers = {one.name: trace.values[one.name] for one in trace.plan.columns}
    found: dict[str, Outcome] = {}
    for index, (address, reason) in enumerate(
        zip(_list(texts["address"]), _list(texts["reason"]), strict=True)
    ):
        status = int(numbers["status"][index])
        if status in (DONE, FAILED):
            metrics = {name: float(values[index]) for name, values in numbers.items() if name not in fixed}
            seconds = float(numbers["seconds"][index])
            found[address] = Outcome(index, address, status, metrics, reason, seconds)
    return found


def take_up(claim: Claim, addresses: Sequence[str]) -> dict[str, Outcome]:
    """Return what a study that was stopped has, ready to go on under its name; refuse what would be lost."""
    part = part_of(claim.path)
    found = outcomes(claim.path) if claim.path.exists() or not part.exists() else {}
    if part.exists():
        later = outcomes(part)
        # Whoever goes on writes the earlier rows first: a part without them was killed before it had any.
        if later.keys() >= found.keys():
            recover(part, claim)
            found = later
    lost = found.keys() - set(addresses)
    if lost:
        raise InputError(
            f"{claim.path} has {len(lost)} finished points that are not in this study: other values, seeds, "
            "samples, or another version of eqchip or NumPy",
            expected="the same study or a larger one; or another name after -o",
        )
    return found


def _list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [str(one) for one in value]
