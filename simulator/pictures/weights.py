"""The picture of what was learned: each array as a map over the histogram that is its colour scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eqchip.simulator.pictures.style import (
    COLOURS,
    DIVERGING,
    GREY,
    SEQUENTIAL,
    WIDTH,
    Picture,
    dress,
    label_axis,
    whole_numbers,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import FigureBase

Array = NDArray[Any]

#: Arrays in a picture, and side by side; biases that are drawn one by one.
ARRAYS, ABREAST, STEMS = 12, 4, 64
_BINS = 41


def weights_picture(
    arrays: Mapping[str, Array], units: Mapping[str, str], before: Mapping[str, Array] | None = None
) -> Picture:
    """Return the picture of these arrays; biases are drawn as stems, what was before training as outlines."""
    earlier = before if before is not None else {}
    names = list(arrays)[:ARRAYS]
    rows = -(-len(names) // ABREAST)
    columns = -(-len(names) // rows)

    def paint(made: FigureBase) -> Sequence[Axes]:
        grid = made.subplots(2 * rows, columns, squeeze=False, height_ratios=[3.0, 1.0] * rows)
        used: list[Axes] = []
        for number in range(rows * columns):
            row, column = divmod(number, columns)
            upper, lower = grid[2 * row, column], grid[2 * row + 1, column]
            if number < len(names):
                name = names[number]
                values = np.asarray(arrays[name], dtype=np.float64)
                _draw_array(upper, lower, name, values, units.get(name, ""), earlier.get(name))
                used += [upper, lower]
            else:
                upper.axis("off")
                lower.axis("off")
        if len(names) < len(arrays):
            made.supxlabel(
                f"… and {len(arrays) - len(names)} more (name them)",
                fontsize=7.5,
                color=GREY,
                ha="right",
                x=0.99,
            )
        return used

    return Picture(0.5 + rows * (1.5 + min(1.0 * WIDTH / columns, 2.0)), paint)


def _draw_array(upper: Axes, lower: Axes, name: str, values: Array, unit: str, before: Array | None) -> None:
    signed = bool(np.any(values < 0)) or (before is not None and bool(np.any(np.asarray(before) < 0)))
    finite = np.abs(values[np.isfinite(values)])
    # A few outliers of a large array would leave the rest pale.
    bound = float(np.quantile(finite, 0.998 if finite.size > 2000 else 1.0)) if finite.size else 1.0
    low, high = (-bound, bound) if signed else (float(np.nanmin(values)) if finite.size else 0.0, bound)
    if low >= high:
        low, high = (low - 0.5 * (abs(low) or 1.0), high + 0.5 * (abs(high) or 1.0))
    if values.ndim == 1 and values.size > STEMS:
        side = int(np.ceil(np.sqrt(values.size)))
        folded = np.full(side * -(-values.size // side), np.nan)
        folded[: values.size] = values
        _draw_map(upper, folded.reshape(-1, side), signed, low, high)
        upper.set_xlabel(f"{values.size} nodes, row by row", fontsize=7.5)
        upper.set_ylabel("")
        upper.set_xticks([])
        upper.set_yticks([])
    elif values.ndim == 1:
        dress(upper, "y")
        _draw_stems(upper, values, unit)
    else:
        _draw_map(upper, values.reshape(values.shape[0], -1), signed, low, high)
    shape = " × ".join(str(size) for size in values.shape)
    upper.set_title(f"{name}  {shape}", color="black")
    dress(lower, "none")
    _draw_histogram(lower, values, signed, low, high, before)
    label_axis(lower.xaxis, "weight", np.array([low, high]), unit)


def _draw_map(axes: Axes, values: Array, signed: bool, low: float, high: float) -> None:
    axes.imshow(
        values,
        aspect="auto",
        interpolation="nearest",
        cmap=DIVERGING if signed else SEQUENTIAL,
        vmin=low,
        vmax=high,
    )
    dress(axes, "none")
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.set_xlabel("column", fontsize=7.5, labelpad=1.0)
    axes.set_ylabel("row", fontsize=7.5, labelpad=1.0)
    whole_numbers(axes.xaxis, 5)
    whole_numbers(axes.yaxis, 6)


def _draw_stems(axes: Axes, values: Array, unit: str) -> None:
    places = np.arange(values.size)
    axes.vlines(places, 0.0, values, color="#9ecae1", linewidth=1.0)
    axes.plot(places, values, "o", color=COLOURS[0], markersize=3.0)
    axes.axhline(0.0, color=GREY, linewidth=0.7)
    axes.set_xlabel("node", fontsize=7.5, labelpad=1.0)
    axes.set_xlim(-0.7, values.size - 0.3)
    whole_numbers(axes.xaxis, 6)
    label_axis(axes.yaxis, "", values, unit)


def _draw_histogram(
    axes: Axes, values: Array, signed: bool, low: float, high: float, before: Array | None
) -> None:
    """Draw how often each value occurs, in the colours of the map: what lies beyond them goes to the ends.

    How it was before training is an outline.
    """
    from matplotlib import colormaps

    held = np.clip(values[np.isfinite(values)], low, high)
    bins = min(_BINS, max(11, int(np.sqrt(held.size)) | 1))
    counts, edges = np.histogram(held, bins=bins, range=(low, high))
    colours = colormaps[DIVERGING if signed else SEQUENTIAL](np.linspace(0.0, 1.0, bins))
    axes.bar(
        edges[:-1], counts, np.diff(edges), align="edge", color=colours, edgecolor="#999999", linewidth=0.25
    )
    # The strip below is the scale even where nothing lies.
    top = 1.05 * max(1, int(counts.max()))
    if before is not None:
        earlier = np.asarray(before, dtype=np.float64)
        was, _ = np.histogram(np.clip(earlier[np.isfinite(earlier)], low, high), bins=bins, range=(low, high))
        # All alike, as biases are at first, is one bar: cut off where the rest would be flat.
        axes.stairs(np.minimum(was, 1.6 * top), edges, color="black", linewidth=0.7)
        top = max(top, min(1.05 * float(was.max()), 1.6 * top))
    axes.imshow(
        np.linspace(0.0, 1.0, 256)[None, :],
        extent=(low, high, -0.2 * top, -0.06 * top),
        cmap=DIVERGING if signed else SEQUENTIAL,
        aspect="auto",
    )
    axes.set_xlim(low, high)
    axes.set_ylim(-0.2 * top, top)
    axes.set_yticks([])
    axes.tick_params(axis="x", length=2.0)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.locator_params(axis="x", nbins=4)
