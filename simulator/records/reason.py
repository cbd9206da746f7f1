"""Why a file could not be opened or written, in a few words, out of what HDF5 says of it."""

from __future__ import annotations

import re

_SYSTEM = re.compile(r"error message = '([^']+)'")
_SAID = re.compile(r"\(([^()]*)\)\s*\Z")


def reason(problem: Exception) -> str:
    """Return the system's word (`No space left on device`) where there is one, else HDF5's own."""
    text = str(problem)
    if found := _SYSTEM.search(text):
        return found.group(1)
    if isinstance(problem, OSError) and problem.strerror and not problem.strerror.startswith("Unable to"):
        return problem.strerror
    found = _SAID.search(text)
    return found.group(1) if found else text
