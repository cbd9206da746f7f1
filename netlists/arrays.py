"""Arrays: `Yname rows columns MODEL [name=value …]`, one device between every row and every column node.

The same bus twice couples a bus with itself, without a diagonal unless self=1: one device a pair, W = Wᵀ;
with dir=forward or backward one for each direction of each pair, a recurrent network without symmetry.
Nothing is written out: 784 × 500 synapses are one instance.
"""

from __future__ import annotations

import numpy as np

from eqchip.devices.parameter import Value, find
from eqchip.errors import InputError
from eqchip.netlists.build import Build
from eqchip.netlists.card import Card
from eqchip.netlists.circuit import Instance, IntArray
from eqchip.netlists.elements import all_parameters, check_complete, lone_words
from eqchip.netlists.level import Level
from eqchip.netlists.models import model_named
from eqchip.netlists.parameters import assignments

FORM = "Yname rows columns MODEL [name=value …]"

#: Of arrays to come.
NOT_YET = frozenset(["mask", "kernel", "stride", "channels", "pool", "pad", "values"])

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
    values: dict[str, Value] = {}
    declared = all_parameters(family)
    for given in assignments(card, tail) if tail < len(card.tokens) else ():
        place = card.where(given.index - 2)
        if given.name in NOT_YET:
            raise InputError(f"{given.name}= on {card.head} is not supported yet", place)
        parameter = find(declared, given.name, f"{card.head} ({family.name})", place)
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
        level.prefix + card.head, family, (rows, columns), values, model, (len(rows), len(columns)), card=card
    )
    check_complete(instance, card)
    build.add(instance, level, card)


def _nodes(level: Level, card: Card, index: int) -> IntArray:
    node = level.node(card, index)
    return np.array([node], dtype=np.int64) if isinstance(node, int) else node
