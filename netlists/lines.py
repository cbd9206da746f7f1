"""Text to cards: logical lines, comments cut, continuations joined.

    * at the beginning of a line, after blanks too    a comment
    ;   //   and $ after a blank or a comma           the rest of the line is a comment
    +                                                 goes on with the card before, across comments

Source: ngspice 39 manual, chapter 2.1, and ngspice 39.3 itself for `$` (no blank need follow it).
Limits: a file name or node that holds `;` or `//` is cut there, as in ngspice.
"""

from __future__ import annotations

import re

from eqchip.errors import InputError, Location
from eqchip.netlists.card import TOKEN, Card

_COMMENT = re.compile(r";|//|(?:(?<=[\s,])|^\+?)\$")
# Without one of these the tokens of a line are its words.
_SPECIAL = re.compile(r"[={}()'\",\[\]]")
_LONE = frozenset("{}[]'\"")

_UNCLOSED = {
    "{": "'{' is not closed, or holds more than two levels of braces",
    "}": "'}' closes nothing",
    "[": "'[' is not closed, or holds a blank",
    "]": "']' closes nothing",
    "'": "the quote is not closed",
    '"': "the quote is not closed",
}


def physical_lines(text: str) -> list[str]:
    """Cut text at line ends of any system, and nowhere else."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.split("\n")


def cards(lines: list[str], file: str, scope: str = "", first: int = 1) -> list[Card]:
    """Return the logical lines as cards in order, none nested; `first` is the number of the first line."""
    found: list[Card] = []
    text = "\n".join(lines)
    commented = ";" in text or "$" in text or "//" in text
    begun: list[tuple[int, str]] = []  # the physical lines of the present card
    plain = True  # it is one line, all of it
    commands = False  # inside .control, where quotes and brackets follow rules of their own
    for number, line in enumerate(lines, first):
        mark = line[:1]
        if mark == "*":
            continue
        whole = True
        if mark == "+" or not mark.strip():  # the empty line too
            content = line.lstrip()
            if not content or content[0] == "*":
                continue
            if content[0] == "+":
                if not begun:
                    at = Location(file, number, len(line) - len(content) + 1, line)
                    raise InputError("'+' has no card to go on with", at)
                begun.append((number, line))
                plain = False
                continue
            whole = False
        if commented and (cut := _COMMENT.search(line)):
            if not line[: cut.start()].strip():
                continue
            whole = False
        if begun:
            found.append(_card(begun, file, scope, plain, commands))
            if begun[0][1][0] == ".":
                commands = found[-1].kind == ".control" or (commands and found[-1].kind != ".endc")
        begun = [(number, line)]
        plain = whole
    if begun:
        found.append(_card(begun, file, scope, plain, commands))
    return found


def _card(begun: list[tuple[int, str]], file: str, scope: str, plain: bool, commands: bool) -> Card:
    number, text = begun[0]
    joints: tuple[tuple[int, int, int, str], ...] = ()
    if not plain:
        text, joints = _join(begun)
    if _SPECIAL.search(text) is None:
        words = text.split()
        return Card(words[0], words[1:], text, file, number, joints, scope=scope)
    words = TOKEN.findall(text)
    card = Card(words[0], words[1:], text, file, number, joints, scope=scope)
    if not commands and ("(" in words or ")" in words or not _LONE.isdisjoint(words)):
        _check_pairs(card, words)
    return card


def _join(begun: list[tuple[int, str]]) -> tuple[str, tuple[tuple[int, int, int, str], ...]]:
    """Return the text of a card, and for each physical line where it begins there."""
    parts: list[str] = []
    joints: list[tuple[int, int, int, str]] = []
    length = 0
    for number, line in begun:
        kept = line
        if comment := _COMMENT.search(line):
            kept = line[: comment.start()]
        kept = kept.rstrip()
        plain = kept.lstrip()
        if plain[:1] == "+" and parts:
            plain = plain[1:].lstrip()
        joints.append((length, number, len(kept) - len(plain), line))
        parts.append(plain)
        length += len(plain) + 1
    return " ".join(parts), tuple(joints)


def _check_pairs(card: Card, words: list[str]) -> None:
    """Refuse brackets, braces and quotes that do not match."""
    opened: list[int] = []
    for index, word in enumerate(words, -1):
        if word in _LONE:
            raise InputError(_UNCLOSED[word], card.where(index))
        if word == "(":
            opened.append(index)
        elif word == ")":
            if not opened:
                raise InputError("')' closes nothing", card.where(index))
            opened.pop()
    if opened:
        raise InputError("'(' is not closed", card.where(opened[-1]))
