"""Pictures of a check: the error of local updates over β, and how they point along the gradient."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eqchip.simulator.pictures.style import COLOURS, GREY, SMALL, Picture, dress, line_style
from eqchip.simulator.rows import Trace

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import FigureBase

Array = NDArray[Any]

_MARKERS = "osD^vP*X"
#: Arrays that get a line of their own.
ARRAYS = 24
#: Errors from which on a curve follows no power of β.
LARGE = 0.1


def fidelity_picture(trace: Trace) -> Picture:
    """Return the picture of relative error against β, and of the cosine of each array at the planned β."""
    names = _names(trace)
    shown = names[:ARRAYS]

    def paint(made: FigureBase) -> Sequence[Axes]:
        left, right = made.subplots(1, 2, width_ratios=(5, 2))
        dress(left)
        draw_errors(left, trace)
        dress(right, "x")
        _cosines(right, trace, shown)
        return [left, right]

    return Picture(max(3.4, 1.0 + 0.2 * len(shown)), paint)


def _names(trace: Trace) -> list[str]:
    named = [str(name) for name in trace.plan.attributes.get("arrays", ())]
    columns = [column.name.partition("(")[2].rstrip(")") or column.name for column in trace.plan.columns]
    return named if len(named) == len(columns) else columns


def draw_errors(axes: Axes, trace: Trace) -> None:
    """Draw the relative error of each array over β, where it is least, and the slopes of theory."""
    if not trace.axis.size:
        _draw_trained(axes, trace)
        return
    names = _names(trace)
    slopes = _list(trace, "slope", len(names))
    best = _list(trace, "best_beta", len(names))
    drawn: list[tuple[Array, Array, float]] = []
    for index, (column, name) in enumerate(zip(trace.plan.columns[:ARRAYS], names, strict=False)):
        errors = trace.values[column.name]
        usable = np.isfinite(errors) & (errors > 0)
        if not np.any(usable):
            continue
        betas, errors = trace.axis[usable], errors[usable]
        slope = float(slopes[index])
        label = f"{name}, slope {slope:.2f}" if math.isfinite(slope) else name
        look = line_style(index)
        marker = _MARKERS[index % len(_MARKERS)]
        axes.loglog(betas, errors, marker=marker, markersize=2.8, label=label, **look)
        if math.isfinite(best[index]):
            at = int(np.argmin(np.abs(betas - best[index])))
            axes.plot(betas[at], errors[at], "o", markersize=9, markerfacecolor="none", color=look["color"])
        drawn.append((betas, errors, slope))
    axes.set_xlabel("β, over the energy scale")
    axes.set_ylabel("relative error of the update")
    if drawn:
        shaded = _window(axes, trace)
        _planned(axes, trace)
        _guides(axes, drawn)
        low, high = axes.get_ylim()
        axes.set_ylim(low, high * (high / low) ** 0.06)  # room for the planned β
        more = len(names) - ARRAYS
        own = ", against its own target" if trace.plan.attributes.get("aimed") else ""
        axes.set_title(
            f"settled exactly{own}; rings: best β{shaded}" + (f"; … and {more} more" if more > 0 else "")
        )
        axes.legend(
            loc="lower right",
            frameon=True,
            framealpha=0.9,
            edgecolor="none",
            fontsize=SMALL,
            ncols=1 + (len(drawn) > 6),
            handlelength=1.8,
            labelspacing=0.3,
        )


def _draw_trained(axes: Axes, trace: Trace) -> None:
    """Draw the relative error of each array as trained: rules without a β have no curve over it."""
    names = _names(trace)[:ARRAYS]
    places = np.arange(len(names))
    drawn = []
    for key, label, marker in (
        ("relative_error", "against dLoss/dθ", "o"),
        ("own_error", "against its own target", "D"),
    ):
        found = _list(trace, key, len(_names(trace)))[: len(names)]
        if np.any(np.isfinite(found)):
            # An error of exactly zero has no logarithm: it stands at the left, as rounding does.
            axes.plot(np.maximum(found, 1e-17), places, marker, label=label, markersize=5.0)
            drawn.append(found)
    axes.set_xscale("log")
    axes.set_yticks(places, names)
    axes.set_ylim(len(names) - 0.5, -0.7)
    axes.set_xlabel("relative error of the update, as trained")
    rule = str(trace.plan.attributes.get("rule", "this rule"))
    axes.set_title(f"rule={rule} has no β" + ("" if drawn else "; there is no gradient"))
    if drawn:
        axes.legend(loc="best", fontsize=SMALL)


def _window(axes: Axes, trace: Trace) -> str:
    """Shade where nudged states are no longer the free one, moved a little; return the title's word on it."""
    limits = [trace.plan.attributes.get(f"window_{what}", math.nan) for what in ("bounds", "branch")]
    limit = min((float(one) for one in limits if math.isfinite(float(one))), default=math.inf)
    left, right = axes.get_xlim()
    if limit < 0.1:  # beyond it, β is large for any chip
        axes.axvspan(limit, right, color="#f3f3f3", zorder=0)
        axes.set_xlim(left, right)
        return "; shaded: kinks or other branches"
    return ""


def _planned(axes: Axes, trace: Trace) -> None:
    """Mark the β of the netlist."""
    beta = trace.plan.attributes.get("beta")
    if not isinstance(beta, int | float) or beta == 0:
        return
    axes.axvline(abs(beta), color=GREY, linewidth=0.9, linestyle=(0, (4, 3)))
    left, right = axes.get_xlim()
    late = math.log(abs(beta) / left) > 0.75 * math.log(right / left)
    axes.annotate(
        f"trained at β = {beta:g}",
        (abs(beta), 1.0),
        xycoords=("data", "axes fraction"),
        xytext=(-4 if late else 4, -3),
        textcoords="offset points",
        ha="right" if late else "left",
        va="top",
        fontsize=SMALL,
        color=GREY,
    )


def _guides(axes: Axes, drawn: list[tuple[Array, Array, float]]) -> None:
    """Draw the slope that theory gives, next to the whole number measured: β for one side, β² centred."""
    orders = sorted({round(slope) for _, _, slope in drawn if math.isfinite(slope) and round(slope) >= 1})
    for order in orders[:3]:
        # Above all curves of that order, two decades long, ending where they end or errors are large.
        these = [
            (betas, errors)
            for betas, errors, slope in drawn
            if math.isfinite(slope) and round(slope) == order
        ]
        small = [float(betas[errors < LARGE][-1]) for betas, errors in these if np.any(errors < LARGE)]
        end = min(small, default=float(these[0][0][-1]))
        begin = max(float(these[0][0][0]), end / 1e2)
        top = max(float(errors[betas <= end][-1]) for betas, errors in these)
        xs = np.array([begin, end])
        ys = 3.0 * top * (xs / end) ** order
        low, high = axes.get_ylim()
        axes.plot(xs, ys, color="#999999", linewidth=0.9, linestyle=":")
        axes.set_ylim(low, max(high, 2.0 * float(ys[-1])))
        middle = math.sqrt(begin * end)
        axes.annotate(
            "∝ β" if order == 1 else f"∝ β{_RAISED.get(order, f'^{order}')}",
            (middle, 3.0 * top * (middle / end) ** order),
            xytext=(-5, 4),
            textcoords="offset points",
            ha="right",
            fontsize=SMALL + 1,
            color=GREY,
        )


_RAISED = {2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹"}


def _cosines(axes: Axes, trace: Trace, shown: list[str]) -> None:
    """Draw the cosine between the update as trained and the gradient, with the angle in degrees."""
    cosines = _list(trace, "cosine", len(_names(trace)))[: len(shown)]
    places = np.arange(len(shown))
    finite = cosines[np.isfinite(cosines)]
    least = min(0.0, float(finite.min())) if finite.size else 0.0
    axes.hlines(places, 0.0, np.nan_to_num(cosines), color="#cccccc", linewidth=1.2)
    for index, (place, value) in enumerate(zip(places, cosines, strict=True)):
        if math.isfinite(value):
            colour = COLOURS[index % len(COLOURS)]
            marker = _MARKERS[index % len(_MARKERS)]
            axes.plot([value], [place], marker, color=colour, markersize=5.0, clip_on=False)
            angle = math.degrees(math.acos(min(1.0, max(-1.0, value))))
            text = f"{value:.4f}, {angle:.2g}°".replace("-", "−")
        else:
            text = "no gradient"
        axes.text(0.02, float(place) - 0.12, text, va="bottom", fontsize=SMALL, color=GREY)
    axes.set_yticks(places, shown)
    axes.set_ylim(len(shown) - 0.5, -0.7)
    axes.set_xlim(1.02 * least, 1.0)
    axes.axvline(0.0, color=GREY, linewidth=0.7)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_xticks([0.0, 0.5, 1.0] if least == 0.0 else [-1.0, 0.0, 1.0])
    axes.set_xlabel("cosine to the gradient")
    axes.set_title("as trained")


def _list(trace: Trace, key: str, count: int) -> NDArray[np.float64]:
    found = np.asarray(trace.plan.attributes.get(key, []), dtype=np.float64).ravel()
    return found if found.size == count else np.full(count, np.nan)
