"""Element cards to instances, by what the families declare: terminals, controls, parameters, models.

    NAME nodes [controls] [value | MODEL] [name=value …]

The first parameter of a family may stand without its name. A node that is a bus makes the card an array of
elements, one per node; what is scalar is repeated. A new family needs no change here.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from eqchip.devices.families import families_by_letter, owners_of
from eqchip.devices.family import Family
from eqchip.devices.parameter import Parameter, Value, by_name, find
from eqchip.errors import InputError
from eqchip.netlists.behaviour import behavioural, is_behavioural
from eqchip.netlists.build import Build
from eqchip.netlists.card import Card
from eqchip.netlists.circuit import Instance, Model
from eqchip.netlists.level import Level, Nodes, checked
from eqchip.netlists.models import has_model, model_named
from eqchip.netlists.parameters import assignments
from eqchip.netlists.waveforms import read_waveform

#: First letters of SPICE that eqchip does not have.
NOT_YET: dict[str, str] = {
    "A": "XSPICE code models",
    "J": "JFETs",
    "K": "coupled inductors",
    "M": "MOSFETs",
    "O": "lossy transmission lines",
    "Q": "bipolar transistors",
    "S": "voltage-controlled switches",
    "T": "transmission lines",
    "U": "RC lines",
    "W": "current-controlled switches",
    "Z": "MESFETs",
}

_NUMBER_BEGINS = frozenset("0123456789.+-{'")


@cache
def all_parameters(family: Family) -> dict[str, Parameter]:
    """Return what may be given on a card, by name and alias: an instance may override its model."""
    return {**by_name(family.wires), **by_name(family.model_parameters), **by_name(family.parameters)}


@cache
def _required(family: Family) -> tuple[str, ...]:
    return tuple(one.name for one in family.parameters if one.required)


def form(family: Family) -> str:
    """Return how a card of this family is written, for messages."""
    letter = family.letters[0] if family.letters else "Y"
    parts = [f"{letter}name", *family.terminals]
    if family.control_kind == "nodes":
        parts += [f"c{k + 1}" for k in range(family.controls)]
    elif family.control_kind == "current":
        parts.append("Vname")
    if family.waveform:
        parts.append("value")
    elif family.model_types and not _required(family):
        parts.append("MODEL")
    elif family.parameters:
        parts.append(family.parameters[0].name.upper())
    return " ".join(parts)


def lone_words(card: Card) -> tuple[list[int] | range, int]:
    """Return where words stand that are no part of name=value, and where name=value begins.

    A bracket or comma between them says nothing, as in SPICE.
    """
    tokens = card.tokens
    stop = tokens.index("=") - 1 if "=" in tokens else len(tokens)
    if "(" in tokens or "," in tokens:
        return [k for k in range(stop) if tokens[k] not in ("(", ")", ",")], stop
    return range(stop), stop


def read_element(build: Build, level: Level, card: Card) -> None:
    """Read an element card whose letter names its family."""
    letter = card.head[0].upper()
    families = families_by_letter().get(letter)
    if families is None:
        if letter in NOT_YET:
            raise InputError(f"'{card.head}': {NOT_YET[letter]} are not supported yet", card.where())
        raise InputError(f"'{card.head}': no element begins with {letter}", card.where())
    family = families[0]
    if family.control_kind == "expression":
        behavioural(build, level, card, families)
        return
    if len(families) > 1:
        family = _of_model(level, card, families)
    if family.control_kind == "nodes" and is_behavioural(card):
        behavioural(build, level, card, families_by_letter()["B"])
        return
    _read(build, level, card, family)


def _of_model(level: Level, card: Card, families: Sequence[Family]) -> Family:
    """Return which of several families with one letter a card is of: its model says, behind the nodes."""
    at, _ = lone_words(card)
    place = len(families[0].terminals)
    if len(at) <= place:
        raise InputError(
            f"{card.head} has no model", card.where(len(card.tokens)), expected=form(families[0])
        )
    model = model_named(level, card, at[place])
    if model.family not in families:
        words = [word for family in families for word in family.model_types]
        raise InputError(
            f"{card.head}: model {model.name} is a {model.family.name}",
            card.where(at[place]),
            expected="a model of type " + ", ".join(words),
        )
    return model.family


def _read(build: Build, level: Level, card: Card, family: Family) -> None:
    tokens = card.tokens
    at, tail = lone_words(card)
    count = len(family.terminals)
    first = count + (family.controls if family.control_kind else 0)
    if len(at) < first:
        raise InputError(
            f"{card.head} has {len(at)} of the {first} names it needs",
            card.where(tail),
            expected=form(family),
        )
    nodes: tuple[Nodes, ...] = tuple([level.node(card, at[k]) for k in range(count)])
    controls: tuple[Nodes | str, ...] = ()
    if family.control_kind == "nodes":
        controls = tuple([level.node(card, at[k]) for k in range(count, first)])
    elif family.control_kind == "current":
        if tokens[at[count]].lower() == "poly":
            raise InputError(f"POLY on {card.head} is not supported yet", card.where(at[count]))
        controls = (tokens[at[count]],)
    instance = Instance(level.prefix + card.head, family, nodes, card=card, controls=controls)
    if level.count or controls or not all([type(node) is int for node in nodes]):
        instance.shape = shape_of(card, (*nodes, *controls), at, level.count)
    if family.waveform:
        tail = read_waveform(instance, level, card, at[first] if len(at) > first else tail)
    else:
        for k in at[first:]:
            _positional(instance, level, card, k)
    if tail < len(tokens):
        _assign(instance, level, card, tail)
    check_complete(instance, card)
    build.add(instance, level, card)
    if family.control_kind == "current":
        build.need_current(instance, 0, tokens[at[count]], level, lambda: card.where(at[count]))


def _positional(instance: Instance, level: Level, card: Card, index: int) -> None:
    """Read a value or a model that stands without its name."""
    family, token = instance.family, card.tokens[index]
    if family.model_types and _is_model(instance, level, token):
        if instance.model is not None:
            raise InputError(f"'{token}' on {card.head} is not supported yet", card.where(index))
        instance.model = fitting_model(level, card, index, family)
        return
    if not family.parameters or family.parameters[0].name in instance.values:
        raise InputError(f"'{token}' is one value too many", card.where(index), expected=form(family))
    parameter = family.parameters[0]
    value: Value = token if parameter.words else level.number(card, index)
    instance.values[parameter.name] = checked(parameter, value, card, index)


def _is_model(instance: Instance, level: Level, token: str) -> bool:
    """Say whether a word names a model and is no value; `1N4148` is a name, where it is known."""
    needs_value = bool(_required(instance.family))
    if token[0] not in _NUMBER_BEGINS:
        return not needs_value or has_model(level, token)
    if needs_value or instance.model is not None:
        return level.plain_number(token) is None and has_model(level, token)
    return has_model(level, token)


def fitting_model(level: Level, card: Card, index: int, family: Family) -> Model:
    """Return the model that a token names; it must be of this family."""
    model = model_named(level, card, index)
    if model.family is not family:
        raise InputError(
            f"{card.head} is a {family.name}, model {model.name} is a {model.family.name}",
            card.where(index),
            expected="a model of type " + " or ".join(family.model_types),
        )
    return model


def _assign(instance: Instance, level: Level, card: Card, start: int) -> None:
    declared = all_parameters(instance.family)
    for given in assignments(card, start):
        parameter = declared.get(given.name)
        if parameter is None:
            place = card.where(given.index - 2)
            parameter = find(declared, given.name, f"a {instance.family.name}", place, owners_of)
        if parameter.name in instance.values:
            raise InputError(f"{parameter.name} is given twice", card.where(given.index - 2))
        if parameter in instance.family.wires:
            raise InputError(
                f"{parameter.name}= on {card.head}: wires are those of an array",
                card.where(given.index - 2),
                expected="Yname rows columns MODEL rrow=…",
            )
        instance.values[parameter.name] = level.value(parameter, given)


def check_complete(instance: Instance, card: Card) -> None:
    """Refuse an instance without a value or model that it needs."""
    family = instance.family
    required = _required(family)
    if required:
        for name in required:
            learned = family.learning.parameter if family.learning else name  # may stand for it
            if not {name, learned} & instance.given().keys():
                raise InputError(
                    f"{card.head} has no value", card.where(len(card.tokens)), expected=form(family)
                )
    elif family.model_types and instance.model is None:
        raise InputError(f"{card.head} has no model", card.where(len(card.tokens)), expected=form(family))


def shape_of(card: Card, nodes: tuple[Nodes | str, ...], at: Sequence[int], copies: int) -> tuple[int, ...]:
    """Return () for one element, (n,) on buses of n nodes; buses of different length are an error."""
    size, first = copies, -1
    for k, node in enumerate(nodes):
        if isinstance(node, np.ndarray):
            if size and len(node) != size:
                other = (
                    f"'{card.tokens[at[first]]}' has {size}"
                    if first >= 0
                    else f"the subcircuit is there {size} times"
                )
                raise InputError(
                    f"{card.head}: '{card.tokens[at[k]]}' has {len(node)} nodes, {other}",
                    card.where(at[k]),
                    expected="buses of one length, or single nodes",
                )
            size, first = len(node), k if first < 0 else first
    return (size,) if size else ()
