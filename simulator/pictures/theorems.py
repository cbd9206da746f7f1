"""Pictures of theorems: what devices feel over what is computed, and how the difference falls with β.

Lines are what is computed (adjoints, gradients), dots what the chip does (currents, updates): where the
theorem holds, the dots lie on the lines. Errors stand over β, beside the slope of theory.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eqchip.simulator.pictures.style import COLOURS, GREY, SMALL, Picture, dress, line_style, whole_numbers
from eqchip.simulator.rows import Trace

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes
    from matplotlib.figure import FigureBase

Array = NDArray[Any]

_MARKERS = "osD^vP*X"
#: Arrays that get a panel of their own.
_PANELS = 5


def second_phase_picture(trace: Trace) -> Picture:
    """Return the picture of capacitor currents over error derivatives, step by step."""

    def paint(made: FigureBase) -> Sequence[Axes]:
        left, right = made.subplots(1, 2, width_ratios=(5, 3))
        for axes in (left, right):
            dress(axes)
        _over(left, trace.axis, trace["adjoint"], trace["current"], 0)
        left.set_xlabel("step of the nudged phase")
        left.set_ylabel("per unit of state")
        left.set_title("lines λ(t), dots −i(t)/β of some nodes of one sample")
        _verdict(left, trace)
        _errors(right, trace, _texts(trace, "methods"))
        return [left, right]

    return Picture(3.0, paint)


def through_time_picture(trace: Trace) -> Picture:
    """Return the picture of updates over gradients, step by step, array by array."""
    names = _texts(trace, "names")
    shown = [name for name in names if f"update({name.lower()})" in trace.values][:_PANELS]
    rows = -(-(len(shown) + 1) // 3)

    def paint(made: FigureBase) -> Sequence[Axes]:
        grid = [one for row in made.subplots(rows, 3, squeeze=False) for one in row]
        for axes, name in zip(grid, shown, strict=False):
            dress(axes)
            low = name.lower()
            _over(axes, trace.axis, trace[f"gradient({low})"], trace[f"update({low})"], 0)
            axes.set_title(
                "neurons: lines −dLoss/ds, dots δ" if name == names[0] else f"{name}: lines ∇, dots Δ"
            )
            axes.set_xlabel("step")
        if names != shown[: len(names)]:
            grid[0].set_title(f"{grid[0].get_title(loc='left')}; {len(names) - len(shown)} arrays not shown")
        last = grid[len(shown)]
        dress(last)
        _errors(last, trace, names)
        for spare in grid[len(shown) + 1 :]:
            spare.set_visible(False)
        return [*grid[: len(shown)], last]

    return Picture(2.2 * rows + 0.2, paint)


def reciprocity_picture(trace: Trace) -> Picture:
    """Return the picture of the cosine between update and gradient over how far J is from its transpose."""
    names = _texts(trace, "names")

    def paint(made: FigureBase) -> Sequence[Axes]:
        axes = made.subplots()
        dress(axes)
        stable = np.asarray(trace.plan.attributes.get("stable", np.ones(len(trace.axis)))) > 0.0
        own = float(trace.plan.attributes.get("own_asymmetry", math.nan))
        measured = np.asarray(trace.plan.attributes.get("measured", []), dtype=np.float64).ravel()
        for index, name in enumerate([*names, "all"]):
            cosines = trace[f"cosine({name.lower()})"]
            whole = name == "all"
            look = {"color": "#000000", "linewidth": 2.2} if whole else line_style(index)
            axes.plot(trace.axis, cosines, label="all together" if whole else name, **look)
            axes.plot(trace.axis[~stable], cosines[~stable], "x", color=look["color"], markersize=4.0)
            if index < len(measured) and math.isfinite(measured[index]):
                axes.plot([own], [measured[index]], "o", color=look["color"], markersize=5.0, clip_on=False)
        axes.axvline(own, color=GREY, linewidth=0.9, linestyle=(0, (4, 3)))
        axes.annotate(
            "this chip",
            (own, 0.02),
            xycoords=("data", "axes fraction"),
            xytext=(4, 0),
            textcoords="offset points",
            fontsize=SMALL,
            color=GREY,
        )
        axes.set_xlim(left=0.0)
        low = axes.get_ylim()[0]
        axes.set_ylim(low, 1.0 + 0.02 * (1.0 - low))  # lines at 1 are seen whole
        axes.set_xlabel("‖J − Jᵀ‖/‖J‖")
        axes.set_ylabel("cosine, update to gradient")
        crosses = "; crosses: not stable" if not np.all(stable) else ""
        axes.set_title("lines: chips around this one; dots: this chip, measured" + crosses)
        axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.03), borderaxespad=0.0)
        return [axes]

    return Picture(3.0, paint)


PICTURES: Mapping[str, Callable[[Trace], Picture]] = {
    "second_phase": second_phase_picture,
    "through_time": through_time_picture,
    "reciprocity": reciprocity_picture,
}


def _over(axes: Axes, steps: Array, lines: Array, dots: Array, first: int) -> None:
    """Draw dots over lines of the same colours."""
    every = max(1, len(steps) // 20)
    for index in range(lines.shape[1]):
        colour = COLOURS[(first + index) % len(COLOURS)]
        axes.plot(steps, lines[:, index], color=colour, linewidth=1.1)
        # Every line has its dots at other steps, so that none hides another.
        at = slice(index % every, None, every)
        axes.plot(steps[at], dots[at, index], "o", color=colour, markersize=2.6)
    axes.axhline(0.0, color=GREY, linewidth=0.6)
    whole_numbers(axes.xaxis, 5)


def _errors(axes: Axes, trace: Trace, names: Sequence[str]) -> None:
    """Draw the relative error of each of `names` over β, and the slope of theory."""
    betas = np.asarray(trace.plan.attributes["betas"], dtype=np.float64)
    top, spans = 0.0, 1.0
    for index, name in enumerate(names):
        errors = np.asarray(trace.plan.attributes[f"errors_{name.lower()}"], dtype=np.float64)
        usable = np.isfinite(errors) & (errors > 0.0)
        if np.any(usable):
            look = line_style(index)
            axes.loglog(
                betas[usable],
                errors[usable],
                marker=_MARKERS[index % len(_MARKERS)],
                markersize=2.8,
                label=name,
                **look,
            )
            top = max(top, float(errors[usable][-1]))
            spans = max(spans, float(np.max(errors[usable]) / np.min(errors[usable])))
    falls = spans > 10.0
    if falls:
        low, high = axes.get_ylim()
        axes.plot(betas, 3.0 * top * betas / betas[-1], color="#999999", linewidth=0.9, linestyle=":")
        axes.set_ylim(low, max(high, 4.0 * top))
    elif top:
        axes.set_ylim(top / 300.0, 10.0 * top)
    if top:
        axes.legend(loc="lower right", frameon=True, framealpha=0.9, edgecolor="none", labelspacing=0.25)
    axes.set_xlabel("β, over the energy scale")
    axes.set_title("relative error; dotted: ∝ β" if falls else "relative error")


def _verdict(axes: Axes, trace: Trace) -> None:
    """Say in the corner when the statement is not one about this chip."""
    if not bool(trace.plan.attributes.get("applies", True)):
        axes.annotate(
            f"does not apply: {trace.plan.attributes.get('why', '')}".replace(
                ": of weights", ":\nof weights"
            ),
            (0.99, 0.97),
            xycoords="axes fraction",
            ha="right",
            va="top",
            fontsize=SMALL,
            color=GREY,
        )


def _texts(trace: Trace, key: str) -> list[str]:
    return [str(one) for one in trace.plan.attributes.get(key, ())]
