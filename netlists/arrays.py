"""Arrays: `Yname rows columns MODEL [name=value …]`, one device between every row and every column node.

The same bus twice couples a bus with itself, without a diagonal unless self=1: one device a pair, W = Wᵀ;
with dir=forward or backward one for each direction of each pair, a recurrent network without symmetry.
`mask=FILE:NAME` leaves devices out, `values=FILE:NAME` brings weights, `values=ARRAY` starts with those of
another array. Nothing is written out: 784 × 500 synapses are one instance.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.devices.families import owners_of
from eqchip.devices.parameter import find
from eqchip.devices.wires import NAMES as WIRE_NAMES
from eqchip.errors import InputError, nearest
from eqchip.netlists.build import Build
from eqchip.netlists.card import Card
from eqchip.netlists.circuit import Circuit, Instance, IntArray
from eqchip.netlists.elements import all_parameters, check_complete, lone_words
from eqchip.netlists.level import Level
from eqchip.netlists.matrices import FORM as FILES
from eqchip.netlists.models import model_named
from eqchip.netlists.parameters import Assignment, assignments

FORM = "Yname rows columns MODEL [name=value …]"

#: Of arrays to come.
NOT_YET = frozenset(["kernel", "stride", "channels", "pool", "pad"])

#: The most devices of one array: beyond what memory holds.
MOST_DEVICES = 2_000_000_000


def read_array(build: Build, level: Level, card: Card) -> None:
    """Read a Y card."""
    at, tail = lone_words(card)
    if len(at) != 3:
        line = "; Y as a lossy line, as in ngspice, is not supported" if len(at) > 3 else ""
        raise InputError(f"{card.head} has {len(at)} words", card.where(), expected=FORM + line)
    if level.count:
        raise InputError(
            f"{card.head}: an array in a subcircuit that is itself on a bus is not supported yet",
            card.where(),
        )
    model = model_named(level, card, at[2])
    family = model.family
    if len(family.terminals) != 2 or family.controls:
        raise InputError(
            f"{card.head}: a {family.name} does not stand between a row and a column",
            card.where(at[2]),
            expected="a model of a part with two ends: synapse, R",
        )
    rows, columns = (_nodes(level, card, at[k]) for k in (0, 1))
    if len(rows) * len(columns) > MOST_DEVICES:
        raise InputError(f"{card.head} has more than {MOST_DEVICES:,} devices", card.where())
    values: dict[str, Any] = {}
    declared = all_parameters(family)
    mask, like = None, ""
    for given in assignments(card, tail) if tail < len(card.tokens) else ():
        place = card.where(given.index - 2)
        if given.name in NOT_YET:
            raise InputError(f"{given.name}= on {card.head} is not supported yet", place)
        if given.name == "mask":
            mask = _shaped(card, given, len(rows), len(columns)) != 0
            continue
        if given.name == "values":
            weight = family.state.parameter if family.state else ""
            weight = family.learning.parameter if family.learning else weight
            if weight not in declared:
                raise InputError(f"values= of a {family.name} is not supported yet", place)
            if any(one.name == weight for one in assignments(card, tail)):
                raise InputError(f"{card.head} has {weight}= and values=", place)
            if "values" in card.matrices:
                values[weight] = _shaped(card, given, len(rows), len(columns))
            else:
                like = level.prefix + given.text
            continue
        if given.name in WIRE_NAMES and not family.wires:
            raise InputError(
                f"{given.name}= on {card.head}: a {family.name} has no wires",
                place,
                expected="an array of conductances: R, D or a memristor",
            )
        parameter = find(declared, given.name, f"{card.head} ({family.name})", place, owners_of)
        if parameter.name in values:
            raise InputError(f"{parameter.name} is given twice", place)
        values[parameter.name] = level.value(parameter, given)
    same = len(rows) == len(columns) and bool(np.all(rows == columns))
    if not same and len(np.intersect1d(rows, columns)):
        raise InputError(
            f"{card.head}: '{card.tokens[at[0]]}' and '{card.tokens[at[1]]}' share some nodes but not all",
            card.where(at[1]),
            expected="two buses apart, or the same one twice",
        )
    if "self" in values and not same:
        raise InputError(f"self= on {card.head}, which couples two buses", card.where(tail))
    instance = Instance(
        level.prefix + card.head,
        family,
        (rows, columns),
        values,
        model,
        (len(rows), len(columns)),
        card=card,
        mask=mask,
        like=like,
    )
    if instance.paired:
        _check_pairs(instance, card)
    check_complete(instance, card)
    build.add(instance, level, card)


def _shaped(card: Card, given: Assignment, rows: int, columns: int) -> NDArray[Any]:
    """Return the matrix that was read for a setting of a card, with a number for every crossing."""
    found = card.matrices[given.name]
    if found.shape != (rows, columns):
        raise InputError(
            f"{given.text} is {found.shape[0]} × {found.shape[1]}, {card.head} is {rows} × {columns}",
            card.where(given.index),
            expected="a row for every node of the first bus, a column for every node of the second",
        )
    return found if found.dtype == np.bool_ else found.astype(np.float64)


def _check_pairs(instance: Instance, card: Card) -> None:
    """Refuse matrices that say two things of one pair."""
    for name, found in card.matrices.items():
        if not np.array_equal(found, found.T):
            i, j = np.argwhere(found != found.T)[0]
            raise InputError(
                f"{name}= of {instance.name} is not symmetric: [{i},{j}] and [{j},{i}] are one device",
                card.where(),
                expected="a symmetric matrix, or dir=forward",
            )


def check_likes(circuit: Circuit) -> None:
    """Refuse `values=ARRAY` of what is no array of the same shape that has weights of its own."""
    arrays = {one.name.lower(): one for one in circuit.instances if len(one.shape) == 2}
    for one in circuit.instances:
        if not one.like:
            continue
        other = arrays.get(one.like.lower())
        same = other is not None and other.family is one.family and other.shape == one.shape
        if other is None or not same or other.like:
            if other is None:
                why = f"there is no array '{one.like}'"
            elif same:
                why = f"{other.name} starts with those of {other.like} itself"
            else:
                why = f"{other.name} is {other.shape[0]} × {other.shape[1]} of {other.family.name}"
            raise InputError(
                f"{one.name} cannot start with the weights of {one.like}: {why}",
                one.at,
                expected=f"{one.shape[0]} × {one.shape[1]} of {one.family.name}, or {FILES}",
                near=nearest(one.like, arrays) if other is None else None,
            )


def _nodes(level: Level, card: Card, index: int) -> IntArray:
    node = level.node(card, index)
    return np.array([node], dtype=np.int64) if isinstance(node, int) else node
