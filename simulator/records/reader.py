"""Record: a file of eqchip, read on demand; nothing stays open between two reads."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from eqchip.errors import EqchipError, InputError, nearest
from eqchip.simulator.records.layout import SCHEMA, SCHEMA_VERSION, decode, kind_of, shown_unit
from eqchip.simulator.records.reason import reason
from eqchip.simulator.records.table import POINT
from eqchip.simulator.records.target import part_of
from eqchip.simulator.rows import Column, Plan, Trace

#: What is in a file beside the groups with an axis.
_OTHERS = ("run", "provenance", "weights", "weights_before", "state")


@contextmanager
def opened(path: Path) -> Iterator[h5py.File]:
    """Open an HDF5 file for reading, one that is being written or was killed too."""
    try:
        path.stat()
    except FileNotFoundError:
        pass  # said below, with what is near
    except OSError as problem:
        raise InputError(f"{path} cannot be read: {reason(problem)}") from None
    if path.is_dir():
        raise InputError(f"{path} is a directory", expected="an HDF5 file")
    if not path.exists():
        part = part_of(path)
        raise InputError(
            f"there is no file {path}",
            expected=f"a finished run; {part} is being written, or was killed" if part.exists() else None,
            near=_neighbour(path),
        )
    if path.stat().st_size == 0:
        raise InputError(f"{path} is empty", expected="an HDF5 file")
    try:
        if not h5py.is_hdf5(path):
            raise InputError(f"{path} is not an HDF5 file", expected="a file that eqchip wrote")
        _refuse_cut_off(path)
        try:
            file = h5py.File(path, "r")
        except OSError:  # open for writing, or killed while it was
            file = h5py.File(path, "r", swmr=True)
    except (OSError, RuntimeError) as problem:  # HDF5 says the latter of a damaged head
        raise InputError(f"{path} cannot be read: {reason(problem)}") from None
    with file:
        try:
            yield file
        except EqchipError:
            raise
        except KeyError as problem:
            raise InputError(f"{path} lacks what every record has: {problem.args[0]}") from None
        except (OSError, RuntimeError) as problem:
            raise InputError(f"{path} is damaged: {reason(problem)}") from None


def _refuse_cut_off(path: Path) -> None:
    """Refuse a file that ends before its own head says it does: with SWMR, HDF5 would wait for the rest.

    Layout of a superblock: chapter II.A of the HDF5 File Format Specification 3.0, versions 2 and 3.
    """
    with path.open("rb") as handle:
        head = handle.read(36)
    if len(head) == 36 and head[:8] == b"\x89HDF\r\n\x1a\n" and head[8] in (2, 3) and head[9] == 8:
        wanted = int.from_bytes(head[28:36], "little")
        size = path.stat().st_size
        if size < wanted:
            raise InputError(
                f"{path} is cut off: it has {size:,} of {wanted:,} bytes", expected="the whole file"
            )


def _neighbour(path: Path) -> str | None:
    if not path.parent.is_dir():
        return None
    return nearest(path.name, (other.name for other in path.parent.glob("*.h5")))


class _Columns(Mapping[str, NDArray[Any]]):
    """The columns of one group by name, each read when it is asked for."""

    def __init__(self, path: Path, group: str, names: Mapping[str, str], rows: int) -> None:
        self._path, self._group, self._names, self._rows = path, group, names, rows

    def __getitem__(self, name: str) -> NDArray[Any]:
        stored = self._names[name]
        with opened(self._path) as file:
            return np.asarray(file[self._group][stored][: self._rows])

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class _Arrays(Mapping[str, NDArray[Any]]):
    """The arrays of a group, each read when it is asked for."""

    def __init__(self, path: Path, group: str, names: tuple[str, ...]) -> None:
        self._path, self._group, self._names = path, group, names

    def __getitem__(self, name: str) -> NDArray[Any]:
        if name not in self._names:
            raise KeyError(name)
        with opened(self._path) as file:
            return np.asarray(file[f"{self._group}/{name}"][()])

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class Record:
    """What a run left behind."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        with opened(self.path) as file:
            if _text(file.attrs.get("schema")) != SCHEMA:
                raise InputError(
                    f"{self.path} is an HDF5 file, but not one of eqchip", expected="a file that eqchip wrote"
                )
            version = int(file.attrs["schema_version"])
            if version > SCHEMA_VERSION:
                raise InputError(
                    f"{self.path} was written by a newer eqchip (schema {version}; known: {SCHEMA_VERSION})"
                )
            self.facts: dict[str, Any] = {
                name: _plain(file.attrs[name]) for name in file.attrs if name in _FACTS
            }
            self.status = _text(file["run/status"][()])
            self.message = _text(file["run/message"][()])
            self.seconds = float(file["run/seconds"][()])
            self.started = _text(file["run/started"][()])
            self.provenance = _provenance(file["provenance"])
            self.traces: dict[str, Trace] = {
                name: _trace(self.path, group)
                for name, group in file.items()
                if isinstance(group, h5py.Group) and name not in _OTHERS
            }
            names, earlier = _names_in(file, "weights"), _names_in(file, "weights_before")
            units = {
                name: shown_unit(_text(file[f"weights/{name}"].attrs.get("units", ""))) for name in names
            }
        self.arrays: Mapping[str, NDArray[Any]] = _Arrays(self.path, "weights", names)
        self.beginning: Mapping[str, NDArray[Any]] = _Arrays(self.path, "weights_before", earlier)
        self.array_units = units


def _names_in(file: h5py.File, group: str) -> tuple[str, ...]:
    return tuple(name for name, one in file[group].items() if not one.is_scale) if group in file else ()


_FACTS = ("command", "chip", "form", "dtype", "seed")


def _trace(path: Path, group: h5py.Group) -> Trace:
    """Read what a group holds, not its numbers."""
    axis: Column | None = None
    columns: list[Column] = []
    names: dict[str, str] = {}
    axis_data: NDArray[Any] = np.zeros(1)
    residual = 0.0
    texts: dict[str, list[str]] = {}
    for stored, dataset in group.items():
        if not isinstance(dataset, h5py.Dataset) or dataset.is_scale:
            continue
        if stored == "residual" and not dataset.shape:
            residual = float(dataset[()])
            continue
        if h5py.check_string_dtype(dataset.dtype) is not None:  # labels of rows stand beside the numbers
            texts[decode(stored)] = dataset.asstr()[()].tolist()
            continue
        name = _text(dataset.attrs.get("long_name")) or decode(stored)
        labels: tuple[str, ...] = ()
        if dataset.ndim > 1 and len(dataset.dims[1]):
            labels = tuple(dataset.dims[1][0].asstr()[()].tolist())
        unit = shown_unit(_text(dataset.attrs.get("units", "")))
        columns.append(Column(name.lower(), unit, dataset.shape[1] if dataset.ndim > 1 else 0, labels))
        names[name.lower()] = stored
        if axis is None and dataset.ndim and len(dataset.dims[0]):
            scale = dataset.dims[0][0]
            axis = Column(
                decode(scale.name.rsplit("/", 1)[-1]), shown_unit(_text(scale.attrs.get("units", "")))
            )
            axis_data = np.asarray(scale[()])
    if axis == POINT:
        axis = None
    # A file that is being written may be read between two datasets: the shortest counts.
    rows = min([axis_data.shape[0], *(group[stored].shape[0] for stored in list(names.values())[-1:])])
    attributes = {key: _plain(value) for key, value in group.attrs.items() if key not in _BROWSER} | texts
    group_name = str(group.name).strip("/")
    plan = Plan(kind_of(group_name), axis, tuple(columns), attributes)
    return Trace(plan, axis_data[:rows], _Columns(path, group_name, names, rows), residual)


_BROWSER = ("NX_class", "signal", "axes", "auxiliary_signals")


def _provenance(group: h5py.Group) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, item in group.items():
        if isinstance(item, h5py.Group):
            found[name] = {decode(key): _text(one[()]) for key, one in item.items()}
        else:
            text = _text(item[()])
            found[name] = text if name == "netlist" else json.loads(text)
    found["netlist_file"] = _text(group["netlist"].attrs.get("file"))
    return found


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if isinstance(value, np.ndarray):
        return value.tolist()
    return value.item() if isinstance(value, np.generic) else value
