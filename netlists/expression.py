"""What an expression is worth: a number where all of it is known, a smaller formula where it is not.

`evaluate` is for parameters, `simplify` for B sources: names and the netlist's own functions are replaced,
what is constant becomes a number, and v(), i() and time are left. Names are looked up from the inside out:
the arguments of a function, the parameters of a subcircuit, those of the netlist, the constants.

Limits: functions may not call themselves; 100,000 pieces in what one expression comes to.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice, pairwise

from eqchip.errors import InputError, nearest
from eqchip.netlists.card import Card
from eqchip.netlists.formula import (
    LEAVES,
    Call,
    Chain,
    Choice,
    Name,
    Node,
    Number,
    Prefix,
    Spot,
    calls,
    height,
    names,
    text,
    walk,
)
from eqchip.netlists.functions import BUILTINS, CONSTANTS, OPERATORS
from eqchip.netlists.grammar import DEEPEST, parse_expression
from eqchip.netlists.spellings import desugar
from eqchip.units import parse_number

__all__ = [
    "Function",
    "Node",
    "Scope",
    "calls",
    "evaluate",
    "names",
    "number_or_expression",
    "parse_expression",
    "simplify",
    "text",
]

LARGEST = 100_000
_TOO_DEEP = f"the expression comes to more than {2 * DEEPEST} levels"


@dataclass(frozen=True, slots=True)
class Function:
    """A .func card: its body is read by the rules of the place that calls it, as ngspice does."""

    name: str
    parameters: tuple[str, ...]
    text: str
    card: Card | None = None
    index: int = -1
    _bodies: dict[bool, Node] = field(default_factory=dict, compare=False, repr=False)

    def body(self, behavioural: bool) -> Node:
        """Return what it computes."""
        if behavioural not in self._bodies:
            self._bodies[behavioural] = parse_expression(
                self.text, self.card, self.index, behavioural=behavioural
            )
        return self._bodies[behavioural]


@dataclass(slots=True)
class Scope:
    """Parameters and functions, lower case, and the scope around them."""

    parameters: Mapping[str, float] = field(default_factory=dict)
    functions: Mapping[str, Function] = field(default_factory=dict)
    parent: Scope | None = None

    def value(self, name: str) -> float | None:
        """Return the value of a parameter or constant; None when there is none of that name."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.parameters:
                return scope.parameters[name]
            scope = scope.parent
        return CONSTANTS.get(name)

    def function(self, name: str) -> Function | None:
        """Return the .func of that name."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.functions:
                return scope.functions[name]
            scope = scope.parent
        return None

    def known(self) -> list[str]:
        """Return every name there is, for messages."""
        scope: Scope | None = self
        found = list(CONSTANTS)
        while scope is not None:
            found += [*scope.parameters, *scope.functions]
            scope = scope.parent
        return found


def evaluate(node: Node, scope: Scope, *, behavioural: bool = False) -> float:
    """Return the value; InputError where it has none, or depends on what only the running circuit knows."""
    if isinstance(node, Number):
        return node.value
    found = _Reduction(scope, behavioural).reduce(node, {})
    if isinstance(found, Number):
        return found.value
    leaf = _first_leaf(found)
    raise InputError(
        f"'{leaf.at.words()}' is known only while the circuit runs",
        leaf.at.where(),
        expected="numbers, parameters and functions of them",
    )


def simplify(node: Node, scope: Scope) -> Node:
    """Return the formula of a B source with all that is known put in.

    Left are Number, Prefix, Chain, Choice, Voltage, Current, Time and Call of a function in BUILTINS.
    """
    found = _Reduction(scope, behavioural=True).reduce(node, {})
    if height(found) > 2 * DEEPEST:
        raise InputError(_TOO_DEEP, node.at.where())
    return found


def number_or_expression(card: Card, index: int, scope: Scope) -> float:
    """Return the value of a token: `10k`, `{2*a}`, `'2*a'`, a parameter's name, or `2*a` without blanks."""
    word = card.tokens[index]
    try:
        return parse_number(word)
    except ValueError:  # the parser says what is wrong with a number such as 4k7, and where
        pass
    return evaluate(parse_expression(word, card, index), scope)


def _first_leaf(node: Node) -> Node:
    return next(one for one in walk(node) if isinstance(one, LEAVES))


class _Reduction:
    """One reduction of one expression: bounds its size, and knows which functions it is inside of."""

    def __init__(self, scope: Scope, behavioural: bool) -> None:
        self.scope = scope
        self.behavioural = behavioural
        self.work = 0
        self.inside: list[str] = []
        self.depth = 0
        self.sizes: dict[int, int] = {}  # of what was put in for an argument, by identity
        self.kept: list[Node] = []  # keeps those identities alive

    def reduce(self, node: Node, arguments: Mapping[str, Node]) -> Node:
        """Return the node with names, functions and constants put in."""
        self.work += 1
        if self.work > LARGEST:
            raise InputError(f"the expression comes to more than {LARGEST:,} pieces", node.at.where())
        self.depth += 1
        if self.depth > 2 * DEEPEST:
            raise InputError(_TOO_DEEP, node.at.where())
        found = self._reduce(node, arguments)
        self.depth -= 1
        return found

    def _reduce(self, node: Node, arguments: Mapping[str, Node]) -> Node:
        match node:
            case Name():
                return self._look_up(node, arguments)
            case Prefix():
                operand = self.reduce(node.operand, arguments)
                if not isinstance(operand, Number):
                    return Prefix(node.operator, operand, node.at)
                return Number(-operand.value if node.operator == "-" else float(not operand.value), node.at)
            case Chain():
                return self._chain(node, arguments)
            case Choice():
                return self._choice(node, arguments)
            case Call():
                return self._call(node, arguments)
        return node

    def _look_up(self, node: Name, arguments: Mapping[str, Node]) -> Node:
        if node.name in arguments:
            found = arguments[node.name]
            self.work += self.sizes.get(id(found), 0)
            return found
        value = self.scope.value(node.name)
        if value is not None:
            return Number(value, node.at)
        if node.name in ("time", "hertz"):
            what = "is known only while the circuit runs" if node.name == "time" else "is not supported yet"
            raise InputError(f"'{node.name}' {what}", node.at.where())
        known = [*arguments, *self.scope.known()]
        raise InputError(
            f"there is no parameter '{node.at.words()}'", node.at.where(), near=nearest(node.name, known)
        )

    def _chain(self, node: Chain, arguments: Mapping[str, Node]) -> Node:
        result = [self.reduce(node.operands[0], arguments)]
        operators: list[str] = []
        for operator, operand in zip(node.operators, node.operands[1:], strict=True):
            left = result[-1] if len(result) == 1 else None
            if (
                isinstance(left, Number)
                and operator in ("&&", "||")
                and (left.value != 0) == (operator == "||")
            ):
                result = [Number(float(operator == "||"), node.at)]  # the rest of it is not looked at
                continue
            right = self.reduce(operand, arguments)
            if isinstance(left, Number) and isinstance(right, Number):
                result = [Number(self._apply(operator, left.value, right.value, right, node.at), node.at)]
            else:
                result.append(right)
                operators.append(operator)
        return Chain(tuple(result), tuple(operators), node.at) if operators else result[0]

    def _apply(self, operator: str, left: float, right: float, divisor: Node, at: Spot) -> float:
        if operator in "/%" and right == 0.0:
            raise InputError("division by zero", divisor.at.where())
        try:
            value = OPERATORS[operator](left, right)
        except (ValueError, OverflowError) as fault:
            raise InputError(_why(fault), at.where()) from None
        return _finite(value, at)

    def _choice(self, node: Choice, arguments: Mapping[str, Node]) -> Node:
        condition = self.reduce(node.condition, arguments)
        if isinstance(condition, Number):  # the other side may have no value: x > 0 ? ln(x) : 0
            return self.reduce(node.yes if condition.value != 0 else node.no, arguments)
        yes, no = self.reduce(node.yes, arguments), self.reduce(node.no, arguments)
        return Choice(condition, yes, no, node.at)

    def _call(self, node: Call, arguments: Mapping[str, Node]) -> Node:
        own = self.scope.function(node.function)
        if own is not None:
            return self._inline(node, own, arguments)
        plain = desugar(node, self.scope.known())
        if not isinstance(plain, Call):
            return self.reduce(plain, arguments)
        values = tuple(self.reduce(one, arguments) for one in plain.arguments)
        if plain.function == "pwl":
            _check_points(values[1:], node)
        numbers = [one.value for one in values if isinstance(one, Number)]
        if len(numbers) < len(values):
            return Call(plain.function, values, node.at)
        try:
            value = BUILTINS[plain.function].call(numbers, self.behavioural)
        except (ValueError, OverflowError) as fault:
            raise InputError(f"{node.function}() {_why(fault)}", node.at.where()) from None
        return Number(_finite(value, node.at), node.at)

    def _inline(self, node: Call, own: Function, arguments: Mapping[str, Node]) -> Node:
        if own.name in self.inside:
            chain = " → ".join([*self.inside[self.inside.index(own.name) :], own.name])
            raise InputError(f"the function '{own.name}' calls itself: {chain}", node.at.where())
        if len(node.arguments) != len(own.parameters):
            form = f"{own.name}({', '.join(own.parameters)})"
            plural = "" if len(own.parameters) == 1 else "s"
            wanted = f"{len(own.parameters)} argument{plural}: {form}"
            raise InputError(f"{own.name}() takes {wanted}, not {len(node.arguments)}", node.at.where())
        given = {}
        for name, argument in zip(own.parameters, node.arguments, strict=True):
            given[name] = self.reduce(argument, arguments)
            self.sizes[id(given[name])] = sum(1 for _ in islice(walk(given[name]), LARGEST))
            self.kept.append(given[name])
        self.inside.append(own.name)
        found = self.reduce(own.body(self.behavioural), given)
        self.inside.pop()
        return found


def _settles(operator: str, left: float) -> bool:
    """Return whether the left side decides, so that the right one is not looked at."""
    return (operator == "&&" and left == 0.0) or (operator == "||" and left != 0.0)


def _check_points(points: tuple[Node, ...], node: Call) -> None:
    xs = [one.value for one in points[::2] if isinstance(one, Number)]
    if any(not isinstance(one, Number) for one in points):
        raise InputError(f"the points of {node.function}() must be numbers", node.at.where())
    if any(b <= a for a, b in pairwise(xs)):
        raise InputError(f"the x of {node.function}() do not rise", node.at.where(), expected="x1 < x2 < …")


def _finite(value: float, at: Spot) -> float:
    if math.isfinite(value):
        return value
    raise InputError("the value is too large", at.where())


def _why(fault: Exception) -> str:
    return "is too large" if isinstance(fault, OverflowError) else str(fault)
