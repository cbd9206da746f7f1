"""Changing values: `--set NAME=VALUE`, the card `.set NAME=VALUE`, and `chip.set({...})`.

    MODEL.param   INSTANCE.param   INSTANCE[i,j].param   train.beta   learn.Yxh.rate   nudge.y.kind
    input.x.gain  output.y.decode  data.train            options.reltol                .param by its bare name
    protocol.free

R1.value is what stands on the card of R1 without a name.
Precedence: default < .model < instance < element < .set card < --set; of one kind, the more particular wins.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from eqchip.devices.parameter import Parameter, Value
from eqchip.errors import InputError, nearest
from eqchip.netlists.build import Build
from eqchip.netlists.circuit import Instance, Model
from eqchip.netlists.elements import all_parameters
from eqchip.netlists.expression import Scope
from eqchip.netlists.options import OPTIONS, option_word
from eqchip.netlists.role_cards import check_bounds, check_complement, check_converter, set_beta_unit
from eqchip.netlists.roles import DATA, INPUT, LEARN, NUDGE, OUTPUT, PROTOCOL, TRAIN
from eqchip.netlists.setting import Setting
from eqchip.netlists.training import BETA_UNIT, DURATIONS, PAIRS, refuse_not_yet

_ELEMENT = re.compile(r"(.+)\[\s*(\d+(?:\s*,\s*\d+)*)\s*\]\Z")

#: What a name may begin with to mean a card and not a part.
_CARDS: Mapping[str, Mapping[str, Parameter]] = {
    "train": TRAIN,
    "data": DATA,
    "options": OPTIONS,
    "learn": LEARN,
    "nudge": NUDGE,
    "input": INPUT,
    "output": OUTPUT,
    "protocol": PROTOCOL,
}
#: The value of a card that stands there without a name: R1.value is R1.r, V1.value is V1.dc.
VALUE = "value"
_WITH_OWNER = ("learn", "nudge", "input", "output")


class Changes:
    """All settings of a circuit; those of cards come first."""

    def __init__(self, settings: Iterable[Setting]) -> None:
        self.settings = list(settings)

    def parameters(self, known: Mapping[str, Any], scope: Scope) -> dict[str, float]:
        """Return the parameters that are given from outside."""
        values: dict[str, float] = {}
        for one in self.settings:
            if "." in one.name:
                continue
            name = one.name.lower()
            if name not in known:
                near = f"train.{name}" if name in TRAIN else nearest(name, known)
                expected = "a .param of the netlist, or NAME.PARAMETER"
                raise one.error(f"there is no parameter '{one.name}'", expected, near)
            values[name] = one.number(scope)
        return values

    def options(self, build: Build) -> None:
        """Apply what changes options."""
        for one in self.settings:
            if one.parts[0].lower() == "options":
                parameter = one.find(OPTIONS, ".".join(one.parts[1:]), ".options")
                word = replace(one, value=option_word(one.text())) if parameter.words else one
                build.circuit.options[parameter.name] = word.checked(parameter, build.top.scope)

    def apply(self, build: Build) -> None:
        """Apply the rest, when all elements are there: first to models, then instances, then elements."""
        for late in (False, True):
            tier = [one for one in self.settings if "." in one.name and (one.card is None) == late]
            if late:
                _displace_durations(build, tier)
                _displace_estimator(build, tier)
            particular: list[tuple[int, Setting]] = []
            for one in tier:
                word = one.parts[0].lower()
                if word in _CARDS:
                    if word != "options":
                        _apply_to_card(build, one, word)
                else:
                    particular.append((_rank(build, one), one))
            for _, one in sorted(particular, key=lambda pair: pair[0]):
                _apply_to_part(build, one)


def _displace_durations(build: Build, tier: list[Setting]) -> None:
    """A duration given from outside replaces those of another kind that the netlist gives."""
    named = {one.parts[-1].lower() for one in tier if one.parts[0].lower() == "train"}
    for group in DURATIONS:
        if named & set(group):
            for other in DURATIONS:
                if other is not group:
                    for name in set(other) - named:
                        build.circuit.train.pop(name, None)


def _displace_estimator(build: Build, tier: list[Setting]) -> None:
    """A rule without a β given from outside displaces the netlist's estimator and β."""
    named = {one.parts[-1].lower(): one for one in tier if one.parts[0].lower() == "train"}
    rule = named["rule"].text().lower() if "rule" in named else ""
    if rule in PAIRS and not PAIRS[rule]:
        for name in {"estimator", "points", "beta", BETA_UNIT} - set(named):
            build.circuit.train.pop(name, None)


def _apply_to_card(build: Build, one: Setting, word: str) -> None:
    circuit, scope, declared = build.circuit, build.top.scope, _CARDS[word]
    owner, name = ".".join(one.parts[1:-1]), one.parts[-1]
    if (word in _WITH_OWNER) != bool(owner):
        form = f"{word}.NAME.PARAMETER" if word in _WITH_OWNER else f"{word}.PARAMETER"
        raise one.error(f"'{one.name}' does not name a setting", form)
    parameter = one.find(declared, name, f".{word}")
    value = one.checked(parameter, scope)
    try:
        refuse_not_yet(f".{word}", parameter.name, value, one.at)
    except InputError as error:
        raise one.error(error.message) from None
    if word == "train":
        if one.card is None and not circuit.learns and parameter.name != "seed":
            raise one.error("nothing is trained here: there is no .learn card", "a chip that learns")
        circuit.train[parameter.name] = value
        build.train_places[parameter.name] = one.at
        if parameter.name == "beta":
            set_beta_unit(circuit.train, one.text(), one.at)
    elif word == "data":
        if circuit.data is None:
            raise one.error("there is no .data card", ".data NAME")
        outside = circuit.data.outside | ({parameter.name} if one.card is None else set())
        circuit.data = replace(circuit.data, **{parameter.name: value}, outside=outside)  # type: ignore[arg-type]
    elif word == "protocol":
        if circuit.protocol is None:
            raise one.error("there is no .protocol card", ".protocol free= nudged= gap=")
        circuit.protocol = replace(circuit.protocol, **{parameter.name: value})  # type: ignore[arg-type]
    else:
        _apply_to_role(build, one, word, owner, parameter.name, value)


def _apply_to_role(build: Build, one: Setting, word: str, owner: str, name: str, value: Value) -> None:
    roles: dict[str, list[Any]] = {
        "learn": build.circuit.learns,
        "nudge": build.circuit.nudges,
        "input": build.circuit.inputs,
        "output": build.circuit.outputs,
    }
    listed = roles[word]
    names = [role.target if word == "learn" else role.bus for role in listed]
    position = next((k for k, role in enumerate(names) if role.lower() == owner.lower()), None)
    if position is None:
        expected = "one of: " + ", ".join(names) if names else f".{word} {owner}"
        raise one.error(f"there is no .{word} {owner}", expected, nearest(owner, names))
    if word == "learn":
        changed = replace(listed[position], **{{"min": "low", "max": "high"}.get(name, name): value})
        check_bounds(changed, one.at)
    else:
        changed = replace(listed[position], **{name: bool(value) if name == "pairs" else value})
        if word == "input":
            check_complement(changed, one.at)
        if word in ("input", "output"):
            check_converter(changed, one.at)
    listed[position] = changed


def _owner(build: Build, one: Setting) -> tuple[Instance | Model, tuple[int, ...] | None]:
    """Return what a setting is about, and which element of it."""
    owner = ".".join(one.parts[:-1])
    found = _ELEMENT.match(owner)
    if found:
        instance = build.instances.get(found[1].lower())
        if instance is not None:
            return instance, tuple(int(word) for word in found[2].split(","))
    instance, model = build.instances.get(owner.lower()), build.circuit.models.get(owner.lower())
    if instance is not None and model is not None:
        raise one.error(f"'{owner}' is a model and an element", "different names for the two")
    if instance is not None:
        return instance, None
    if model is not None:
        return model, None
    known = [*build.instances, *build.circuit.models, *_CARDS]
    bare = found[1] if found else owner
    near = nearest(bare, known)
    spelled = build.instances[near].name if near in build.instances else near
    raise one.error(
        f"there is no model, element or card '{bare}'", "MODEL.PARAMETER or ELEMENT.PARAMETER", spelled
    )


def _rank(build: Build, one: Setting) -> int:
    owner, index = _owner(build, one)
    return 0 if isinstance(owner, Model) else (1 if index is None else 2)


def _apply_to_part(build: Build, one: Setting) -> None:
    owner, index = _owner(build, one)
    name, scope = one.parts[-1], build.top.scope
    if isinstance(owner, Model):
        declared = {
            key: p
            for key, p in all_parameters(owner.family).items()
            if p in (*owner.family.model_parameters, *owner.family.wires)
        }
        parameter = one.find(declared, name, f"model {owner.name} ({owner.type})")
        _change_model(build, owner, parameter.name, one.checked(parameter, scope))
        return
    known = all_parameters(owner.family)
    if owner.waveform is not None and index is None and name.lower() not in known:
        if name.lower() not in ("dc", VALUE):
            raise one.error(f"{owner.name} has no parameter '{name}'", f"{owner.name}.dc")
        owner.waveform = replace(owner.waveform, dc=one.number(scope))
        return
    if name.lower() == VALUE and VALUE not in known and owner.family.parameters:
        name = owner.family.parameters[0].name
    parameter = one.find(known, name, f"{owner.name} ({owner.family.name})")
    value = one.checked(parameter, scope)
    if index is None:
        owner.values[parameter.name] = value
        _forget_elements(build, {owner.name}, parameter.name)
        return
    if len(index) != len(owner.shape):
        form = {0: "no index: it is one element", 1: "[i]", 2: "[row,column]"}[len(owner.shape)]
        raise one.error(f"{owner.name} takes {form}")
    for k, size in zip(index, owner.shape, strict=True):
        if k >= size:
            shape = " × ".join(str(size) for size in owner.shape)
            raise one.error(
                f"{owner.name} has {shape} elements", f"indices from 0 to {size - 1} in that place"
            )
    there = owner.crossings() if isinstance(owner, Instance) and len(owner.shape) == 2 else None
    if there is not None and not there[index]:
        raise one.error(f"{owner.name} has no device at [{','.join(map(str, index))}]")
    build.circuit.elements.setdefault((owner.name, index), {})[parameter.name] = value


def _change_model(build: Build, model: Model, name: str, value: Value, own: bool = True) -> None:
    """Change a value of a model, and of the models that have it from this one (ako:)."""
    changed = replace(model, values={**model.values, name: value})
    if own and model.base:
        changed = replace(changed, own=model.own | {name})
    build.circuit.models[model.name.lower()] = changed
    for kind in list(build.circuit.models.values()):
        if kind.base == model.name and name not in kind.own:
            _change_model(build, kind, name, value, own=False)
    users: set[str] = set()
    for instance in build.circuit.instances:
        if instance.model is model:
            instance.model = changed
            instance.values.pop(name, None)
            users.add(instance.name)
    _forget_elements(build, users, name)


def _forget_elements(build: Build, owners: set[str], name: str) -> None:
    """What is set for all of an array replaces what was set for some of it."""
    for (owner, _), values in build.circuit.elements.items():
        if owner in owners:
            values.pop(name, None)
    build.circuit.elements = {key: values for key, values in build.circuit.elements.items() if values}
