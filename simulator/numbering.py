"""Numbering: which unknowns and drives the elements of a circuit get, and what they are called."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eqchip.errors import InputError, nearest
from eqchip.simulator.spread import Group

IntArray = NDArray[np.int64]


class Numbering:
    """Hands out unknowns and drives to the elements of groups, and remembers their names."""

    def __init__(self) -> None:
        self.internal_names: list[str] = []
        self.branch_names: list[str] = []
        self.drive_count = 1  # time
        self.branches: dict[str, IntArray] = {}  # by lower-case instance name, counted from 0

    def internal(self, group: Group) -> list[tuple[IntArray, NDArray[np.bool_]]]:
        """Return, for each internal node of the family, its number where there is one."""
        result = []
        names = element_names(group) if group.family.internal else []
        for node in group.family.internal:
            there = group.given.values[node.when] > 0.0 if node.when else np.ones(group.count, dtype=np.bool_)
            numbers = np.full(group.count, -1, dtype=np.int64)
            numbers[there] = len(self.internal_names) + np.arange(np.count_nonzero(there))
            self.internal_names += [f"v({names[e]}#{node.name})" for e in np.flatnonzero(there)]
            result.append((numbers, there))
        return result

    def branch(self, group: Group) -> IntArray:
        """Return the branch currents of a group's elements (elements, branches)."""
        width = group.family.branches
        first = len(self.branch_names)
        numbers = first + np.arange(group.count * width, dtype=np.int64).reshape(group.count, width)
        if width:
            self.branch_names += [
                f"i({name})" if k == 0 else f"i({name}#{k})"
                for name in element_names(group, spice=True)
                for k in range(width)
            ]
            at = 0
            for member, count in zip(group.members, group.counts, strict=True):
                self.branches[member.name.lower()] = numbers[at : at + count, 0]
                at += count
        return numbers

    def drives(self, group: Group) -> IntArray:
        """Return the drive slots of a group's elements (elements, driven quantities)."""
        width = len(group.family.drives)
        first = self.drive_count
        self.drive_count += group.count * width
        return first + np.arange(group.count * width, dtype=np.int64).reshape(group.count, width)


def spice_name(name: str) -> str:
    """Return an element's name as ngspice writes it in i(...): x1.Vs is v.x1.vs."""
    name = name.lower()
    last = name.rpartition(".")[2]
    return f"{last[0]}.{name}" if "." in name else name


def element_names(group: Group, spice: bool = False) -> list[str]:
    """Return one name per element; those of arrays carry their index."""
    names: list[str] = []
    for member, where in zip(group.members, group.layouts, strict=True):
        name = spice_name(member.name) if spice else member.name.lower()
        if where is None:
            names.append(name)
        else:
            names += [f"{name}[{','.join(map(str, index))}]" for index in zip(*where.index, strict=True)]
    return names


def controls_of(group: Group, numbering: Numbering, unknown: IntArray, branch_base: int) -> IntArray:
    """Return the unknowns that control each element (elements, controls)."""
    rows = []
    for member, count in zip(group.members, group.counts, strict=True):
        columns = []
        for control in member.program.controls if member.program else member.controls:
            if isinstance(control, str):
                found = numbering.branches.get(control.lower())
                if found is None:
                    raise InputError(
                        f"{member.name} reads the current of '{control}', which is no voltage source",
                        member.at,
                        expected="an element with a branch current (V, E, H, L)",
                        near=nearest(control, numbering.branches),
                    )
                if len(found) not in (1, count):
                    raise InputError(
                        f"{member.name} has {count} elements, '{control}' has {len(found)}", member.at
                    )
                columns.append(np.broadcast_to(branch_base + found, (count,)))
            else:
                columns.append(np.broadcast_to(unknown[np.asarray(control, dtype=np.int64)], (count,)))
        if columns:
            rows.append(np.column_stack(columns))
    return np.concatenate(rows) if rows else np.zeros((group.count, 0), dtype=np.int64)
