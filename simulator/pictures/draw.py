"""Choose the picture for what a record holds, and write it as PNG, PDF or SVG."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from eqchip.errors import InputError, MissingExtra, nearest
from eqchip.simulator.pictures.choice import choose
from eqchip.simulator.pictures.fidelity import draw_fidelity
from eqchip.simulator.pictures.style import label_axis, legend, line_style, style
from eqchip.simulator.pictures.traces import draw_point, draw_traces
from eqchip.simulator.pictures.training import draw_training, draw_weights
from eqchip.simulator.records.layout import kind_of
from eqchip.simulator.records.reader import Record
from eqchip.simulator.rows import Trace

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = (".png", ".pdf", ".svg")

#: The picture of each kind of group; any other with an axis is drawn as lines.
_PICTURES: Mapping[str, Callable[[Trace, Sequence[str], str], Figure]] = {
    "op": draw_point,
    "training": lambda trace, names, title: (
        draw_traces(trace, names, title) if names else draw_training(trace, title)
    ),
    "fidelity": lambda trace, names, title: (
        draw_traces(trace, names, title) if names else draw_fidelity(trace, title)
    ),
}


def main_group(record: Record) -> str:
    """Return the group drawn when none is named: the last with an axis, else the last."""
    if not record.traces:
        raise InputError(f"{record.path} holds nothing to draw")
    with_axis = [name for name, trace in record.traces.items() if trace.plan.axis is not None]
    return (with_axis or list(record.traces))[-1]


def draw_record(record: Record, path: Path, group: str | None = None, names: Sequence[str] = ()) -> str:
    """Draw one group of a record into a file; returns the name of the group."""
    check_format(path)
    group = group or main_group(record)
    title: str = f"{record.facts.get('chip', record.path.name)}  ·  {group}"
    if record.status not in ("complete", ""):
        title += f"  ·  {record.status}"
    if group == "weights":
        with style():
            save(draw_weights(record.arrays, record.array_units, title), path)
        return group
    known = [*record.traces, *(["weights"] if record.arrays else [])]
    if group not in record.traces:
        raise InputError(
            f"{record.path} has no group '{group}'",
            expected="one of: " + ", ".join(known),
            near=nearest(group, known),
        )
    trace = record.traces[group]
    if trace.axis.size == 0 or not trace.plan.columns:
        raise InputError(f"{record.path}: {group} holds no rows yet")
    with style():
        save(_PICTURES.get(kind_of(group), draw_traces)(trace, names, title), path)
    return group


def check_format(path: Path) -> None:
    """Refuse a picture in a format that is not written."""
    if path.suffix.lower() not in FORMATS:
        raise InputError(f"{path}: no such picture format", expected="a name that ends in .png, .pdf or .svg")


def save(made: Figure, path: Path) -> None:
    """Write a figure; a picture of the same data is the same file."""
    metadata = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(path.suffix.lower(), {})
    try:
        made.savefig(path, metadata=metadata)
    except OSError as problem:
        raise InputError(f"{path} cannot be written: {problem.strerror or problem}") from None


def draw_on_axes(trace: Trace, names: Sequence[str] = (), ax: Axes | None = None) -> Axes:
    """Draw into axes of the user's, or into new ones of pyplot, which a notebook shows."""
    with style():
        if ax is None:
            try:
                from matplotlib import pyplot
            except ImportError:
                raise MissingExtra("matplotlib", "plot", "drawing") from None
            ax = pyplot.figure(figsize=(8.0, 4.5), layout="constrained").add_subplot()
        choice = choose(trace, names)
        axis = trace.plan.axis
        if axis is None:
            values = np.array([float(line.values[0]) for line in choice.lines])
            ax.bar([line.name for line in choice.lines], values)
            label_axis(ax.yaxis, "value", values, choice.lines[0].unit if choice.lines else "")
            return ax
        units = {line.unit for line in choice.lines}
        unit = "V" if "V" in units else next(iter(sorted(units)), "")
        lines = [line for line in choice.lines if line.unit == unit or names]
        for index, line in enumerate(lines):
            ax.plot(trace.axis, line.values, label=line.name, **line_style(index))
        label_axis(ax.xaxis, axis.name, trace.axis, axis.unit)
        if lines:
            same = len({line.unit for line in lines}) == 1
            all_values = np.concatenate([line.values for line in lines])
            label_axis(ax.yaxis, lines[0].name if len(lines) == 1 else "", all_values, unit if same else "")
        if len(lines) > 1:
            legend(ax, len(lines))
        if note := choice.note(unit):
            ax.set_title(note)
    return ax
