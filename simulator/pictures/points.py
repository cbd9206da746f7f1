"""The picture of an operating point: a dot for each node, sorted, with its value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from eqchip.simulator.pictures.choice import Choice, Line, choose
from eqchip.simulator.pictures.style import COLOURS, GREY, Picture, dress, label_axis
from eqchip.simulator.pictures.traces import QUANTITIES
from eqchip.simulator.rows import Trace
from eqchip.units import engineering

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import FigureBase

#: Dots in a panel.
DOTS = 40


def points_picture(trace: Trace, names: Sequence[str] = ()) -> Picture:
    """Return the picture of an operating point: voltages, currents in a panel of their own."""
    choice = dots(trace, names)
    tall = [0.3 + 0.165 * max(2, min(len(lines), DOTS)) for lines in choice.panels.values()]

    def paint(made: FigureBase) -> Sequence[Axes]:
        axes: list[Axes] = list(made.subplots(len(tall), 1, squeeze=False, height_ratios=tall)[:, 0])
        for at, panel in zip(axes, choice.panels, strict=True):
            dress(at, "x")
            draw_dots(at, choice, panel)
        return axes

    return Picture(0.3 + sum(tall) + 0.35 * len(tall), paint)


def dots(trace: Trace, names: Sequence[str] = ()) -> Choice:
    """Return every value of an operating point; nodes of buses one by one."""
    unlimited = max(1, sum(max(1, column.width) for column in trace.plan.columns))
    return choose(trace, names, limit=unlimited, nodes=unlimited)


def draw_dots(axes: Axes, choice: Choice, panel: str) -> None:
    """Draw one panel: sorted, of more than DOTS those farthest from zero."""
    lines = choice.panels[panel]
    shown = sorted(lines, key=_size)[-DOTS:] if len(lines) > DOTS else lines
    shown = sorted(shown, key=_value, reverse=True)
    values = np.array([_value(line) for line in shown])
    places = np.arange(len(shown))
    axes.hlines(places, 0.0, values, color="#9ecae1", linewidth=1.2)
    axes.plot(values, places, "o", color=COLOURS[0], markersize=4.0, clip_on=False)
    axes.axvline(0.0, color=GREY, linewidth=0.7)
    axes.set_yticks(places, [line.name for line in shown], fontsize=7.5)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.margins(x=0.03)
    unit = lines[0].unit
    for place, value in zip(places, values, strict=True):
        text = engineering(float(value), unit).replace("-", "−") if np.isfinite(value) else "unknown"
        axes.text(
            1.015,
            float(place),
            text,
            transform=axes.get_yaxis_transform(),
            va="center",
            fontsize=7.5,
            color=GREY,
            clip_on=False,
        )
    label_axis(axes.xaxis, QUANTITIES.get(unit, panel), values, unit)
    if len(shown) < len(lines):
        axes.set_title(
            f"the {len(shown)} farthest from zero … and {len(lines) - len(shown)} more (name them)"
        )


def _value(line: Line) -> float:
    return float(line.values[0])


def _size(line: Line) -> float:
    return abs(_value(line)) if np.isfinite(line.values[0]) else np.inf
