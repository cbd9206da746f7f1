"""Pictures of a check: the error of local updates over β, and how they point along the gradient."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eqchip.simulator.pictures.style import COLOURS, figure, line_style
from eqchip.simulator.rows import Trace

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MARKERS = "osD^vP*X"
_BARS = 30


def draw_fidelity(trace: Trace, title: str = "") -> Figure:
    """Draw the relative error against β with its slope, and the cosine of each array at the planned β."""
    names = [str(name) for name in trace.plan.attributes.get("arrays", ())]
    shown = names[:_BARS]
    made = figure(11.0, max(4.2, 1.6 + 0.3 * len(shown)))
    left, right = made.subplots(1, 2, width_ratios=(3, 2))
    _errors(left, trace, names)
    _cosines(right, trace, names, shown)
    made.suptitle(title, x=0.01, ha="left", fontsize=11)
    return made


def _errors(axes: Axes, trace: Trace, names: list[str]) -> None:
    slopes = _list(trace, "slope", len(names))
    drawn: list[NDArray[Any]] = []
    for index, (column, name) in enumerate(zip(trace.plan.columns, names, strict=True)):
        errors = trace.values[column.name]
        usable = np.isfinite(errors) & (errors > 0)
        if not np.any(usable):
            continue
        slope = slopes[index]
        label = f"{name}: slope {slope:.2f}" if math.isfinite(slope) else name
        axes.loglog(
            trace.axis[usable],
            errors[usable],
            marker=_MARKERS[index % len(_MARKERS)],
            markersize=4,
            label=label,
            **line_style(index),
        )
        drawn.append(errors[usable])
    beta = trace.plan.attributes.get("beta")
    if isinstance(beta, int | float) and beta != 0:
        axes.axvline(abs(beta), color="#555555", linewidth=1.0, linestyle="--")
        axes.annotate(
            f"β = {beta:g}",
            (abs(beta), 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(-4, -4),
            textcoords="offset points",
            ha="right",
            va="top",
            fontsize=9,
            color="#555555",
        )
    axes.set_xlabel("β")
    axes.set_ylabel("relative error of the update")
    axes.set_title("against the gradient, at equilibrium")
    if drawn:
        axes.legend(loc="upper left", bbox_to_anchor=(0.0, -0.16), ncols=2, borderaxespad=0.0)


def _cosines(axes: Axes, trace: Trace, names: list[str], shown: list[str]) -> None:
    cosines = _list(trace, "cosine", len(names))[: len(shown)]
    places = np.arange(len(shown))
    axes.barh(places, np.nan_to_num(cosines), color=COLOURS[0], height=0.6)
    for place, value in zip(places, cosines, strict=True):
        if math.isfinite(value):
            angle = math.degrees(math.acos(min(1.0, max(-1.0, value))))
            text = f"{value:.5g}  ({angle:.2g}°)"
        else:
            text = "no gradient"
        inside = math.isfinite(value) and value > 0.5
        axes.text(
            0.02 if inside else max(0.0, float(np.nan_to_num(value))) + 0.02,
            float(place),
            text,
            va="center",
            fontsize=9,
            color="white" if inside else "black",
        )
    axes.set_yticks(places, shown)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_xlim(min(0.0, float(np.nanmin(np.append(cosines, 0.0)))), 1.0)
    axes.axvline(1.0, color="#555555", linewidth=0.8)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("cosine to the gradient")
    more = f" (first {len(shown)} of {len(names)})" if len(shown) < len(names) else ""
    axes.set_title(f"as trained{more}")


def _list(trace: Trace, key: str, count: int) -> NDArray[np.float64]:
    found = np.asarray(trace.plan.attributes.get(key, []), dtype=np.float64).ravel()
    return found if found.size == count else np.full(count, np.nan)
