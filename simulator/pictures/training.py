"""Pictures of learning: error and loss over the epochs, what was learned."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eqchip.errors import InputError
from eqchip.simulator.pictures.style import COLOURS, DIVERGING, figure, legend, whole_numbers
from eqchip.simulator.rows import Trace

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: The three sets of samples, each with one colour in both panels.
_SETS = {"train": COLOURS[1], "valid": COLOURS[2], "test": COLOURS[0]}
_ARRAYS = 12


def draw_training(trace: Trace, title: str = "") -> Figure:
    """Draw error in per cent and loss on a log scale, over the epochs."""
    with_errors = any(_known(trace, f"{name}_error") for name in _SETS)
    made = figure(8.0, 5.6 if with_errors else 3.6)
    axes = made.subplots(2 if with_errors else 1, 1, sharex=True, squeeze=False)[:, 0]
    if with_errors:
        _curves(axes[0], trace, "error", 100.0)
        axes[0].set_ylabel("error (%)")
        axes[0].set_ylim(bottom=0.0)
    _curves(axes[-1], trace, "loss", 1.0)
    axes[-1].set_ylabel("loss")
    if any(np.any(trace.values[f"{name}_loss"] > 0) for name in _SETS if _known(trace, f"{name}_loss")):
        axes[-1].set_yscale("log")
    axes[-1].set_xlabel("epoch")
    whole_numbers(axes[-1].xaxis)
    made.suptitle(title, x=0.01, ha="left", fontsize=11)
    return made


def _known(trace: Trace, name: str) -> bool:
    return name in trace.values and bool(np.any(np.isfinite(trace.values[name])))


def _curves(axes: Axes, trace: Trace, quantity: str, factor: float) -> None:
    marker = "o" if trace.axis.size <= 20 else None
    drawn = 0
    for name, colour in _SETS.items():
        if not _known(trace, f"{name}_{quantity}"):
            continue
        values = factor * trace.values[f"{name}_{quantity}"]
        last = values[np.isfinite(values)][-1]
        label = f"{name}, last {last:.3g}{' %' if quantity == 'error' else ''}"
        # What is measured during an epoch lies behind the test after it.
        width = 1.2 if name == "train" else 1.8
        axes.plot(
            trace.axis, values, color=colour, label=label, linewidth=width, marker=marker, markersize=3.5
        )
        drawn += 1
    legend(axes, drawn)


def draw_weights(arrays: Mapping[str, NDArray[Any]], units: Mapping[str, str], title: str = "") -> Figure:
    """Draw each learned array as a map, biases as bars."""
    if not arrays:
        raise InputError("there are no weights to draw", expected="a file that eqchip train wrote")
    names = list(arrays)[:_ARRAYS]
    columns = math.ceil(math.sqrt(len(names)))
    rows = -(-len(names) // columns)
    made = figure(3.6 * columns + 0.6, 3.0 * rows + 0.5)
    grid = made.subplots(rows, columns, squeeze=False)
    for at in grid.flat[len(names) :]:
        at.axis("off")
    for at, name in zip(grid.flat, names, strict=False):
        values = arrays[name]
        unit = f" ({units[name]})" if units.get(name) else ""
        if values.ndim == 2:
            bound = float(np.max(np.abs(values))) or 1.0
            signed = bool(np.any(values < 0))
            drawn = at.imshow(
                values,
                aspect="auto",
                interpolation="nearest",
                cmap=DIVERGING if signed else "viridis",
                vmin=-bound if signed else 0.0,
                vmax=bound,
            )
            at.set_xlabel("column")
            at.set_ylabel("row")
            whole_numbers(at.xaxis)
            whole_numbers(at.yaxis)
            made.colorbar(drawn, ax=at)
            at.grid(False)
        else:
            at.bar(np.arange(values.size), values.ravel(), color=COLOURS[0])
            at.axhline(0.0, color="#555555", linewidth=0.8)
            at.set_xlabel("node")
            at.set_xlim(-1.0, values.size)
            whole_numbers(at.xaxis)
        at.set_title(name + unit)
    more = f"; the first {_ARRAYS} of {len(arrays)} arrays" if len(arrays) > _ARRAYS else ""
    made.suptitle(title + more, x=0.01, ha="left", fontsize=11)
    return made
