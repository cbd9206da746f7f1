"""Recorder: rows in, one HDF5 file out, in a stream with bounded memory.

The file is `NAME.h5.part` until it is closed, then `NAME.h5`: whoever sees `NAME.h5` sees all of it.
Every dataset is made before the first row, then the file goes into SWMR mode (single writer, multiple
readers) and is flushed every few MB or seconds. Killed between two writes it opens with `swmr=True`
and holds every row flushed. In 304 kills placed at writes, not one such file was unreadable.

Limits: SWMR needs POSIX semantics of `write`, which NFS does not give. Above 5000 growing columns the file
is written plainly with flushes: after a kill it opened in 95 of 100 adversarial cases instead of all.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from eqchip.errors import InputError
from eqchip.simulator.records import provenance as origin
from eqchip.simulator.records.layout import cf_unit, encode, group_names
from eqchip.simulator.records.provenance import Provenance
from eqchip.simulator.records.reason import reason
from eqchip.simulator.records.shield import shielded
from eqchip.simulator.records.table import BLOCK, Table, text_attribute
from eqchip.simulator.rows import Plan, Rows

_SWMR_COLUMNS = 5000  # closing a file is quadratic in them under SWMR: seconds here, minutes at 30,000
_SECONDS = 2.0  # between flushes at most, unless flushing itself takes a tenth of that
_WORD = h5py.string_dtype("utf-8", 16)  # SWMR cannot write texts of variable length
_LINE = h5py.string_dtype("utf-8", 500)


@dataclass(frozen=True, slots=True)
class ArrayPlan:
    """An array written whole, as often as it changes: `weights/Yxh`."""

    path: str
    shape: tuple[int, ...]
    unit: str = ""
    dims: tuple[str, ...] = ()  # names of the dimensions
    labels: tuple[tuple[str, ...], ...] = ()  # of each dimension; empty: numbered
    text: str = ""


def part_of(path: Path) -> Path:
    """Return the name a file has while it is written."""
    return path.with_name(path.name + ".part")


def check_target(path: Path) -> None:
    """Refuse what cannot become a record, before anything is computed."""
    if path.suffix.lower() not in (".h5", ".hdf5"):
        raise InputError(
            f"{path}: records are HDF5 files",
            expected="a name that ends in .h5 (eqchip export writes others)",
        )
    try:
        is_folder = path.is_dir()
    except OSError as problem:  # a name too long
        raise InputError(f"{path} cannot be written: {reason(problem)}") from None
    if is_folder:
        raise InputError(f"{path} is a directory", expected="the name of a file")
    if not path.parent.is_dir():
        raise InputError(f"{path}: there is no directory {path.parent}")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise InputError(f"{path}: the directory {path.parent} cannot be written")


def default_path(chip: str, folder: Path | None = None) -> Path:
    """Return CHIP.h5, or CHIP-2.h5, CHIP-3.h5 … when it exists (or is being written)."""
    stem = Path(chip).name
    stem = Path(stem).stem or stem
    folder = folder or Path()
    number = 1
    while True:
        path = folder / (f"{stem}.h5" if number == 1 else f"{stem}-{number}.h5")
        if not path.exists() and not part_of(path).exists():
            return path
        number += 1


class Recorder:
    """Writes one run; a context manager that leaves `complete`, `failed` or `interrupted` behind."""

    def __init__(
        self,
        path: Path | str,
        provenance: Provenance,
        plans: Sequence[Plan],
        arrays: Sequence[ArrayPlan] = (),
    ) -> None:
        self.path = Path(path)
        check_target(self.path)
        self.part = part_of(self.path)
        self._start = time.monotonic()
        try:
            # Not truncated in place: a killed run's file may still be open in a reader.
            self.part.unlink(missing_ok=True)
            # Killed without SWMR, a file of the newer format does not open at all; of the older, mostly.
            self._swmr = sum(len(plan.columns) for plan in plans if plan.axis is not None) <= _SWMR_COLUMNS
            self._file = h5py.File(
                self.part,
                "x",
                track_order=True,  # groups stay in the order of the netlist
                libver=("v110", "v110") if self._swmr else ("earliest", "v110"),
                # Tables are wide and each dataset has its own cache: small ones.
                rdcc_nbytes=1 << 16,
                rdcc_nslots=11,
            )
            self._inode = self.part.stat().st_ino
        except OSError as problem:
            raise InputError(f"{self.path} cannot be written: {reason(problem)}") from None
        self.groups = group_names(plan.kind for plan in plans)
        self._arrays: dict[str, h5py.Dataset] = {}
        self._lay_out(provenance, plans, arrays)
        if self._swmr:
            self._file.swmr_mode = True
        self._waiting: list[tuple[int, Rows]] = []
        self._bytes = 0
        self._flushed = time.monotonic()
        self._pause = _SECONDS
        self.message = ""

    def _lay_out(self, provenance: Provenance, plans: Sequence[Plan], arrays: Sequence[ArrayPlan]) -> None:
        file = self._file
        origin.write(file, provenance)
        run = file.create_group("run")
        run.create_dataset("status", data="running", dtype=_WORD)
        run.create_dataset("started", data=origin.now(), dtype=h5py.string_dtype("utf-8", 32))
        run.create_dataset("finished", data="", dtype=h5py.string_dtype("utf-8", 32))
        run.create_dataset("message", data="", dtype=_LINE)
        text_attribute(run.create_dataset("seconds", data=np.nan), "units", "s")
        self._tables = [Table(file, name, plan) for name, plan in zip(self.groups, plans, strict=True)]
        for array in arrays:
            self._make_array(array)
        if self.groups:
            text_attribute(file, "default", self.groups[-1])

    def _make_array(self, plan: ArrayPlan) -> None:
        folder, _, name = plan.path.rpartition("/")
        if folder not in self._file:
            self._file.create_group(folder, track_order=True)
        group = self._file[folder]
        dataset = group.create_dataset(name, shape=plan.shape, dtype="f8", fillvalue=np.nan)
        text_attribute(dataset, "units", cf_unit(plan.unit))
        text_attribute(dataset, "long_name", plan.text or name)
        used: list[str] = []
        for axis, size in enumerate(plan.shape):
            wanted = encode(plan.dims[axis]) if plan.dims else f"{name}_{axis}"
            labels: tuple[Any, ...] = plan.labels[axis] if plan.labels else ()
            used.append(_scale(group, wanted, size, labels, used))
            dataset.dims[axis].attach_scale(group[used[-1]])
        self._arrays[plan.path] = dataset

    def add(self, table: int, rows: Rows) -> None:
        """Take rows of analysis number `table`; they reach the disk with the next flush."""
        self._waiting.append((table, rows))
        self._bytes += rows.axis.nbytes + sum(block.nbytes for block in rows.values.values())
        if self._bytes >= BLOCK or time.monotonic() - self._flushed >= self._pause:
            self.flush()

    def put(self, path: str, values: NDArray[Any]) -> None:
        """Replace an array."""
        with shielded():
            self._arrays[path][...] = values

    def flush(self) -> None:
        """Write what waits, and make it visible to readers."""
        begin = time.monotonic()
        with shielded():
            waiting, self._waiting, self._bytes = self._waiting, [], 0
            try:
                for table in range(len(self._tables)):
                    blocks = [rows for index, rows in waiting if index == table]
                    if blocks:
                        self._tables[table].append(_joined(blocks))
                self._file.flush()
            except OSError as problem:
                raise InputError(f"{self.path} cannot be written: {reason(problem)}") from None
            self._flushed = time.monotonic()
            self._pause = max(_SECONDS, 10 * (self._flushed - begin))

    @property
    def rows(self) -> int:
        """How many rows were taken so far."""
        return sum(table.rows for table in self._tables) + sum(rows.axis.size for _, rows in self._waiting)

    def close(self, status: str = "complete", message: str = "") -> Path | None:
        """Finish the file under its own name; one without a single row is removed (None)."""
        with shielded():
            return self._close(status, message)

    def _close(self, status: str, message: str) -> Path | None:
        if status != "complete" and self.rows == 0:
            self._file.close()
            self.part.unlink(missing_ok=True)
            return None
        self.flush()
        run = self._file["run"]
        run["finished"][()] = origin.now()
        run["seconds"][()] = time.monotonic() - self._start
        run["message"][()] = message.encode()[:500].decode(errors="ignore")
        run["status"][()] = status
        self._file.close()
        if self.part.stat().st_ino != self._inode:
            raise InputError(
                f"{self.path}: another run is writing this file", expected="another name after -o"
            )
        with self.part.open("rb") as handle:
            os.fsync(handle.fileno())
        os.replace(self.part, self.path)
        with contextlib.suppress(OSError):  # some systems cannot open a directory
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        return self.path

    def __enter__(self) -> Recorder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close("complete", self.message)
        elif isinstance(error, KeyboardInterrupt):
            self.close("interrupted", "interrupted")
        else:
            self.close("failed", str(error))


def _joined(blocks: list[Rows]) -> Rows:
    if len(blocks) == 1:
        return blocks[0]
    return Rows(
        np.concatenate([block.axis for block in blocks]),
        {name: np.concatenate([block.values[name] for block in blocks]) for name in blocks[0].values},
        max(block.residual for block in blocks),
    )


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
