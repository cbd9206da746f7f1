"""Every way eqchip fails, and how it says so.

    EqchipError                 exit code 1
    ├── InputError (ValueError)         2   the input was wrong: where, what was found, what was expected
    ├── SimulationError (RuntimeError)  1   the input was fine, the physics or the numerics gave up: why
    ├── PartialError (RuntimeError)     3   finished, but some points failed
    └── MissingExtra (ImportError)      1   an optional dependency is not installed

A user's mistake is always an InputError that points at a place; a traceback is a bug of ours.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a source text: lines and columns count from 1, `text` is the physical line."""

    file: str
    line: int
    column: int = 1
    text: str = ""
    width: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"

    def excerpt(self) -> str:
        """Return the line with a caret under what is meant."""
        if not self.text:
            return ""
        # Tabs are kept so that the caret stands under the same column in any terminal.
        before = "".join("\t" if ch == "\t" else " " for ch in self.text[: self.column - 1])
        return f"  {self.text}\n  {before}{'^' * max(1, self.width)}"


class EqchipError(Exception):
    """The root of every error eqchip raises on purpose."""

    exit_code = 1


class InputError(EqchipError, ValueError):
    """The input was wrong.

    `message` says what was found; `expected` what would have been right; `near` is the nearest
    known name, if one is near enough to be worth saying.
    """

    exit_code = 2

    def __init__(
        self,
        message: str,
        at: Location | None = None,
        *,
        expected: str | None = None,
        near: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.at = at
        self.expected = expected
        self.near = near

    def __str__(self) -> str:
        head = f"{self.at}: {self.message}" if self.at else self.message
        if self.near:
            head += f"; did you mean '{self.near}'?"
        lines = [head]
        if self.at and (excerpt := self.at.excerpt()):
            lines.append(excerpt)
        if self.expected:
            lines.append(f"  expected {self.expected}")
        return "\n".join(lines)


class SimulationError(EqchipError, RuntimeError):
    """The simulation failed: what happened, where in the circuit, and what to try."""

    exit_code = 1

    def __init__(
        self, message: str, *, advice: str | None = None, nodes: Iterable[str] = (), time: float | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice
        self.nodes = tuple(nodes)
        self.time = time

    def __str__(self) -> str:
        lines = [self.message]
        if self.nodes:
            lines.append("  at " + ", ".join(self.nodes))
        if self.advice:
            lines.append(f"  try {self.advice}")
        return "\n".join(lines)


class PartialError(EqchipError, RuntimeError):
    """The work finished, but some of its points failed."""

    exit_code = 3


class MissingExtra(EqchipError, ImportError):
    """An optional dependency is not installed; the message says which command installs it."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(f"{purpose} needs {package}: pip install 'eqchip[{extra}]'")


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known name closest to `word`, or None when none is close."""
    by_lower = {name.lower(): name for name in known}
    found = get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None
