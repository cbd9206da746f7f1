"""Claim: only one run writes NAME.h5; a second one is refused before it computes anything.

Who writes NAME.h5 keeps NAME.h5.claim open and locked (flock), and in it says who it is. The lock goes with
the process, however it ends: the claim of a killed run stands in nobody's way. A claim file is deleted while
it is locked, so whoever locks one checks that it is still the one of that name.

Limits: where a file system has no locks (some NFS mounts, Windows), who wrote the claim file is asked for
by its process number. There the claim of another machine holds until its file is deleted.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from eqchip.errors import InputError
from eqchip.simulator.records.reason import reason
from eqchip.simulator.records.target import check_target, part_of

_NO_LOCKS = {errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}
#: A name may change hands this often while it is being claimed.
_TRIES = 100
_GLANCE = 0.02  # s


def claim_of(path: Path) -> Path:
    """Return the name of the file that says who writes `path`."""
    return path.with_name(path.name + ".claim")


class TakenError(InputError):
    """Another run is writing the file."""


class Claim(os.PathLike[str]):
    """The right to write one file, until `release`; stands for its path."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        check_target(self.path)
        self._handle = -1
        for _ in range(_TRIES):
            if self._take():
                return
        raise TakenError(f"{self.path} cannot be claimed: others keep taking it", expected=_ADVICE)

    def _take(self) -> bool:
        """Open and lock the claim file; False when it was deleted meanwhile."""
        try:
            handle = os.open(claim_of(self.path), os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as problem:
            raise InputError(f"{self.path} cannot be written: {reason(problem)}") from None
        try:
            kept = _lock(handle)
            if kept is False:  # or somebody only looks: `claimed`
                time.sleep(_GLANCE)
                kept = _lock(handle)
            said = _said(handle)
            if kept is False or (kept is None and _lives(said)):
                raise TakenError(_taken(self.path, said, kept is None), expected=_ADVICE)
            if not _same_file(handle, claim_of(self.path)):
                os.close(handle)
                return False
            who = {"process": os.getpid(), "machine": socket.gethostname(), "command": _command()}
            os.ftruncate(handle, 0)
            os.lseek(handle, 0, os.SEEK_SET)
            os.write(handle, json.dumps(who).encode())
        except BaseException:
            os.close(handle)
            raise
        self._handle = handle
        return True

    def release(self) -> None:
        """Give the right back; once is enough."""
        if self._handle >= 0:
            handle, self._handle = self._handle, -1
            with contextlib.suppress(OSError):  # the folder may be gone
                claim_of(self.path).unlink(missing_ok=True)
            os.close(handle)

    def __fspath__(self) -> str:
        return str(self.path)

    def __str__(self) -> str:
        return str(self.path)

    def __enter__(self) -> Claim:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


_ADVICE = "another name after -o, or the end of that run"


def claimed(path: Path) -> bool:
    """Whether a run that is alive writes this file."""
    try:
        handle = os.open(claim_of(path), os.O_RDONLY)
    except OSError:
        return False
    try:
        kept = _lock(handle, shared=True)
        return kept is False or (kept is None and _lives(_said(handle)))
    finally:
        os.close(handle)


def claim_default(chip: str, folder: Path | None = None) -> Claim:
    """Claim CHIP.h5, or CHIP-2.h5, CHIP-3.h5 … when it exists, was killed, or is being written."""
    number = 1
    while True:
        path = numbered(chip, number, folder)
        number += 1
        if path.exists() or part_of(path).exists():
            continue
        try:
            claim = Claim(path)
        except TakenError:
            continue
        if not path.exists() and not part_of(path).exists():
            return claim
        claim.release()


def numbered(chip: str, number: int, folder: Path | None = None) -> Path:
    """Return CHIP.h5 for 1, CHIP-2.h5 for 2 …"""
    stem = Path(chip).name
    stem = Path(stem).stem or stem
    return (folder or Path()) / (f"{stem}.h5" if number == 1 else f"{stem}-{number}.h5")


def _lock(handle: int, shared: bool = False) -> bool | None:
    """Lock a file; False when another has it, None where there are no locks."""
    if sys.platform == "win32":
        return None
    import fcntl

    try:
        fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as problem:
        if problem.errno in _NO_LOCKS:
            return None
        raise
    return True


def _same_file(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _said(handle: int) -> dict[str, Any]:
    """Return what a claim file says; nothing while it is being written."""
    try:
        os.lseek(handle, 0, os.SEEK_SET)
        found = json.loads(os.read(handle, 4096) or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _lives(said: dict[str, Any]) -> bool:
    """Whether who wrote a claim may still be there, judged by its process number."""
    if not said:
        return False
    if said.get("machine") != socket.gethostname():
        return True
    try:
        os.kill(int(said.get("process", 0)), 0)
    except ProcessLookupError:
        return False
    except (OSError, ValueError, OverflowError):
        return True
    return True


def _taken(path: Path, said: dict[str, Any], unsure: bool) -> str:
    text = f"another run is writing {path}"
    if {"process", "machine"} <= said.keys():
        text += f" (process {said['process']} on {said['machine']})"
    return f"{text}; if it is dead, delete {claim_of(path)}" if unsure else text


def _command() -> str:
    return " ".join(sys.argv)[:500]
