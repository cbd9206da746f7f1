"""Models: .model cards, `.model NAME TYPE(k=v …)`, read when they are first used.

`.model NAME ako:BASE TYPE(k=v …)` is a kind of BASE: it has every value that BASE has and it does not give
itself. TYPE may be left out, as it is that of BASE. Source: PSpice reference guide, .MODEL (AKO).

A model in a subcircuit is read anew in each instance of it, because it may use its parameters.
"""

from __future__ import annotations

from functools import cache

from eqchip.devices.families import families_by_model_type, owners_of
from eqchip.devices.family import Family
from eqchip.devices.parameter import Parameter, Value, by_name, find
from eqchip.errors import InputError, Location, nearest
from eqchip.netlists.card import Card
from eqchip.netlists.circuit import Model
from eqchip.netlists.level import Level
from eqchip.netlists.libraries import library_with
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

#: `ako:BASE`, also with a blank after the colon.
_AKO = "ako:"
#: How many models may be a kind of one another in a row.
_DEEPEST = 50

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
    one, found = card_named(level, name, card.where(index), f".model {name} TYPE(…)")
    one.used.add(name.lower())
    return model_of_card(one, found)


def card_named(level: Level, name: str, at: Location, expected: str) -> tuple[Level, Card]:
    """Return the .model card of that name and its level; `expected`: what to write where there is none."""
    key = name.lower()
    for one in level.chain():
        if key in one.model_cards:
            return one, one.model_cards[key]
    known = [each for one in level.chain() for each in one.model_cards]
    if (library := library_with(key)) is not None:
        raise InputError(f"there is no model '{name}'", at, expected=f".include {library}, which has it")
    raise InputError(
        f"there is no model '{name}'",
        at,
        expected="one of: " + ", ".join(sorted(known)) if known else expected,
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
    base, start = _base(level, card)
    if base is not None and not _gives_type(card, start):
        family, word = base.family, base.type
    else:
        family, word = _type(card, start)
        start += 1
        if base is not None and family is not base.family:
            raise InputError(
                f"{base.name} is a {base.type}, and {card.tokens[0]} a kind of it",
                card.where(start - 1),
                expected=f"{base.type}, or no type",
            )
    own: dict[str, Value] = {}
    declared = _declared(family)
    for given in _given(card, start):
        if given.name == "level" and "level" not in declared:
            if given.evaluate(level.scope) != 1.0:
                raise InputError(f"level={given.text} is not supported yet", given.card.where(given.index))
            continue
        if given.name in _WITHOUT_EFFECT and given.name not in declared:
            continue
        parameter = find(declared, given.name, f"model {card.tokens[0]} ({word})", _name_at(given), owners_of)
        if parameter.name in own:
            raise InputError(f"{parameter.name} is given twice", _name_at(given))
        own[parameter.name] = level.value(parameter, given)
    name = level.prefix + card.tokens[0]
    if base is None:
        model = Model(name, family, word, own, card.where(0))
    else:
        model = Model(name, family, word, {**base.values, **own}, card.where(0), base.name, frozenset(own))
    level.names.circuit.models[model.name.lower()] = model
    return model


def _type(card: Card, index: int) -> tuple[Family, str]:
    """Return the family and the type that a token names."""
    types = families_by_model_type()
    given = card.tokens[index] if index < len(card.tokens) else ""
    word = given.lower()
    family = types.get(word)
    if family is None:
        if word in NOT_YET:
            raise InputError(f"model type {given}: {NOT_YET[word]} are not supported yet", card.where(index))
        raise InputError(
            f"there is no model type '{given}'",
            card.where(index),
            expected="one of: " + ", ".join(sorted(types)),
            near=nearest(word, types),
        )
    return family, word


def _ako(card: Card) -> tuple[str, int, int]:
    """Return the name of the base of a card, where it stands, and where the type comes; ("", 1, 1): none."""
    word = card.tokens[1]
    if not word.lower().startswith(_AKO):
        return "", 1, 1
    name = word[len(_AKO) :]
    if name:
        return name, 1, 2
    if len(card.tokens) < 3 or card.tokens[2] in ("(", "=", ",", ")"):
        raise InputError(
            "ako: names no model", card.where(1), expected="ako:NAME, the model this is a kind of"
        )
    return card.tokens[2], 2, 3


def _base(level: Level, card: Card) -> tuple[Model | None, int]:
    """Return the model this one is a kind of, None if of none, and the token at which its type stands."""
    name, index, start = _ako(card)
    if not name:
        return None, start
    # The whole line of ancestors first: one that comes back to itself has no first.
    ring, line = card, [card.tokens[0].lower()]
    home = level
    while True:
        above, place, _ = _ako(ring)
        if not above:
            break
        home, ring = card_named(home, above, ring.where(place), f".model {above} TYPE(…)")
        if above.lower() in line:
            shown = " → ".join([*line, above.lower()])
            raise InputError(f"{card.tokens[0]} is a kind of itself: {shown}", card.where(index))
        line.append(above.lower())
        if len(line) > _DEEPEST:
            raise InputError(f"more than {_DEEPEST} models are kinds of one another", card.where(index))
    found, base = card_named(level, name, card.where(index), f".model {name} TYPE(…)")
    found.used.add(name.lower())
    return model_of_card(found, base), start


def _gives_type(card: Card, index: int) -> bool:
    """Whether a type stands there, and not the values already."""
    tokens = card.tokens
    if index >= len(tokens) or tokens[index] == "(":
        return False
    return index + 1 >= len(tokens) or tokens[index + 1] != "="


def _given(card: Card, start: int) -> list[Assignment]:
    """Return the assignments of the card, in parentheses or not."""
    stop = len(card.tokens)
    if start < stop and card.tokens[start] == "(":
        start += 1
        if card.tokens[-1] != ")":
            raise InputError(
                "'(' is not closed", card.where(start - 1), expected="')' at the end of the model"
            )
        stop -= 1
    return assignments(card, start, stop)


def _name_at(given: Assignment) -> Location:
    return given.card.where(given.index - 2)


@cache
def _declared(family: Family) -> dict[str, Parameter]:
    return {**by_name(family.wires), **by_name(family.model_parameters)}
