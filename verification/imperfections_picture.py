"""The picture of what imperfections cost: a panel for each, test error over strength, worse to the right.

Panels come in the order in which imperfections act in a chip, coloured by the place where they do. The line
is the mean over seeds, dots are single chips, the grey line is the chip without the imperfection.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import eqchip
from eqchip.simulator.pictures.style import COLOURS, GREY, dress, figure, style
from eqchip.units import parse_number

if TYPE_CHECKING:
    from imperfections import Found
    from matplotlib.axes import Axes

COLUMNS = 6
FLOOR, CEILING = 2.5, 100.0
#: Where an imperfection acts first, and its colour.
PLACES = {
    "drawn": COLOURS[0],
    "programmed": COLOURS[1],
    "stored": COLOURS[2],
    "read": COLOURS[3],
    "node": COLOURS[4],
    "converter": COLOURS[5],
    "clock": COLOURS[6],
}


def draw(rows: Sequence[Found], path: Path) -> None:
    """Draw the panels into a file."""
    places = {one["name"]: one["places"][0] for one in eqchip.models(imperfections=True)}
    count = -(-len(rows) // COLUMNS)
    with style():
        made = figure(0.35 + 1.14 * count)
        panels = made.subplots(count, COLUMNS, sharey=True, squeeze=False)
        for axes, found in zip(panels.flat, rows, strict=False):
            _panel(axes, found, PLACES[places[found.name]])
        for axes in panels.flat[len(rows) :]:
            axes.set_axis_off()
        for place, colour in PLACES.items():
            panels.flat[0].plot([], [], "o-", color=colour, markersize=3.0, label=place)
        panels.flat[0].plot([], [], color=GREY, linewidth=0.9, label="without it")
        made.legend(*panels.flat[0].get_legend_handles_labels(), loc="outside upper center", ncols=8)
        made.supylabel("test error of digits (%)", fontsize=8.5)
        made.savefig(path)


def _panel(axes: Axes, found: Found, colour: str) -> None:
    x = np.array([parse_number(one) for one in found.strengths])
    errors = 100.0 * np.array([[np.nan if e is None else e for e in row] for row in found.errors])
    ideal = 100.0 * np.array([np.nan if e is None else e for e in found.ideal])
    axes.axhline(float(np.nanmean(ideal)), color=GREY, linewidth=0.9, zorder=1)
    axes.plot(x, np.nanmean(errors, axis=1), color=colour, zorder=3)
    axes.plot(x, errors, ".", color=colour, markersize=3.5, markeredgewidth=0.0, zorder=3)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_ylim(FLOOR, CEILING)
    low, high = float(x.min()) / 1.35, float(x.max()) * 1.35
    axes.set_xlim((low, high) if x[-1] > x[0] else (high, low))
    dress(axes)
    axes.tick_params(labelsize=5.8, length=2.0, pad=1.5)
    axes.set_xticks([x[0], x[-1]], [found.strengths[0], found.strengths[-1]])
    axes.set_xticks([], minor=True)
    axes.set_yticks([5.0, 20.0, 80.0], ["5", "20", "80"])
    axes.set_yticks([], minor=True)
    axes.set_title(found.name.replace("_", " "), fontsize=6.8, color=GREY, pad=2.5)
    axes.set_xlabel(found.setting.partition(".")[2], fontsize=5.8, labelpad=-5.0, color=GREY)
