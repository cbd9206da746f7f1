"""Run: what a simulation, a training or a check gives back, in memory or in a file."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eqchip.errors import InputError, MissingExtra, nearest
from eqchip.simulator.records.layout import cf_unit, dimension_name, encode
from eqchip.simulator.records.reader import Record
from eqchip.simulator.rows import Column, Trace

if TYPE_CHECKING:
    import xarray
    from matplotlib.axes import Axes

Array = NDArray[Any]


class Part:
    """One analysis, or the curves of a training: `part["v(out)"]`, `part["v(h[3])"]`, `part["time"]`."""

    def __init__(self, name: str, trace: Trace) -> None:
        self.name = name
        self.trace = trace

    @property
    def axis(self) -> Array:
        """Time, the swept source, or the epoch; of an operating point, nothing."""
        return self.trace.axis

    @property
    def columns(self) -> tuple[Column, ...]:
        """What it holds: names, units, nodes of buses."""
        return self.trace.plan.columns

    def __iter__(self) -> Iterator[str]:
        return (column.name for column in self.columns)

    def __len__(self) -> int:
        return len(self.columns)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._find(name) is not None

    def __getitem__(self, name: str) -> Array:
        found = self._find(name)
        if found is None:
            known = [column.name for column in self.columns]
            shown = ", ".join(known[:20]) + (f" … ({len(known)} in all)" if len(known) > 20 else "")
            raise InputError(
                f"no '{name}' in {self.name}", expected=f"one of: {shown}", near=nearest(name, known)
            )
        # An operating point is one row: its values are numbers, and vectors for buses.
        return found if self.trace.plan.axis is not None else found[0]

    def _find(self, name: str) -> Array | None:
        wanted = name.lower().replace(" ", "")
        axis = self.trace.plan.axis
        if axis is not None and wanted == axis.name:
            return self.trace.axis
        if wanted in self.trace.values:
            return self.trace.values[wanted]
        quantity, bracket, node = wanted.partition("(")
        if bracket:
            for column in self.columns:
                if column.width and column.name.startswith(f"{quantity}("):
                    labels = [label.lower() for label in column.labels]
                    if node.removesuffix(")") in labels:
                        return self.trace.values[column.name][:, labels.index(node.removesuffix(")"))]
        return None

    def to_xarray(self) -> xarray.Dataset:
        """Return it as an xarray Dataset, with units and coordinates."""
        try:
            import xarray
        except ImportError:
            raise MissingExtra("xarray", "xarray", "to_xarray()") from None
        plan = self.trace.plan
        dims = [encode(plan.axis.name)] if plan.axis is not None else []
        taken = {*dims, *(column.name for column in plan.columns)}
        coordinates: dict[str, Any] = {}
        if plan.axis is not None:
            coordinates[dims[0]] = (dims[0], self.axis, {"units": cf_unit(plan.axis.unit)})
        scales: dict[tuple[str, ...], str] = {}
        variables = {}
        for column in plan.columns:
            own = list(dims)
            if column.width:
                labels = column.labels or tuple(str(k) for k in range(column.width))
                if labels not in scales:
                    scales[labels] = dimension_name(column.name, taken)
                    taken.add(scales[labels])
                    coordinates[scales[labels]] = (scales[labels], np.array(labels))
                own.append(scales[labels])
            variables[column.name] = (own, self[column.name], {"units": cf_unit(column.unit)})
        return xarray.Dataset(variables, coordinates, {"kind": plan.kind})

    def plot(self, *names: str, ax: Axes | None = None) -> Axes:
        """Draw it, or the quantities named; returns matplotlib Axes."""
        from eqchip.simulator.pictures.draw import draw_on_axes

        return draw_on_axes(self.trace, names, ax)

    def __repr__(self) -> str:
        axis = self.trace.plan.axis
        over = f" over {len(self.axis)} values of {axis.name}" if axis is not None else ""
        return f"<{self.name}: {len(self.columns)} quantities{over}>"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{html.escape(one.name)}</td><td>{one.unit}</td><td>{_summary(self[one.name])}</td></tr>"
            for one in self.columns[:20]
        )
        more = f"<p>… {len(self.columns) - 20} more</p>" if len(self.columns) > 20 else ""
        return f"<p>{html.escape(repr(self))}</p><table>{rows}</table>{more}"


class Run:
    """A result: `run["v(out)"]`, `run.tran`, `run["training/test_error"]`, `run.weights["Yxh"]`."""

    def __init__(
        self,
        facts: Mapping[str, Any],
        traces: Mapping[str, Trace],
        weights: Mapping[str, Array] | None = None,
        file: Path | None = None,
        provenance: Mapping[str, Any] | None = None,
        beginning: Mapping[str, Array] | None = None,
    ) -> None:
        self.facts = dict(facts)
        self.parts = {name: Part(name, trace) for name, trace in traces.items()}
        self.weights: Mapping[str, Array] = weights if weights is not None else {}
        self.beginning: Mapping[str, Array] = beginning if beginning is not None else {}
        self.file = file
        self.provenance = dict(provenance or {})

    @classmethod
    def of(cls, record: Record) -> Run:
        """Return the run that a file holds; numbers are read when they are asked for."""
        facts = {**record.facts, "outcome": record.status, "seconds": record.seconds}
        return cls(facts, record.traces, record.arrays, record.path, record.provenance, record.beginning)

    def __getitem__(self, name: str) -> Any:
        """Return a quantity (`v(out)`, `tran/v(out)`, `weights/Yxh`) or a part (`tran`, `weights`)."""
        if name == "weights":
            return self.weights
        if name in self.parts:
            return self.parts[name]
        group, slash, rest = name.partition("/")
        if slash and group == "weights":
            if rest not in self.weights:
                raise InputError(
                    f"no weights '{rest}'",
                    expected="one of: " + ", ".join(self.weights) if self.weights else None,
                    near=nearest(rest, self.weights),
                )
            return self.weights[rest]
        if slash and group in self.parts:
            return self.parts[group][rest]
        # Of several analyses, the last one that knows the name.
        for part in reversed(self.parts.values()):
            if name in part:
                return part[name]
        known = [*self.parts, *(column for part in self.parts.values() for column in part)]
        raise InputError(
            f"this run has no '{name}'",
            expected="one of: " + ", ".join(known[:20]) + (" …" if len(known) > 20 else ""),
            near=nearest(name, known),
        )

    def __getattr__(self, name: str) -> Part:
        parts: dict[str, Part] = self.__dict__.get("parts", {})
        if name in parts:
            return parts[name]
        has = f"; it has {', '.join(parts)}" if parts else ""
        raise AttributeError(f"this run has no '{name}'{has}")

    def __dir__(self) -> list[str]:
        return sorted([*super().__dir__(), *self.parts])

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and (
            name in self.parts or any(name in part for part in self.parts.values())
        )

    @property
    def main(self) -> Part:
        """The part that is shown and drawn when none is named: the last."""
        if not self.parts:
            raise InputError("this run holds no analysis")
        return list(self.parts.values())[-1]

    def to_xarray(self, part: str | None = None) -> xarray.Dataset:
        """Return one part, the last by default, as an xarray Dataset."""
        return (self.parts[part] if part else self.main).to_xarray()

    def plot(self, *names: str, ax: Axes | None = None) -> Axes:
        """Draw the last part, or the quantities named; returns matplotlib Axes."""
        return self.main.plot(*names, ax=ax)

    def __repr__(self) -> str:
        what = " ".join(str(self.facts[key]) for key in ("command", "chip") if key in self.facts)
        parts = ", ".join(self.parts) or "nothing"
        return f"<run of {what}: {parts}{f', in {self.file}' if self.file else ''}>"

    def _repr_html_(self) -> str:
        facts = "".join(
            f"<tr><td>{html.escape(str(key))}</td><td>{html.escape(str(value))}</td></tr>"
            for key, value in self.facts.items()
            if value not in (None, "")
        )
        parts = "".join(part._repr_html_() for part in self.parts.values())
        return f"<table>{facts}</table>{parts}"


def _summary(values: Array) -> str:
    values = np.asarray(values)
    if values.ndim == 0:
        return f"{float(values):.6g}"
    if values.size == 0:
        return "–"
    if np.all(np.isnan(values)):
        return "unknown"
    return f"{np.nanmin(values):.4g} … {np.nanmax(values):.4g}"
