"""Slots: what a run needs to go on, kept twice and written in turn, so that one is whole at any time.

    /state/a/number     how far the run was: epochs done
    /state/a/checksum   CRC-32 over the number and all arrays of the slot
    /state/a/…          the arrays; /state/b alike

A run that ended in order keeps the newest slot alone (slim.py).

A kill in the middle of writing one slot leaves the other. Which slot counts is read from the checksums: the
one with the higher number of those that are whole. Arrays take no room on disk until they are written.

Limits: made for a process that is killed. When the machine loses its power, what the system had not written
yet is lost, and the checksum says so.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import h5py
import numpy as np
from h5py import h5d, h5p
from numpy.typing import NDArray

from eqchip.simulator.records.arrays import ArrayPlan, make_array

Array = NDArray[Any]

GROUP = "state"
SLOTS = ("a", "b")
_OWN = ("number", "checksum")


class Slots:
    """Writes the slots of a file that is open for writing."""

    def __init__(self, file: h5py.File, plans: Sequence[ArrayPlan], names: Sequence[str] = SLOTS) -> None:
        self._group = file.create_group(GROUP)
        self._next = 0
        self._names = [plan.path for plan in plans]
        room = h5p.create(h5p.DATASET_CREATE)
        room.set_alloc_time(h5d.ALLOC_TIME_EARLY)  # nothing but numbers is written later
        room.set_fill_time(h5d.FILL_TIME_NEVER)
        for name in names:
            slot = self._group.create_group(name)
            slot.create_dataset("number", data=np.int64(-1))
            slot.create_dataset("checksum", data=np.uint32(0))
            for plan in plans:
                make_array(slot, plan, room)

    def store(self, number: int, values: Mapping[str, Array]) -> None:
        """Write the slot that is older; it counts once its checksum is there."""
        slot = self._group[SLOTS[self._next]]
        for name in self._names:
            value = np.asarray(values[name])
            if value.dtype != slot[name].dtype:
                raise TypeError(f"{name} is kept as {slot[name].dtype}, and now is {value.dtype}")
            slot[name][...] = value
        slot["number"][()] = number
        slot["checksum"][()] = _checksum(number, {name: values[name] for name in self._names})
        self._next = 1 - self._next


def read_slots(file: h5py.File) -> tuple[int, dict[str, Array]] | None:
    """Return the newest state that is whole, and its number; None when there is none."""
    if GROUP not in file:
        return None
    slots = [file[GROUP][name] for name in SLOTS if name in file[GROUP]]
    for slot in sorted(slots, key=lambda one: -int(one["number"][()])):
        number = int(slot["number"][()])
        if number < 0:
            continue
        values: dict[str, Array] = {}
        _collect(slot, "", values)
        if _checksum(number, values) == int(slot["checksum"][()]):
            return number, values
    return None


def number_of(file: h5py.File) -> int:
    """Return the highest number a slot claims to have, -1 without one; nothing is checked."""
    if GROUP not in file:
        return -1
    return max(int(slot["number"][()]) for slot in file[GROUP].values())


def newest_name(file: h5py.File) -> str | None:
    """Return which of two slots claims the higher number; None where there is one, or none was written."""
    if GROUP not in file or any(name not in file[GROUP] for name in SLOTS):
        return None
    numbers = {name: int(file[GROUP][name]["number"][()]) for name in SLOTS}
    best = max(SLOTS, key=lambda name: numbers[name])
    return best if numbers[best] >= 0 else None


def _collect(group: h5py.Group, prefix: str, values: dict[str, Array]) -> None:
    for name, item in group.items():
        if isinstance(item, h5py.Group):
            _collect(item, f"{prefix}{name}/", values)
        elif not item.is_scale and (prefix or name not in _OWN):
            values[prefix + name] = np.asarray(item[()])


def _checksum(number: int, values: Mapping[str, Array]) -> int:
    found = zlib.crc32(str(number).encode())
    for name in sorted(values):
        found = zlib.crc32(np.ascontiguousarray(values[name]).data, zlib.crc32(name.encode(), found))
    return found
