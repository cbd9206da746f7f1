"""What a picture shows when there is too much: the lines that move most, few enough points, and a note."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.errors import InputError, nearest
from eqchip.simulator.rows import Column, Trace

Array = NDArray[Any]

#: Lines in one panel, nodes of a bus drawn as lines, points of a line.
LINES = 12
NODES = 12
POINTS = 4000
#: Numbers read to find what moves most; of a longer record the first lines are drawn instead.
SEARCH = 200_000_000


@dataclass(frozen=True, slots=True)
class Line:
    """One curve."""

    name: str
    unit: str
    values: Array

    @property
    def panel(self) -> str:
        """Return the panel it goes to."""
        return panel_of(self.name, self.unit)


@dataclass(frozen=True, slots=True)
class Field:
    """A bus too wide for lines: drawn as a map of node over axis."""

    column: Column
    values: Array


@dataclass(frozen=True, slots=True)
class Choice:
    """What is drawn of a trace, and how many lines of each panel there were."""

    lines: list[Line]
    fields: list[Field]
    offered: dict[str, int]
    searched: bool = True  # whether what moves most is known

    @property
    def panels(self) -> dict[str, list[Line]]:
        """Return the lines of each panel, in the order of the record."""
        found: dict[str, list[Line]] = {}
        for line in self.lines:
            found.setdefault(line.panel, []).append(line)
        return found

    def note(self, panel: str) -> str:
        """Say what is missing; nothing when all is there."""
        shown = sum(line.panel == panel for line in self.lines)
        missing = self.offered.get(panel, 0) - shown
        if not missing:
            return ""
        which = f"the {shown} that move most" if self.searched else f"the first {shown}"
        return f"{which} … and {missing} more (name them)"


def panel_of(name: str, unit: str) -> str:
    """Return what shares a panel: one unit; of numbers without unit one quantity (`phase`, `error`)."""
    return unit or name.partition("(")[0].rpartition("_")[2]


def node_names(column: Column) -> list[str]:
    """Return the names of the nodes of a bus: `v(h[3])` of `v(h)`; of an array's elements `i(v1[0,3])`."""
    quantity, _, bus = column.name.partition("(")
    labels = column.labels or tuple(str(k) for k in range(column.width))
    bare = all(label.replace(",", "").isdigit() for label in labels)
    return [f"{quantity}({bus.rstrip(')')}[{label}])" if bare else f"{quantity}({label})" for label in labels]


def choose(trace: Trace, names: Sequence[str] = (), limit: int = LINES, nodes: int = NODES) -> Choice:
    """Pick the quantities to draw: those named (`v(out)`, `v(h[*])`), or those that move most.

    A bus of more than `nodes` nodes is a field, unless its nodes are named.
    """
    wanted = [name.lower().replace(" ", "") for name in names]
    if wanted:
        return _named(trace, wanted, nodes)
    swept = outer(trace)
    columns = [column for column in trace.plan.columns if column not in swept]
    fields = [Field(one, trace.values[one.name]) for one in columns if one.width > nodes]
    panels: dict[str, list[Column]] = {}
    offered: dict[str, int] = {}
    for column in columns:
        if column.width <= nodes:
            panel = panel_of(column.name, column.unit)
            panels.setdefault(panel, []).append(column)
            offered[panel] = offered.get(panel, 0) + max(1, column.width)
    lines: list[Line] = []
    searched = trace.axis.size * sum(offered.values()) <= SEARCH
    for panel, found in panels.items():
        if offered[panel] <= limit or not searched:
            lines += [
                line for column, _ in zip(found, range(limit), strict=False) for line in _all(trace, column)
            ][:limit]
        else:
            lines += _most(trace, found, limit)
    return Choice(lines, fields, offered, searched)


def outer(trace: Trace) -> list[Column]:
    """Return what is swept beside the axis: it stands among the columns by its bare name, `v2`."""
    bare = [column for column in trace.plan.columns if "(" not in column.name]
    return bare if len(bare) < len(trace.plan.columns) else []


def _all(trace: Trace, column: Column) -> Iterator[Line]:
    values = trace.values[column.name]
    if not column.width:
        yield Line(column.name, column.unit, values)
    else:
        for k, name in enumerate(node_names(column)):
            yield Line(name, column.unit, values[:, k])


def _most(trace: Trace, columns: list[Column], room: int) -> list[Line]:
    """Return `room` lines that move most; of many that move alike, some from all along."""
    # Values are read here and dropped: only the few chosen are kept.
    swings = [
        (_swing(line.values), column, k) for column in columns for k, line in enumerate(_all(trace, column))
    ]
    half = 0.5 * max(swing for swing, _, _ in swings)
    alike = [one for one in swings if one[0] >= half]
    if len(alike) > room:
        chosen = [alike[int(k)] for k in np.linspace(0, len(alike) - 1, room)]
    else:
        order = sorted(range(len(swings)), key=lambda at: -swings[at][0])[:room]
        chosen = [swings[at] for at in sorted(order)]
    return [list(_all(trace, column))[k] for _, column, k in chosen]


def quantities(trace: Trace) -> list[str]:
    """Return every name that can be asked for: columns, and the nodes of buses."""
    return [name for column in trace.plan.columns for name in (column.name, *_nodes(column))]


def knows(trace: Trace, name: str) -> bool:
    """Whether a name or a pattern means something in a trace."""
    wanted = name.lower().replace(" ", "")
    return any(_matches(known, wanted) for known in quantities(trace))


def _nodes(column: Column) -> list[str]:
    return node_names(column) if column.width else []


def _named(trace: Trace, wanted: list[str], nodes: int) -> Choice:
    lines: list[Line] = []
    fields: list[Field] = []
    for column in trace.plan.columns:
        if any(_matches(column.name, one) for one in wanted):
            if column.width > nodes:
                fields.append(Field(column, trace.values[column.name]))
            else:
                lines += _all(trace, column)
            continue
        chosen = [k for k, name in enumerate(_nodes(column)) if any(_matches(name, one) for one in wanted)]
        if chosen:
            found = list(_all(trace, column))
            lines += [found[k] for k in chosen]
    known = quantities(trace)
    for one in wanted:
        if not any(_matches(name, one) for name in known):
            raise InputError(
                f"no '{one}' in {trace.plan.kind}",
                expected="one of: " + ", ".join(known[:20]) + (" …" if len(known) > 20 else ""),
                near=nearest(one, known),
            )
    offered: dict[str, int] = {}
    for line in lines:
        offered[line.panel] = offered.get(line.panel, 0) + 1
    return Choice(lines, fields, offered)


def _matches(name: str, pattern: str) -> bool:
    # Brackets belong to names here (`v(h[3])`), so only * and ? are wild.
    return fnmatchcase(name.lower(), pattern.replace("[", "[[]"))


def _swing(values: Array) -> float:
    finite = values[np.isfinite(values)]
    if not finite.size:
        return -1.0
    # A single row has no swing: its size decides.
    return float(np.ptp(finite)) if finite.size > 1 else float(np.abs(finite[0]))


def thin(x: Array, y: Array, points: int = POINTS) -> tuple[Array, Array]:
    """Return at most `points` points that draw the same line: the least and the greatest of each stretch."""
    stretches = points // 2 - 1
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
