"""The picture of receptive fields: what each node of the next bus listens to in a square input."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eqchip.simulator.pictures.style import DIVERGING, GREY, Picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import FigureBase

Array = NDArray[Any]

#: Fields in a picture, and side by side; inputs from which a square is a picture.
FIELDS, ABREAST, SMALLEST = 36, 12, 36


def is_square(size: int) -> bool:
    """Whether so many inputs are a picture."""
    return size >= SMALLEST and math.isqrt(size) ** 2 == size


def fields_picture(name: str, values: Array, before: Array | None = None) -> Picture:
    """Return the picture of the fields with the largest weights, each on a scale of its own.

    Where the weights before training are known, of the largest changes: they show what was learned.
    """
    side = math.isqrt(len(values))
    what = "weights" if before is None else "changes of weights"
    values = np.asarray(values, dtype=np.float64) - (0.0 if before is None else before)
    norms = np.sqrt(np.sum(np.square(values), axis=0))
    chosen = np.sort(np.argsort(-norms, kind="stable")[:FIELDS])
    rows = -(-len(chosen) // ABREAST)

    def paint(made: FigureBase) -> Sequence[Axes]:
        grid = made.subplots(rows, min(ABREAST, len(chosen)), squeeze=False)
        for place, at in enumerate(grid.flat):
            at.axis("off")
            if place >= len(chosen):
                continue
            field = values[:, chosen[place]].reshape(side, side)
            bound = float(np.max(np.abs(field))) or 1.0
            at.imshow(field, cmap=DIVERGING, vmin=-bound, vmax=bound, interpolation="nearest")
            at.set_title(f"{chosen[place]}", fontsize=6.0, color=GREY, pad=1.5, loc="center")
        which = "" if len(chosen) == values.shape[1] else f", the {len(chosen)} of largest norm"
        made.supxlabel(
            f"{name}: {side} × {side} {what} of each of {values.shape[1]} columns{which}",
            fontsize=7.5,
            color=GREY,
        )
        return list(grid.flat)

    return Picture(0.35 + 0.68 * rows, paint)
