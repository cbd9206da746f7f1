"""recover: make a file whole again whose run was killed.

    NAME.h5.part → NAME.h5, with every row that had been flushed, marked `interrupted`

A file in SWMR mode says in its head that it is open, and where it ended when it was opened. Both are mended
on a copy, every column is cut to the rows that all of its table have, and the copy takes the name.
Layout of the head: chapter II.A of the HDF5 File Format Specification 3.0 (superblock versions 2 and 3); its
checksum is lookup3 of Bob Jenkins (2006).
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import h5py

from eqchip.errors import InputError
from eqchip.simulator.records import provenance as origin
from eqchip.simulator.records.claim import Claim
from eqchip.simulator.records.reader import opened
from eqchip.simulator.records.reason import reason
from eqchip.simulator.records.target import part_of

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_HEAD, _FLAGS, _END, _CHECKSUM = 48, 11, 28, 44
_WORD = 0xFFFFFFFF


def recover(part: Path, claim: Claim) -> Path:
    """Close the file of a killed run under the name that is claimed; what it was stays if that fails."""
    with opened(part) as file:  # refuses what is no HDF5 file, or cut off
        if "run" not in file:
            raise InputError(f"{part} was killed before it held anything", expected="the run again")
    copy = claim.path.with_name(claim.path.name + ".recovered")
    try:
        shutil.copyfile(part, copy)
        _mend_head(copy)
        with h5py.File(copy, "r+") as file:
            _cut_to_whole_rows(file)
            run = file["run"]
            run["status"][()] = "interrupted"
            run["message"][()] = "killed, and recovered"
            run["finished"][()] = origin.now()
        with copy.open("rb") as handle:
            os.fsync(handle.fileno())
        os.replace(copy, claim.path)
    except (OSError, RuntimeError, KeyError) as problem:
        raise InputError(f"{part} cannot be recovered: {reason(problem)}") from None
    finally:
        copy.unlink(missing_ok=True)
    if part != claim.path:
        part.unlink(missing_ok=True)
    return claim.path


def killed(path: Path) -> Path:
    """Return the file a killed run left behind, for its name or that of the finished run."""
    if path.suffix.lower() == ".part":
        return path
    part = part_of(path)
    return part if part.exists() else path


def finished_name(path: Path) -> Path:
    """Return NAME.h5 for NAME.h5.part and for NAME.h5."""
    return path.with_suffix("") if path.suffix.lower() == ".part" else path


def _cut_to_whole_rows(file: h5py.File) -> None:
    """Cut the columns of each table to the shortest: a kill may fall between two of them."""
    for group in file.values():
        if not isinstance(group, h5py.Group):
            continue
        growing = [
            item for item in group.values() if isinstance(item, h5py.Dataset) and item.maxshape[:1] == (None,)
        ]
        rows = min((item.shape[0] for item in growing), default=0)
        for item in growing:
            if item.shape[0] > rows:
                item.resize(rows, axis=0)


def _mend_head(path: Path) -> None:
    """Say in the head that the file is closed, and that it ends where it ends."""
    with path.open("r+b") as handle:
        head = bytearray(handle.read(_HEAD))
        if head[:8] != _SIGNATURE or head[8] not in (2, 3) or head[9] != 8:
            return  # an older layout has no such marks
        head[_FLAGS] = 0
        head[_END : _END + 8] = path.stat().st_size.to_bytes(8, "little")
        head[_CHECKSUM:_HEAD] = lookup3(bytes(head[:_CHECKSUM])).to_bytes(4, "little")
        handle.seek(0)
        handle.write(head)


def lookup3(data: bytes) -> int:
    """Return Bob Jenkins' hashlittle of some bytes, with 0 to begin with."""
    a = b = c = (0xDEADBEEF + len(data)) & _WORD
    if not data:
        return c
    while len(data) > 12:
        a, b, c = _mix(*_added(a, b, c, data[:12]))
        data = data[12:]
    return _final(*_added(a, b, c, data.ljust(12, b"\0")))


def _added(a: int, b: int, c: int, block: bytes) -> tuple[int, int, int]:
    words = (int.from_bytes(block[k : k + 4], "little") for k in (0, 4, 8))
    return tuple((x + word) & _WORD for x, word in zip((a, b, c), words, strict=True))  # type: ignore[return-value]


def _turn(x: int, by: int) -> int:
    return ((x << by) | (x >> (32 - by))) & _WORD


def _mix(a: int, b: int, c: int) -> tuple[int, int, int]:
    for by in (4, 6, 8, 16, 19, 4):
        a = ((a - c) & _WORD) ^ _turn(c, by)
        c = (c + b) & _WORD
        a, b, c = b, c, a
    return a, b, c


def _final(a: int, b: int, c: int) -> int:
    for by in (14, 11, 25, 16, 4, 14, 24):
        c = ((c ^ b) - _turn(b, by)) & _WORD
        a, b, c = b, c, a
    return b
