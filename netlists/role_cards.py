"""Role cards to the circuit: .input, .output, .nudge, .learn, .data, .train (their parameters: roles.py)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from eqchip.devices.families import families_by_letter
from eqchip.devices.family import Family
from eqchip.devices.parameter import Parameter, Value, find
from eqchip.errors import InputError, Location, nearest
from eqchip.netlists.build import Build
from eqchip.netlists.card import Card
from eqchip.netlists.circuit import GROUND, Data, Input, Instance, IntArray, Learn, Nudging, Output, Waveform
from eqchip.netlists.directives import find_node
from eqchip.netlists.parameters import Assignment, assignments
from eqchip.netlists.roles import DATA, INPUT, LEARN, NUDGE, OUTPUT, TRAIN
from eqchip.netlists.training import BETA_UNIT, check_samples, refuse_not_yet
from eqchip.units import parse_quantity


def read_role(build: Build, card: Card) -> None:
    """Read one role card."""
    kind = card.kind
    if kind == ".train":
        _read_train(build, card)
        return
    if not card.tokens or card.tokens[1:2] == ["="]:
        wanted = {".learn": "ARRAY|NEURONS", ".data": "NAME"}.get(kind, "BUS")
        raise InputError(
            f"{kind} does not say what", card.where(), expected=f"{kind} {wanted} [name=value …]"
        )
    {".input": _input, ".output": _output, ".nudge": _nudge, ".learn": _learn, ".data": _data}[kind](
        build, card
    )


def _given(build: Build, card: Card, declared: Mapping[str, Parameter], start: int = 1) -> dict[str, Value]:
    """Read the settings of a card, checked."""
    values: dict[str, Value] = {}
    for given in assignments(card, start) if start < len(card.tokens) else ():
        place = card.where(given.index - 2)
        parameter = find(declared, given.name, card.kind, place)
        if parameter.name in values:
            raise InputError(f"{parameter.name} is given twice", place)
        values[parameter.name] = setting(build, parameter, given)
        refuse_not_yet(card.kind, parameter.name, values[parameter.name], card.where(given.index))
    for parameter in declared.values():
        if parameter.required and parameter.name not in values:
            at = card.where(len(card.tokens))
            raise InputError(
                f"{card.kind} {card.tokens[0]} has no {parameter.name}", at, expected=f"{parameter.name}="
            )
    return values


def setting(build: Build, parameter: Parameter, given: Assignment) -> Value:
    """Return one setting, checked; ranges of samples are text."""
    if is_text(parameter):
        return check_samples(parameter.name, given.text, given.card.where(given.index))
    return build.top.value(parameter, given)


def is_text(parameter: Parameter) -> bool:
    """Say whether a setting is neither a number nor one of a list of words."""
    return isinstance(parameter.default, str) and not parameter.words


def _nodes(build: Build, card: Card) -> IntArray:
    nodes = np.atleast_1d(np.asarray(find_node(build, card, 0), dtype=np.int64))
    if GROUND in nodes:
        raise InputError(f"{card.kind} of ground", card.where(0), expected="a bus or a node")
    return nodes


def _input(build: Build, card: Card) -> None:
    bus = card.tokens[0]
    values = _given(build, card, INPUT)
    nodes = _nodes(build, card)
    role = Input(bus, nodes, **values)  # type: ignore[arg-type]
    for other in build.circuit.inputs:
        if len(np.intersect1d(other.nodes, nodes)):
            raise InputError(f"{bus} is an input already", card.where(0))
    for instance in build.circuit.instances:
        if instance.family.waveform and instance.family.branches:
            driven = (
                np.atleast_1d(np.asarray(instance.nodes[0])),
                np.atleast_1d(np.asarray(instance.nodes[1])),
            )
            if any(len(np.intersect1d(one, nodes)) for one in driven) and any(
                GROUND in one for one in driven
            ):
                raise InputError(
                    f"{bus} is an input, and {instance.name} drives it too",
                    card.where(0),
                    expected=f"no source on {bus}: .input brings its own, v_{bus}",
                )
    check_complement(role, card.where(0))
    check_converter(role, card.where(0))
    source = families_by_letter()["V"][0]
    shape = (len(nodes),)
    implied = Instance(f"v_{bus}", source, (nodes, GROUND), shape=shape, waveform=Waveform(), card=card)
    build.add(implied, build.top, card)
    build.circuit.inputs.append(role)


def check_complement(role: Input, at: Location | None) -> None:
    """Refuse encode=complement on a bus of odd length."""
    if role.encode == "complement" and len(role.nodes) % 2:
        raise InputError(
            f"{role.bus} has {len(role.nodes)} nodes, encode=complement needs pairs",
            at,
            expected="an even number",
        )


def check_converter(role: Input | Output, at: Location | None) -> None:
    """Refuse converters without a range, and a nonlinearity in LSB or a figure of merit of none."""
    if not role.low < role.high:
        raise InputError(
            f"{role.bus}: low={role.low:g} and high={role.high:g} leave a converter no range",
            at,
            expected="low below high",
        )
    if role.inl and not role.bits:
        raise InputError(
            f"{role.bus}: inl={role.inl:g} LSB of a converter without bits", at, expected="bits=8"
        )
    if role.fom and not role.bits:
        raise InputError(
            f"{role.bus}: fom={role.fom:g} J for each step of a converter without bits", at, expected="bits=8"
        )


def _output(build: Build, card: Card) -> None:
    values = _given(build, card, OUTPUT)
    pairs = bool(values.pop("pairs", 0.0))
    nodes = _nodes(build, card)
    if any(len(np.intersect1d(one.nodes, nodes)) for one in build.circuit.outputs):
        raise InputError(f"{card.tokens[0]} is an output already", card.where(0))
    role = Output(card.tokens[0], nodes, pairs=pairs, **values)  # type: ignore[arg-type]
    check_converter(role, card.where(0))
    build.circuit.outputs.append(role)


def _nudge(build: Build, card: Card) -> None:
    values = _given(build, card, NUDGE)
    nodes = _nodes(build, card)
    if any(len(np.intersect1d(one.nodes, nodes)) for one in build.circuit.nudges):
        raise InputError(f"{card.tokens[0]} is nudged already", card.where(0))
    if not any(np.all(np.isin(nodes, one.nodes)) for one in build.circuit.outputs):
        raise InputError(
            f"{card.tokens[0]} is nudged, but it is no output",
            card.where(0),
            expected=f".output {card.tokens[0]}",
            near=nearest(card.tokens[0], (one.bus for one in build.circuit.outputs)),
        )
    build.circuit.nudges.append(Nudging(card.tokens[0], nodes, **values))  # type: ignore[arg-type]


def _learn(build: Build, card: Card) -> None:
    values = _given(build, card, LEARN)
    name = card.tokens[0]
    target = build.instances.get(name.lower())
    able = [one.name for one in build.circuit.instances if _learns(one.family) and one.shape]
    if target is None:
        raise InputError(
            f"there is no '{name}' to learn",
            card.where(0),
            expected="one of: " + ", ".join(able) if able else "an array (Y) or neurons (N)",
            near=nearest(name, able),
        )
    if target.family.learning is None:
        raise InputError(
            f"'{target.name}' ({target.family.name}) has nothing that learns",
            card.where(0),
            expected="one of: " + ", ".join(able) if able else "an array (Y) or neurons (N)",
        )
    if not _learns(target.family):
        raise InputError(
            f"'{target.name}' ({target.family.name}): learning of its {target.family.learning.parameter} "
            "is not supported yet",
            card.where(0),
            expected="one of: " + ", ".join(able) if able else "an array (Y) of synapses, or neurons (N)",
        )
    if any(one.target == target.name for one in build.circuit.learns):
        raise InputError(f"{target.name} learns already", card.where(0))
    role = learn_of(target.name, values)
    check_bounds(role, card.where(0))
    build.circuit.learns.append(role)


def _learns(family: Family) -> bool:
    """Say whether elements of a family can be trained: what they learn is one of their parameters."""
    return family.learning is not None and family.learning.parameter in family.all_parameters()


def learn_of(target: str, values: Mapping[str, Value]) -> Learn:
    """Return the role of a .learn card."""
    renamed = {{"min": "low", "max": "high"}.get(name, name): value for name, value in values.items()}
    return Learn(target, **renamed)  # type: ignore[arg-type]


def check_bounds(role: Learn, at: Location | None) -> None:
    """Refuse bounds that leave nothing between them."""
    if role.low is not None and role.high is not None and role.low > role.high:
        raise InputError(f"min={role.low:g} is above max={role.high:g}", at)


def _data(build: Build, card: Card) -> None:
    if build.circuit.data is not None:
        raise InputError("there are two .data cards", card.where())
    name = card.tokens[0].strip("\"'")
    build.circuit.data = Data(name, **_given(build, card, DATA), at=card.where(0))  # type: ignore[arg-type]


def _read_train(build: Build, card: Card) -> None:
    train = build.circuit.train
    if build.circuit.train_at is None:
        build.circuit.train_at = card.where()
        build.train_places[""] = card.where()
    for given in assignments(card):
        place = card.where(given.index - 2)
        parameter = find(TRAIN, given.name, ".train", place)
        if parameter.name in train:
            raise InputError(f"{parameter.name} is given twice", place)
        train[parameter.name] = build.top.value(parameter, given)
        check_seconds(parameter, given.text, card.where(given.index))
        build.train_places[parameter.name] = place
        if parameter.name == "beta":
            set_beta_unit(train, given.text, card.where(given.index))


def check_seconds(parameter: Parameter, text: str, at: Location | None) -> None:
    """Refuse a duration in another unit than seconds: SPICE would take 8V for 8 s."""
    if parameter.unit != "s":
        return
    try:
        unit = parse_quantity(text)[1]
    except ValueError:  # an expression has no unit
        return
    if unit not in ("", "s"):
        raise InputError(f"{parameter.name}={text}: a duration in {unit}", at, expected="seconds, such as 8u")


def set_beta_unit(train: dict[str, Value], text: str, at: Location | None) -> None:
    """Note whether β was given with a unit: siemens make it absolute."""
    train.pop(BETA_UNIT, None)
    try:
        unit = parse_quantity(text)[1]
    except ValueError:  # an expression has no unit
        return
    if unit == "S":
        train[BETA_UNIT] = unit
    elif unit:
        raise InputError(
            f"beta={text}: a β in {unit}", at, expected="a number without unit (relative), or siemens: 1uS"
        )
