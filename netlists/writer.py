"""Netlist to text: reading it again gives the same netlist, places aside.

One blank between words, none around `=` and inside brackets; lines over 100 columns go on with `+`. Included
files and libraries are written out in place. Limits: comments and skipped cards are gone; names of
data files are written as they stood beside the file they stood in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from eqchip.netlists.card import Card, Netlist

WIDTH = 100
_INDENT = "  "  # for each subcircuit a card is in


def write(netlist: Netlist) -> str:
    """Return the netlist as text."""
    title = " ".join(netlist.title.splitlines())
    return "\n".join([title, *_written(netlist.cards, ""), ".end", ""])


def _written(cards: Sequence[Card], indent: str) -> Iterator[str]:
    for card in cards:
        yield from _lines(card, indent)
        if card.kind == ".subckt":
            yield from _written(card.body, indent + _INDENT)
            yield f"{indent}.ends {card.tokens[0]}"


def line(card: Card) -> str:
    """Return a card on one line, whatever its length."""
    return " ".join(_pieces(card))


def _lines(card: Card, indent: str) -> Iterator[str]:
    """Fill lines with what no line may end within."""
    begun = indent
    mark = ""
    for piece in _pieces(card):
        if mark and len(begun) + 1 + len(piece) > WIDTH:
            yield begun
            begun, mark = indent + "+", " "
        begun += mark + piece
        mark = " "
    yield begun


def _pieces(card: Card) -> Iterator[str]:
    """Yield the tokens, those that stand without a blank between them joined."""
    piece = card.head
    before = " "  # a bracket after the name of an element stands apart
    for token in card.tokens:
        if _clings(token, before):
            piece += token
        else:
            yield piece
            piece = token
        before = token
    yield piece


def _clings(token: str, before: str) -> bool:
    if before in ("=", "(") or token in ("=", ")", ","):
        return True
    if token == "(":
        return before.isidentifier()
    return token[0] == "$"  # after a blank it would begin a comment
