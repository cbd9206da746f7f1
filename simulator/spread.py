"""Spread: instances of a circuit as groups of alike elements, every bus and array laid out.

A group holds all elements of one family and one model that are given the same parameters, so that a netlist
of 80,000 resistors is prepared in one go, like an array of 80,000.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.devices.family import Family, Given
from eqchip.errors import InputError, nearest
from eqchip.netlists.circuit import Circuit, Instance

IntArray = NDArray[np.int64]


@dataclass(slots=True)
class Layout:
    """Where the elements of one array instance stand: the index of each in the instance's shape."""

    shape: tuple[int, ...]
    index: tuple[IntArray, ...]  # one array per axis; empty for a single element

    def pick(self, value: Any) -> Any:
        """Return one number per element of a parameter given as a scalar or in the instance's shape."""
        array = np.asarray(value, dtype=np.float64)
        return array if array.ndim == 0 else np.broadcast_to(array, self.shape)[self.index]


@dataclass(slots=True)
class Group:
    """Elements of one family, model and set of parameters, in the order of their instances."""

    family: Family
    members: list[Instance] = field(default_factory=list)
    layouts: list[Layout | None] = field(default_factory=list)  # None: a single element
    counts: list[int] = field(default_factory=list)
    terminals: IntArray = field(default_factory=lambda: np.zeros((0, 0), dtype=np.int64))  # circuit nodes
    given: Given = field(default_factory=lambda: Given(0, {}))

    @property
    def count(self) -> int:
        """How many elements there are."""
        return sum(self.counts)


def layout(instance: Instance) -> Layout | None:
    """Return where the elements of an instance stand."""
    return Layout(instance.shape, instance.places()) if instance.shape else None


def _terminals(instance: Instance, where: Layout | None, count: int) -> IntArray:
    """Return the circuit node of each terminal (rows: elements)."""
    if where is None:
        return np.array([instance.nodes], dtype=np.int64)
    if len(instance.shape) == 2:
        return np.column_stack([nodes[where.index] for nodes in instance.crossing_nodes()])
    columns = []
    for nodes in instance.nodes:
        array = np.asarray(nodes, dtype=np.int64)
        if array.ndim == 0:
            columns.append(np.full(count, array))
        else:
            columns.append(array[where.index[0]])
    return np.column_stack(columns) if columns else np.zeros((count, 0), dtype=np.int64)


def _overrides(circuit: Circuit) -> dict[str, list[tuple[tuple[int, ...], dict[str, float | str]]]]:
    """Return what .set says of single elements, by lower-case instance name."""
    found: dict[str, list[tuple[tuple[int, ...], dict[str, float | str]]]] = {}
    for (name, index), values in circuit.elements.items():
        found.setdefault(name.lower(), []).append((index, values))
    return found


def _with_elements(
    instance: Instance, values: dict[str, Any], changes: list[tuple[tuple[int, ...], dict[str, float | str]]]
) -> dict[str, Any]:
    """Return the values of an array with single elements replaced."""
    known = instance.family.all_parameters()
    values = dict(values)
    for index, given in changes:
        for name, value in given.items():
            parameter = known.get(name)
            if parameter is None or parameter.enumerated or isinstance(value, str):
                raise InputError(
                    f"{instance.name}[{','.join(map(str, index))}].{name} is not supported yet",
                    instance.at,
                    expected="a numeric parameter of " + instance.family.name,
                    near=nearest(name, known),
                )
            base = values.get(name, np.nan if parameter.default is None else parameter.default)
            array = np.array(np.broadcast_to(np.asarray(base, dtype=np.float64), instance.shape))
            array[index] = value
            if instance.paired:
                array[index[::-1]] = value
            values[name] = array
    return values


def in_shape(circuit: Circuit, instance: Instance) -> dict[str, Any]:
    """Return the parameters that one array is given: words, numbers, arrays in its shape."""
    changes = _overrides(circuit).get(instance.name.lower(), [])
    return _with_elements(instance, instance.given(), changes)


def spread(circuit: Circuit, instances: Iterable[Instance]) -> list[Group]:
    """Return the groups of these instances, in the order in which each first appears."""
    groups: dict[tuple[Any, ...], Group] = {}
    gathered: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    overrides = _overrides(circuit)
    enumerated: dict[str, bool] = {}
    for instance in instances:
        family = instance.family
        model = instance.model
        values = instance.given() if model else instance.values
        if overrides and (changes := overrides.get(instance.name.lower())):
            values = _with_elements(instance, values, changes)
        program = instance.program
        controls = len(program.controls) if program else len(instance.controls)
        worded = enumerated.get(family.name)
        if worded is None:
            worded = any(one.enumerated for one in family.own_parameters().values())
            enumerated[family.name] = worded
        words = tuple(each for each in values.items() if isinstance(each[1], str)) if worded else ()
        key = (family.name, id(model), controls, tuple(values), words)
        group = groups.get(key)
        if group is None:
            group = groups[key] = Group(family)
            gathered[key] = []
        where = layout(instance)
        group.members.append(instance)
        group.layouts.append(where)
        group.counts.append(1 if where is None else len(where.index[0]))
        gathered[key].append(values)
    for key, group in groups.items():
        _fill(circuit, group, gathered[key])
    return list(groups.values())


def _fill(circuit: Circuit, group: Group, gathered: list[dict[str, Any]]) -> None:
    """Resolve the parameters and terminals of a group."""
    family = group.family
    single = all(where is None for where in group.layouts)
    values: dict[str, Any] = {}
    for name, first in gathered[0].items():
        if isinstance(first, str):
            values[name] = first
        elif single:
            values[name] = np.array([given[name] for given in gathered], dtype=np.float64)
        else:
            parts = [
                given[name] if where is None else where.pick(given[name])
                for given, where in zip(gathered, group.layouts, strict=True)
            ]
            values[name] = np.concatenate(
                [np.broadcast_to(part, (count,)) for part, count in zip(parts, group.counts, strict=True)]
            )
    if single:
        group.terminals = np.array([one.nodes for one in group.members], dtype=np.int64).reshape(
            len(group.members), len(family.terminals)
        )
    else:
        group.terminals = np.concatenate(
            [_terminals(*each) for each in zip(group.members, group.layouts, group.counts, strict=True)]
        )
    looped = None
    if len(family.terminals) == 2:
        looped = group.terminals[:, 0] == group.terminals[:, 1]
    programs = tuple(
        np.array(member.program.code, dtype=np.float64)
        for member, count in zip(group.members, group.counts, strict=True)
        if member.program is not None
        for _ in range(count)
    )
    group.given = family.resolve(group.count, values, circuit.settings, programs, looped)
