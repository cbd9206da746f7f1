"""Choose the picture for what a run holds, draw it, and write it as PNG, PDF or SVG."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from eqchip.errors import InputError, nearest
from eqchip.simulator.analyses.presented import is_waveform
from eqchip.simulator.pictures.choice import choose, knows, quantities
from eqchip.simulator.pictures.confusion import confusion_picture, draw_confusion
from eqchip.simulator.pictures.cost import cost_picture, knows_costs
from eqchip.simulator.pictures.fidelity import draw_errors, fidelity_picture
from eqchip.simulator.pictures.fields import fields_picture, is_square
from eqchip.simulator.pictures.points import dots, draw_dots, points_picture
from eqchip.simulator.pictures.settling import settling_picture
from eqchip.simulator.pictures.studies import study_picture
from eqchip.simulator.pictures.style import WIDTH, Picture, figure, style
from eqchip.simulator.pictures.theorems import PICTURES as THEOREMS
from eqchip.simulator.pictures.traces import draw_field, draw_lines, label_x, traces_picture
from eqchip.simulator.pictures.training import draw_curves, known_curves, training_picture
from eqchip.simulator.pictures.waveform import waveform_picture
from eqchip.simulator.pictures.weights import weights_picture
from eqchip.simulator.rows import Trace

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from eqchip.simulator.run import Run

FORMATS = (".png", ".pdf", ".svg")
#: Inches: a picture grows no taller than this, so that it can still be written and looked at.
_TALLEST = 60.0


def draw(run: Run, names: Sequence[str] = ()) -> Figure:
    """Draw a run: a training with its weights, a check, analyses; or what is named.

    A name is a part (`tran`, `weights`), something in a part (`tran/v(out)`, `weights/Yxh`), or a quantity
    (`v(out)`, `v(h[3])`, `i(*)`) of the last part that has it.
    """
    with style():
        pictures = _pictures(run, _selected(run, names))
        heights = [one.height + 0.25 for _, one in pictures]
        if sum(heights) > _TALLEST:
            raise InputError(
                f"this run holds {len(pictures)} pictures, too many for one",
                expected="names: " + ", ".join(_parts(run)),
            )
        made = figure(sum(heights))
        rooms = made.subfigures(len(pictures), 1, squeeze=False, height_ratios=heights)[:, 0]
        for room, (title, picture) in zip(rooms, pictures, strict=True):
            picture.paint(room)
            room.suptitle(title, x=0.008, ha="left", fontsize=9.5)
    return made


def _parts(run: Run) -> list[str]:
    learned = ["weights"] if run.weights else []
    return [*run.parts, *(["fields"] if _fields(run) else []), *learned]


def _shown(run: Run) -> list[str]:
    """Return what is drawn when nothing is named: all that holds something, curves first."""
    parts = [name for name in _parts(run) if name not in run.parts or _drawable(run.parts[name].trace)]
    costs = ["cost"] if "cost" in parts and knows_costs(run.parts["cost"].trace) else []
    if "evaluation" in parts and "confusion" in parts:
        return ["confusion", *costs]
    if "training" not in parts:
        return parts or _parts(run)
    first = ("training", "confusion", "settling")
    others = [name for name in parts if name not in first and name != "cost"]
    return [*(name for name in first if name in parts), *costs, *others]


def _fields(run: Run) -> dict[str, Any]:
    """Return the arrays that listen to a square input, of a chip that learned.

    Rows that an array before it writes to are neurons: a hundred of them are no picture of 10 × 10.
    """
    if not run.weights or "training" not in run.parts:
        return {}
    found, written = {}, set()
    for name, values in run.weights.items():
        if values.ndim == 2:
            if is_square(len(values)) and len(values) not in written:
                found[name] = values
            written.add(values.shape[1])
    return found


def _selected(run: Run, names: Sequence[str]) -> dict[str, list[str]]:
    """Return the parts to draw, and the names in each; no names mean what the part shows by itself."""
    if not _parts(run):
        raise InputError("this run holds nothing to draw")
    if not names:
        # A learning waveform shows its weights itself, over time.
        shown = any(is_waveform(part.trace) for part in run.parts.values())
        return {part: [] for part in _shown(run) if part != "weights" or not shown}
    found: dict[str, list[str]] = {}
    for name in names:
        part, slash, rest = name.partition("/")
        if name in _parts(run):
            found.setdefault(name, [])
        elif slash and part in _parts(run):
            found.setdefault(part, []).append(rest)
        else:
            found.setdefault(_part_with(run, name), []).append(name)
    return found


def _part_with(run: Run, name: str) -> str:
    for part in reversed(run.parts):
        if knows(run.parts[part].trace, name):
            return part
    if name in run.weights:
        return "weights"
    inside = (one for part in run.parts.values() for one in quantities(part.trace))
    known = list(dict.fromkeys([*_parts(run), *run.weights, *inside]))
    raise InputError(
        f"this run has no '{name}'",
        expected="one of: " + ", ".join(known[:20]) + (" …" if len(known) > 20 else ""),
        near=nearest(name, known),
    )


def _pictures(run: Run, selected: dict[str, list[str]]) -> list[tuple[str, Picture]]:
    chip = Path(str(run.facts.get("chip") or "run")).name
    outcome = run.facts.get("outcome")
    state = f"  ·  {outcome}" if outcome not in (None, "", "complete") else ""
    found = []
    for part, names in selected.items():
        if part == "fields":
            found += [
                (f"{chip}  ·  {part}{state}", fields_picture(name, values, run.beginning.get(name)))
                for name, values in _fields(run).items()
            ]
            continue
        one = _weights(run, names) if part == "weights" else picture_of(run.parts[part].trace, names, part)
        found.append((f"{chip}  ·  {part}{state}", one))
    return found


def _weights(run: Run, names: Sequence[str]) -> Picture:
    from eqchip.simulator.records.reader import Record

    for name in names:
        if name not in run.weights:
            raise InputError(
                f"no weights '{name}'",
                expected="one of: " + ", ".join(run.weights),
                near=nearest(name, run.weights),
            )
    units = Record(run.file).array_units if run.file is not None else {}
    return weights_picture({name: run.weights[name] for name in names or run.weights}, units, run.beginning)


def picture_of(trace: Trace, names: Sequence[str] = (), part: str = "") -> Picture:
    """Return the picture of one part, by its kind; any other with an axis is drawn as lines."""
    part = part or trace.plan.kind
    if not _drawable(trace) or not trace.plan.columns:
        raise InputError(f"{part} holds no rows" if trace.plan.columns else f"{part} holds no quantities")
    if part == "cost" and all(np.isnan(trace[one.name]).all() for one in trace.plan.columns):
        raise InputError(
            "cost holds no numbers: no time was stepped",
            expected="a run with time, such as solve=euler or solve=adaptive",
        )
    if trace.plan.axis is None:
        return points_picture(trace, names)
    if trace.plan.kind == "training" and not names:
        return training_picture(trace)
    if trace.plan.kind == "confusion" and not names:
        return confusion_picture(trace)
    if trace.plan.kind == "cost" and not names and knows_costs(trace):
        return cost_picture(trace)
    if trace.plan.kind == "settling" and not names:
        return settling_picture(trace)
    if trace.plan.kind == "fidelity" and not names:
        return fidelity_picture(trace)
    if trace.plan.kind == "study" and not names and (drawn := study_picture(trace)) is not None:
        return drawn
    if trace.plan.kind in THEOREMS and not names:
        return THEOREMS[trace.plan.kind](trace)
    if is_waveform(trace) and not names:
        return waveform_picture(trace)
    return traces_picture(trace, names)


def _drawable(trace: Trace) -> bool:
    """Whether a part has rows, or is a check: that of a rule without a β has none, and a picture yet."""
    return trace.axis.size > 0 or trace.plan.kind == "fidelity"


def check_format(path: Path) -> None:
    """Refuse a picture in a format that is not written."""
    if path.suffix.lower() not in FORMATS:
        raise InputError(
            f"{path}: no such picture format",
            expected="a name that ends in .png, .pdf or .svg",
            near=nearest(path.suffix.lower(), FORMATS) if path.suffix else None,
        )


def save(made: Figure, path: Path) -> None:
    """Write a figure; a picture of the same data is the same file."""
    check_format(path)
    metadata: dict[str, Any] = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(
        path.suffix.lower(), {}
    )
    try:
        with style():
            made.savefig(path, metadata=metadata)
    except OSError as problem:
        raise InputError(f"{path} cannot be written: {problem.strerror or problem}") from None


def draw_on_axes(trace: Trace, names: Sequence[str] = (), ax: Axes | None = None) -> Axes:
    """Draw into axes of the user's; or a whole figure, of which the first axes are returned."""
    with style():
        picture = picture_of(trace, names)
        if ax is None:
            return picture.paint(_shown_figure(picture.height))[0]
        _draw_one_panel(trace, names, ax)
    return ax


def _draw_one_panel(trace: Trace, names: Sequence[str], ax: Axes) -> None:
    """Draw the first panel of a picture; what is named has to fit into it."""
    if trace.plan.axis is not None and not names and trace.plan.kind == "training":
        draw_curves(ax, trace, known_curves(trace)[0])
        return
    if trace.plan.axis is not None and not names and trace.plan.kind == "fidelity":
        draw_errors(ax, trace)
        return
    if trace.plan.kind == "confusion" and not names:
        draw_confusion(ax, np.asarray(trace.values["answers"], dtype=np.float64))
        return
    choice = dots(trace, names) if trace.plan.axis is None else choose(trace, names)
    panels = [*choice.panels, *(field.column.name for field in choice.fields)]
    if names and len(panels) > 1:
        raise InputError(
            f"these quantities need {len(panels)} panels, and these are axes for one",
            expected="names of one unit, or plot() without axes",
        )
    if trace.plan.axis is None:
        draw_dots(ax, choice, panels[0])
        return
    if choice.panels:
        draw_lines(ax, trace, choice, panels[0], outside=False)
    else:
        draw_field(ax, trace.axis, choice.fields[0])
    label_x(ax, trace)


def _shown_figure(height: float) -> Figure:
    """Return a figure that a notebook, or a script with pyplot, shows; of no global state otherwise."""
    ipython = sys.modules.get("IPython")
    if "matplotlib.pyplot" in sys.modules or (ipython is not None and ipython.get_ipython() is not None):
        from matplotlib import pyplot

        return pyplot.figure(figsize=(WIDTH, height), layout="constrained")
    return figure(height)
