"""What a training's file holds beside weights and state, and the rows of it as they come.

settling/   a few test samples on their way, before and after the training
cost/       latency and energy of test samples, device counts
confusion/  how each class of the test samples was answered at the end
training/   curves over the epochs
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from eqchip.simulator.chip import Chip, Settling, Weights
from eqchip.simulator.cost.confusion import confusion
from eqchip.simulator.cost.programming import programming
from eqchip.simulator.cost.readout import readout_of
from eqchip.simulator.cost_table import cost_plan, cost_rows
from eqchip.simulator.curves import (
    confusion_plan,
    confusion_rows,
    curves,
    row_of,
)
from eqchip.simulator.learning.epoch import Epoch
from eqchip.simulator.learning.plan import Plan as Training
from eqchip.simulator.resuming import Kept
from eqchip.simulator.rows import Plan, Rows
from eqchip.simulator.samples import Dataset
from eqchip.simulator.settling_traces import followed, settle_visibly
from eqchip.simulator.spending import Spending, spend


class Report:
    """The tables of one training. `training` is the number of the curves among `plans`."""

    def __init__(
        self, chip: Chip, data: Dataset, plan: Training, kept: Kept | None = None, priced: bool = True
    ) -> None:
        self.chip, self.data, self.plan, self.kept, self.priced = chip, data, plan, kept, priced
        self.beginning: Weights = {**chip.parameters(), **(kept.beginning if kept is not None else {})}
        self._followed = followed(chip)
        self._settled = 0
        self._passed, self._programmed = 0, chip.programming()
        width = _classes(chip, data)
        self.plans: list[Plan] = [self._followed.plan, cost_plan(chip.circuit, trains=True)]
        if width:
            self.plans.append(confusion_plan(width))
        self.training = len(self.plans)
        self.plans.append(curves(kept.resumed_after if kept is not None else (), data.again))

    def before(self) -> Iterator[tuple[int, Rows]]:
        """Yield what is known before the first epoch; of a training that goes on, what its file had."""
        if self.kept is not None:
            if self.kept.settling is not None:
                self._settled = len(self.kept.settling.axis)
                yield 0, self.kept.settling
            yield self.training, _complete(self.kept.rows, self.plans[self.training])
            return
        rows = settle_visibly(self.chip, self.data.test, self.plan, self._followed, False, 0)
        self._settled = len(rows.axis)
        yield 0, rows

    def row(self, epoch: Epoch) -> Rows:
        """Return one epoch of the curves."""
        self._passed += epoch.samples
        return row_of(epoch, self.plan.share(epoch.number))

    def after(self, last: Epoch | None) -> Iterator[tuple[int, Rows]]:
        """Yield what is known after the last epoch."""
        if last is None or last.test is None:
            return
        yield 0, settle_visibly(self.chip, self.data.test, self.plan, self._followed, True, self._settled)
        update = programming(self._programmed, self.chip.programming(), self._passed)
        spent = spend(self.chip, self.data.test, self.plan) if self.priced else Spending()
        yield 1, cost_rows(self.chip.circuit, last.test, spent, update)
        counted = confusion_rows(last.test)
        if counted is not None:
            yield 2, counted


def _complete(rows: Rows, plan: Plan) -> Rows:
    """Return rows with every column of a plan: an older file may lack some, which are not known (NaN)."""
    unknown = np.full(len(rows.axis), np.nan)
    return Rows(rows.axis, {one.name: rows.values.get(one.name, unknown) for one in plan.columns})


def _classes(chip: Chip, data: Dataset) -> int:
    """Return how many classes the outputs tell apart, 0 where they stand for none."""
    readout = readout_of(chip.circuit, data)
    few = data.test[:1]
    outputs = chip.outputs(next(iter(chip.course(few.inputs, Settling()))))
    counted = confusion(readout, outputs, few.targets)
    return 0 if counted is None else len(counted)
