"""Card: one logical line of a netlist, cut into tokens; Netlist: all of them, nothing resolved.

A token is a word (`R1`, `10k`, `x[0:391]`, `Yxh[3,5].stuck`), an expression kept whole (`{2*a}`, `'2*a'`), a
quoted string, or one of `= ( ) ,`. Where a token stands is worked out only when a message needs it: an
80,000-line netlist is read far more often than it is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from eqchip.errors import Location

TOKEN = re.compile(
    r"\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}|'[^']*'|\"[^\"]*\"|[=(),]|(?:[^\s=(),{}'\"\[\]]|\[[^\]\s]*\])+|[\[\]{}'\"]"
)


@dataclass(slots=True)
class Card:
    """One logical line: `head` is its first word as written, `tokens` the rest."""

    head: str
    tokens: list[str]
    text: str  # the logical line, continuations joined by one blank, comments cut
    file: str
    line: int  # of its first physical line, from 1
    #: Where physical lines begin in `text`: (offset in text, line number, columns cut on the left, the line).
    joints: tuple[tuple[int, int, int, str], ...] = ()
    body: Sequence[Card] = ()  # of a .subckt
    scope: str = ""  # the folder its own relative file names start from
    matrices: dict[str, NDArray[Any]] = field(default_factory=dict)  # of a Y card: mask=, values= from files

    @property
    def kind(self) -> str:
        """`.model` for a dot card, the lower-case first letter for an element."""
        return self.head.lower() if self.head[:1] == "." else self.head[:1].lower()

    def offset(self, index: int) -> tuple[int, int]:
        """Return where token `index` begins and ends in `text`; -1 is the head, past the end is the end."""
        spans = [match.span() for match in TOKEN.finditer(self.text)]
        return spans[index + 1] if index + 1 < len(spans) else (len(self.text), len(self.text) + 1)

    def where(self, index: int = -1, shift: int = 0, width: int | None = None) -> Location:
        """Return the place of token `index` (-1: the head), or of `width` characters from `shift` into it."""
        begin, end = self.offset(index)
        begin += shift
        line, column, text = self.line, begin + 1, self.text
        for start, number, cut, physical in self.joints:
            if begin >= start:
                line, column, text = number, begin - start + cut + 1, physical
        if width is None:
            width = 1 if shift else max(1, end - begin)
        return Location(self.file, line, column, text, width)

    def rest(self, index: int) -> str:
        """Return the text from token `index` to the end, as written."""
        return self.text[self.offset(index)[0] :]


@dataclass(slots=True)
class Netlist:
    """A netlist as written: its title and cards, includes read in, subcircuit bodies nested."""

    title: str
    cards: list[Card]
    file: str = "netlist"
    text: str = ""  # the main file, for the record
    included: dict[str, str] = field(default_factory=dict)  # text of every other file read, by name
    notes: list[tuple[Location, str]] = field(default_factory=list)  # output cards that were skipped
