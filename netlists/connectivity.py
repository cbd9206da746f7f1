"""Faults of wiring: nodes that float or hang, loops of voltage sources, elements on one node.

What conducts at DC is told from what a family declares: a part with a branch current of its own fixes a
voltage, a source or controlled current conducts nothing, nor does a linear part whose state is a charge.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from eqchip.devices.family import Family
from eqchip.errors import Location
from eqchip.netlists.circuit import GROUND, Circuit, Instance, IntArray

#: More of one kind are summed up.
_MOST_NAMED = 5

Fault = tuple[str, Location | None, str]


def conducts(family: Family) -> bool:
    """Say whether a direct current can flow through a part from one end to the other."""
    if family.branches:
        return True
    return not (family.drives or family.control_kind or family.reads_nodes or (family.ic and family.linear))


class Groups:
    """Nodes in groups that grow together (union-find)."""

    def __init__(self, count: int) -> None:
        self.parent = list(range(count))

    def root(self, node: int) -> int:
        """Return the one node that stands for the group."""
        parent = self.parent
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    def join(self, a: int, b: int) -> bool:
        """Put two groups together; False when they were one already."""
        a, b = self.root(a), self.root(b)
        self.parent[a] = b
        return a != b


def _row(nodes: int | IntArray, count: int) -> list[int]:
    return [nodes] * count if isinstance(nodes, int) else [int(node) for node in nodes]


def pairs(instance: Instance) -> Iterator[tuple[int, int]]:
    """Yield the two ends of every element; of an array only as many as connect all it connects."""
    if len(instance.nodes) == 1:
        for node in _row(instance.nodes[0], instance.count):
            yield node, GROUND
    elif len(instance.shape) == 2:
        rows, columns = (_row(nodes, 1) for nodes in instance.nodes)
        yield from ((row, columns[0]) for row in rows)
        yield from ((rows[0], column) for column in columns)
    elif instance.count == 1 and all(isinstance(node, int) for node in instance.nodes[:2]):
        yield instance.nodes[0], instance.nodes[1]  # type: ignore[misc]
    else:
        a, b = (_row(nodes, instance.count) for nodes in instance.nodes[:2])
        yield from zip(a, b, strict=True)


def _named(circuit: Circuit, nodes: list[int]) -> str:
    names = [circuit.nodes[node] for node in nodes]
    rest = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def first_places(circuit: Circuit) -> dict[int, Instance]:
    """Return the first element at each node."""
    first: dict[int, Instance] = {}
    for instance in circuit.instances:
        for nodes in instance.nodes:
            for node in (nodes,) if isinstance(nodes, int) else nodes.tolist():
                first.setdefault(node, instance)
    return first


def floating(circuit: Circuit, first: dict[int, Instance]) -> Iterator[Fault]:
    """Find nodes without a way for direct current to ground, one fault a group."""
    groups = Groups(len(circuit.nodes))
    for instance in circuit.instances:
        if conducts(instance.family):
            for a, b in pairs(instance):
                groups.join(a, b)
    ground = groups.root(GROUND)
    lost: dict[int, list[int]] = {}
    for node in range(1, len(circuit.nodes)):
        if groups.root(node) != ground and node in first:
            lost.setdefault(groups.root(node), []).append(node)
    by_card: dict[int, tuple[Instance, list[int]]] = {}
    for nodes in lost.values():  # the nodes of a bus that floats were written once
        instance = first[nodes[0]]
        by_card.setdefault(id(instance), (instance, []))[1].extend(nodes)
    for instance, nodes in by_card.values():
        verb = "has" if len(nodes) == 1 else "have"
        yield "warning", instance.at, f"{_named(circuit, nodes)} {verb} no path for direct current to ground"


def hanging(circuit: Circuit, first: dict[int, Instance]) -> Iterator[Fault]:
    """Find nodes with a single connection, one fault a card."""
    ends = np.zeros(len(circuit.nodes), dtype=np.int64)
    for instance in circuit.instances:
        for k, nodes in enumerate((*instance.nodes, *instance.controls)):
            if not isinstance(nodes, str):
                many = instance.shape[1 - k] if len(instance.shape) == 2 and k < 2 else 1
                np.add.at(ends, np.atleast_1d(np.asarray(nodes)), many)
    for nodes in (*(one.nodes for one in circuit.inputs), *(one.nodes for one in circuit.outputs)):
        ends[nodes] += 1
    found: dict[int, tuple[Instance, list[int]]] = {}
    for node in np.flatnonzero(ends == 1).tolist():
        if node != GROUND and node in first:
            found.setdefault(id(first[node]), (first[node], []))[1].append(node)
    for instance, alone in found.values():
        verb = "has" if len(alone) == 1 else "have"
        yield "warning", instance.at, f"{_named(circuit, alone)} {verb} one connection only"


def shorted(circuit: Circuit) -> Iterator[Fault]:
    """Find elements with both ends on one node."""
    for instance in circuit.instances:
        if len(instance.nodes) < 2 or len(instance.shape) == 2:
            continue
        if any(a == b for a, b in pairs(instance)):
            yield "warning", instance.at, f"{instance.name} has both ends on one node"


def loops(circuit: Circuit) -> Iterator[Fault]:
    """Find loops of parts that each fix a voltage: their currents are not determined."""
    groups = Groups(len(circuit.nodes))
    for instance in circuit.instances:
        if not instance.family.branches:
            continue
        # Between its ends an inductor is a wire at DC only; in time it may be in a loop.
        fixed = instance.family.waveform or bool(instance.family.control_kind)
        for a, b in pairs(instance):
            if not groups.join(a, b):
                what = "voltage sources" if fixed else "voltage sources and inductors"
                severity = "error" if fixed else "warning"
                yield severity, instance.at, f"{instance.name} closes a loop of {what}"
                break
