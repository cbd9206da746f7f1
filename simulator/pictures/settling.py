"""The picture of how a sample settles: voltages of each bus and what is left, before and after training.

Free phases are pale, nudged phases tinted. Two columns share one time axis.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eqchip.simulator.pictures.style import (
    COLOURS,
    GREY,
    SMALL,
    Picture,
    dress,
    label_axis,
    legend,
    line_style,
)
from eqchip.simulator.pictures.waveform import TINTS
from eqchip.simulator.rows import Column, Trace

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import FigureBase

Array = NDArray[Any]

#: Lines that get a name in the legend each.
NAMED = 10
_WHEN = {0.0: "before training", 1.0: "after training"}


def settling_picture(trace: Trace) -> Picture:
    """Return the picture of the first sample that was followed."""
    sample = trace["sample"]
    first = sample == sample[0] if sample.size else np.zeros(0, np.bool_)
    columns = [when for when in _WHEN if np.any(first & (trace["trained"] == when))]
    buses = [column for column in trace.plan.columns if column.width]
    # Where steps are taken many at once, what is left is known at the ends of phases only: no curve.
    known = np.isfinite(trace["residual"]) & (trace["residual"] > 0)
    residual = bool(np.count_nonzero(first & known) > 4 * len(columns))
    rows = len(buses) + residual

    def paint(made: FigureBase) -> Sequence[Axes]:
        grid = made.subplots(rows, len(columns), squeeze=False, sharex="col", sharey="row")
        for number, when in enumerate(columns):
            chosen = first & (trace["trained"] == when)
            x, name, unit = _course(trace, chosen)
            for row, column in enumerate(buses):
                last = number == len(columns) - 1
                _draw_bus(grid[row, number], trace, chosen, column, x, last)
            if residual:
                _draw_residual(grid[-1, number], trace["residual"][chosen], x)
            for at in grid[:, number]:
                _shade(at, x, trace["phase"][chosen])
                if x.size:
                    at.set_xlim(float(x[0]), float(x[-1]))
            for at in grid[:, 0]:
                at.tick_params(labelleft=True)
            grid[0, number].set_title(f"{_WHEN[when]}, test sample {sample[0]:.0f}", color=GREY)
            label_axis(grid[-1, number].xaxis, name, x, unit)
        for row, column in enumerate(buses):
            volts = trace[column.name][first]
            label_axis(grid[row, 0].yaxis, column.name, volts, column.unit)
        if residual:
            grid[-1, 0].set_ylabel("left: |dv/dt| · τ")
        made.align_ylabels(grid[:, 0])
        return list(grid[:, 0])

    return Picture(0.7 + 1.35 * rows, paint)


def _course(trace: Trace, chosen: Array) -> tuple[Array, str, str]:
    """Return what stands on the axis: time where it was stepped, else steps one after the other."""
    time = trace["time"][chosen]
    if time.size and np.all(np.isfinite(time)):
        return time, "time", "s"
    return np.arange(time.size, dtype=np.float64), "state", ""


def _draw_bus(axes: Axes, trace: Trace, chosen: Array, column: Column, x: Array, last: bool) -> None:
    dress(axes)
    values = trace[column.name][chosen]
    few = column.width <= NAMED
    for k in range(column.width):
        label = column.labels[k] if column.labels else str(k)
        if few:
            axes.plot(x, values[:, k], label=label, linewidth=1.1, **line_style(k))
        else:
            axes.plot(x, values[:, k], color=COLOURS[0], alpha=0.55, linewidth=0.8)
    if few and last and column.width > 1:
        legend(axes, column.width)
    elif last and not few:
        axes.text(1.01, 0.98, f"{column.width} nodes\nof {column.name[2:-1]}", transform=axes.transAxes,
                  fontsize=SMALL, color=GREY, va="top")  # fmt: skip


def _draw_residual(axes: Axes, values: Array, x: Array) -> None:
    dress(axes)
    known = np.isfinite(values) & (values > 0)
    axes.plot(x[known], values[known], color=COLOURS[6], linewidth=1.1, marker="o", markersize=1.6)
    axes.set_yscale("log")


def _shade(axes: Axes, x: Array, phase: Array) -> None:
    """Tint the phases; a phase begins where the one before it ended."""
    for code, tint in TINTS.items():
        within = np.flatnonzero(phase == code)
        if within.size:
            axes.axvspan(float(x[within[0]]), float(x[within[-1]]), color=tint, zorder=0, linewidth=0)
