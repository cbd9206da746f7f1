"""Subcircuits: X cards, written out. `X1 n1 n2 NAME [params:] k=v`; what is inside is called x1.R1, x1.a.

As in ngspice: values given by the instance win over defaults, both are seen by the .param cards inside, and
all of them see the parameters of the place of use. On a bus of n nodes an X is n subcircuits; the nodes
inside are then buses, x1.a[0] …, unless the body declares a port as a bus (`.bus a[n]`).
"""

from __future__ import annotations

import numpy as np

from eqchip.errors import InputError, nearest
from eqchip.netlists.arrays import read_array
from eqchip.netlists.body import Body, subcircuit_body
from eqchip.netlists.build import Build
from eqchip.netlists.card import Card
from eqchip.netlists.elements import lone_words, read_element
from eqchip.netlists.expression import Scope
from eqchip.netlists.level import Level
from eqchip.netlists.models import declare_model
from eqchip.netlists.parameters import assignments, resolve_parameters

MOST_NESTED = 64


def open_level(build: Build, level: Level, body: Body) -> None:
    """Make known what a level declares, then read its elements."""
    build.each(body.buses, lambda card: declare_buses(level, card))
    build.each(body.models, lambda card: declare_model(level, card))
    build.each(body.subcircuits, lambda card: declare_subcircuit(level, card))
    build.each(body.directives, lambda card: declare_global(build, card))

    def read(card: Card) -> None:
        letter = card.head[0]
        if letter in "Xx":
            read_subcircuit(build, level, card)
        elif letter in "Yy":
            read_array(build, level, card)
        else:
            read_element(build, level, card)

    build.each(body.elements, read)


def declare_buses(level: Level, card: Card) -> None:
    """Read `.bus x[784] h[500]`."""
    if not card.tokens:
        raise InputError(".bus names no bus", card.where(), expected=".bus NAME[SIZE] …")
    for index in range(len(card.tokens)):
        level.declare_bus(card, index)


def declare_global(build: Build, card: Card) -> None:
    """Read `.global vdd vss`: nodes that are one everywhere."""
    if card.kind == ".global":
        if not card.tokens:
            raise InputError(".global names no node", card.where(), expected=".global NODE …")
        build.names.globals.update(token.lower() for token in card.tokens)


def declare_subcircuit(level: Level, card: Card) -> None:
    """Take note of a .subckt card."""
    key = card.tokens[0].lower()
    if key in level.subcircuits:
        first = level.subcircuits[key].line
        raise InputError(
            f"subcircuit {card.tokens[0]} is defined twice, first in line {first}", card.where(0)
        )
    level.subcircuits[key] = card


def _definition(level: Level, card: Card, index: int) -> tuple[Card, Level]:
    key = card.tokens[index].lower()
    for one in level.chain():
        if key in one.subcircuits:
            return one.subcircuits[key], one
    known = [each for one in level.chain() for each in one.subcircuits]
    raise InputError(
        f"there is no subcircuit '{card.tokens[index]}'",
        card.where(index),
        expected="one of: " + ", ".join(sorted(known)) if known else f".subckt {card.tokens[index]} …",
        near=nearest(key, known),
    )


def read_subcircuit(build: Build, level: Level, card: Card) -> None:
    """Read an X card and write out what it stands for."""
    tokens = card.tokens
    at, tail = lone_words(card)
    words = [k for k in at if tokens[k].lower() != "params:"]
    if not words:
        raise InputError(f"{card.head} names no subcircuit", card.where(), expected="Xname nodes … NAME")
    name_at = words[-1]
    definition, outer = _definition(level, card, name_at)
    build.used.add(id(definition))
    body = build.bodies.get(id(definition))
    if body is None:
        body = build.bodies[id(definition)] = subcircuit_body(definition)
    if len(words) - 1 != len(body.ports):
        raise InputError(
            f"{card.head} connects {len(words) - 1} nodes, {tokens[name_at]} has {len(body.ports)} ports",
            card.where(name_at),
            expected=f"{card.head} {' '.join(body.ports)} {tokens[name_at]}",
        )
    prefix = f"{level.prefix}{card.head}."
    if prefix.lower() in build.subcircuits:
        raise InputError(f"'{prefix[:-1]}' is there twice", card.where())
    build.subcircuits.add(prefix.lower())
    inside = Level(
        build.names, _scope(build, level, card, tail, body, definition), prefix, level.count, outer
    )
    inside.depth = level.depth + 1
    if inside.depth > MOST_NESTED:
        raise InputError(
            f"subcircuits nest deeper than {MOST_NESTED} levels: does {tokens[name_at]} contain itself?",
            card.where(name_at),
        )
    _connect(inside, level, card, words, body)
    open_level(build, inside, body)


def _connect(inside: Level, level: Level, card: Card, words: list[int], body: Body) -> None:
    """Give the ports the nodes they are connected to."""
    bus_ports = body.bus_ports()
    for k, port in zip(words, body.ports, strict=False):
        key = port.lower()
        node = level.node(card, k)
        if key in ("0", "gnd"):
            if not (isinstance(node, int) and node == 0):
                raise InputError(
                    f"port '{port}' of {card.tokens[words[-1]]} is ground, not '{card.tokens[k]}'",
                    card.where(k),
                    expected="0, or another name for the port",
                )
            continue
        if isinstance(node, np.ndarray) and key not in bus_ports:
            if inside.count and inside.count != len(node):
                raise InputError(
                    f"{card.head}: '{card.tokens[k]}' has {len(node)} nodes, another bus has {inside.count}",
                    card.where(k),
                    expected="buses of one length, or single nodes",
                )
            inside.count = len(node)
        inside.nodes[key] = node


def _scope(build: Build, level: Level, card: Card, tail: int, body: Body, definition: Card) -> Scope:
    """Return what expressions inside see."""
    given: dict[str, float] = {}
    if tail < len(card.tokens):
        formals = body.formals
        for one in assignments(card, tail):
            if one.name not in formals:
                at = card.where(one.index - 2)
                if one.name == "m":
                    raise InputError(f"m= on {card.head} (several in parallel) is not supported yet", at)
                raise InputError(
                    f"subcircuit {definition.tokens[0]} has no parameter '{card.tokens[one.index - 2]}'",
                    at,
                    expected="one of: " + ", ".join(formals) if formals else "no parameters",
                    near=nearest(one.name, formals),
                )
            given[one.name] = one.evaluate(level.scope)
    if not (body.defaults or body.parameters or body.functions):
        return level.scope
    # Uses of one subcircuit with one set of values at one place of use see the same; the scope is kept, so
    # that its identity stays its own.
    key = (id(definition), id(level.scope), tuple(given.items()))
    kept = build.scopes.get(key)
    if kept is None:
        around = Scope({}, body.functions, level.scope) if body.functions else level.scope
        values = resolve_parameters([*body.defaults, *body.parameters], around, given)
        kept = build.scopes[key] = (level.scope, Scope(values, {}, around))
    return kept[1]
