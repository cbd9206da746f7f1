"""Pictures of analyses: transients and sweeps. A panel for each unit, a map for each wide bus."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eqchip.simulator.pictures.choice import Choice, Field, Line, choose, node_names, outer, thin
from eqchip.simulator.pictures.style import (
    DIVERGING,
    SEQUENTIAL,
    Picture,
    dress,
    label_axis,
    legend,
    line_style,
    scale_of,
    scale_ticks,
    whole_numbers,
)
from eqchip.simulator.rows import Column, Trace
from eqchip.units import engineering

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import FigureBase

Array = NDArray[Any]

#: Passes of a nested sweep that get a line in the legend each.
PASSES = 14
#: Columns of a map; nodes of a map that are labelled by their names.
CELLS, NAMED = 1200, 16
QUANTITIES = {
    "V": "voltage",
    "A": "current",
    "Ω": "resistance",
    "S": "conductance",
    "F": "capacitance",
    "W": "power",
    "J": "energy",
    "C": "charge",
    "K": "temperature",
    "s": "time",
    "Hz": "rate",
}


def traces_picture(trace: Trace, names: Sequence[str] = ()) -> Picture:
    """Return the picture of a transient or a sweep."""
    choice = choose(trace, names)
    panels = choice.panels
    tall = [1.0 if _steps(lines) else max(1.9, 0.5 + 0.155 * len(lines)) for lines in panels.values()]
    tall += [2.2] * len(choice.fields)

    def paint(made: FigureBase) -> Sequence[Axes]:
        axes: list[Axes] = list(
            made.subplots(len(tall), 1, sharex=True, squeeze=False, height_ratios=tall)[:, 0]
        )
        for at, panel in zip(axes, panels, strict=False):
            dress(at)
            draw_lines(at, trace, choice, panel)
        for at, field in zip(axes[len(panels) :], choice.fields, strict=True):
            dress(at, "none")
            draw_field(at, trace.axis, field)
        label_x(axes[-1], trace)
        for at in axes[:-1]:
            at.tick_params(labelbottom=False)
        made.align_ylabels(axes)
        return axes

    return Picture(0.7 + sum(tall), paint)


def label_x(axes: Axes, trace: Trace) -> None:
    """Label the axis of time, or of what is swept."""
    axis = trace.plan.axis or Column("", "")
    label_axis(axes.xaxis, axis.name, trace.axis, axis.unit)
    if trace.axis.size > 1 and np.ptp(trace.axis) > 0:
        axes.set_xlim(float(np.min(trace.axis)), float(np.max(trace.axis)))


def draw_lines(axes: Axes, trace: Trace, choice: Choice, panel: str, outside: bool = True) -> None:
    """Draw the chosen lines of one panel."""
    lines = choice.panels[panel]
    passes = _passes(trace.axis)
    labels = _labels(trace, passes) if len(lines) == 1 else []
    for index, line in enumerate(lines):
        _draw_line(axes, trace.axis, line, index, passes, labels)
    unit = lines[0].unit
    name = lines[0].name if len(lines) == 1 else QUANTITIES.get(unit, panel)
    label_axis(axes.yaxis, name, np.concatenate([line.values for line in lines]), unit)
    if _steps(lines):
        whole_numbers(axes.yaxis, 5)
    if note := choice.note(panel):
        axes.set_title(note)
    if len(lines) > 1 or labels:
        legend(axes, len(labels) or len(lines), outside)


def _steps(lines: list[Line]) -> bool:
    """Whether these are numbers that count something: a phase, a sample."""
    return all(
        not line.unit and np.all(np.isfinite(line.values)) and np.all(line.values == np.rint(line.values))
        for line in lines
    )


def _passes(x: Array) -> list[tuple[int, int]]:
    """Return where each pass over the axis begins and ends: a nested sweep goes over it again and again."""
    forward = np.sign(x[1] - x[0]) if x.size > 1 else 1.0
    breaks = np.flatnonzero(np.diff(x) * forward < 0) + 1
    return list(pairwise([0, *breaks.tolist(), x.shape[0]]))


def _labels(trace: Trace, passes: list[tuple[int, int]]) -> list[str]:
    """Return what is held during each pass: `v2 = 0.5 V`; nothing for one pass, or too many to tell apart."""
    held = outer(trace)
    if len(passes) < 2 or len(passes) > PASSES or not held:
        return []
    return [
        ", ".join(
            f"{one.name} = {engineering(float(trace.values[one.name][first]), one.unit)}" for one in held
        )
        for first, _ in passes
    ]


def _draw_line(
    axes: Axes, x: Array, line: Line, index: int, passes: list[tuple[int, int]], labels: list[str]
) -> None:
    marker = "o" if x.size <= 2 else None
    for number, (first, last) in enumerate(passes):
        xs, ys = thin(x[first:last], line.values[first:last])
        label = labels[number] if labels else line.name if first == 0 else None
        look = line_style(number if labels else index)
        axes.plot(xs, ys, label=label, marker=marker, markersize=4, **look)


def draw_field(axes: Axes, x: Array, field: Field) -> None:
    """Draw a bus as a map: node over time, colour the value; of a nested sweep its first pass."""
    first, last = _passes(x)[0]
    x, values = x[first:last], field.values[first:last]
    if x.size > 1 and x[0] > x[-1]:
        x, values = x[::-1], values[::-1]
    low, high = (float(x[0]), float(x[-1])) if x[0] < x[-1] else (float(x[0]) - 0.5, float(x[0]) + 0.5)
    # Cells of one width, each with the nearest row: steps may be of any length, and rows may be millions.
    centres = low + (np.arange(CELLS) + 0.5) / CELLS * (high - low)
    right = np.searchsorted(x, centres).clip(0, x.size - 1)
    left = (right - 1).clip(0)
    rows = np.where(np.abs(x[left] - centres) <= np.abs(x[right] - centres), left, right)
    finite = values[np.isfinite(values)]
    least, most = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    both = least < -0.05 * abs(most) and most > 0.05 * abs(least)
    bound = max(abs(least), abs(most)) or 1.0
    width = field.column.width
    drawn = axes.imshow(
        values[rows].T,
        cmap=DIVERGING if both else SEQUENTIAL,
        vmin=-bound if both else least,
        vmax=bound if both else most,
        extent=(low, high, width - 0.5, -0.5),
        aspect="auto",
        interpolation="nearest",
    )
    axes.set_ylabel("node of " + field.column.name.partition("(")[2].rstrip(")"))
    if width <= NAMED:
        axes.set_yticks(range(width), node_names(field.column), fontsize=7.0)
        axes.set_ylabel("")
    else:
        whole_numbers(axes.yaxis)
    # Inside the margin that legends of other panels take, so that all panels end at the same place.
    beside = axes.inset_axes((1.015, 0.0, 0.02, 1.0))
    factor, shown = scale_of(values, field.column.unit)
    label = f"{field.column.name} ({shown})" if shown else field.column.name
    bar = axes.figure.colorbar(drawn, cax=beside, label=label)
    dress(beside, "none")
    bar.outline.set_visible(False)
    scale_ticks(bar.ax.yaxis, factor)
