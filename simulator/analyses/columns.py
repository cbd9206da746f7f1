"""Columns: what an analysis records, and where it stands among the unknowns.

Nodes as v(node), a bus as one column v(bus), currents of elements with a branch as i(v1), an array of them as
one column, what memristors remember as x(p1). Names are ngspice's, in lower case: the current of Vs inside x1
is i(v.x1.vs). `.save` selects.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eqchip.errors import InputError, nearest
from eqchip.netlists.collector import collector_paused
from eqchip.simulator.numbering import spice_name
from eqchip.simulator.rows import Column
from eqchip.simulator.system import Elements, System

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_CROSSING = re.compile(r"(.+)\[(\d{1,6})\]\[(\d{1,6})\]")


@dataclass(frozen=True, slots=True)
class Recording:
    """The columns of an analysis, and the unknowns behind them."""

    columns: tuple[Column, ...]
    unknowns: tuple[IntArray, ...]

    @property
    def kept(self) -> IntArray:
        """Return all unknowns that are recorded, column after column."""
        return np.concatenate([*self.unknowns, np.zeros(0, dtype=np.int64)])

    def values(self, rows: FloatArray) -> dict[str, FloatArray]:
        """Return the columns of a block of rows of the kept unknowns."""
        result = {}
        at = 0
        for column, unknowns in zip(self.columns, self.unknowns, strict=True):
            width = len(unknowns)
            part = rows[:, at : at + width]
            result[column.name] = part if column.width else part[:, 0]
            at += width
        return result


def available(system: System) -> dict[str, tuple[Column, IntArray]]:
    """Return every column a system can record, by name."""
    circuit = system.circuit
    found: dict[str, tuple[Column, IntArray]] = {}
    on_bus = {int(node) for nodes in circuit.buses.values() for node in nodes}
    for index, name in enumerate(circuit.nodes[1:], 1):
        if index not in on_bus:
            column = Column(f"v({name.lower()})", "V")
            found[column.name] = column, system.unknown_of_node[index : index + 1]
    for bus, nodes in circuit.buses.items():
        labels = tuple(circuit.nodes[node].lower() for node in nodes)
        column = Column(f"v({bus.lower()})", "V", len(nodes), labels)
        found[column.name] = column, system.unknown_of_node[nodes]
    for elements in system.ranges.values():
        if len(elements.branches):
            name = f"i({spice_name(elements.instance.name)})"
            width, labels = 0, ()
            if elements.layout is not None:
                width = len(elements.branches)
                labels = tuple(",".join(map(str, at)) for at in zip(*elements.layout.index, strict=True))
            found[name] = Column(name, "A", width, labels), elements.branches
        if elements.instance.family.state is not None:
            found[f"x({elements.instance.name.lower()})"] = _states(elements)
    return found


def _states(elements: Elements) -> tuple[Column, IntArray]:
    """Return the column of what the elements of an instance remember, from 0 to 1."""
    name, where = f"x({elements.instance.name.lower()})", elements.layout
    if where is None:
        return Column(name, ""), elements.states
    labels = tuple(",".join(map(str, at)) for at in zip(*where.index, strict=True))
    return Column(name, "", len(elements.states), labels), elements.states


def recording(system: System) -> Recording:
    """Return what is to be recorded: all there is, or what `.save` names."""
    with collector_paused():
        known = available(system)
    saves = [name for name in system.circuit.saves if not name.startswith("w(")]
    if not system.circuit.saves:
        inner = {f"v({bus.lower()})" for bus in system.circuit.inner}
        chosen = [found for name, found in known.items() if name not in inner]
    else:
        chosen = [_find(system, known, name) for name in dict.fromkeys(name.lower() for name in saves)]
    return Recording(tuple(column for column, _ in chosen), tuple(unknowns for _, unknowns in chosen))


def _crossing(system: System, inside: str) -> int | None:
    """Return the node of a crossing of wires, array.row[3][5]; several crossings may share one."""
    found = _CROSSING.fullmatch(inside)
    for bus in system.circuit.inner if found else ():
        instance = system.circuit.instance(bus.rpartition(".")[0])
        if found is not None and bus.lower() == found[1] and instance is not None:
            place = int(found[2]), int(found[3])
            if place[0] < instance.shape[0] and place[1] < instance.shape[1]:
                return int(system.circuit.buses[bus].reshape(instance.shape)[place])
    return None


def _find(system: System, known: dict[str, tuple[Column, IntArray]], name: str) -> tuple[Column, IntArray]:
    """Return the column a .save card means: one of the known, a node of a bus, or a current by its path."""
    if name in known:
        return known[name]
    kind, inside = name[:1], name[2:-1]
    if kind == "v":
        node = _crossing(system, inside)
        if node is None:
            node = system.circuit.node_index().get(inside)
        if node == 0:
            raise InputError(f"'{name}' is ground: always 0 V", expected="v(node) of another node")
        if node is not None:
            return Column(name, "V"), system.unknown_of_node[node : node + 1]
    elif kind == "i":
        column = known.get(f"i({spice_name(inside)})")
        if column is not None:
            return column
    raise InputError(
        f"nothing called '{name}' can be saved",
        expected="v(node), i(source) or x(memristor)",
        near=nearest(name, known),
    )
