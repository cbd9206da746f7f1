"""Level: one level of a netlist while it is read, the top or the inside of one subcircuit.

It knows what a word means there: nodes and buses, numbers, models, subcircuits. As in ngspice, parameters
are looked up where the subcircuit is *used* (then where its user is used …), models and subcircuits where it
is *defined*.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from eqchip.devices.parameter import Parameter, Value
from eqchip.errors import InputError, Location, nearest
from eqchip.netlists.card import Card
from eqchip.netlists.circuit import GROUND, Circuit, IntArray, Model
from eqchip.netlists.expression import Scope, number_or_expression
from eqchip.netlists.parameters import Assignment
from eqchip.units import parse_number

Nodes = int | IntArray

#: The most nodes a netlist may come to: what one machine holds, and far more than a chip has.
MOST_NODES = 20_000_000

_PUNCTUATION = frozenset("=(),")


class Names:
    """Every node of the circuit by its full name in lower case; what `.global` makes known everywhere."""

    def __init__(self, circuit: Circuit) -> None:
        self.circuit = circuit
        self.index: dict[str, Nodes] = {"0": GROUND, "gnd": GROUND}
        self.globals: set[str] = {"0", "gnd"}
        self.numbers: dict[str, float | None] = {}  # words that were read before

    def create(self, name: str, at: Card) -> int:
        """Return the node of that full name, made if it is new."""
        key = name.lower()
        found = self.index.get(key)
        if isinstance(found, int):
            return found
        nodes = self.circuit.nodes
        if len(nodes) >= MOST_NODES:
            raise InputError(f"the netlist comes to more than {MOST_NODES:,} nodes", at.where())
        self.index[key] = len(nodes)
        nodes.append(name)
        return len(nodes) - 1

    def create_bus(self, name: str, count: int, card: Card, index: int) -> IntArray:
        """Return the nodes of a new bus."""
        if len(self.circuit.nodes) + count > MOST_NODES:
            raise InputError(f"the netlist comes to more than {MOST_NODES:,} nodes", card.where(index))
        nodes = np.array([self.create(f"{name}[{k}]", card) for k in range(count)], dtype=np.int64)
        self.index[name.lower()] = nodes
        self.circuit.buses[name] = nodes
        return nodes


class Level:
    """What words mean at one level. `count`: how many copies of this level there are (X on a bus)."""

    def __init__(
        self, names: Names, scope: Scope, prefix: str = "", count: int = 0, outer: Level | None = None
    ) -> None:
        self.names = names
        self.scope = scope
        self.prefix = prefix
        self.count = count
        self.outer = outer
        self.depth = 0
        #: Names of this level in lower case; at the top they are the full names.
        self.nodes: dict[str, Nodes] = names.index if not prefix else {"0": GROUND, "gnd": GROUND}
        self.buses: dict[str, IntArray] = {}
        self.model_cards: dict[str, Card] = {}
        self.models: dict[str, Model] = {}
        self.used: set[str] = set()  # models that something uses
        self.subcircuits: dict[str, Card] = {}

    # Nodes

    def node(self, card: Card, index: int) -> Nodes:
        """Return the node, or the nodes, that token `index` names; a new name is a new node."""
        found = self.nodes.get(card.tokens[index].lower())
        return self._new_node(card, index) if found is None else found

    def _new_node(self, card: Card, index: int) -> Nodes:
        token = card.tokens[index]
        if token[0] in "={}'\"(),":
            raise InputError(f"'{token}' is not a node", card.where(index), expected="a node name")
        found = self.named(token, card, index)
        return self.create(token, card, index) if found is None else found

    def create(self, token: str, card: Card, index: int) -> Nodes:
        """Make a new node of this level; as many as there are copies of it."""
        name = self.prefix + token
        made: Nodes
        if self.count:
            made = self.names.create_bus(name, self.count, card, index)
        else:
            made = self.names.create(name, card)
        self.nodes[token.lower()] = made
        return made

    def named(self, token: str, card: Card, index: int) -> Nodes | None:
        """Return the node or nodes of that name if there are any; a bad index of a bus is an error."""
        key = token.lower()
        found = self.nodes.get(key)
        if found is not None:
            return found
        name, bracket, inside = key.partition("[")
        inside = inside[:-1] if inside.endswith("]") else inside
        if bracket:
            bus = self.buses.get(name)
            everywhere = self.names.index.get(name) if name in self.names.globals else None
            if bus is None and everywhere is not None and not isinstance(everywhere, int):
                bus = everywhere
            if bus is not None:
                return self._part(bus, token, name, inside, card, index)
        if bracket and ":" in inside:
            raise InputError(
                f"there is no bus '{token.partition('[')[0]}'",
                card.where(index),
                expected=f".bus {token.partition('[')[0]}[SIZE]",
                near=nearest(name, self.buses),
            )
        if key in self.names.globals:
            found = self.names.index.get(key)
            return self.names.create(token, card) if found is None else found
        return None

    def _part(self, bus: IntArray, token: str, name: str, inside: str, card: Card, index: int) -> Nodes:
        first, colon, last = inside.partition(":")
        wanted = f"{name}[0] to {name}[{len(bus) - 1}], or a range {name}[0:{len(bus) - 1}]"
        if not first.isdecimal() or (colon and not last.isdecimal()):
            raise InputError(f"'{token}' is no part of bus {name}", card.where(index), expected=wanted)
        low, high = int(first), int(last) if colon else int(first)
        if high >= len(bus):
            raise InputError(
                f"'{token}': bus {name} has {len(bus)} nodes", card.where(index), expected=wanted
            )
        if low > high:
            raise InputError(f"'{token}' runs backwards", card.where(index), expected=f"{name}[{high}:{low}]")
        return bus[low : high + 1] if colon else int(bus[low])

    def declare_bus(self, card: Card, index: int) -> None:
        """Declare the bus of one token of a .bus card: `h[500]`, `h[{n}]`."""
        token = card.tokens[index]
        name, bracket, inside = token.partition("[")
        if not bracket or not name or not inside.endswith("]") or not inside[:-1]:
            raise InputError(f"'{token}' is not a bus", card.where(index), expected="NAME[SIZE]")
        key = name.lower()
        if key in self.buses:
            raise InputError(f"bus {name} is declared twice", card.where(index))
        size = self.size(inside[:-1], card, index)
        if self.count:
            raise InputError(
                f"bus {name} in a subcircuit that is itself on a bus is not supported yet", card.where(index)
            )
        bound = self.nodes.get(key)
        if bound is not None:  # a port, or a node of .global
            if isinstance(bound, int) or len(bound) != size:
                width = 1 if isinstance(bound, int) else len(bound)
                raise InputError(
                    f"bus {token} is a port, and is connected to {width} node{'s' if width > 1 else ''}",
                    card.where(index),
                )
            nodes = bound
        else:
            nodes = self.names.create_bus(self.prefix + name, size, card, index)
        self.buses[key] = nodes
        self.nodes[key] = nodes
        for k, node in enumerate(nodes.tolist()):
            self.nodes[f"{key}[{k}]"] = node

    def size(self, text: str, card: Card, index: int) -> int:
        """Return a count written in brackets: a number, a parameter or an expression."""
        word = text.strip()
        try:
            value = float(int(word))
        except ValueError:
            sub = Card(card.head, [word], f"{card.head} {word}", card.file, card.line)
            try:
                value = number_or_expression(sub, 0, self.scope)
            except InputError as error:
                raise moved(error, card.where(index)) from None
        if value != round(value) or not 1 <= value <= MOST_NODES:
            raise InputError(
                f"a bus of {value:g} nodes",
                card.where(index),
                expected=f"an integer from 1 to {MOST_NODES:,}",
            )
        return int(value)

    # Numbers

    def plain_number(self, word: str) -> float | None:
        """Return the number a word is by itself; None if it is none. The same words come again and again."""
        read = self.names.numbers
        if word in read:
            return read[word]
        try:
            value: float | None = parse_number(word)
        except ValueError:
            value = None
        read[word] = value
        return value

    def number(self, card: Card, index: int) -> float:
        """Return the number of a token: `10k`, `{2*a}`, or the name of a parameter."""
        if index >= len(card.tokens):
            message = f"{card.head} ends where a number belongs"
            raise InputError(message, card.where(index), expected="a number")
        word = card.tokens[index]
        value = self.plain_number(word)
        if value is not None:
            return value
        if word in _PUNCTUATION:
            raise InputError(f"'{word}' is not a number", card.where(index), expected="a number")
        return number_or_expression(card, index, self.scope)

    def value(self, parameter: Parameter, given: Assignment) -> Value:
        """Return what an assignment says for a parameter, checked; enumerated values are bare words."""
        value: Value
        if parameter.words or (parameter.named and given.text.isalpha()):
            value = given.text
        else:
            number = self.plain_number(given.text)
            if number is not None:
                value = number
            elif given.text == given.card.tokens[given.index]:
                value = number_or_expression(given.card, given.index, self.scope)
            else:
                value = given.evaluate(self.scope)
        return checked(parameter, value, given.card, given.index)

    # Models and subcircuits

    def chain(self) -> Iterator[Level]:
        """Yield this level and those it is defined in, from the inside out."""
        level: Level | None = self
        while level is not None:
            yield level
            level = level.outer


def checked(parameter: Parameter, value: Value, card: Card, index: int) -> Value:
    """Check a value; where the token stands is worked out for a message only."""
    try:
        return parameter.check(value)
    except InputError as error:
        raise moved(error, card.where(index)) from None


def moved(error: InputError, at: Location | None) -> InputError:
    """Return the same error at another place."""
    return InputError(error.message, at, expected=error.expected, near=error.near)
