"""System: the sparse form of a circuit, compiled once, evaluated and solved many times.

    unknowns     x = node voltages (ground left out), voltages of internal nodes, branch currents
    drives       d = time, then every source value, every β and target of a nudge

`network` is what kernels read; this class knows the names. Element values may be written in place
(`elements(name).values`); `refresh()` then brings the constant matrices up to date.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eqchip.devices import dispatch
from eqchip.devices.graph import Graph
from eqchip.devices.node_law import COLUMNS
from eqchip.errors import InputError, nearest
from eqchip.kernels import kernel
from eqchip.netlists.circuit import Circuit, Instance, Waveform
from eqchip.simulator.linear.pattern import Pattern
from eqchip.simulator.linear.scheme import Scheme, devise
from eqchip.simulator.network import Evaluation, Network, room
from eqchip.simulator.spread import Layout

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Elements:
    """The elements of one instance: a range of a graph."""

    instance: Instance
    graph: Graph
    start: int
    stop: int
    layout: Layout | None
    drives: IntArray  # (elements, driven quantities): slots of d
    branches: IntArray  # (elements,) unknown of the first branch current; empty where it has none

    @property
    def values(self) -> FloatArray:
        """Return the rows of values, to be read or written in place."""
        first, last = self.graph.value_start[self.start], self.graph.value_start[self.stop]
        count = self.stop - self.start
        return self.graph.values[first:last].reshape(count, (last - first) // max(count, 1))

    @property
    def states(self) -> IntArray:
        """Return the unknown of what each element remembers; empty where the family remembers nothing."""
        family, graph = self.instance.family, self.graph
        if family.state is None or self.start == self.stop:
            return np.zeros(0, dtype=np.int64)
        pin = len(family.terminals) + [one.name for one in family.internal].index(family.state.node)
        return graph.pins[graph.pin_start[self.start : self.stop] + pin]

    @property
    def theta(self) -> FloatArray:
        """Return what is learned, one number per element, to be read or written in place."""
        learning = self.instance.family.learning
        if learning is None:
            raise InputError(f"nothing can be learned by '{self.instance.name}'", self.instance.at)
        values = self.values  # of an array with no pair at all, (0, 0)
        return values[:, self.first_column + learning.column] if len(values) else np.zeros(0)

    def numbers(self, value: object) -> FloatArray:
        """Return a parameter given as a scalar or in the instance's shape as one number per element."""
        picked = np.asarray(value if self.layout is None else self.layout.pick(value), dtype=np.float64)
        return np.broadcast_to(picked, (self.stop - self.start,)).copy()

    @property
    def first_column(self) -> int:
        """Return where `prepare`'s columns begin in a row of values."""
        family = self.instance.family
        laws = COLUMNS * len(family.terminals) if family.reads_nodes else 0
        return len(family.drives) + laws


@dataclass(slots=True)
class System:
    """A circuit ready to be solved."""

    circuit: Circuit
    network: Network
    constant: Graph  # elements whose Jacobian is constant and that nothing drives
    pattern: Pattern
    entries: tuple[IntArray, IntArray]  # slots of the constant and of the driven elements' entries
    names: tuple[str, ...]  # of the unknowns: v(out), v(d1#anode'), i(v1)
    unknown_of_node: IntArray  # unknown of each circuit node; ground: the last
    ranges: Mapping[str, Elements]  # by lower-case instance name
    sources: tuple[tuple[Waveform, int], ...]  # waveforms, and the drive each of them sets
    rest: FloatArray  # the drives of an operating point: DC values, nothing nudged
    memory: int  # numbers of a sample's junction memory
    affine: bool  # whether no element varies: one factorisation serves every input
    revision: int = 0  # counts how often values were loaded
    solver: object = None  # what the equilibrium package keeps from one solve to the next

    @property
    def size(self) -> int:
        """How many unknowns there are."""
        return self.network.size

    def room(self) -> Evaluation:
        """Return room for evaluations."""
        return room(self.network)

    def fresh_memory(self, samples: int | None = None) -> FloatArray:
        """Return the memory of elements before the first iteration."""
        return np.full(self.memory if samples is None else (samples, self.memory), np.nan)

    def elements(self, name: str) -> Elements:
        """Return the elements of an instance."""
        try:
            return self.ranges[name.lower()]
        except KeyError:
            raise InputError(f"no element '{name}'", near=nearest(name, self.ranges)) from None

    def slots(self, name: str, quantity: str = "value") -> IntArray:
        """Return the drive slots of an instance's quantity, one per element."""
        found = self.elements(name)
        drives = found.instance.family.drives
        if quantity not in drives:
            raise InputError(
                f"'{name}' has nothing to drive called '{quantity}'",
                found.instance.at,
                expected="one of " + ", ".join(drives) if drives else "a source",
            )
        return found.drives[:, drives.index(quantity)]

    def drives(self, samples: int | None = None) -> FloatArray:
        """Return the drives at rest, one row per sample."""
        return self.rest.copy() if samples is None else np.tile(self.rest, (samples, 1))

    def remembered(self) -> tuple[IntArray, FloatArray]:
        """Return the unknowns that are states of devices, and where each stands at rest."""
        unknowns, values = [np.zeros(0, dtype=np.int64)], [np.zeros(0)]
        for found in self.ranges.values():
            state = found.instance.family.state
            if state is not None and found.stop > found.start:
                unknowns.append(found.states)
                values.append(found.values[:, found.first_column + state.column])
        return np.concatenate(unknowns), np.concatenate(values)

    def bus(self, name: str) -> IntArray:
        """Return the unknowns of a bus."""
        return self.unknown_of_node[self.circuit.buses[name]]

    def refresh(self) -> None:
        """Load the constant elements again after their values were written."""
        self.revision += 1
        network = self.network
        size = self.size + 1
        zero, scratch = np.zeros(size), np.zeros(size)
        nothing = np.zeros(0)
        network.g0[:] = 0.0
        network.c0[:] = 0.0
        for graph, entries in zip((self.constant, network.driven), self.entries, strict=True):
            placed = graph._replace(entries=entries)
            dispatch.load(placed, zero, self.rest, nothing, scratch, scratch, network.g0, network.c0)
        columns = self.pattern.columns()
        found = np.flatnonzero(network.c0[:-1])
        if len(found) != len(network.charge_index) or np.any(
            network.charge_index != self.pattern.rows[found]
        ):
            start = np.zeros(self.size + 1, dtype=np.int64)
            np.cumsum(np.bincount(columns[found], minlength=self.size), out=start[1:])
            self.network = network._replace(
                charge_start=start, charge_index=self.pattern.rows[found], charge_data=network.c0[found]
            )
        else:
            network.charge_data[:] = network.c0[found]

    def scheme(self, alpha: float, changing: FloatArray, shunt: FloatArray) -> Scheme:
        """Choose a pivot order for G + α·C, with the changing entries near these numbers."""
        network = self.network
        data = network.g0 + alpha * network.c0
        if np.size(shunt):
            data[diagonal(self.pattern)] += shunt
        return devise(self.pattern, data, network.changing_rows, network.changing_columns, changing)

    def jacobian(self, x: FloatArray, drives: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return G and C at x, dense, for chips small enough to look at."""
        network, at = self.network, self.room()
        memory = np.full(self.memory, np.inf)
        dispatch.load(network.varying, padded(x), drives, memory, at.f, at.q, at.jg, at.jc)
        result = []
        for constant, changing in ((network.g0, at.jg), (network.c0, at.jc)):
            matrix = np.zeros((self.size, self.size))
            matrix[self.pattern.rows, self.pattern.columns()] = constant[:-1]
            np.add.at(matrix, (network.changing_rows, network.changing_columns), changing[:-1])
            result.append(matrix)
        return result[0], result[1]

    def signals(self, name: str, states: FloatArray) -> FloatArray:
        """Return ∂E/∂θ of an instance's elements at each state (B, size or more): (B, elements)."""
        found = self.elements(name)
        out = np.zeros((len(states), len(found.graph.rows)))
        _signals(self.felt(name), padded(states), out)
        return out[:, found.start : found.stop]

    def felt(self, name: str, graph: Graph | None = None) -> Graph:
        """Return a graph whose pins are where the elements of an instance read what they learn from.

        Those are their own, but between wires with signal=port. `graph`: with what was changed of it already.
        """
        found = self.elements(name)
        graph = found.graph if graph is None else graph
        ports, layout = found.instance.ports, found.layout
        if not found.instance.port_signal or ports is None or layout is None:
            return graph
        pins = graph.pins.copy()
        for pin, (port, axis) in enumerate(zip(ports, layout.index, strict=True)):
            pins[graph.pin_start[found.start : found.stop] + pin] = self.unknown_of_node[port[axis]]
        return graph._replace(pins=pins)

    def energies(self, states: FloatArray) -> FloatArray:
        """Return the co-content at each state in W; NaN where an element has none."""
        total = np.zeros(len(states))
        for graph in (self.constant, self.network.driven, self.network.varying):
            out = np.zeros((len(states), len(graph.rows)))
            _energies(graph, padded(states), out)
            total += out.sum(axis=1)
        return total

    def slopes(self, name: str, states: FloatArray, weights: FloatArray, felt: bool = False) -> FloatArray:
        """Return Σ y·∂i/∂θ of an instance's elements at each state, for adjoints y: (B, elements).

        `felt`: with the voltages its learning signal is read from, not those that are there.
        """
        found = self.elements(name)
        out = np.zeros((len(states), len(found.graph.rows)))
        graph = self.felt(name) if felt else found.graph
        _slopes(graph, padded(states), padded(weights), out)
        return out[:, found.start : found.stop]


def padded(x: FloatArray) -> FloatArray:
    """Return x with ground's zero at its end."""
    x = np.ascontiguousarray(x, dtype=np.float64)
    return np.concatenate([x, np.zeros((*x.shape[:-1], 1))], axis=-1)


def diagonal(pattern: Pattern) -> IntArray:
    """Return the slots of the diagonal (all of it is in the pattern of a system)."""
    return np.flatnonzero(pattern.rows == pattern.columns())


@kernel
def _signals(graph: Graph, states: FloatArray, out: FloatArray) -> None:
    for b in range(len(states)):
        dispatch.signals(graph, states[b], out[b])


@kernel
def _energies(graph: Graph, states: FloatArray, out: FloatArray) -> None:
    for b in range(len(states)):
        dispatch.energies(graph, states[b], out[b])


@kernel
def _slopes(graph: Graph, states: FloatArray, weights: FloatArray, out: FloatArray) -> None:
    for b in range(len(states)):
        dispatch.slopes(graph, states[b], weights[b], out[b])
