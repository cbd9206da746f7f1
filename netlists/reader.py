"""Text to Netlist: title, cards, subcircuit bodies, included files. Nothing is resolved.

The first line is always the title, even when it looks like a card (it says so in a note). Cards that only
ask for output in another program are skipped with a note; what could change an answer and is not there yet is
refused. Nothing but comments may follow `.end`: ngspice would read it, other programs would not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from eqchip.errors import InputError, Location, nearest
from eqchip.netlists.card import Card, Netlist
from eqchip.netlists.collector import collector_paused
from eqchip.netlists.includes import DEEPEST, LIBRARY, File, Shelf, check_characters, read_text
from eqchip.netlists.lines import cards, physical_lines
from eqchip.netlists.matrices import take_in
from eqchip.netlists.vocabulary import CARDS, COMMANDS, NOT_YET, OUTPUT, SETTINGS, STRUCTURE

MOST_CARDS = 5_000_000
MOST_NESTED = 50  # subcircuits within subcircuits

_REFERENCE = re.compile(r"\"([^\"]*)\"|'([^']*)'|(\S+)")
_TITLE_LIKE_CARD = re.compile(
    r"\s*(?:[rclvidefghbx]\w*(?:\s+\S+){2,}\s+[-+.]?\d\S*|\.(?!title)[a-z]+\b.*)\s*\Z", re.I
)


def read(path: str | Path) -> Netlist:
    """Read a netlist file and all that it includes."""
    path = Path(path)
    text = read_text(path)
    return parse(text, str(path), folder=path.parent)


def parse(
    text: str,
    name: str = "netlist",
    *,
    folder: str | Path | None = None,
    included: Mapping[str, str] | None = None,
) -> Netlist:
    """Read a netlist from text.

    `folder` is where the files it includes are; without it only the library is there. `included` holds texts
    that are taken in place of files (`Netlist.included` of an earlier reading).
    """
    check_characters(text, name)
    shelf = Shelf(Path(folder) if folder is not None else None, included)
    shelf.spend(len(text), None)
    lines = physical_lines(text.removeprefix("\ufeff"))
    if not text.strip():
        raise InputError("the netlist is empty", Location(name, 1), expected="a title line, then cards")
    scope = "" if folder is None else str(folder)
    title = lines[0].rstrip()
    reading = _Reading(Netlist(title, [], name, text), shelf)
    if _TITLE_LIKE_CARD.match(title):
        note = "the first line is the title of a netlist: it is not read as a card"
        reading.netlist.notes.append((Location(name, 1, 1, title, len(title)), note))
    main = File(Path(name).name, name, scope, text)
    with collector_paused():
        reading.file(main, cards(lines[1:], name, scope, first=2))
    reading.netlist.included = shelf.read
    return reading.netlist


class _Reading:
    """One netlist being read: which files it is inside of, which subcircuits, how much there is so far."""

    def __init__(self, netlist: Netlist, shelf: Shelf) -> None:
        self.netlist = netlist
        self.shelf = shelf
        self.inside: list[tuple[str, str]] = []  # file and section
        self.nested: list[tuple[Card, list[Card]]] = []  # open .subckt cards and their bodies
        self.target = netlist.cards
        self.count = 0
        self.taken: set[tuple[int, str, str]] = set()  # packaged libraries, by where their cards went

    def file(self, file: File, found: list[Card], section: str = "", at: Location | None = None) -> None:
        """Take in the cards of a file, or of one section of it."""
        if (file.key, section) in self.inside:
            ring = [*[one for one, _ in self.inside], file.key]
            raise InputError(f"'{file.shown}' includes itself: {' → '.join(ring)}", at)
        if len(self.inside) >= DEEPEST:
            raise InputError(f"files include each other more than {DEEPEST} levels deep", at)
        self.count += len(found)
        if self.count > MOST_CARDS:
            raise InputError(f"the netlist has more than {MOST_CARDS:,} cards", at)
        self.inside.append((file.key, section))
        if any(card.kind == ".endl" for card in found if card.head[0] == "."):
            found = self._section(file, found, section, at)
        elif section:
            raise InputError(f"'{file.shown}' has no section '{section}', nor any other", at)
        depth = len(self.nested)
        self._take(file, found)
        if len(self.nested) > depth:
            card = self.nested[-1][0]
            raise InputError(f"the subcircuit '{card.tokens[0]}' has no .ends", card.where())
        self.inside.pop()

    def _section(self, file: File, found: list[Card], wanted: str, at: Location | None) -> list[Card]:
        """Return the cards of a section, or those outside of all when none is wanted."""
        sections: dict[str, list[Card]] = {}
        outside: list[Card] = []
        begun: Card | None = None
        for card in found:
            if card.kind == ".lib" and len(card.tokens) == 1:
                if begun is not None:
                    raise InputError(f"the section '{begun.tokens[0]}' has no .endl", begun.where())
                begun = card
                sections[card.tokens[0].lower()] = []
            elif card.kind == ".endl":
                if begun is None:
                    raise InputError(".endl without .lib", card.where())
                if card.tokens and card.tokens[0].lower() != begun.tokens[0].lower():
                    raise InputError(
                        f".endl ends '{card.tokens[0]}'", card.where(0), expected=f"'{begun.tokens[0]}'"
                    )
                begun = None
            else:
                (outside if begun is None else sections[begun.tokens[0].lower()]).append(card)
        if begun is not None:
            raise InputError(f"the section '{begun.tokens[0]}' has no .endl", begun.where())
        if not wanted:
            names = ", ".join(sections)
            place = at or Location(file.shown, 1)
            self.netlist.notes.append((place, f"the sections of '{file.shown}' are not used: {names}"))
            return outside
        if wanted not in sections:
            near = nearest(wanted, sections)
            raise InputError(
                f"'{file.shown}' has no section '{wanted}'", at, near=near, expected=", ".join(sections)
            )
        return sections[wanted]

    def _take(self, file: File, found: list[Card]) -> None:
        depth = len(self.nested)
        rest = iter(found)
        for card in rest:
            mark = card.head[0]
            if mark != ".":
                if not (mark.isascii() and mark.isalpha()):
                    raise InputError(
                        f"'{card.head}' begins no card", card.where(), expected="a letter or a dot, or '*'"
                    )
                if mark in "Yy":
                    take_in(card, file, self.shelf)
                self.target.append(card)
                continue
            kind = card.kind
            if kind in CARDS:
                self.target.append(card)
            elif kind == ".subckt":
                self._open(card)
            elif kind == ".ends":
                self._close(card, depth)
            elif kind in (".include", ".inc", ".lib"):
                self._include(card, file)
            elif kind == ".control":
                self._control(card, rest)
            elif kind == ".title":
                self.netlist.title = card.rest(0)
            elif kind == ".end":
                self._end(card, rest)
            else:
                self._other(card)

    def _open(self, card: Card) -> None:
        if not card.tokens or card.tokens[0] in ("=", "(", ")", ","):
            raise InputError(".subckt has no name", card.where(), expected=".subckt name nodes …")
        if len(self.nested) >= MOST_NESTED:
            raise InputError(f"subcircuits nest deeper than {MOST_NESTED} levels", card.where())
        self.target.append(card)
        self.target = []
        card.body = self.target
        self.nested.append((card, self.target))

    def _close(self, card: Card, depth: int) -> None:
        if len(self.nested) <= depth:
            raise InputError(".ends without .subckt", card.where())
        begun, _ = self.nested.pop()
        name = begun.tokens[0]
        if card.tokens and card.tokens[0].lower() != name.lower():
            raise InputError(f".ends ends '{card.tokens[0]}'", card.where(0), expected=f"'{name}'")
        self.target = self.nested[-1][1] if self.nested else self.netlist.cards

    def _include(self, card: Card, beside: File) -> None:
        words = ["".join(one) for one in _REFERENCE.findall(card.rest(0))]
        most = 2 if card.kind == ".lib" else 1
        if not 1 <= len(words) <= most:
            form = ".lib FILE [SECTION]" if most == 2 else ".include FILE"
            raise InputError(f"{card.kind} takes a file", card.where(), expected=form)
        at = card.where(0)
        file = self.shelf.find(words[0], beside, at)
        section = words[1].lower() if len(words) == 2 else ""
        if file.key.startswith(LIBRARY):
            # One library may bring another that is named too: the same cards once.
            here = (id(self.target), file.key, section)
            if here in self.taken:
                return
            self.taken.add(here)
        inner = cards(physical_lines(file.text), file.shown, file.scope)
        self.file(file, inner, section, at)

    def _control(self, card: Card, rest: Iterable[Card]) -> None:
        """Skip a block of commands that only show and store."""
        for line in rest:
            if line.kind == ".endc":
                self.netlist.notes.append(
                    (card.where(), "the .control block was skipped: it only asks for output")
                )
                return
            command = line.head.lower()
            setting = line.tokens[0].lower() if line.tokens else ""
            if command in COMMANDS or (command == "set" and setting in SETTINGS):
                continue
            raise InputError(
                f"'{line.head}' in a .control block could change an answer, and is not supported yet",
                line.where(),
                expected="cards in place of commands: .op, .tran, .options …",
            )
        raise InputError(".control has no .endc", card.where())

    def _end(self, card: Card, rest: Iterable[Card]) -> None:
        for extra in rest:
            raise InputError(
                f"'{extra.head}' stands after .end: ngspice reads it, other programs do not",
                extra.where(),
                expected="nothing after .end",
            )

    def _other(self, card: Card) -> None:
        kind = card.kind
        if kind in OUTPUT:
            self.netlist.notes.append((card.where(), f"{kind} was skipped: it only asks for output"))
            return
        if kind in NOT_YET:
            raise InputError(f"{kind} is not supported yet", card.where())
        if kind in (".endc", ".endl"):
            raise InputError(f"{kind} without {'.control' if kind == '.endc' else '.lib'}", card.where())
        raise InputError(
            f"unknown card '{card.head}'", card.where(), near=nearest(kind, CARDS | STRUCTURE | NOT_YET)
        )
