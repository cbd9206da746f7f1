"""Pictures of analyses: transients, sweeps, operating points."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eqchip.simulator.pictures.choice import Choice, Field, Line, choose, thin
from eqchip.simulator.pictures.style import (
    COLOURS,
    DIVERGING,
    SEQUENTIAL,
    figure,
    label_axis,
    legend,
    line_style,
    scale_of,
)
from eqchip.simulator.rows import Column, Trace

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[Any]

#: Bars of an operating point.
BARS = 40
_NAMES = {"V": "voltage", "A": "current", "": "value", "Ω": "resistance", "S": "conductance"}


def draw_traces(trace: Trace, names: Sequence[str] = (), title: str = "") -> Figure:
    """Draw a transient or a sweep: one panel for each unit, one map for each wide bus."""
    choice = choose(trace, names)
    units = list(dict.fromkeys(line.unit for line in choice.lines))
    panels = len(units) + len(choice.fields)
    made = figure(9.0, 1.2 + 2.6 * max(1, panels))
    axes = made.subplots(max(1, panels), 1, sharex=True, squeeze=False)[:, 0]
    for index, unit in enumerate(units):
        draw_lines(axes[index], trace, choice, unit)
    for index, field in enumerate(choice.fields, start=len(units)):
        _draw_field(made, axes[index], trace.axis, field)
    axis = trace.plan.axis or Column("", "")
    label_axis(axes[-1].xaxis, axis.name, trace.axis, axis.unit)
    if trace.axis.size > 1:
        axes[-1].set_xlim(float(np.min(trace.axis)), float(np.max(trace.axis)))
    made.suptitle(title, x=0.01, ha="left", fontsize=11)
    return made


def draw_lines(axes: Axes, trace: Trace, choice: Choice, unit: str) -> None:
    """Draw the chosen lines of one unit."""
    lines = [line for line in choice.lines if line.unit == unit]
    for index, line in enumerate(lines):
        _draw_line(axes, trace.axis, line, index)
    values = np.concatenate([line.values for line in lines]) if lines else np.zeros(1)
    name = lines[0].name if len(lines) == 1 else _NAMES.get(unit, unit)
    label_axis(axes.yaxis, name, values, unit)
    if note := choice.note(unit):
        axes.set_title(note, color="#555555")
    if len(lines) > 1:
        legend(axes, len(lines))


def _draw_line(axes: Axes, x: Array, line: Line, index: int) -> None:
    # A nested sweep goes over its axis again and again: one curve for each pass, not a zigzag.
    forward = np.sign(x[1] - x[0]) if x.size > 1 else 1.0
    breaks = np.flatnonzero(np.diff(x) * forward < 0) + 1
    edges = [0, *breaks.tolist(), x.shape[0]]
    marker = "o" if x.size <= 2 else None
    for first, last in pairwise(edges):
        xs, ys = thin(x[first:last], line.values[first:last])
        label = line.name if first == 0 else None
        axes.plot(xs, ys, label=label, marker=marker, markersize=4, **line_style(index))


def _draw_field(made: Figure, axes: Axes, x: Array, field: Field) -> None:
    """Draw a bus as a map: node over time, colour the value."""
    values = field.values
    if x.size > 2000:  # a map has that many columns at most
        keep = np.unique(np.searchsorted(x, np.linspace(x[0], x[-1], 2000)).clip(0, x.size - 1))
        x, values = x[keep], values[keep]
    factor, shown = scale_of(values, field.column.unit)
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    both = low < -0.05 * abs(high) and high > 0.05 * abs(low)
    bound = max(abs(low), abs(high)) / factor
    drawn = axes.pcolormesh(
        _edges(x),
        np.arange(field.column.width + 1) - 0.5,
        values.T / factor,
        cmap=DIVERGING if both else SEQUENTIAL,
        rasterized=True,
        vmin=-bound if both else low / factor,
        vmax=bound if both else high / factor,
    )
    axes.grid(False)
    axes.set_ylabel("node of " + field.column.name.partition("(")[2].rstrip(")"))
    # Inside the margin that legends of other panels take, so that all panels end at the same place.
    beside = axes.inset_axes((1.015, 0.0, 0.02, 1.0))
    made.colorbar(drawn, cax=beside, label=f"{field.column.name} ({shown})" if shown else field.column.name)


def _edges(x: Array) -> Array:
    """Return the borders of cells around these values."""
    if x.size == 1:
        return np.array([x[0] - 0.5, x[0] + 0.5])
    middle = 0.5 * (x[1:] + x[:-1])
    return np.concatenate([[x[0]], middle, [x[-1]]])


def draw_point(trace: Trace, names: Sequence[str] = (), title: str = "") -> Figure:
    """Draw an operating point: one bar for each voltage, another panel for currents."""
    bars, offered = _bars(trace, names)
    units = list(dict.fromkeys(bar.unit for bar in bars)) or [""]
    shown = [_largest([bar for bar in bars if bar.unit == unit]) for unit in units]
    heights = [max(2, len(group)) for group in shown]
    made = figure(8.0, 1.2 + 0.6 * len(units) + 0.24 * sum(heights))
    axes = made.subplots(len(units), 1, squeeze=False, height_ratios=heights)[:, 0]
    for at, unit, kept in zip(axes, units, shown, strict=True):
        values = np.array([float(bar.values[0]) for bar in kept]) if kept else np.zeros(1)
        places = np.arange(len(kept))
        at.barh(places, values[: len(kept)], color=[COLOURS[0] if v >= 0 else COLOURS[1] for v in values])
        at.set_yticks(places, [bar.name for bar in kept], fontsize=9)
        at.set_ylim(len(kept) - 0.4, -0.6)
        at.axvline(0.0, color="#555555", linewidth=0.8)
        at.grid(axis="y", visible=False)
        at.margins(x=0.08)
        label_axis(at.xaxis, _NAMES.get(unit, "value"), values, unit)
        if len(kept) < offered.get(unit, 0):
            at.set_title(f"the {len(kept)} largest of {offered[unit]}", color="#555555")
    made.suptitle(title, x=0.01, ha="left", fontsize=11)
    return made


def _bars(trace: Trace, names: Sequence[str]) -> tuple[list[Line], dict[str, int]]:
    choice = choose(trace, names, limit=BARS)
    bars, offered = list(choice.lines), dict(choice.offered)
    for field in choice.fields:
        labels = field.column.labels or tuple(str(k) for k in range(field.column.width))
        quantity = field.column.name.partition("(")[0]
        offered[field.column.unit] = offered.get(field.column.unit, 0) + len(labels)
        bars += [
            Line(f"{quantity}({label})", field.column.unit, field.values[:, k])
            for k, label in enumerate(labels)
        ]
    return bars, offered


def _largest(bars: list[Line]) -> list[Line]:
    if len(bars) <= BARS:
        return bars
    sizes = np.array([abs(float(bar.values[0])) for bar in bars])
    return [bars[k] for k in sorted(np.argsort(-sizes, kind="stable")[:BARS])]
