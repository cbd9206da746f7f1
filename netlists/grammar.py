"""Expressions to formulas: a Pratt parser by hand.

ngspice has two readers, and what it reads where is followed. From weak to strong:

    in a B source    ?:   ||   &&   == !=   < <= > >=   + -   * /   -x !x   ^
    elsewhere        ?:   ||   &&   == != < <= > >=     + -   * / %   ^   -x !x

but elsewhere a sign at the beginning of an expression, or of an argument, is taken last of all: `-2^2` is -4
and `2*-2^2` is 8 (in a B source -8). All operators group from the left, `^` too: `2^3^2` is 64. `**` is `^`.

Source: the table and every rule compared with ngspice 39.3 (tests/netlists/test_grammar.py).
Limits: 100 levels of nesting, 200,000 characters.
"""

from __future__ import annotations

import re
from typing import NoReturn

from eqchip.errors import InputError
from eqchip.netlists.card import Card
from eqchip.netlists.formula import (
    CHOICE_RANK,
    PREFIX_RANK,
    RANKS,
    Call,
    Chain,
    Choice,
    Current,
    Name,
    Node,
    Number,
    Prefix,
    Source,
    Spot,
    Time,
    Voltage,
    height,
)
from eqchip.units import parse_number

DEEPEST = 100
LONGEST = 200_000
_TOO_DEEP = f"the expression nests deeper than {DEEPEST} levels"

_LEXEME = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[\w.]*)"
    r"|(?P<name>[^\W\d][\w.]*)"
    r"|(?P<sign>\*\*|<=|>=|==|!=|<>|&&|\|\||[-+*/^%<>!?:(),{}])"
    r"|(?P<end>\Z)|(?P<other>.))",
    re.DOTALL,
)
_SPELLED = {"**": "^", "<>": "!=", "{": "(", "}": ")"}
_CLOSES = {"(": ")", "{": "}"}
# Without the signs of comparison apart, as in ngspice's reader of parameters.
_PARAMETER_RANKS = {**RANKS, "==": 5, "!=": 5, "^": PREFIX_RANK}
_TIGHT = PREFIX_RANK + 1


class _Reader:
    """Reads one expression; `behavioural` says by which of the two sets of rules."""

    def __init__(self, source: Source, behavioural: bool) -> None:
        self.source = source
        self.behavioural = behavioural
        self.ranks = RANKS if behavioural else _PARAMETER_RANKS
        self.depth = 0
        self.sort, self.word, self.begin, self.end = "end", "", 0, 0
        self.next()

    def next(self) -> None:
        """Go to the next word."""
        found = _LEXEME.match(self.source.text, self.end)
        if found is None or found.lastgroup is None:  # the pattern takes anything
            self.fail("cannot read this")
        self.sort = found.lastgroup
        self.word = found.group(self.sort)
        self.begin, self.end = found.span(self.sort)

    def spot(self, begin: int | None = None, end: int | None = None) -> Spot:
        return Spot(self.source, self.begin if begin is None else begin, self.end if end is None else end)

    def fail(self, message: str, at: Spot | None = None, *, expected: str | None = None) -> NoReturn:
        raise InputError(message, (at or self.spot()).where(), expected=expected)

    def whole(self) -> Node:
        """Read all of it."""
        node = self.expression(0, first=True)
        if self.sort != "end":
            self.unexpected("an operator")
        if height(node) > DEEPEST:
            self.fail(_TOO_DEEP, self.spot(0))
        return node

    def unexpected(self, expected: str) -> NoReturn:
        if self.sort == "end":
            self.fail("the expression ends too early", expected=expected)
        if self.word == "=":
            self.fail("'=' does not compare", expected="'=='")
        if self.sort == "other" or self.word == "%":
            self.fail(f"'{self.word}' means nothing in an expression here", expected=expected)
        if self.word in ")}":
            self.fail(f"'{self.word}' closes nothing", expected=expected)
        self.fail(f"'{self.word}' cannot stand here", expected=expected)

    def expression(self, least: int, *, first: bool = False) -> Node:
        """Read operators that bind at least this strongly, and what they join."""
        self.depth += 1
        if self.depth > DEEPEST:
            self.fail(_TOO_DEEP)
        begin = self.begin
        node = self.prefix(first)
        while (operator := self.operator()) is not None:
            rank = self.ranks[operator]
            if rank < least:
                break
            operands, operators = [node], []
            while operator is not None and self.ranks[operator] == rank:
                self.next()
                operators.append(operator)
                operands.append(self.expression(rank + 1))
                operator = self.operator()
            node = Chain(tuple(operands), tuple(operators), self.since(begin))
        if self.word == "?" and self.sort == "sign" and least <= CHOICE_RANK:
            node = self.choice(node, begin)
        self.depth -= 1
        return node

    def operator(self) -> str | None:
        if self.sort != "sign":
            return None
        word = _SPELLED.get(self.word, self.word)
        if word == "%" and self.behavioural:
            return None
        return word if word in self.ranks else None

    def since(self, begin: int) -> Spot:
        """Everything from `begin` up to the present word, blanks before that left out."""
        return self.spot(begin, begin + len(self.source.text[begin : self.begin].rstrip()))

    def choice(self, condition: Node, begin: int) -> Node:
        self.next()
        yes = self.expression(CHOICE_RANK if self.behavioural else CHOICE_RANK + 1)
        if self.word == "?":
            self.fail(
                "ngspice misreads a choice within a choice here", expected="brackets around the inner one"
            )
        if self.word != ":" or self.sort != "sign":
            self.unexpected("':' of 'condition ? yes : no'")
        self.next()
        no = self.expression(CHOICE_RANK)
        return Choice(condition, yes, no, self.since(begin))

    def prefix(self, first: bool) -> Node:
        begin, word = self.begin, self.word
        if self.sort != "sign" or word not in ("-", "+", "!"):
            return self.atom()
        self.next()
        loose = self.behavioural or (first and word != "!")
        operand = self.expression(PREFIX_RANK if loose else _TIGHT)
        return operand if word == "+" else Prefix(word, operand, self.since(begin))

    def atom(self) -> Node:
        at, word, sort = self.spot(), self.word, self.sort
        if sort == "number":
            self.next()
            return self.number(word, at)
        if sort == "name":
            self.next()
            return self.named(word, at)
        if sort == "sign" and word in _CLOSES:
            self.next()
            node = self.expression(0, first=True)
            if self.word != _CLOSES[word]:
                self.unexpected(f"'{_CLOSES[word]}'")
            self.next()
            return node
        return self.unexpected("a number, a name or '('")

    def number(self, word: str, at: Spot) -> Node:
        if not self.behavioural and re.match(r"[\d.e+-]+mil", word, re.IGNORECASE):
            self.fail(f"'{word}': ngspice reads mil as 1e-3 in an expression and as 25.4e-6 elsewhere", at)
        try:
            value = parse_number(word)
        except ValueError as fault:
            self.fail(str(fault), at)
        return Number(value, at)

    def named(self, word: str, at: Spot) -> Node:
        name = word.lower()
        if self.sort == "sign" and self.word == "(":
            return self.probe(name, at) if name in ("v", "i") else self.call(name, at)
        if name == "time" and self.behavioural:
            return Time(at)
        return Name(name, at)

    def probe(self, name: str, at: Spot) -> Node:
        """Read v(a), v(a, b), i(V1): node and source names may hold what no expression may."""
        text = self.source.text
        close = text.find(")", self.end)
        if close < 0:
            self.fail("'(' is not closed", expected="')'")
        words = [one.strip() for one in text[self.end : close].split(",")]
        whole = self.spot(at.begin, close + 1)
        most = 2 if name == "v" else 1
        if len(words) > most or any(not one or re.search(r"[\s(]", one) for one in words):
            wanted = "v(node) or v(node, node)" if name == "v" else "i(voltage source)"
            self.fail(f"'{whole.words()}' is not understood", whole, expected=wanted)
        self.end = close + 1
        self.next()
        if name == "i":
            return Current(words[0], whole)
        return Voltage(words[0], words[1] if len(words) == 2 else None, whole)

    def call(self, name: str, at: Spot) -> Node:
        self.next()
        arguments: list[Node] = []
        if self.word != ")":
            arguments.append(self.expression(0, first=True))
            while self.word == ",":
                self.next()
                arguments.append(self.expression(0, first=True))
        if self.word != ")":
            self.unexpected("',' or ')'")
        self.next()
        return Call(name, tuple(arguments), at)


def parse_expression(
    text: str, card: Card | None = None, index: int = -1, *, behavioural: bool = False
) -> Node:
    """Read an expression: `{…}`, `'…'` or bare; `text` begins where token `index` of the card does.

    `behavioural` says that it stands in a B source (or behaves like one: VALUE=, TABLE).
    """
    shift = 0
    if len(text) > LONGEST:
        at = card.where(index) if card else None
        raise InputError(f"the expression has {len(text):,} characters, more than {LONGEST:,}", at)
    if text[:1] == "'" and text.endswith("'") and len(text) > 1:
        text, shift = text[1:-1], 1
    return _Reader(Source(text, card, index, shift), behavioural).whole()
