"""What a picture shows when there is too much: the lines that move most, few enough points, and a note."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.errors import InputError, nearest
from eqchip.simulator.rows import Column, Trace

Array = NDArray[Any]

#: Lines of one unit in one panel, nodes of a bus drawn as lines, points of a line.
LINES = 10
NODES = 8
POINTS = 4000


@dataclass(frozen=True, slots=True)
class Line:
    """One curve."""

    name: str
    unit: str
    values: Array


@dataclass(frozen=True, slots=True)
class Field:
    """A bus too wide for lines: drawn as a map of node over axis."""

    column: Column
    values: Array


@dataclass(frozen=True, slots=True)
class Choice:
    """What is drawn of a trace, and how many lines of each unit there were."""

    lines: list[Line]
    fields: list[Field]
    offered: dict[str, int]

    def note(self, unit: str) -> str:
        """Say what is missing; nothing when all is there."""
        shown = sum(line.unit == unit for line in self.lines)
        if shown == self.offered.get(unit, 0):
            return ""
        return f"the {shown} of {self.offered[unit]} that move most"


def choose(trace: Trace, names: Sequence[str] = (), limit: int = LINES) -> Choice:
    """Pick the quantities to draw: those named (`v(out)`, `v(h[*])`), or those that move most."""
    wanted = [name.lower().replace(" ", "") for name in names]
    if wanted:
        return _named(trace, wanted)
    lines: list[Line] = []
    fields: list[Field] = []
    offered: dict[str, int] = {}
    swings: dict[str, list[tuple[float, int, Column]]] = {}
    for order, column in enumerate(trace.plan.columns):
        if column.width > NODES:
            fields.append(Field(column, trace.values[column.name]))
        elif column.width:
            found = _nodes(trace, column)
            offered[column.unit] = offered.get(column.unit, 0) + len(found)
            lines.extend(found)
        else:
            offered[column.unit] = offered.get(column.unit, 0) + 1
            # Values are read here and dropped: only the few chosen are kept.
            swings.setdefault(column.unit, []).append((_swing(trace.values[column.name]), order, column))
    for unit, found_swings in swings.items():
        room = max(0, limit - sum(line.unit == unit for line in lines))
        most = sorted(found_swings, key=lambda one: (-one[0], one[1]))[:room]
        for _, _, column in sorted(most, key=lambda one: one[1]):
            lines.append(Line(column.name, unit, trace.values[column.name]))
    return Choice(lines, fields, offered)


def _named(trace: Trace, wanted: list[str]) -> Choice:
    lines: list[Line] = []
    fields: list[Field] = []
    known: list[str] = []
    for column in trace.plan.columns:
        names = [column.name]
        if column.width:
            quantity = column.name.partition("(")[0]
            names += [f"{quantity}({label.lower()})" for label in column.labels]
        known += names
        chosen = [k for k, name in enumerate(names) if any(_matches(name, one) for one in wanted)]
        if chosen and chosen[0] == 0:
            if column.width > NODES:
                fields.append(Field(column, trace.values[column.name]))
            else:
                lines += (
                    _nodes(trace, column)
                    if column.width
                    else [Line(column.name, column.unit, trace.values[column.name])]
                )
        elif chosen:
            values = trace.values[column.name]
            lines += [Line(names[k], column.unit, values[:, k - 1]) for k in chosen]
    for one in wanted:
        if not any(_matches(name, one) for name in known):
            raise InputError(
                f"no '{one}' in {trace.plan.kind}",
                expected="one of: " + ", ".join(known[:20]) + (" …" if len(known) > 20 else ""),
                near=nearest(one, known),
            )
    offered: dict[str, int] = {}
    for line in lines:
        offered[line.unit] = offered.get(line.unit, 0) + 1
    return Choice(lines, fields, offered)


def _matches(name: str, pattern: str) -> bool:
    # Brackets belong to names here (`v(h[3])`), so only * and ? are wild.
    return fnmatchcase(name, pattern.replace("[", "[[]"))


def _nodes(trace: Trace, column: Column) -> list[Line]:
    values = trace.values[column.name]
    quantity = column.name.partition("(")[0]
    labels = column.labels or tuple(str(k) for k in range(column.width))
    return [Line(f"{quantity}({label})", column.unit, values[:, k]) for k, label in enumerate(labels)]


def _swing(values: Array) -> float:
    finite = values[np.isfinite(values)]
    if not finite.size:
        return -1.0
    # A single row has no swing: its size decides.
    return float(np.ptp(finite)) if finite.size > 1 else float(np.abs(finite[0]))


def thin(x: Array, y: Array, points: int = POINTS) -> tuple[Array, Array]:
    """Return at most `points` points that draw the same line: the least and the greatest of each stretch."""
    stretches = points // 2
    if x.shape[0] <= points:
        return x, y
    edges = np.linspace(0, x.shape[0], stretches + 1).astype(np.int64)
    keep = np.empty(2 * stretches + 2, dtype=np.int64)
    keep[0], keep[-1] = 0, x.shape[0] - 1
    for k in range(stretches):
        part = y[edges[k] : edges[k + 1]]
        low, high = int(np.argmin(part)), int(np.argmax(part))
        keep[1 + 2 * k : 3 + 2 * k] = edges[k] + min(low, high), edges[k] + max(low, high)
    keep = np.unique(keep)
    return x[keep], y[keep]
