"""Table: one analysis in a file, a group of growing datasets over one axis.

Datasets are made through h5py's low level with property lists, types and attribute values shared
between them: 80 µs a column instead of 400, so that a circuit of 30,000 nodes is laid out in seconds.
"""

from __future__ import annotations

import json
from typing import Any

import h5py
import numpy as np
from h5py import h5a, h5d, h5p, h5s, h5t
from numpy.typing import NDArray

from eqchip.simulator.records.layout import cf_unit, dimension_name, encode
from eqchip.simulator.rows import Column, Plan, Rows

#: Bytes that one row of chunks of a table holds; also what is buffered before it goes to disk.
BLOCK = 4 << 20

#: REFERENCE_LIST leads back from a scale to this many datasets at most: the attribute is bounded to 64 KB.
_LISTED = 2000

#: Name and length-1 axis of an analysis that has none: an operating point is one row.
POINT = Column("point", "")

_TEXT = h5py.string_dtype()
_REFERENCES = h5py.vlen_dtype(h5py.ref_dtype)


def text_attribute(target: Any, name: str, value: str) -> None:
    """Attach a UTF-8 text, whatever its length."""
    target.attrs.create(name, value, dtype=_TEXT)


def attribute(target: Any, name: str, value: Any) -> None:
    """Attach a text, a number or a list of either; what is None is left out. No booleans: CF has none."""
    if value is None:
        return
    array = np.asarray(value)
    if array.dtype.kind in "fiu":
        target.attrs[name] = array
    elif array.dtype.kind == "b":
        target.attrs[name] = array.astype(np.uint8)
    elif array.dtype.kind == "U":
        target.attrs.create(name, array.astype(object) if array.ndim else str(value), dtype=_TEXT)
    else:
        text_attribute(target, name, json.dumps(value, default=str))


def _reference(scale: h5py.Dataset) -> NDArray[Any]:
    """Return the value of DIMENSION_LIST of a dataset with this one dimension."""
    lists = np.empty(1, dtype=_REFERENCES)
    lists[0] = np.array([scale.ref], dtype=h5py.ref_dtype)
    return lists


def _list_back(scale: h5py.Dataset, attached: list[h5py.Reference]) -> None:
    """Add to REFERENCE_LIST, which leads from a scale back to the datasets that use it as dimension 0."""
    kind = np.dtype([("dataset", h5py.ref_dtype), ("dimension", "<u4")])
    earlier = list(scale.attrs["REFERENCE_LIST"]) if "REFERENCE_LIST" in scale.attrs else []
    entries = np.empty(len(earlier) + len(attached), dtype=kind)
    for index, entry in enumerate(earlier):
        entries[index] = (entry["dataset"], entry["dimension"])
    for index, reference in enumerate(attached, start=len(earlier)):
        entries[index] = (reference, 0)
    scale.attrs.create("REFERENCE_LIST", entries)


def _chunk_rows(width: int) -> int:
    """Rows in a chunk, such that the open chunks of a table together stay near BLOCK."""
    return int(np.clip(BLOCK // (8 * max(1, width)), 16, 1024))


class Table:
    """The group of one analysis; every dataset exists before the first row arrives.

    Datasets are opened by name whenever rows are written and closed again: an open one costs 20 KB, and in
    SWMR mode the first flush is quadratic in how many are open.
    """

    def __init__(self, file: h5py.File, name: str, plan: Plan) -> None:
        self.name = name
        self.rows = 0
        self.residual = 0.0
        self.grows = plan.axis is not None  # an operating point is one row for good
        self._group: h5py.Group = file.create_group(name, track_order=True)
        self._columns = [(column.name, encode(column.name).encode(), column.width) for column in plan.columns]
        self._chunk = _chunk_rows(sum(max(1, column.width) for column in plan.columns))
        axis = plan.axis or POINT
        self._axis_name = encode(axis.name).encode()
        # Names of datasets that stand for columns; dimension scales must not take one of them.
        self._taken = {encode(axis.name), *(encode(column.name) for column in plan.columns)}
        self._scales: dict[tuple[str, ...], h5py.Dataset] = {}
        self._shapes: dict[int, tuple[Any, Any]] = {}
        scale = self._make_axis(axis)
        self._make_columns(plan, scale)
        self._annotate(plan, axis)
        self._scales.clear()
        self._shapes.clear()

    @property
    def columns(self) -> int:
        """How many datasets it holds."""
        return len(self._columns)

    def _create(self, name: bytes, width: int) -> h5d.DatasetID:
        """Make one dataset."""
        if width not in self._shapes:
            self._shapes[width] = self._shape(width)
        layout, space = self._shapes[width]
        return h5d.create(self._group.id, name, h5t.IEEE_F64LE, space, layout)

    def _shape(self, width: int) -> tuple[Any, Any]:
        """Return layout and space of datasets of that width: growing in chunks, or a single row."""
        layout = h5p.create(h5p.DATASET_CREATE)
        rest = (width,) if width else ()
        if self.grows:
            rows = max(1, min(self._chunk, BLOCK // (8 * width))) if width else self._chunk
            layout.set_chunk((rows, *rest))
            space = h5s.create_simple((0, *rest), (h5s.UNLIMITED, *rest))
        else:
            layout.set_alloc_time(h5d.ALLOC_TIME_EARLY)
            space = h5s.create_simple((1, *rest))
        return layout, space

    def _make_axis(self, axis: Column) -> h5py.Dataset:
        dataset = h5py.Dataset(self._create(self._axis_name, 0))
        dataset.make_scale(axis.name)
        text_attribute(dataset, "units", cf_unit(axis.unit))
        text_attribute(dataset, "long_name", axis.name)
        text_attribute(dataset, "axis", "T" if axis.name == "time" else "X")
        return dataset

    def _labels(self, column: Column) -> h5py.Dataset:
        """Return the scale of a bus's nodes, made on first use."""
        labels = column.labels or tuple(f"{column.name}[{index}]" for index in range(column.width))
        if labels not in self._scales:
            name = dimension_name(column.name, self._taken)
            self._taken.add(name)
            scale = self._group.create_dataset(name, data=np.array(labels, dtype=object), dtype=_TEXT)
            scale.make_scale(name)
            text_attribute(scale, "long_name", "node")
            self._scales[labels] = scale
        return self._scales[labels]

    def _make_columns(self, plan: Plan, axis: h5py.Dataset) -> None:
        text = h5t.py_create(_TEXT, logical=True)
        references = h5t.py_create(_REFERENCES, logical=True)
        scalar, one = h5s.create(h5s.SCALAR), h5s.create_simple((1,))
        attached: list[h5py.Reference] = []
        on_axis = _reference(axis)
        units = {column.unit: np.array(cf_unit(column.unit), dtype=_TEXT) for column in plan.columns}
        for column, (_, name, width) in zip(plan.columns, self._columns, strict=True):
            made = self._create(name, width)
            if width:
                dataset = h5py.Dataset(made)
                dataset.dims[0].attach_scale(axis)
                dataset.dims[1].attach_scale(self._labels(column))
            else:
                h5a.create(made, b"DIMENSION_LIST", references, one).write(on_axis)
                if len(self._columns) <= _LISTED:
                    attached.append(h5py.Dataset(made).ref)
            h5a.create(made, b"units", text, scalar).write(units[column.unit])
            h5a.create(made, b"long_name", text, scalar).write(np.array(column.name, dtype=_TEXT))
        if attached:
            _list_back(axis, attached)

    def _annotate(self, plan: Plan, axis: Column) -> None:
        """Say what a browser shall plot (NXdata), and what the analysis says of itself."""
        group = self._group
        text_attribute(group, "NX_class", "NXdata")
        narrow = [column for column in plan.columns if not column.width]
        signal = next(iter(narrow or plan.columns), None)
        if signal is not None:
            text_attribute(group, "signal", encode(signal.name))
            axes = [encode(axis.name)]
            if signal.width:
                axes.append(str(self._labels(signal).name).rsplit("/", 1)[-1])
            others = [encode(column.name) for column in narrow[1:16] if column.unit == signal.unit]
            if others:
                group.attrs.create("auxiliary_signals", others, dtype=_TEXT)
            group.attrs.create("axes", axes, dtype=_TEXT)
        for key, value in plan.attributes.items():
            attribute(group, key, value)
        if "residual" in group:  # a column of its own: no largest one beside it
            return
        group.create_dataset("residual", data=0.0)
        text_attribute(group["residual"], "units", "A")
        text_attribute(group["residual"], "long_name", "largest residual of Kirchhoff's current law")

    def append(self, rows: Rows) -> None:
        """Write a block of rows behind those already there."""
        axis = np.ascontiguousarray(rows.axis, dtype=np.float64)
        count = axis.shape[0]
        if count == 0:
            return
        first, self.rows = self.rows, self.rows + count
        self._extend(self._axis_name, first, axis)
        for column, name, width in self._columns:
            block = np.ascontiguousarray(rows.values[column], dtype=np.float64)
            self._extend(name, first, block.reshape(count, width) if width else block.reshape(count))
        if rows.residual > self.residual and "residual" not in rows.values:
            self.residual = rows.residual
            self._group["residual"][()] = rows.residual

    def _extend(self, name: bytes, first: int, block: NDArray[Any]) -> None:
        dataset = h5d.open(self._group.id, name)
        if self.grows:
            dataset.set_extent((first + block.shape[0], *block.shape[1:]))
        space = dataset.get_space()
        space.select_hyperslab((first, *(0 for _ in block.shape[1:])), block.shape)
        dataset.write(h5s.create_simple(block.shape), space, block)
