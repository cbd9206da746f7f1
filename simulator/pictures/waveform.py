"""The picture of a learning waveform: its first samples phase by phase, then the error and weights of all.

    strip      one block a sample, the sign of its nudge
    voltages   a panel each for inputs, hidden buses and outputs; targets dashed
    weights    by how much they have changed so far
    below      the cost at the end of every free phase, and all weights, over the whole run

Gaps are white, free phases pale, nudged phases tinted. A sample answered wrongly stands as an open circle.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eqchip.simulator.analyses.presented import FREE, NUDGED, Stretch, stretches
from eqchip.simulator.pictures.choice import LINES, node_names, thin
from eqchip.simulator.pictures.style import (
    COLOURS,
    DASHES,
    GREY,
    SMALL,
    Picture,
    dress,
    label_axis,
    legend,
)
from eqchip.simulator.rows import Column, Trace

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import FigureBase

FloatArray = NDArray[np.float64]

TINTS = {FREE: "#eef2f6", NUDGED: "#fbe3d0"}
#: Samples that are drawn phase by phase; panels of voltages; lines of weights an array.
FIRST, PANELS, WEIGHTS = 6, 4, 24
#: Inches between the first samples and the whole run.
_BETWEEN = 0.12


def waveform_picture(trace: Trace) -> Picture:
    """Return the picture of a learning waveform."""
    parts = stretches(trace)
    weights = [column for column in trace.plan.columns if column.name.startswith("w(")]
    # (what is drawn, its height) of the first samples, then of the whole run
    near: list[tuple[str | Column, float]] = [("strip", 0.26)]
    near += [(one, 0.95 if _target(trace, one) is None else 1.25) for one in _voltages(trace)]
    far: list[tuple[str | Column, float]] = [("cost", 1.1)]
    if weights:
        near.append(("change", 1.35))
        far.append(("weights", 1.35))
    heights = [*(h for _, h in near), _BETWEEN, *(h for _, h in far)]

    def paint(made: FigureBase) -> Sequence[Axes]:
        axes: list[Axes] = list(
            made.subplots(len(heights), 1, squeeze=False, gridspec_kw={"height_ratios": heights})[:, 0]
        )
        axes[len(near)].set_axis_off()
        top, bottom = axes[: len(near)], axes[len(near) + 1 :]
        end = _first_samples(parts)
        for at, (what, _) in zip(top, near, strict=True):
            _draw_near(at, trace, parts, weights, what, end)
        for at, (what, _) in zip(bottom, far, strict=True):
            dress(at, "y")
            at.axvspan(float(trace.axis[0]), float(trace.axis[end]), color=TINTS[FREE], linewidth=0.0)
            if what == "cost":
                _draw_cost(at, trace, parts)
            else:
                _draw_weights(at, trace, weights, slice(None), relative=False)
        shown, known = (
            len([one for one in parts[:k] if one.phase == FREE]) for k in (_until(parts, end), None)
        )
        top[0].set_title(f"the first {shown} samples" if shown < known else f"{known} samples")
        bottom[0].set_title(f"all {known} samples: cost where each free phase ends")
        for group, last in ((top, end), (bottom, -1)):
            for at in group:
                at.set_xlim(float(trace.axis[0]), float(trace.axis[last]))
                at.tick_params(labelbottom=at is group[-1])
            label_axis(group[-1].xaxis, "time", trace.axis[: last + 1] if last > 0 else trace.axis, "s")
        made.align_ylabels([at for at in axes if at.axison])
        return [at for at in axes if at.axison]

    return Picture(sum(heights) + 0.9, paint)


def _draw_near(
    axes: Axes,
    trace: Trace,
    parts: Sequence[Stretch],
    weights: Sequence[Column],
    what: str | Column,
    end: int,
) -> None:
    """Draw one panel of the first samples, which end at row `end`."""
    if what == "strip":
        _strip(axes, trace, parts, end)
        return
    dress(axes, "y")
    _shade(axes, trace, parts, end)
    if isinstance(what, Column):
        _draw_voltages(axes, trace, what, slice(0, end + 1))
    else:
        _draw_weights(axes, trace, weights, slice(0, end + 1), relative=True)


def _until(parts: Sequence[Stretch], end: int) -> int:
    """Return how many phases have ended by a row."""
    return sum(one.last <= end for one in parts)


def _voltages(trace: Trace) -> list[Column]:
    """Return the buses to draw: those with targets last, others in the order of the record."""
    found = [one for one in trace.plan.columns if one.name.startswith("v(") and one.width]
    found = found or [one for one in trace.plan.columns if one.name.startswith("v(")]
    found.sort(key=lambda one: _target(trace, one) is not None)
    return found[-PANELS:]


def _target(trace: Trace, column: Column) -> FloatArray | None:
    return _known(trace, f"target{column.name[1:]}")


def _known(trace: Trace, name: str) -> FloatArray | None:
    """Return a column that may not be there."""
    there = any(column.name == name for column in trace.plan.columns)
    return np.asarray(trace.values[name]) if there else None


def _first_samples(parts: Sequence[Stretch]) -> int:
    """Return the row at which the first few samples have had their nudge."""
    nudged = [one.last for one in parts if one.phase == NUDGED]
    return nudged[min(FIRST, len(nudged)) - 1] if nudged else parts[-1].last


def _shade(axes: Axes, trace: Trace, parts: Sequence[Stretch], end: int) -> None:
    for one in parts:
        if one.phase in TINTS and one.last <= end:
            axes.axvspan(
                float(trace.axis[one.first]),
                float(trace.axis[one.last]),
                color=TINTS[one.phase],
                linewidth=0.0,
            )


def _strip(axes: Axes, trace: Trace, parts: Sequence[Stretch], end: int) -> None:
    """Name the sample over its free phase, and the nudge over its own."""
    axes.set_axis_off()
    axes.set_ylim(0.0, 1.0)
    for one in parts:
        if one.phase not in TINTS or one.last > end:
            continue
        begin, stop = float(trace.axis[one.first]), float(trace.axis[one.last])
        axes.axvspan(begin, stop, color=TINTS[one.phase], linewidth=0.0)
        text = f"sample {one.sample}" if one.phase == FREE else "+β" if one.beta > 0.0 else "−β"
        colour = GREY if one.phase == FREE else COLOURS[1]
        axes.text(0.5 * (begin + stop), 0.45, text, ha="center", va="center", fontsize=SMALL, color=colour)


def _draw_voltages(axes: Axes, trace: Trace, column: Column, window: slice) -> None:
    values = trace.values[column.name][window].reshape(len(trace.axis[window]), -1)
    names = node_names(column) if column.width else [column.name]
    target = _target(trace, column)
    shown = min(values.shape[1], LINES)
    for k in range(shown):
        colour = COLOURS[k % len(COLOURS)]
        if target is not None and target.shape[1] == values.shape[1]:
            axes.plot(
                trace.axis[window],
                target[window, k],
                color=colour,
                linestyle=(0, (2.0, 1.5)),
                linewidth=0.9,
                drawstyle="steps-pre",
                label="target" if k == 0 and shown == 1 else None,
            )
        x, y = thin(trace.axis[window], values[:, k])
        axes.plot(x, y, color=colour, linestyle=DASHES[(k // len(COLOURS)) % 3], label=names[k])
    label_axis(axes.yaxis, column.name, values, column.unit)
    legend(axes, shown)


def _draw_weights(axes: Axes, trace: Trace, columns: Sequence[Column], window: slice, relative: bool) -> None:
    """Draw weights, one colour an array; those of a large array that change most."""
    everything = []
    for index, column in enumerate(columns):
        values = np.asarray(trace.values[column.name])[window].reshape(len(trace.axis[window]), -1)
        if relative:
            values = values - values[0]
        order = np.argsort(-np.abs(values[-1] - values[0]), kind="stable")[:WEIGHTS]
        more = values.shape[1] - len(order)
        for rank, k in enumerate(np.sort(order)):
            label = column.name + (f" ({len(order)} of {values.shape[1]})" if more else "")
            x, y = thin(trace.axis[window], values[:, k])
            axes.plot(
                x,
                y,
                color=COLOURS[index % len(COLOURS)],
                linewidth=0.9,
                alpha=0.9,
                label=label if rank == 0 else None,
            )
        everything.append(values.ravel())
    name = "change of w" if relative else "weights w"
    units = {column.unit for column in columns}
    label_axis(axes.yaxis, name, np.concatenate(everything), units.pop() if len(units) == 1 else "")
    legend(axes, len(columns))


def _draw_cost(axes: Axes, trace: Trace, parts: Sequence[Stretch]) -> None:
    """Draw the cost of each sample where its free phase ends; open circles: answered wrongly."""
    ends = np.array([one.last for one in parts if one.phase == FREE], dtype=np.int64)
    cost, time = np.asarray(trace.values["cost"])[ends], trace.axis[ends]
    axes.plot(time, cost, color=GREY, linewidth=0.6)
    wrong = _known(trace, "wrong")
    bad = wrong[ends] > 0.5 if wrong is not None else np.zeros(len(ends), np.bool_)
    style: Any = {"linestyle": "none", "marker": "o", "markersize": 3.6, "clip_on": False}
    axes.plot(
        time[~bad], cost[~bad], color=COLOURS[0], label="right" if wrong is not None else "cost", **style
    )
    if np.any(bad):
        axes.plot(time[bad], cost[bad], color=COLOURS[1], markerfacecolor="white", label="wrong", **style)
    axes.set_ylim(0.0, 1.08 * float(np.max(cost, initial=1e-12)))
    label_axis(axes.yaxis, "cost", cost, "")
    legend(axes, 2)
