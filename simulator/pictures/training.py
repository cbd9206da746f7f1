"""The picture of a training: error and loss over the epochs, each curve labelled with its last value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from eqchip.errors import InputError
from eqchip.simulator.pictures.style import COLOURS, Picture, dress, label_ends, whole_numbers
from eqchip.simulator.rows import Trace

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import FigureBase

#: The three sets of samples, each with one colour in both panels.
SETS = {"train": COLOURS[1], "valid": COLOURS[2], "test": COLOURS[0]}
_HEIGHT = 2.1


def training_picture(trace: Trace) -> Picture:
    """Return the picture of error in per cent and loss on a log scale, over the epochs."""
    shown = known_curves(trace)

    def paint(made: FigureBase) -> Sequence[Axes]:
        axes: list[Axes] = list(made.subplots(len(shown), 1, sharex=True, squeeze=False)[:, 0])
        for at, quantity in zip(axes, shown, strict=True):
            dress(at)
            draw_curves(at, trace, quantity)
        for at in axes[:-1]:
            at.set_xlabel("")
            at.tick_params(labelbottom=False)
        made.align_ylabels(axes)
        return axes

    return Picture(0.6 + _HEIGHT * len(shown), paint)


def known_curves(trace: Trace) -> list[str]:
    """Return which of `error` and `loss` anything is known of."""
    shown = [
        quantity
        for quantity in ("error", "loss")
        if any(_known(trace, f"{name}_{quantity}") for name in SETS)
    ]
    if not shown:
        raise InputError("of this training neither error nor loss is known", expected="a curve by its name")
    return shown


def _known(trace: Trace, name: str) -> bool:
    return name in trace.values and bool(np.any(np.isfinite(trace.values[name])))


def draw_curves(axes: Axes, trace: Trace, quantity: str) -> None:
    """Draw the `error` or the `loss` of the three sets of samples."""
    few = trace.axis.size <= 25
    ends: list[tuple[float, str, str]] = []
    positive = True
    for name, colour in SETS.items():
        if not _known(trace, f"{name}_{quantity}"):
            continue
        values = (100.0 if quantity == "error" else 1.0) * trace.values[f"{name}_{quantity}"]
        known = np.isfinite(values)
        epochs, values = trace.axis[known], values[known]
        # What is measured during an epoch lies behind the test after it.
        width = 1.0 if name == "train" else 1.5
        axes.plot(
            epochs,
            values,
            color=colour,
            label=name,
            linewidth=width,
            marker="o",
            markersize=3.2,
            markevery=1 if few else [len(epochs) - 1],
            clip_on=False,
        )
        last = float(values[-1])
        text = f"{last:.2f} %" if quantity == "error" else f"{last:.3g}"
        ends.append((last, f"{name} {text}", colour))
        positive = positive and bool(np.all(values > 0))
    if quantity == "loss":
        axes.set_ylabel("loss")
        if positive:
            axes.set_yscale("log")
            _few_log_ticks(axes)
    else:
        axes.set_ylabel("error (%)")
        axes.set_ylim(0.0, max(1.05 * max(float(np.nanmax(line.get_ydata())) for line in axes.lines), 1.0))
    axes.set_xlabel("epoch")
    if trace.axis.size > 1:
        axes.set_xlim(float(trace.axis[0]), float(trace.axis[-1]))
    whole_numbers(axes.xaxis)
    label_ends(axes, ends, _HEIGHT * 0.85)


def _few_log_ticks(axes: Axes) -> None:
    """Label 1, 2 and 5 of each decade when there are hardly two of them; decades alone otherwise."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    low, high = axes.get_ylim()
    axes.yaxis.set_minor_formatter(NullFormatter())
    if high / low < 50.0:
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:.3g}"))
