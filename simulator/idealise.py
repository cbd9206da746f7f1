"""Idealise: a chip without some of its imperfections, or with some of them alone.

Every imperfection is one or more parameters whose default is the ideal (devices/parameter.py). To do without
it is to drop what was given for them, on models, instances, elements, role cards and options, so that the
default stands. That is all: no solver, no form and no device knows that something was switched off.

    Switches().without("update")     all but `update`          --ideal update
    Switches().alone("update")       `update` and no other     --only update
    `all` and `none` stand for every imperfection and for no one
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from eqchip.devices.families import FAMILIES
from eqchip.devices.parameter import Parameter
from eqchip.devices.place import Place
from eqchip.errors import InputError, nearest
from eqchip.netlists.circuit import Circuit, Model, Tran
from eqchip.netlists.options import OPTIONS, settings_of
from eqchip.netlists.roles import DATA, INPUT, LEARN, NUDGE, OUTPUT, PROTOCOL, TRAIN

#: Cards whose values are kept as fields of a role, by the attribute of Circuit that holds them.
ROLES: Mapping[str, tuple[str, Mapping[str, Parameter]]] = {
    "inputs": (".input", INPUT),
    "outputs": (".output", OUTPUT),
    "nudges": (".nudge", NUDGE),
    "learns": (".learn", LEARN),
    "data": (".data", DATA),
    "protocol": (".protocol", PROTOCOL),
}
#: Cards whose values are kept by name.
TABLES: Mapping[str, tuple[str, Mapping[str, Parameter]]] = {
    "train": (".train", TRAIN),
    "options": (".options", OPTIONS),
}
ALL, NONE = "all", "none"
_ORDER = {place: number for number, place in enumerate(Place)}


@dataclass(frozen=True, slots=True)
class Imperfection:
    """An imperfection as it is declared, or as a chip gives it."""

    name: str
    places: tuple[str, ...]  # where in a chip it acts, in that order
    owners: tuple[str, ...]  # families and cards that have it; of a chip: models, instances, cards
    parameters: tuple[str, ...]
    text: str

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "name": self.name,
            "places": list(self.places),
            "owners": list(self.owners),
            "parameters": list(self.parameters),
            "text": self.text,
        }


@dataclass(frozen=True, slots=True)
class Switches:
    """Which imperfections are off: those that are `ideal`, and all but `only` where that is given."""

    ideal: frozenset[str] = frozenset()
    only: frozenset[str] | None = None

    def __bool__(self) -> bool:
        return bool(self.ideal) or self.only is not None

    def off(self, name: str) -> bool:
        """Whether an imperfection is switched off."""
        return name in self.ideal or (self.only is not None and name not in self.only)

    def without(self, *names: str) -> Switches:
        """Return switches with these off too; `all`: every one, `none`: what was off is on again."""
        words = _known(names)
        if NONE in words:
            return Switches()
        if ALL in words:
            return Switches(only=frozenset())
        return replace(self, ideal=self.ideal | words)

    def alone(self, *names: str) -> Switches:
        """Return switches with all but these off."""
        words = _known(names)
        if ALL in words:
            return Switches()
        return Switches(only=frozenset(words - {NONE}))

    def as_dict(self) -> dict[str, list[str]]:
        """Return it as a record keeps it; empty where nothing is off."""
        found = {"ideal": sorted(self.ideal)} if self.ideal else {}
        return found if self.only is None else {**found, "only": sorted(self.only)}


def switched(base: Switches, ideal: tuple[str, ...] = (), only: tuple[str, ...] = ()) -> Switches:
    """Return what `--ideal` and `--only` make of switches; nothing given leaves them as they are."""
    both = {name.lower() for name in ideal} & {name.lower() for name in only}
    if both:
        raise InputError(
            f"--ideal {min(both)} and --only {min(both)} contradict each other", expected="one of the two"
        )
    found = base.alone(*only) if only else base
    return found.without(*ideal) if ideal else found


def from_record(parameters: Mapping[str, Any]) -> Switches:
    """Return the switches of a run, out of what its record says of its parameters."""
    only = parameters.get("only")
    return Switches(frozenset(parameters.get("ideal", ())), None if only is None else frozenset(only))


def _known(names: tuple[str, ...]) -> set[str]:
    """Return names in lower case, or raise for one that no imperfection has."""
    words = {name.strip().lower() for name in names}
    known = declared() if words - {ALL, NONE} else {}
    for word in sorted(words - {ALL, NONE}):
        if word not in known:
            shown = ", ".join([*known, ALL, NONE])
            raise InputError(
                f"there is no imperfection '{word}'",
                expected=f"one of: {shown} (eqchip models --imperfections)",
                near=nearest(word, known),
            )
    return words


def declared() -> dict[str, Imperfection]:
    """Return every imperfection there is, by name, in the order in which they act."""
    return _gather([(one, owner, one.name) for owner, one in _declarations()])


def declarations_called(name: str) -> list[tuple[str, Parameter]]:
    """Return the owner and the declaration of what an imperfection, a parameter or a card is called."""
    word = name.lower()
    by_card = [pair for pair in _declarations() if pair[0] == f".{word.removeprefix('.')}"]
    return by_card or [
        (owner, one)
        for owner, one in _declarations()
        if word in (one.name, one.imperfection) or word in one.aliases
    ]


def _declarations() -> Iterator[tuple[str, Parameter]]:
    """Yield every declaration after what owns it: a type of models, a family or a card."""
    for family in FAMILIES:
        owner = family.model_types[0] if family.model_types else family.name
        yield from ((owner, one) for one in family.all_parameters().values())
    for card, table in (*ROLES.values(), *TABLES.values()):
        yield from ((card, one) for one in dict.fromkeys(table.values()))


def imperfections(circuit: Circuit) -> dict[str, Imperfection]:
    """Return the imperfections a circuit has, by name: those with a value that is not the ideal."""
    return _gather(
        [
            (parameter, owner, f"{owner}.{parameter.name}")
            for owner, parameter, value in _given(circuit)
            if _differs(value, parameter.default)
        ]
    )


def _gather(found: list[tuple[Parameter, str, str]]) -> dict[str, Imperfection]:
    groups: dict[str, list[tuple[Parameter, str, str]]] = {}
    for one in found:
        if one[0].imperfection:
            groups.setdefault(one[0].imperfection, []).append(one)
    first = {name: min(_ORDER[p.place] for p, _, _ in group) for name, group in groups.items()}
    return {name: _one(name, groups[name]) for name in sorted(groups, key=lambda name: (first[name], name))}


def _one(name: str, group: list[tuple[Parameter, str, str]]) -> Imperfection:
    places = sorted({parameter.place for parameter, _, _ in group}, key=lambda place: _ORDER[place])
    own = next((parameter for parameter, _, _ in group if parameter.name == name), group[0][0])
    return Imperfection(
        name,
        tuple(place.value for place in places),
        tuple(dict.fromkeys(owner for _, owner, _ in group)),
        tuple(dict.fromkeys(shown for _, _, shown in group)),
        own.text,
    )


def _given(circuit: Circuit) -> Iterator[tuple[str, Parameter, Any]]:
    """Yield (owner, declaration, value) of everything that is given and belongs to an imperfection."""
    for model in _models(circuit):
        yield from _of(model.name, model.family.all_parameters(), model.values)
    for one in circuit.instances:
        yield from _of(one.name, one.family.all_parameters(), one.values)
    declarations = {one.name: one.family.all_parameters() for one in circuit.instances}
    for (name, index), values in circuit.elements.items():
        yield from _of(f"{name}[{','.join(map(str, index))}]", declarations[name], values)
    for attribute, (card, table) in ROLES.items():
        for role in _roles(circuit, attribute):
            values = {one.name: getattr(role, one.name) for one in fields(role)}
            yield from _of(card, table, values)
    for attribute, (card, table) in TABLES.items():
        yield from _of(card, table, getattr(circuit, attribute))


def _of(
    owner: str, table: Mapping[str, Parameter], values: Mapping[str, Any]
) -> Iterator[tuple[str, Parameter, Any]]:
    for name, value in values.items():
        parameter = table.get(name)
        if parameter is not None and parameter.imperfection:
            yield owner, parameter, value


def _models(circuit: Circuit) -> list[Model]:
    """Return every model that is used, once: one inside a subcircuit is in no list."""
    found = {id(one.model): one.model for one in circuit.instances if one.model is not None}
    return list(found.values())


def _roles(circuit: Circuit, attribute: str) -> list[Any]:
    found = getattr(circuit, attribute)
    return found if isinstance(found, list) else [] if found is None else [found]


def _differs(value: Any, ideal: Any) -> bool:
    if value is None or ideal is None:
        return value is not None
    if isinstance(value, str) or isinstance(ideal, str):
        return str(value).lower() != str(ideal).lower()
    return bool(np.any(np.asarray(value) != ideal))


def idealised(circuit: Circuit, switches: Switches) -> Circuit:
    """Return the circuit without the imperfections that are off; it itself where none is."""
    if not switches:
        return circuit

    def kept(table: Mapping[str, Parameter], values: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: value
            for name, value in values.items()
            if name not in table or not _off(table[name], switches)
        }

    def without(model: Model) -> Model:
        return replace(model, values=kept(model.family.all_parameters(), model.values))

    models = {id(model): without(model) for model in (*circuit.models.values(), *_models(circuit))}
    declarations = {one.name: one.family.all_parameters() for one in circuit.instances}
    # The word noise on .tran is thermal noise at the circuit's temperature wherever thermal= is not given.
    loud = any(isinstance(one, Tran) and one.noise for one in circuit.analyses)
    quiet = {"thermal": 0.0} if loud and switches.off("thermal") else {}
    instances = [
        replace(
            one,
            values=kept(declarations[one.name], one.values) | (quiet if one.family.noise is not None else {}),
            model=None if one.model is None else models[id(one.model)],
        )
        for one in circuit.instances
    ]
    elements = {key: kept(declarations[key[0]], values) for key, values in circuit.elements.items()}
    changed: dict[str, Any] = {
        attribute: kept(table, getattr(circuit, attribute)) for attribute, (_, table) in TABLES.items()
    }
    for attribute, (_, table) in ROLES.items():
        found = getattr(circuit, attribute)
        roles = [_ideal_role(role, table, switches) for role in _roles(circuit, attribute)]
        changed[attribute] = roles if isinstance(found, list) else next(iter(roles), None)
    return replace(
        circuit,
        instances=instances,
        models={name: models[id(model)] for name, model in circuit.models.items()},
        elements={key: values for key, values in elements.items() if values},
        settings=settings_of(changed["options"]),
        **changed,
    )


def _ideal_role(role: Any, table: Mapping[str, Parameter], switches: Switches) -> Any:
    names = {one.name for one in fields(role)}
    ideal = {
        name: parameter.default
        for name, parameter in table.items()
        if name in names and _off(parameter, switches)
    }
    return replace(role, **ideal) if ideal else role


def _off(parameter: Parameter, switches: Switches) -> bool:
    return bool(parameter.imperfection) and switches.off(parameter.imperfection)
