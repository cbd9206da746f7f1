"""Arrays of a file that are written whole: `weights/Yxh`, with a scale for each dimension."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np

from eqchip.simulator.records.layout import cf_unit, encode
from eqchip.simulator.records.table import text_attribute


@dataclass(frozen=True, slots=True)
class ArrayPlan:
    """An array written whole, as often as it changes: `weights/Yxh`."""

    path: str
    shape: tuple[int, ...]
    unit: str = ""
    dims: tuple[str, ...] = ()  # names of the dimensions
    labels: tuple[tuple[str, ...], ...] = ()  # of each dimension; empty: numbered
    text: str = ""
    dtype: str = "f8"  # or text; text500: of so many bytes, which can still be written under SWMR


def make_array(root: h5py.Group, plan: ArrayPlan, room: Any = None) -> h5py.Dataset:
    """Make an array and its scales below `root`; `room` is how space is taken (else: NaN until written)."""
    folder, _, name = plan.path.rpartition("/")
    if folder and folder not in root:
        root.create_group(folder, track_order=True)
    group = root[folder] if folder else root
    if room is not None:
        dataset = group.create_dataset(name, shape=plan.shape, dtype=plan.dtype, dcpl=room)
    elif plan.dtype.startswith("text"):
        length = plan.dtype.removeprefix("text")
        kind = h5py.string_dtype("utf-8", int(length) if length else None)
        dataset = group.create_dataset(name, shape=plan.shape, dtype=kind)
    else:
        fill = np.nan if np.dtype(plan.dtype).kind == "f" else None
        dataset = group.create_dataset(name, shape=plan.shape, dtype=plan.dtype, fillvalue=fill)
    text_attribute(dataset, "units", cf_unit(plan.unit))
    text_attribute(dataset, "long_name", plan.text or name)
    used: list[str] = []
    for axis, size in enumerate(plan.shape):
        wanted = encode(plan.dims[axis]) if plan.dims else f"{name}_{axis}"
        labels: tuple[Any, ...] = plan.labels[axis] if plan.labels else ()
        used.append(_scale(group, wanted, size, labels, used))
        dataset.dims[axis].attach_scale(group[used[-1]])
    return dataset


def _scale(group: h5py.Group, wanted: str, size: int, labels: tuple[Any, ...], used: Sequence[str]) -> str:
    """Return the name of a dimension scale of that size: one there is, or a new one; none of `used`."""
    name, number = wanted, 1
    while name in used or (name in group and not _same(group[name], size, labels)):
        number += 1
        name = f"{wanted}_{number}"
    if name not in group:
        if labels:
            scale = group.create_dataset(name, data=np.array(labels, dtype=object), dtype=h5py.string_dtype())
        else:
            scale = group.create_dataset(name, data=np.arange(size))
        scale.make_scale(name)
    return name


def _same(scale: h5py.Dataset, size: int, labels: tuple[Any, ...]) -> bool:
    if not scale.is_scale or scale.shape != (size,):
        return False
    is_text = h5py.check_string_dtype(scale.dtype) is not None
    return is_text == bool(labels) and (not labels or scale.asstr()[()].tolist() == list(labels))
