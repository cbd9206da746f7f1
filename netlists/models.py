"""Models: .model cards, `.model NAME TYPE(k=v …)`, read when they are first used.

A model in a subcircuit is read anew in each instance of it, because it may use its parameters.
"""

from __future__ import annotations

from functools import cache

from eqchip.devices.families import families_by_model_type
from eqchip.devices.family import Family
from eqchip.devices.parameter import Parameter, Value, by_name, find
from eqchip.errors import InputError, Location, nearest
from eqchip.netlists.card import Card
from eqchip.netlists.circuit import Model
from eqchip.netlists.level import Level
from eqchip.netlists.parameters import Assignment, assignments

#: Model types of SPICE that eqchip does not have, and what they are.
NOT_YET: dict[str, str] = {
    **dict.fromkeys(("nmos", "pmos", "vdmos", "vdmosn", "vdmosp"), "MOSFETs (M)"),
    **dict.fromkeys(("npn", "pnp"), "bipolar transistors (Q)"),
    **dict.fromkeys(("njf", "pjf"), "JFETs (J)"),
    **dict.fromkeys(("nmf", "pmf"), "MESFETs (Z)"),
    **dict.fromkeys(("sw", "vswitch"), "voltage-controlled switches (S)"),
    **dict.fromkeys(("csw", "iswitch"), "current-controlled switches (W)"),
    **dict.fromkeys(("urc", "ltra", "txl", "cpl"), "transmission lines of ngspice (U, O, Y, P)"),
    "core": "coupled inductors (K)",
}

#: Parameters of SPICE models without effect on what eqchip computes.
_WITHOUT_EFFECT = {"kf", "af"}


def declare_model(level: Level, card: Card) -> None:
    """Take note of a .model card."""
    if len(card.tokens) < 2:
        raise InputError(".model is not understood", card.where(), expected=".model NAME TYPE(name=value …)")
    key = card.tokens[0].lower()
    if key in level.model_cards:
        first = level.model_cards[key]
        raise InputError(
            f"model {card.tokens[0]} is defined twice, first in line {first.line}", card.where(0)
        )
    level.model_cards[key] = card


def has_model(level: Level, name: str) -> bool:
    """Say whether a word names a model here."""
    key = name.lower()
    return any(key in one.model_cards for one in level.chain())


def model_named(level: Level, card: Card, index: int) -> Model:
    """Return the model that a token names."""
    name = card.tokens[index]
    key = name.lower()
    for one in level.chain():
        if key in one.model_cards:
            one.used.add(key)
            return model_of_card(one, one.model_cards[key])
    known = [each for one in level.chain() for each in one.model_cards]
    raise InputError(
        f"there is no model '{name}'",
        card.where(index),
        expected="one of: " + ", ".join(sorted(known)) if known else f".model {name} TYPE(…)",
        near=nearest(name, known),
    )


def model_of_card(level: Level, card: Card) -> Model:
    """Return the model of a .model card of this level, read if nothing has used it."""
    key = card.tokens[0].lower()
    if key not in level.models:
        level.models[key] = read_model(level, card)
    return level.models[key]


def read_model(level: Level, card: Card) -> Model:
    """Read a .model card."""
    types = families_by_model_type()
    word = card.tokens[1].lower()
    family = types.get(word)
    if family is None:
        if word in NOT_YET:
            raise InputError(
                f"model type {card.tokens[1]}: {NOT_YET[word]} are not supported yet", card.where(1)
            )
        raise InputError(
            f"there is no model type '{card.tokens[1]}'",
            card.where(1),
            expected="one of: " + ", ".join(sorted(types)),
            near=nearest(word, types),
        )
    values: dict[str, Value] = {}
    declared = _declared(family)
    for given in _given(card):
        if given.name == "level" and "level" not in declared:
            if given.evaluate(level.scope) != 1.0:
                raise InputError(f"level={given.text} is not supported yet", given.card.where(given.index))
            continue
        if given.name in _WITHOUT_EFFECT and given.name not in declared:
            continue
        parameter = find(declared, given.name, f"model {card.tokens[0]} ({word})", _name_at(given))
        if parameter.name in values:
            raise InputError(f"{parameter.name} is given twice", _name_at(given))
        values[parameter.name] = level.value(parameter, given)
    model = Model(level.prefix + card.tokens[0], family, word, values, card.where(0))
    level.names.circuit.models[model.name.lower()] = model
    return model


def _given(card: Card) -> list[Assignment]:
    """Return the assignments of the card, in parentheses or not."""
    start, stop = 2, len(card.tokens)
    if start < stop and card.tokens[start] == "(":
        start += 1
        if card.tokens[-1] != ")":
            raise InputError("'(' is not closed", card.where(2), expected="')' at the end of the model")
        stop -= 1
    return assignments(card, start, stop)


def _name_at(given: Assignment) -> Location:
    return given.card.where(given.index - 2)


@cache
def _declared(family: Family) -> dict[str, Parameter]:
    return by_name(family.model_parameters)
