"""The picture of a fit: what was measured and what the model says of it, device by device, and its steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from eqchip.simulator.fitting.fit import Fit
from eqchip.simulator.pictures.style import (
    COLOURS,
    GREY,
    Picture,
    dress,
    figure,
    label_axis,
    legend,
    line_style,
    style,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, FigureBase

#: Devices drawn as curves; the steps are those of all.
DEVICES = 4


def draw_fits(fits: Sequence[Fit]) -> Figure:
    """Draw one fit, or several of the same data one over the other."""
    with style():
        picture = fit_picture(fits)
        made = figure(picture.height)
        picture.paint(made)
        name = fits[0].response.name
        made.suptitle(f"{name}  ·  fit", x=0.008, ha="left", fontsize=9.5)
    return made


def fit_picture(fits: Sequence[Fit]) -> Picture:
    """Return the picture: conductance over pulses above, steps over conductance below."""

    def paint(made: FigureBase) -> Sequence[Axes]:
        above, below = made.subplots(2, 1, height_ratios=(3.0, 2.0))
        for axes in (above, below):
            dress(axes)
        _curves(above, fits)
        _steps(below, fits)
        return [above, below]

    return Picture(5.4, paint)


def _curves(axes: Axes, fits: Sequence[Fit]) -> None:
    """Draw the first devices: dots measured, lines the model from where each train starts."""
    response = fits[0].response
    shown = response.devices[:DEVICES]
    for number, device in enumerate(shown):
        at = 0.0
        for first, train in enumerate(response.of(device)):
            x = at + train.counts
            colour = COLOURS[number % len(COLOURS)] if len(fits) == 1 else GREY
            label = f"device {device}" if first == 0 and (len(fits) == 1 or number == 0) else None
            if len(fits) > 1 and label:
                label = "measured"
            axes.plot(x, train.values, ".", markersize=2.5, alpha=0.6, color=colour, label=label)
            for index, fit in enumerate(fits):
                look: dict[str, Any] = (
                    line_style(index) if len(fits) > 1 else {"color": colour, "linestyle": "-"}
                )
                said = fit.law if len(fits) > 1 and number == 0 and first == 0 else None
                axes.plot(x, fit.curve(train), linewidth=1.2, label=said, **look)
            at = float(x[-1])
    values = np.concatenate([train.values for one in shown for train in response.of(one)])
    label_axis(axes.yaxis, "conductance", values, "S")
    axes.set_xlabel("pulse")
    if len(response.devices) > len(shown):
        axes.set_title(f"{len(shown)} of {len(response.devices)} devices; lines: {_laws(fits)}")
    else:
        axes.set_title(f"lines: {_laws(fits)}")
    legend(axes, len(shown) + len(fits))


def _laws(fits: Sequence[Fit]) -> str:
    return ", ".join(
        f"{fit.law} ({100 * fit.curve_residual / (fit.high - fit.low):.2g} % of the range)" for fit in fits
    )


def _steps(axes: Axes, fits: Sequence[Fit]) -> None:
    """Draw the change by one pulse over the conductance before it: all devices, and the mean law's steps."""
    response = fits[0].response
    everything: list[Any] = []
    for direction, colour, word in ((1, COLOURS[0], "up"), (-1, COLOURS[1], "down")):
        trains = [train for train in response.trains if train.direction == direction]
        if not trains:
            continue
        before = np.concatenate([train.values[:-1] for train in trains])
        change = np.concatenate([np.diff(train.values) / np.diff(train.counts) for train in trains])
        everything.append(change)
        axes.plot(before, change, ".", markersize=1.5, alpha=0.35, color=colour, label=f"{word}, measured")
        at = np.linspace(before.min(), before.max(), 60)
        for index, fit in enumerate(fits):
            look = line_style(index) if len(fits) > 1 else {"color": "#000000", "linestyle": "-"}
            axes.plot(at, fit.steps(at, direction), linewidth=1.2, **look)
    changes = np.concatenate(everything)
    reach = 1.5 * float(np.quantile(np.abs(changes), 0.98)) or 1.0
    axes.set_ylim(-reach, reach)
    label_axis(axes.yaxis, "change by a pulse", np.array([reach]), "S")
    label_axis(axes.xaxis, "conductance before it", np.array([fits[0].high]), "S")
    legend(axes, 2)
