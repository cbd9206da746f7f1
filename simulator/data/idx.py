"""IDX: the format of MNIST. Two zero bytes, a type, the number of dimensions, their sizes, the numbers.

Source: Y. LeCun, C. Cortes, C. Burges, The MNIST database of handwritten digits. Read here: unsigned bytes,
plain or gzip, of at most LARGEST bytes.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.errors import InputError, Location

#: The type of unsigned bytes in the third byte of the file.
UBYTE = 8

LARGEST = 2**31


@dataclass(frozen=True, slots=True)
class Idx:
    """Numbers of one file, and the MD5 of its content, unpacked."""

    values: NDArray[Any]
    md5: str


def read_idx(path: Path, dimensions: int, at: Location | None = None) -> Idx:
    """Return the unsigned bytes of a file with so many dimensions."""
    raw = _content(path, at)
    wanted = bytes([0, 0, UBYTE, dimensions])
    if raw[:4] != wanted:
        raise InputError(
            f"{path.name} begins with the bytes {raw[:4].hex(' ') or 'of nothing'}: it is no IDX file of "
            f"unsigned bytes in {dimensions} dimension{'s' * (dimensions != 1)}",
            at,
            expected=wanted.hex(" "),
        )
    begin = 4 + 4 * dimensions
    if len(raw) < begin:
        raise InputError(f"{path.name} ends within its header", at, expected="a whole file")
    shape = struct.unpack(f">{dimensions}I", raw[4:begin])
    size = 1
    for one in shape:
        size *= one
    if len(raw) - begin != size:
        said = " × ".join(map(str, shape))
        raise InputError(
            f"{path.name} says it holds {said} numbers, and holds {len(raw) - begin}",
            at,
            expected="a file that is whole: its size is wrong",
        )
    values = np.frombuffer(raw, dtype=np.uint8, offset=begin).reshape(shape)
    return Idx(values, hashlib.md5(raw, usedforsecurity=False).hexdigest())


def _content(path: Path, at: Location | None) -> bytes:
    """Return the bytes of a file, unpacked where they are packed."""
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
        if raw[:2] == b"\x1f\x8b":
            unpacking = zlib.decompressobj(wbits=31)  # gzip; checks its sum
            raw = unpacking.decompress(raw, LARGEST + 1)
            if not unpacking.eof and len(raw) <= LARGEST:
                raise InputError(f"{path} ends before its content does", at, expected="a whole file")
    except OSError as fault:
        raise InputError(f"{path} cannot be read: {fault.strerror or fault}", at) from None
    except zlib.error as fault:
        raise InputError(f"{path} is damaged: {fault}", at, expected="the file fetched again") from None
    if len(raw) > LARGEST:
        raise InputError(f"{path.name} holds more than {LARGEST // 2**30} GiB", at)
    return raw
