"""Parameters: `name=value` on cards, and what they are worth whatever the order they are written in.

Within one scope a parameter may use any other, before or after it, as long as none needs itself; of two
definitions of a name the last counts. A subcircuit is one scope: its defaults and its `.param` cards, in this
order, may use each other and what is around; values given by the instance come from around and win:

    resolve_parameters([*defaults, *own], scope_around, given)

Source: ngspice 39 manual, chapter 2.8; checked with ngspice 39.3 in tests/netlists/test_parameters.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from eqchip.errors import InputError
from eqchip.netlists.card import Card
from eqchip.netlists.expression import Function, Node, Scope, calls, evaluate, names, parse_expression


@dataclass(frozen=True, slots=True)
class Assignment:
    """`name=value` on a card: the name in lower case, and the token where the value begins."""

    name: str
    text: str
    card: Card
    index: int

    def parse(self, *, behavioural: bool = False) -> Node:
        """Read the value as an expression."""
        return parse_expression(self.text, self.card, self.index, behavioural=behavioural)

    def evaluate(self, scope: Scope) -> float:
        """Return the value."""
        return evaluate(self.parse(), scope)


def assignments(card: Card, start: int = 0, stop: int | None = None) -> list[Assignment]:
    """Read `a=1 b={2*c}, d = max(1, 2)` from token `start` up to `stop`."""
    tokens = card.tokens
    stop = len(tokens) if stop is None else stop
    if start >= stop:
        return []
    # A name is the token before an `=`; a value lasts until the next name.
    heads = [k for k in range(start, stop - 1) if tokens[k + 1] == "=" and tokens[k] != "="]
    if not heads or heads[0] != start:
        found = tokens[start]
        raise InputError(f"'{found}' is given without a value", card.where(start), expected="name=value")
    ends = [*heads[1:], stop]
    return [_assignment(card, head, end) for head, end in zip(heads, ends, strict=True)]


def _assignment(card: Card, head: int, end: int) -> Assignment:
    first, last = head + 2, end - 1
    if card.tokens[last] == "," and last > head + 1:
        last -= 1
    if first > last:
        raise InputError(f"'{card.tokens[head]}' has no value", card.where(head + 1), expected="name=value")
    text = card.tokens[first]
    if first < last:
        text = card.text[card.offset(first)[0] : card.offset(last)[1]]
    return Assignment(card.tokens[head].lower(), text, card, first)


def function(card: Card) -> Function:
    """Read `.func f(x, y) {x+y}`; also with `=` before the body, and without braces."""
    tokens, form = card.tokens, ".func name(argument, …) {expression}"
    if len(tokens) < 3 or tokens[1] != "(" or ")" not in tokens:
        raise InputError(".func is not understood", card.where(), expected=form)
    close = tokens.index(")")
    inside = tokens[2:close]
    arguments, commas = inside[::2], inside[1::2]
    if any(comma != "," for comma in commas) or any(one in (",", "(", "=") for one in arguments):
        raise InputError("the arguments are not understood", card.where(2), expected=form)
    if inside and len(inside) % 2 == 0:
        raise InputError("an argument is missing", card.where(close), expected=form)
    body = close + 1
    if body < len(tokens) and tokens[body] == "=":
        body += 1
    if body >= len(tokens):
        raise InputError(f"the function '{tokens[0]}' has no body", card.where(body), expected=form)
    called = tuple(one.lower() for one in arguments)
    for k, one in enumerate(called):
        if not one.isidentifier():
            raise InputError(f"'{one}' is no name for an argument", card.where(2 + 2 * k), expected=form)
        if one in called[:k]:
            raise InputError(f"two arguments are called '{one}'", card.where(2 + 2 * k))
    return Function(tokens[0].lower(), called, card.rest(body), card, body)


def resolve_parameters(
    wanted: Iterable[Assignment], scope: Scope, given: Mapping[str, float] | None = None
) -> dict[str, float]:
    """Return the value of every parameter; `given` are known beforehand and win over `wanted` of that name.

    Names not among them are looked up in `scope`. InputError names the ring when parameters need each other.
    """
    values = dict(given or {})
    # As in ngspice the last definition of a name counts.
    pending = {one.name: one for one in wanted if one.name not in values}
    formulas = {name: one.parse() for name, one in pending.items()}
    inner = Scope(values, {}, scope)
    for name in _ordered(formulas, pending, scope):
        values[name] = evaluate(formulas[name], inner)
    return values


def _ordered(formulas: Mapping[str, Node], cards: Mapping[str, Assignment], scope: Scope) -> list[str]:
    """Return the names so that each comes after those it needs."""
    needs = {name: sorted(_needs(node, scope) & formulas.keys()) for name, node in formulas.items()}
    order: list[str] = []
    state: dict[str, int] = {}  # 1 begun, 2 done
    for root in formulas:
        path = [] if root in state else [(root, iter(needs[root]))]
        state.setdefault(root, 1)
        while path:
            name, rest = path[-1]
            need = next((one for one in rest if state.get(one) != 2), None)
            if need is None:
                state[name] = 2
                order.append(name)
                path.pop()
            elif state.get(need) == 1:
                ring = [one for one, _ in path]
                raise _circular([*ring[ring.index(need) :], need], cards)
            else:
                state[need] = 1
                path.append((need, iter(needs[need])))
    return order


def _circular(ring: list[str], cards: Mapping[str, Assignment]) -> InputError:
    first = cards[ring[0]]
    shown = ring if len(ring) <= 8 else [*ring[:4], "…", *ring[-3:]]
    message = f"the parameter '{ring[0]}' needs its own value: {' → '.join(shown)}"
    return InputError(message, first.card.where(first.index))


def _needs(node: Node, scope: Scope) -> frozenset[str]:
    """Return the names a formula uses, itself or in the functions it calls."""
    found, seen, waiting = set(names(node)), set[str](), list(calls(node))
    while waiting:
        name = waiting.pop()
        own = scope.function(name)
        if own is None or name in seen:
            continue
        seen.add(name)
        body = own.body(behavioural=False)
        found |= names(body) - set(own.parameters)
        waiting += calls(body)
    return frozenset(found)
