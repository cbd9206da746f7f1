"""Behavioural sources: B cards, and E and G cards with a formula.

    B1 a b V={…}    B1 a b I={…}    E1 a b VALUE={…}  VOL='…'    G1 a b VALUE={…}  CUR='…'

The formula is all that follows; with a comma or blank after it other settings cannot stand there.
"""

from __future__ import annotations

from collections.abc import Sequence

from eqchip.devices.family import Family
from eqchip.errors import InputError
from eqchip.netlists.build import Build
from eqchip.netlists.card import Card
from eqchip.netlists.circuit import Instance, IntArray
from eqchip.netlists.expression import simplify
from eqchip.netlists.formula import Spot
from eqchip.netlists.grammar import parse_expression
from eqchip.netlists.level import Level, Nodes
from eqchip.netlists.program import compile_program

#: The words that say what a formula is, by the letter of the card: True for a voltage.
_WORDS: dict[str, dict[str, bool]] = {
    "B": {"v": True, "i": False},
    "E": {"value": True, "vol": True},
    "G": {"value": False, "cur": False},
}
_NOT_YET = frozenset(("poly", "table", "laplace", "freq", "chebyshev", "cur", "vol", "value"))


def is_behavioural(card: Card) -> bool:
    """Say whether an E or G card has a formula instead of controlling nodes."""
    return len(card.tokens) > 2 and card.tokens[2].lower() in _NOT_YET


def behavioural(build: Build, level: Level, card: Card, families: Sequence[Family]) -> None:
    """Read a card with a formula."""
    letter = card.head[0].upper()
    words = _WORDS.get(letter, _WORDS["B"])
    form = f"{letter}name n+ n- {next(iter(words)).upper()}={{expression}}"
    tokens = card.tokens
    if len(tokens) < 3:
        raise InputError(f"{card.head} has no expression", card.where(len(tokens)), expected=form)
    word = tokens[2].lower()
    if word not in words:
        if word in _NOT_YET:
            raise InputError(f"{tokens[2].upper()} on {card.head} is not supported yet", card.where(2))
        raise InputError(
            f"'{tokens[2]}' on {card.head} is not understood",
            card.where(2),
            expected=" or ".join(f"{one.upper()}={{expression}}" for one in words),
        )
    start = 4 if len(tokens) > 3 and tokens[3] == "=" else 3
    if start == len(tokens) or (start == 3 and letter == "B"):
        raise InputError(f"{card.head} has no expression", card.where(start), expected=form)
    # A voltage that is given needs a branch current, a current needs none.
    family = next(one for one in families if bool(one.branches) == words[word])
    nodes = (level.node(card, 0), level.node(card, 1))
    text = tokens[start] if start == len(tokens) - 1 else card.rest(start)
    tree = build.formulas.get(id(card))
    if tree is None:  # read once, however many copies of a subcircuit there are
        tree = build.formulas[id(card)] = parse_expression(text, card, start, behavioural=True)
    formula = simplify(tree, level.scope)
    wanted: list[tuple[str, Spot]] = []

    def node(name: str, at: Spot) -> Nodes:
        return build.probe(level, name, card, start, at.where)

    def source(name: str, at: Spot) -> str:
        wanted.append((name, at))
        return name

    program = compile_program(formula, node, source)
    instance = Instance(
        level.prefix + card.head, family, nodes, card=card, controls=program.controls, program=program
    )
    instance.shape = _shape(card, (*nodes, *program.controls), level.count)
    build.add(instance, level, card)
    for name, at in wanted:
        position = next(k for k, one in enumerate(program.controls) if isinstance(one, str) and one == name)
        build.need_current(instance, position, name, level, at.where)


def _shape(card: Card, nodes: Sequence[int | IntArray | str], copies: int) -> tuple[int, ...]:
    sizes = {len(node) for node in nodes if not isinstance(node, (int, str))} | (
        {copies} if copies else set()
    )
    if len(sizes) > 1:
        raise InputError(
            f"{card.head} names buses of {' and '.join(str(size) for size in sorted(sizes))} nodes",
            card.where(),
            expected="buses of one length, or single nodes",
        )
    return (sizes.pop(),) if sizes else ()
