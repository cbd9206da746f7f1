"""The picture of a confusion matrix: a row a class, a column an answer; mistakes stand out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eqchip.simulator.pictures.style import GREY, SMALL, Picture, dress, whole_numbers
from eqchip.simulator.rows import Trace

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import FigureBase

Array = NDArray[Any]

#: Classes up to which every count is written.
WRITTEN = 20


def confusion_picture(trace: Trace) -> Picture:
    """Return the picture of how each class was answered, with the error of each class beside it."""
    counts = np.asarray(trace.values["answers"], dtype=np.float64)

    def paint(made: FigureBase) -> Sequence[Axes]:
        left, right = made.subplots(1, 2, width_ratios=(3.2, 2.0))
        draw_confusion(left, counts)
        _draw_errors(right, counts)
        return left, right

    return Picture(0.6 + min(3.4, max(1.6, 0.34 * len(counts))), paint)


def draw_confusion(axes: Axes, counts: Array) -> None:
    """Draw the counts; colour is the share of the class, that of right answers pale."""
    classes = len(counts)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
    wrong = np.where(np.eye(classes, dtype=bool), np.nan, share)
    top = max(float(np.nanmax(wrong)) if classes > 1 else 0.0, 1e-9)
    axes.imshow(np.where(np.isnan(wrong), 1.0, np.nan), cmap="Greys", vmin=0.0, vmax=12.0, aspect="auto")
    axes.imshow(wrong, cmap="Oranges", vmin=0.0, vmax=1.15 * top, aspect="auto")
    dress(axes, "none")
    if classes <= WRITTEN:
        for row in range(classes):
            for column in range(classes):
                count = int(counts[row, column])
                if count:
                    axes.text(
                        column,
                        row,
                        f"{count}",
                        ha="center",
                        va="center",
                        fontsize=SMALL if classes <= 12 else 6.0,
                        color=GREY if row == column else "black",
                    )
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_ticks(range(classes))
    else:
        whole_numbers(axes.xaxis)
        whole_numbers(axes.yaxis)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.tick_params(length=0.0)
    axes.set_xlabel("answer")
    axes.set_ylabel("class")
    total, right = counts.sum(), np.trace(counts)
    axes.set_title(f"{int(total - right)} of {int(total)} test samples answered wrongly")


def _draw_errors(axes: Axes, counts: Array) -> None:
    """Draw the error of each class."""
    of_class = np.maximum(counts.sum(axis=1), 1.0)
    error = 100.0 * (1.0 - np.diag(counts) / of_class)
    places = np.arange(len(counts))
    axes.barh(places, error, height=0.62, color="#e6843a")
    axes.set_ylim(len(counts) - 0.5, -0.5)
    axes.set_xlim(0.0, max(1.15 * float(error.max()), 1.0))
    dress(axes, "x")
    if len(counts) <= WRITTEN:
        axes.yaxis.set_ticks(places)
    axes.set_xlabel("error of the class (%)")
