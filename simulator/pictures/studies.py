"""The pictures of studies: an ablation as ranked bars, and a metric over what was varied.

Bars begin at zero and show what an imperfection costs: one bar where all others stay (gained without it), one
where it is alone. Whiskers are one standard deviation over seeds; dots of a varied value are single runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eqchip.simulator.ablation import Ablation, ablation_of
from eqchip.simulator.pictures.style import COLOURS, GREY, SMALL, Picture, dress, line_style
from eqchip.simulator.rows import Trace

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import FigureBase

Array = NDArray[Any]

#: Status of a point that failed (studies/runner.py).
FAILED = 2
#: Imperfections that are drawn, and lines of a second varied value.
BARS, LINES = 20, 7
#: Steps of a linear axis at most: small numbers are long, and there are up to three panels side by side.
TICKS = 5
_TITLES = {
    "test_error": ("test error that it costs (%)", 100.0),
    "test_loss": ("test loss that it costs", 1.0),
    "cosine": ("cosine to the gradient that it costs", 1.0),
    "relative_error": ("relative error of the update that it costs", 1.0),
}
#: Metrics of a varied value that have a panel, where there are any.
_METRICS = ("test_error", "test_loss", "cosine", "reciprocity")


def study_picture(trace: Trace) -> Picture | None:
    """Return the picture of a study; None where its rows are best drawn as they stand."""
    if trace.plan.attributes.get("design") == "ablation":
        return _ablation_picture(trace)
    axis = _axis(trace)
    metrics = _metrics(trace)
    if axis is None or not metrics:
        return None

    def paint(made: FigureBase) -> Sequence[Axes]:
        axes = made.subplots(1, len(metrics), squeeze=False)[0]
        for one, metric in zip(axes, metrics, strict=True):
            draw_varied(one, trace, metric)
        return list(axes)

    return Picture(2.6, paint)


def _ablation_picture(trace: Trace) -> Picture:
    found = ablation_of(trace)
    count = min(BARS, len(found.effects))

    def paint(made: FigureBase) -> Sequence[Axes]:
        panels = max(1, len(found.measures))
        axes = made.subplots(1, panels, squeeze=False, sharey=True)[0]
        for number, (one, measure) in enumerate(zip(axes, found.measures, strict=False)):
            draw_effects(one, found, measure)
            if not number:
                made.legend(*one.get_legend_handles_labels(), loc="outside upper right", ncols=2)
        if not found.measures:
            axes[0].set_title("no point was finished")
        return list(axes)

    return Picture(1.0 + 0.34 * max(2, count), paint)


def draw_effects(axes: Axes, found: Ablation, measure: str) -> None:
    """Draw what each imperfection costs, the worst on top."""
    title, factor = _TITLES[measure]
    names = list(found.effects)[:BARS]
    places = np.arange(len(names))
    for offset, which, colour, label in (
        (-0.19, "removed", COLOURS[0], "gained without it"),
        (0.19, "added", COLOURS[1], "lost with it alone"),
    ):
        spreads = [getattr(found.effects[name][measure], which) for name in names]
        means = factor * np.array([np.nan if one.mean is None else one.mean for one in spreads])
        stds = factor * np.array([np.nan if one.std is None else one.std for one in spreads])
        axes.barh(places + offset, np.nan_to_num(means), height=0.34, color=colour, label=label)
        there = np.isfinite(stds) & np.isfinite(means)
        if there.any():
            axes.errorbar(
                means[there],
                (places + offset)[there],
                xerr=stds[there],
                fmt="none",
                ecolor="#222222",
                elinewidth=0.8,
                capsize=1.8,
            )
    axes.axvline(0.0, color=GREY, linewidth=0.7)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_yticks(places, names)
    dress(axes, "x")
    axes.tick_params(axis="y", length=0.0)
    axes.locator_params(axis="x", nbins=TICKS)
    axes.set_xlabel(title)
    axes.set_title(_ends(found, measure, factor) + _missing(len(found.effects), len(names)))


def _ends(found: Ablation, measure: str, factor: float) -> str:
    """Say how good the chip is as it is, and ideal."""
    values = [found.as_is[measure].mean, found.ideal[measure].mean]
    unit = " %" if factor == 100.0 else ""
    shown = ["–" if one is None else f"{factor * one:.3g}{unit}" for one in values]
    return f"{shown[0]} as it is, {shown[1]} ideal"


def _missing(there: int, shown: int) -> str:
    return f"; {there - shown} more cost less" if there > shown else ""


def draw_varied(axes: Axes, trace: Trace, metric: str) -> None:
    """Draw a metric over the first value that varies, a line for each of the second."""
    axis = _axis(trace)
    assert axis is not None  # study_picture saw it
    x = np.asarray(trace.values[axis], dtype=np.float64)
    factor = 100.0 if metric.endswith("error") and metric != "relative_error" else 1.0
    y = factor * np.asarray(trace.values[metric], dtype=np.float64)
    groups = _groups(trace, axis)
    for number, (name, rows) in enumerate(groups[:LINES]):
        places = np.unique(x[rows])
        means = np.array([_mean(y[rows & (x == place)]) for place in places])
        style = line_style(number)
        axes.plot(places, means, label=name, **style)
        axes.plot(x[rows], y[rows], ".", color=style["color"], markersize=4.0)
    values = np.unique(x)
    if len(values) > 2 and values[0] > 0 and values[-1] / values[0] >= 10 and _is_geometric(values):
        axes.set_xscale("log")
    else:
        axes.locator_params(axis="x", nbins=TICKS)
    dress(axes)
    axes.set_xlabel(axis)
    axes.set_ylabel(metric.replace("_", " ") + (" (%)" if factor == 100.0 else ""))
    notes = [f"{len(groups) - LINES} more lines"] if len(groups) > LINES else []
    failed = int(np.count_nonzero(np.asarray(trace.values["status"]) == FAILED))
    notes += [f"{failed} of {len(x)} points failed"] if failed else []
    axes.set_title("; ".join(notes))
    if len(groups) > 1:
        axes.legend(loc="best", fontsize=SMALL)


def _groups(trace: Trace, axis: str) -> list[tuple[str, NDArray[np.bool_]]]:
    """Return the rows of each combination of the other values that vary."""
    others = [name for name in _varied(trace) if name.lower() != axis]
    columns = [_column(trace, name) for name in others]
    keys = list(zip(*columns, strict=True)) if columns else [()] * len(trace.axis)
    found = []
    for key in dict.fromkeys(keys):
        shown = ", ".join(f"{name} = {value}" for name, value in zip(others, key, strict=True))
        found.append((shown, np.array([one == key for one in keys])))
    return found


def _column(trace: Trace, name: str) -> list[str]:
    texts = trace.plan.attributes.get(name)
    if texts is not None:
        return [texts] if isinstance(texts, str) else [str(one) for one in texts]
    return [f"{value:g}" for value in trace.values[name.lower()]]


def _varied(trace: Trace) -> list[str]:
    found = trace.plan.attributes.get("varied", [])
    return [found] if isinstance(found, str) else [str(one) for one in found]


def _axis(trace: Trace) -> str | None:
    """Return the first varied value that is a number."""
    return next((name.lower() for name in _varied(trace) if name.lower() in trace.values), None)


def _metrics(trace: Trace) -> list[str]:
    there = [name for name in _METRICS if name in trace.values and np.isfinite(trace.values[name]).any()]
    return there[:3]


def _mean(values: Array) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if finite.size else float("nan")


def _is_geometric(values: Array) -> bool:
    ratios = values[1:] / values[:-1]
    return bool(np.allclose(ratios, ratios[0], rtol=1e-6))
