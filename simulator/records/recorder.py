"""Recorder: rows in, one HDF5 file out, in a stream with bounded memory.

The file is `NAME.h5.part` until it is closed, then `NAME.h5`: whoever sees `NAME.h5` sees all of it. Only one
run writes it at a time (claim.py).
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
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from eqchip.errors import InputError
from eqchip.simulator.records import provenance as origin
from eqchip.simulator.records.arrays import ArrayPlan, make_array
from eqchip.simulator.records.claim import Claim
from eqchip.simulator.records.layout import group_names
from eqchip.simulator.records.provenance import Provenance
from eqchip.simulator.records.reason import reason
from eqchip.simulator.records.shield import shielded
from eqchip.simulator.records.slim import slim
from eqchip.simulator.records.slots import SLOTS, Slots
from eqchip.simulator.records.table import BLOCK, Table, attribute, text_attribute
from eqchip.simulator.records.target import part_of
from eqchip.simulator.rows import Plan, Rows

_SWMR_COLUMNS = 5000  # closing a file is quadratic in them under SWMR: seconds here, minutes at 30,000
_SECONDS = 2.0  # between flushes at most, unless flushing itself takes a tenth of that
_WORD = h5py.string_dtype("utf-8", 16)  # SWMR cannot write texts of variable length
_LINE = h5py.string_dtype("utf-8", 500)


class Recorder:
    """Writes one run; a context manager that leaves `complete`, `failed` or `interrupted` behind."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        provenance: Provenance,
        plans: Sequence[Plan],
        arrays: Sequence[ArrayPlan] = (),
        state: Sequence[ArrayPlan] = (),  # what a resume needs, see slots.py
        notes: Mapping[str, Mapping[str, Any]] | None = None,  # attributes of groups that arrays made
        starts: Mapping[str, Any] | None = None,  # what arrays hold from the beginning
    ) -> None:
        self.path = Path(path)
        self.part = part_of(self.path)
        self._start = time.monotonic()
        # A claim that is given stays with who gave it.
        self._claim = None if isinstance(path, Claim) else Claim(self.path)
        try:
            self._open(plans)
            self._parts = provenance, plans, arrays, state
            self._tables, self._arrays, self._slots = _lay_out(self._file, self.groups, *self._parts)
            for path, values in (starts or {}).items():
                self._arrays[path][...] = values
            for group, said in (notes or {}).items():
                for name, value in said.items():
                    attribute(self._file[group], name, value)
            if self._swmr:
                self._file.swmr_mode = True
        except BaseException:
            self._give_back()
            raise
        self._entries = 0  # rows of arrays that were put
        self._waiting: list[tuple[int, Rows]] = []
        self._bytes = 0
        self._flushed = time.monotonic()
        self._pause = _SECONDS
        self.message = ""

    def _open(self, plans: Sequence[Plan]) -> None:
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

    def put_row(self, group: str, index: int, values: Mapping[str, Any]) -> None:
        """Write one row of the arrays of a group; it is on disk when this returns."""
        with shielded():
            try:
                for name, value in values.items():
                    self._arrays[f"{group}/{name}"][index] = value
                self._file.flush()
            except OSError as problem:
                raise InputError(f"{self.path} cannot be written: {reason(problem)}") from None
            self._entries += 1

    def store(self, number: int, values: Mapping[str, NDArray[Any]]) -> None:
        """Keep what the run needs to go on from here; rows taken before it reach the disk first."""
        assert self._slots is not None
        with shielded():
            self.flush()
            try:
                self._slots.store(number, values)
                self._file.flush()
            except OSError as problem:
                raise InputError(f"{self.path} cannot be written: {reason(problem)}") from None

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
        waiting = sum(rows.axis.size for _, rows in self._waiting)
        return self._entries + sum(table.rows for table in self._tables) + waiting

    def close(self, status: str = "complete", message: str = "") -> Path | None:
        """Finish the file under its own name; one without a single row is removed (None)."""
        with shielded():
            try:
                return self._close(status, message)
            finally:
                self._give_back()

    def _give_back(self) -> None:
        if self._claim is not None:
            self._claim.release()

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
        if not self._is_ours():
            raise InputError(
                f"{self.path}: another run is writing this file", expected="another name after -o"
            )
        made = self._slimmed() or self.part
        with made.open("rb") as handle:
            os.fsync(handle.fileno())
        os.replace(made, self.path)
        if made != self.part:
            self.part.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # some systems cannot open a directory
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        return self.path

    def _slimmed(self) -> Path | None:
        """Return the file with one slot alone, under another name; None where the whole one will do."""
        if self._slots is None:
            return None
        made = self.path.with_name(self.path.name + ".slim")

        def lay_out(file: h5py.File, name: str) -> None:
            _lay_out(file, self.groups, *self._parts, slots=(name,))

        try:
            if slim(self.part, made, lay_out):
                return made
        except OSError:  # no room for both at once: the larger file says the same
            pass
        except BaseException:
            made.unlink(missing_ok=True)
            raise
        made.unlink(missing_ok=True)
        return None

    def _is_ours(self) -> bool:
        """Whether the file still has its name: without locks (claim.py) another run may have taken it."""
        try:
            return self.part.stat().st_ino == self._inode
        except OSError:
            return False

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


def _lay_out(
    file: h5py.File,
    groups: Sequence[str],
    provenance: Provenance,
    plans: Sequence[Plan],
    arrays: Sequence[ArrayPlan],
    state: Sequence[ArrayPlan],
    slots: Sequence[str] = SLOTS,
) -> tuple[list[Table], dict[str, h5py.Dataset], Slots | None]:
    """Make everything a file will hold."""
    origin.write(file, provenance)
    run = file.create_group("run")
    run.create_dataset("status", data="running", dtype=_WORD)
    run.create_dataset("started", data=origin.now(), dtype=h5py.string_dtype("utf-8", 32))
    run.create_dataset("finished", data="", dtype=h5py.string_dtype("utf-8", 32))
    run.create_dataset("message", data="", dtype=_LINE)
    text_attribute(run.create_dataset("seconds", data=np.nan), "units", "s")
    tables = [Table(file, name, plan) for name, plan in zip(groups, plans, strict=True)]
    made = {array.path: make_array(file, array) for array in arrays}
    if groups:
        text_attribute(file, "default", groups[-1])
    return tables, made, Slots(file, state, slots) if state else None


def _joined(blocks: list[Rows]) -> Rows:
    if len(blocks) == 1:
        return blocks[0]
    return Rows(
        np.concatenate([block.axis for block in blocks]),
        {name: np.concatenate([block.values[name] for block in blocks]) for name in blocks[0].values},
        max(block.residual for block in blocks),
    )
