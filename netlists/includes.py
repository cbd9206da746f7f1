"""Where the other files of a netlist are found, and what keeps a stranger's netlist inside its folder.

A file is looked for beside the one that names it, then in the packaged library. Neither `..` nor a link
leads out of the folder of the netlist; absolute paths are refused. Files cannot include each other in a
ring; their depth and what they amount to is bounded.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from eqchip.errors import InputError, Location, nearest

DEEPEST = 32
MOST_BYTES = 256 * 2**20
MOST_FILES = 10_000  # the same file each time it is included

#: What the name of a library file begins with, in messages and records.
LIBRARY = "eqchip:"


@dataclass(frozen=True, slots=True)
class File:
    """A file that was read: `key` names it in records, `shown` in messages; `scope` is its folder."""

    key: str
    shown: str
    scope: str
    text: str


class Shelf:
    """Finds and reads the files of one netlist.

    `root` is the folder of the netlist, None where there is none: only the library is read then. `given`
    holds texts by key that are taken in place of files: those that a record kept.
    """

    def __init__(self, root: Path | None = None, given: Mapping[str, str] | None = None) -> None:
        self.root = root
        self.given = dict(given or {})
        self.read: dict[str, str] = {}
        self.bytes_left = MOST_BYTES
        self.files_left = MOST_FILES

    def find(self, reference: str, beside: File, at: Location) -> File:
        """Return the file that `beside` calls `reference`."""
        path = self.inside(reference, beside, at)
        self.files_left -= 1
        if self.files_left < 0:
            raise InputError(f"the netlist includes more than {MOST_FILES:,} files", at)
        try:
            if beside.key.startswith(LIBRARY):
                found = self._packaged(path)
            else:
                found = self._beside(path, at) or self._packaged(posixpath.normpath(_clean(reference)))
            if found is None:
                raise InputError(
                    f"there is no file '{reference}'",
                    at,
                    expected="a file beside this one or in the library",
                    near=nearest(reference, self._neighbours(path)),
                )
        except OSError as fault:  # a name too long, a folder that may not be entered
            raise InputError(f"'{reference}' cannot be read: {fault.strerror}", at) from None
        self.spend(len(found.text), at)
        self.read[found.key] = found.text
        return found

    def spend(self, size: int, at: Location | None) -> None:
        """Count what was read; InputError when it is too much."""
        self.bytes_left -= size
        if self.bytes_left < 0:
            raise InputError(f"the netlist and its files exceed {MOST_BYTES // 2**20} MiB", at)

    def inside(self, reference: str, beside: File, at: Location) -> str:
        """Return the path from the folder of the netlist (or from the library's), without `..`."""
        clean = _clean(reference)
        if not clean or clean.startswith(("/", "~")) or re.match(r"[A-Za-z]:", clean):
            raise InputError(
                f"'{reference}' is not a path from the folder of this file", at, expected="a relative path"
            )
        folder = posixpath.dirname(beside.key.removeprefix(LIBRARY))
        path = posixpath.normpath(posixpath.join(folder, clean))
        if path.startswith("../") or path in ("..", "."):
            raise InputError(f"'{reference}' leads out of the folder of the netlist", at)
        return path

    def locate(self, path: str, reference: str, at: Location) -> Path:
        """Return where a file of numbers lies, which must be in the folder of the netlist."""
        if self.root is None:
            raise InputError(f"a netlist that is no file has no '{reference}' beside it", at)
        there = self.root / path
        if not there.is_file():
            near = nearest(path, self._neighbours(path))
            raise InputError(f"there is no file '{there}'", at, expected="a file beside this one", near=near)
        self._contained(path, at)
        return there

    def _contained(self, path: str, at: Location) -> None:
        assert self.root is not None
        if not (self.root / path).resolve().is_relative_to(self.root.resolve()):
            raise InputError(f"'{path}' is a link out of the folder of the netlist", at)

    def _beside(self, path: str, at: Location) -> File | None:
        shown = path if self.root is None else str(self.root / path)
        scope = "" if self.root is None else str((self.root / path).parent)
        if path in self.given:
            return File(path, shown, scope, self.given[path])
        if self.root is None or not (self.root / path).is_file():
            return None
        self._contained(path, at)
        return File(path, shown, scope, read_text(self.root / path, self.bytes_left, at))

    def _packaged(self, path: str) -> File | None:
        key = LIBRARY + path
        shelf = files("eqchip.netlists") / "library"
        if key in self.given:
            return File(key, key, str(shelf), self.given[key])
        if path.startswith("../") or path == "..":
            return None
        book: Traversable = shelf.joinpath(*path.split("/"))
        if not book.is_file():
            return None
        return File(key, key, str(shelf), decode(book.read_bytes(), key))

    def _neighbours(self, path: str) -> list[str]:
        """Return the names that could have been meant."""
        found = [one.name for one in (files("eqchip.netlists") / "library").iterdir() if one.is_file()]
        if self.root is not None and (self.root / path).parent.is_dir():
            folder = (self.root / path).parent
            found += [one.name for one, _ in zip(folder.iterdir(), range(1000), strict=False)]
        return found


def _clean(reference: str) -> str:
    return reference.strip().replace("\\", "/")


def read_text(path: Path, limit: int = MOST_BYTES, at: Location | None = None) -> str:
    """Read a netlist file of at most `limit` bytes."""
    try:
        if not path.is_file():
            what = "is a folder" if path.is_dir() else "does not exist" if not path.exists() else "is no file"
            raise InputError(f"'{path}' {what}", at)
        with path.open("rb") as stream:
            data = stream.read(limit + 1)
    except (OSError, ValueError) as fault:  # ValueError: NUL in the name
        if isinstance(fault, InputError):
            raise
        raise InputError(
            f"'{path}' cannot be read: {getattr(fault, 'strerror', None) or fault}", at
        ) from None
    if len(data) > limit:
        raise InputError(f"the netlist and its files exceed {MOST_BYTES // 2**20} MiB", at)
    return decode(data, str(path))


def decode(data: bytes, name: str) -> str:
    """Return the text of a file; InputError at the first byte that is not UTF-8."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise InputError("the file is UTF-16", Location(name, 1), expected="UTF-8 text")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        before = fault.object[: fault.start]
        begin = before.rfind(b"\n") + 1
        line = fault.object[begin:].split(b"\n", 1)[0].decode("utf-8", "replace").rstrip("\r")
        column = len(before[begin:].decode("utf-8", "replace")) + 1
        at = Location(name, before.count(b"\n") + 1, column, line)
        raise InputError(
            f"the byte 0x{data[fault.start]:02x} is not UTF-8", at, expected="UTF-8 text"
        ) from None
    check_characters(text, name)
    return text


def check_characters(text: str, name: str) -> None:
    """Refuse NUL: the file is not text."""
    at = text.find("\0")
    if at >= 0:
        number = text.count("\n", 0, at) + 1
        column = at - text.rfind("\n", 0, at)
        raise InputError("a NUL byte: this is not text", Location(name, number, column))
