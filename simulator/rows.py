"""What an analysis yields: first its Plan, then Rows as they are computed.

An analysis is a generator. It opens no file and prints nothing; recorders, progress displays and the
in-memory Trace consume what it yields.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Column:
    """One quantity: `v(out)`, `i(vdd)`; a bus is one column of `width` nodes."""

    name: str
    unit: str
    width: int = 0  # 0: a scalar per row
    labels: tuple[str, ...] = ()  # node names of a bus


@dataclass(frozen=True, slots=True)
class Plan:
    """What is going to come."""

    kind: str  # op | dc | tran
    axis: Column | None  # time, or the swept source; None for op
    columns: tuple[Column, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rows:
    """A block of consecutive rows."""

    axis: Array  # (n,)
    values: Mapping[str, Array]  # by column name: (n,) or (n, width)
    residual: float = 0.0  # largest KCL residual of the block, A


@dataclass(frozen=True, slots=True)
class Trace:
    """All rows of one analysis in memory: `trace["v(out)"]`."""

    plan: Plan
    axis: Array
    values: Mapping[str, Array]
    residual: float = 0.0

    def __getitem__(self, name: str) -> Array:
        wanted = name.lower()
        if self.plan.axis is not None and wanted == self.plan.axis.name:
            return self.axis
        try:
            return self.values[wanted]
        except KeyError:
            from eqchip.errors import InputError, nearest

            raise InputError(
                f"no column '{name}' in {self.plan.kind}",
                expected="one of " + ", ".join(self.values),
                near=nearest(wanted, self.values),
            ) from None


def gather(events: Iterable[Plan | Rows]) -> list[Trace]:
    """Collect what analyses yield into one Trace each."""
    traces: list[Trace] = []
    plan: Plan | None = None
    blocks: list[Rows] = []

    def close() -> None:
        if plan is None:
            return
        axis = np.concatenate([block.axis for block in blocks]) if blocks else np.empty(0)
        values = {
            column.name: np.concatenate([block.values[column.name] for block in blocks])
            if blocks
            else np.empty((0, column.width) if column.width else 0)
            for column in plan.columns
        }
        traces.append(Trace(plan, axis, values, max((block.residual for block in blocks), default=0.0)))

    for event in events:
        if isinstance(event, Plan):
            close()
            plan, blocks = event, []
        else:
            blocks.append(event)
    close()
    return traces
