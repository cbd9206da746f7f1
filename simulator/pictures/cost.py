"""The picture of what answers take: when samples have settled, and energy by phase and kind of device.

Of a training or an evaluation: the share of samples that have settled by a time, with median, 95 % and the
longest; one bar a phase, stacked by kind. Of a transient: what sources delivered, and where it went.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eqchip.simulator.cost.latency import quantiles
from eqchip.simulator.pictures.style import COLOURS, GREY, SMALL, Picture, dress, label_axis
from eqchip.simulator.rows import Trace
from eqchip.units import engineering

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import FigureBase

Array = NDArray[Any]
Bars = dict[str, dict[str, float]]

#: Columns of energies, and what their bars are called.
_PHASES = {"energy_free": "free", "energy_nudged": "nudged", "energy_update": "update"}
#: Kinds that are told apart in a bar; the smallest others are one.
MOST = len(COLOURS)
_HEIGHT = 0.42


def knows_costs(trace: Trace) -> bool:
    """Return whether a part holds what this picture shows."""
    return bool(_bars(trace)) or _settling(trace) is not None


def cost_picture(trace: Trace) -> Picture:
    """Return the picture of latency and energy, of those that are known."""
    times, bars = _settling(trace), _bars(trace)

    def paint(made: FigureBase) -> Sequence[Axes]:
        count = int(times is not None) + int(bool(bars))
        axes = list(made.subplots(1, count, squeeze=False)[0])
        rest = iter(axes)
        if times is not None:
            draw_settling(next(rest), times)
        if bars:
            draw_energy(next(rest), bars)
        return axes

    return Picture(max(1.9, 1.0 + _HEIGHT * len(bars)), paint)


def draw_settling(axes: Axes, times: Array) -> None:
    """Draw the share of samples that have settled by a time."""
    ordered = np.sort(times)
    share = np.arange(1, len(ordered) + 1) / len(ordered)
    axes.step(np.concatenate([[0.0], ordered]), np.concatenate([[0.0], 100.0 * share]), where="post")
    told = list(zip(("median", "95 %", "longest"), (50.0, 95.0, 100.0), quantiles(ordered), strict=True))
    for _, height, time in told:
        axes.plot([time], [height], "o", color=COLOURS[0], markersize=3.5, clip_on=False)
    # A rising curve leaves one of two corners free.
    late = told[0][2] > 0.55 * told[-1][2]
    axes.annotate(
        "\n".join(f"{name} {engineering(time, 's')}" for name, _, time in reversed(told)),
        (0.03, 0.94) if late else (0.97, 0.06),
        xycoords="axes fraction",
        ha="left" if late else "right",
        va="top" if late else "bottom",
        fontsize=SMALL,
        color=GREY,
    )
    axes.set_ylim(0.0, 108.0)
    axes.set_xlim(left=0.0)
    axes.set_ylabel("settled samples (%)")
    label_axis(axes.xaxis, "time", ordered, "s")
    dress(axes)


def draw_energy(axes: Axes, bars: Mapping[str, Mapping[str, float]]) -> None:
    """Draw a bar for each phase, stacked by kind; what is given back lies left of zero."""
    sizes: dict[str, float] = {}
    for parts in bars.values():
        for kind, joules in parts.items():
            sizes[kind] = max(sizes.get(kind, 0.0), abs(joules))
    kinds = sorted(sizes, key=lambda kind: -sizes[kind])
    named = kinds if len(kinds) <= MOST else kinds[: MOST - 1]
    totals = []
    for row, parts in enumerate(bars.values()):
        ends = {True: 0.0, False: 0.0}
        for kind in kinds:
            joules = parts.get(kind, 0.0)
            at = named.index(kind) if kind in named else MOST - 1
            label = (kind if kind in named else "others") if joules else None
            there = {text for text in (bar.get_label() for bar in axes.containers)}
            begin = ends[joules >= 0.0]
            axes.barh(
                row,
                joules,
                height=0.62,
                left=begin,
                color=COLOURS[at],
                label=label if label is not None and label not in there else "_",
            )
            ends[joules >= 0.0] = begin + joules
        totals.append(sum(parts.values()))
        axes.annotate(
            engineering(totals[-1], "J"),
            (ends[True], row),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=SMALL,
            color=GREY,
        )
    axes.set_yticks(np.arange(len(bars)), list(bars))
    axes.set_ylim(len(bars) - 0.4, -0.6)
    axes.margins(x=0.18)
    label_axis(axes.xaxis, "energy", np.array([*totals, 0.0]), "J")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.32), ncols=3, borderaxespad=0.0)
    dress(axes, "x")


def _settling(trace: Trace) -> Array | None:
    if "settling" not in trace.values:
        return None
    times = np.asarray(trace.values["settling"], dtype=np.float64)
    known = times[np.isfinite(times)]
    return known if len(known) else None


def _bars(trace: Trace) -> Bars:
    """Return joules by phase and kind, a sample's mean; or of a waveform, what came and where it went."""
    columns = {one.name: one for one in trace.plan.columns}
    found: Bars = {}
    for name, phase in _PHASES.items():
        if name in columns:
            values = np.asarray(trace.values[name], dtype=np.float64)
            values = values.reshape(len(values), -1)
            known = values[np.isfinite(values).all(axis=1)]
            if len(known) and np.any(known):
                labels = columns[name].labels or ("programming",)
                found[phase] = dict(zip(labels, map(float, known.mean(axis=0)), strict=True))
    if "stored" in columns and len(trace.axis):
        spent = {"stored": float(trace.values["stored"][-1])}
        if "burnt" in columns:
            spent |= dict(zip(columns["burnt"].labels, map(float, trace.values["burnt"][-1]), strict=True))
        if "delivered" in columns:
            sources = map(float, trace.values["delivered"][-1])
            found["delivered"] = dict(zip(columns["delivered"].labels, sources, strict=True))
        found["burnt, stored"] = spent
    return found
