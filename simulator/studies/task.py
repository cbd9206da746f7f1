"""Task: what is run at every point of a study, and the numbers that are kept of it.

    train       test_error test_loss train_error train_loss latency; with `gradient` the cosine before
    evaluate    test_error test_loss latency, and with `gradient` the cosine
    check       cosine relative_error, of every array too; reciprocity stability slowest

`cosine` is that between the local update, with the noise of one batch, and the gradient of the loss, the mean
over the arrays that learn; `cosine(yxh)` is that of one of them. `relative_error` is without noise. A
training's is that of the chip it begins with: where a chip answers all samples right there is hardly a
gradient left to follow. With `cost` the first two have `energy` too, what a sample takes, in training of a
training: for it some phases are run once more and watched, which can take longer than the test itself. What a
point has not is NaN (no class to be wrong about, no time stepped).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from eqchip.errors import InputError
from eqchip.simulator.checking import SAMPLES, compare_gradients
from eqchip.simulator.cost_table import cost_answers
from eqchip.simulator.evaluating import evaluate
from eqchip.simulator.learning.epoch import Epoch
from eqchip.simulator.learning.fidelity import Fidelity
from eqchip.simulator.loaded import LoadedChip
from eqchip.simulator.rows import Column
from eqchip.simulator.run import Run
from eqchip.simulator.training import train

Metrics = dict[str, float]
#: Called with the work done of a point, and all of it; where there is no telling, not at all.
Tick = Callable[[float, float], None]

RUNS = ("train", "evaluate", "check")
_UNITS = {"latency": "s", "energy": "J", "slowest": "s"}


@dataclass(frozen=True, slots=True)
class Task:
    """What is run. `gradient`: the update is held against the gradient too, on `samples` samples.

    `cost`: what energy a sample takes is kept too.
    """

    command: str = "train"
    data: str | None = None
    form: str = "auto"
    dtype: str | None = None
    samples: int = SAMPLES
    gradient: bool = False
    cost: bool = False

    def __post_init__(self) -> None:
        if self.command not in RUNS:
            raise InputError(f"run={self.command}: no such run", expected=" | ".join(RUNS))

    def as_dict(self) -> dict[str, Any]:
        """Return it as an address and a record have it."""
        return asdict(self)

    @property
    def checks(self) -> bool:
        """Whether the gradient is looked at."""
        return self.gradient or self.command == "check"

    def columns(self, chip: LoadedChip) -> tuple[Column, ...]:
        """Return what a point of this chip will have."""
        names: list[str] = []
        if self.command in ("train", "evaluate"):
            names += ["test_error", "test_loss"]
        if self.command == "train":
            names += ["train_error", "train_loss"]
        if self.command in ("train", "evaluate"):
            names += ["latency", "energy"] if self.cost else ["latency"]
        if self.checks:
            arrays = [learn.target.lower() for learn in chip.circuit.learns]
            names += ["cosine", "relative_error"]
            names += [f"{what}({name})" for what in ("cosine", "relative_error") for name in arrays]
        if self.command == "check":
            names += ["reciprocity", "stability", "slowest"]
        return tuple(Column(name, _UNITS.get(name, "")) for name in names)

    def run(self, chip: LoadedChip, tick: Tick | None = None) -> Metrics:
        """Run one point."""
        if self.command == "train":
            return self._train(chip, tick)
        if self.command == "evaluate":
            return self._evaluate(chip, tick)
        return self._check(chip)

    def _train(self, chip: LoadedChip, tick: Tick | None) -> Metrics:
        seen: list[Epoch] = []

        def count(passed: int, total: int, epoch: int) -> None:
            if tick is not None:
                tick(passed, total)

        def watch(epoch: Epoch) -> None:
            seen[:] = [epoch]

        start = chip.untrained()
        run = train(
            start,
            data=self.data,
            form=self.form,
            dtype=self.dtype,
            watch=watch,
            tick=count,
            priced=self.cost,
        )
        found: Metrics = {}
        if seen:
            last = seen[0]
            found = {
                "test_error": _number(last.test_error),
                "test_loss": _number(last.test_loss),
                "train_error": _number(last.train_error),
                "train_loss": _number(last.train_loss),
                "latency": _number(last.latency),
                "energy": _energy(run),  # NaN without `cost`; it is no column then
            }
        if self.gradient:
            found |= self._gradients(start)
        return found

    def _evaluate(self, chip: LoadedChip, tick: Tick | None) -> Metrics:
        run = evaluate(chip, data=self.data, form=self.form, dtype=self.dtype, tick=tick, priced=self.cost)
        row = run["evaluation"]
        found = {name: float(row[name]) for name in ("test_error", "test_loss", "latency")}
        found["energy"] = _energy(run)
        return found | (self._gradients(chip) if self.gradient else {})

    def _check(self, chip: LoadedChip) -> Metrics:
        found = self._found(chip)
        return _of_arrays(found) | {
            "reciprocity": found.reciprocity,
            "stability": found.stability,
            "slowest": found.slowest,
        }

    def _gradients(self, chip: LoadedChip) -> Metrics:
        return _of_arrays(self._found(chip))

    def _found(self, chip: LoadedChip) -> Fidelity:
        return compare_gradients(chip, data=self.data, samples=self.samples, form=self.form)


def _of_arrays(found: Fidelity) -> Metrics:
    arrays = found.arrays
    metrics: Metrics = {}
    each_of = {
        # Where the chip fluctuates or its devices miss, that of what a batch really does.
        "cosine": {name: _number(one.seen_cosine) for name, one in arrays.items()},
        "relative_error": {name: _number(one.relative_error) for name, one in arrays.items()},
    }
    for what, each in each_of.items():
        metrics[what] = float(np.mean(list(each.values()))) if each else math.nan
        metrics |= {f"{what}({name.lower()})": value for name, value in each.items()}
    return metrics


def _energy(run: Run) -> float:
    return _number(cost_answers(run["cost"].trace)["energy_joules_per_sample"])


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def known(metrics: Mapping[str, float], columns: tuple[Column, ...]) -> Metrics:
    """Return a number for each column; what a point has not is NaN."""
    return {one.name: float(metrics.get(one.name, math.nan)) for one in columns}
