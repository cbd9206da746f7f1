"""Formulas: what an expression of a netlist says, as a tree; and back to text.

    Number 10k   Name beta   Prefix -x !x   Chain a - b + c   Choice c ? a : b   Call f(x, y)
    Voltage v(a) v(a,b)   Current i(Vx)   Time time

A Chain holds operators of one rank, applied from the left, so that a sum of a thousand terms is one node
and not a thousand levels deep. Nodes know where they stand; two that say the same are equal wherever
they stand.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from eqchip.errors import Location
from eqchip.netlists.card import Card
from eqchip.units import spell


@dataclass(frozen=True, slots=True)
class Source:
    """The text an expression was read from, and where that begins: `shift` into token `index` of a card."""

    text: str
    card: Card | None = None
    index: int = -1
    shift: int = 0


@dataclass(frozen=True, slots=True)
class Spot:
    """A piece of a Source."""

    source: Source
    begin: int = 0
    end: int = 0

    def where(self) -> Location:
        """Return the place in the netlist."""
        width = max(1, self.end - self.begin)
        if self.source.card is None:
            return Location("expression", 1, self.begin + 1, self.source.text, width)
        return self.source.card.where(self.source.index, self.source.shift + self.begin, width)

    def words(self) -> str:
        """Return the piece as written."""
        return self.source.text[self.begin : self.end]


@dataclass(frozen=True, slots=True)
class Number:
    """A number, in SI."""

    value: float
    at: Spot = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Name:
    """A parameter or a constant, lower case."""

    name: str
    at: Spot = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Prefix:
    """`-x`, `!x`."""

    operator: str
    operand: Node
    at: Spot = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Chain:
    """`operands[0] operators[0] operands[1] …` of one rank, from the left."""

    operands: tuple[Node, ...]
    operators: tuple[str, ...]
    at: Spot = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Choice:
    """`condition ? yes : no`, also spelled if(condition, yes, no)."""

    condition: Node
    yes: Node
    no: Node
    at: Spot = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A function of its arguments; the name is lower case."""

    function: str
    arguments: tuple[Node, ...]
    at: Spot = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Voltage:
    """v(plus) or v(plus, minus); node names as written."""

    plus: str
    minus: str | None
    at: Spot = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Current:
    """i(source), the current through a voltage source; the name as written."""

    source: str
    at: Spot = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Time:
    """The time of the analysis."""

    at: Spot = field(compare=False, repr=False)


Node = Number | Name | Prefix | Chain | Choice | Call | Voltage | Current | Time

#: Known only while the circuit runs.
LEAVES = (Voltage, Current, Time)

#: How strongly an operator of a B source binds; ngspice's own order.
RANKS: dict[str, int] = {
    "||": 2,
    "&&": 3,
    "==": 4,
    "!=": 4,
    "<": 5,
    "<=": 5,
    ">": 5,
    ">=": 5,
    "+": 6,
    "-": 6,
    "*": 7,
    "/": 7,
    "%": 7,
    "^": 9,
}
CHOICE_RANK, PREFIX_RANK, ATOM_RANK = 1, 8, 10


def children(node: Node) -> tuple[Node, ...]:
    """Return the formulas that this one is made of."""
    match node:
        case Prefix():
            return (node.operand,)
        case Chain():
            return node.operands
        case Choice():
            return (node.condition, node.yes, node.no)
        case Call():
            return node.arguments
    return ()


def walk(node: Node) -> Iterator[Node]:
    """Yield this formula and all within it, from the left."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(children(node)))


def height(node: Node) -> int:
    """Return how many levels the formula has."""
    level, levels = [node], 0
    while level:
        level = [inner for one in level for inner in children(one)]
        levels += 1
    return levels


def names(node: Node) -> frozenset[str]:
    """Return the free names: parameters and constants, not functions, nodes or sources."""
    return frozenset(one.name for one in walk(node) if isinstance(one, Name))


def calls(node: Node) -> frozenset[str]:
    """Return the names of the functions."""
    return frozenset(one.function for one in walk(node) if isinstance(one, Call))


def text(node: Node) -> str:
    """Write the formula of a B source so that ngspice reads the same."""
    return _write(node, 0)


def _write(node: Node, least: int) -> str:
    said, rank = _say(node)
    return said if rank >= least else f"({said})"


def _say(node: Node) -> tuple[str, int]:
    match node:
        case Number():
            said = spell(node.value)
            return said, (PREFIX_RANK if said.startswith("-") else ATOM_RANK)
        case Name():
            return node.name, ATOM_RANK
        case Prefix():
            return node.operator + _write(node.operand, PREFIX_RANK + 1), PREFIX_RANK
        case Chain():
            rank = RANKS[node.operators[0]]
            # A sign inside is bracketed: ngspice's two readers do not agree on what `2*-x^2` is.
            said = _write(node.operands[0], rank + 1)
            for operator, operand in zip(node.operators, node.operands[1:], strict=True):
                signed = isinstance(operand, Number | Prefix)
                said += operator + _write(operand, PREFIX_RANK + 1 if signed else rank + 1)
            return said, rank
        case Choice():
            parts = [_write(part, CHOICE_RANK + 1) for part in (node.condition, node.yes, node.no)]
            return f"{parts[0]} ? {parts[1]} : {parts[2]}", CHOICE_RANK
        case Call():
            return _say_call(node), ATOM_RANK
        case Voltage():
            return f"v({node.plus})" if node.minus is None else f"v({node.plus},{node.minus})", ATOM_RANK
        case Current():
            return f"i({node.source})", ATOM_RANK
    return "time", ATOM_RANK


def _say_call(node: Call) -> str:
    """ngspice 39 lacks some of our functions in B sources, and draws random numbers in its `limit`."""
    arguments = [_write(one, 0) for one in node.arguments]
    if node.function == "limit":
        return f"min(max({arguments[0]},{arguments[1]}),{arguments[2]})"
    if node.function == "int":
        return f"(sgn({arguments[0]})*floor(abs({arguments[0]})))"
    return f"{node.function}({','.join(arguments)})"
