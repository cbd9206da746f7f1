"""Dissipation: what the devices of a sparse circuit do with power, kind by kind, at a state.

Of the devices of one family, with i the currents that leave the nodes into them and v the voltages there,

    absorbed  P = Σ_nodes v·i − Σ_branches i_b·e_b      W, the conduction part; e_b: the branch's own equation
    charge    Σ_nodes v̄·Δq − Σ_branches ī_b·ΔΦ_b        J between two states, v̄ their mean (power.taken_up)
    drawn     supply(u, p)                              W, from a supply that is no part of the circuit

An inductor's P is then 0 and its energy among the charges. By Tellegen's theorem all of it sums to zero: what
ideal sources deliver (−P of families that `deliver`) and what is drawn is burnt (P + drawn of the others) or
stored. Counted so, no family needs a second description of its law.

Rows that `held` marks belong to inputs that data hold. A family with a supply drives nothing there: no chip
is built with output stages that push against its inputs. What else flows there, the input delivers. Rows of
states (of a memristor) are no circuit and carry no power.

Source: Tellegen's theorem; Desoer & Kuh, Basic Circuit Theory. Limits: a controlled source
is ideal, its net energy is delivered (negative where it absorbs); what a memristor stores is not told from
what it burns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eqchip.devices import dispatch
from eqchip.devices.families import FAMILIES
from eqchip.devices.family import Family
from eqchip.devices.graph import Graph
from eqchip.kernels import kernel
from eqchip.simulator.cost.power import RAILS, Power
from eqchip.simulator.system import Elements, System, padded

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Kind:
    """The elements of one family: a part of a graph."""

    family: Family
    graph: Graph


def kinds_of(system: System) -> list[Kind]:
    """Return every family a system has elements of; twice where some of its elements are constant."""
    found = []
    for graph in (system.constant, system.network.driven, system.network.varying):
        for index in np.flatnonzero(np.diff(graph.family)):
            first, last = graph.family[index], graph.family[index + 1]
            found.append(Kind(FAMILIES[index], _part(graph, int(index), int(first), int(last))))
    return found


def part_of(elements: Elements) -> Graph:
    """Return the elements of one instance as a graph of their own."""
    index = next(k for k, one in enumerate(FAMILIES) if one is elements.instance.family)
    return _part(elements.graph, index, elements.start, elements.stop)


def _part(graph: Graph, index: int, first: int, last: int) -> Graph:
    """Return some elements of one family, whose derivatives all go to one place that nobody reads."""
    ends = np.where(np.arange(len(graph.family)) <= index, first, last)
    return graph._replace(family=ends, entries=np.zeros_like(graph.entries))


def electrical(system: System) -> BoolArray:
    """Return which rows carry power: all but ground, which has no voltage, and states."""
    rows = np.ones(system.size + 1, dtype=np.bool_)
    rows[-1] = False
    for one in system.ranges.values():
        state = one.instance.family.state
        if state is not None:
            family = one.instance.family
            pin = len(family.terminals) + [node.name for node in family.internal].index(state.node)
            rows[one.graph.pins[one.graph.pin_start[one.start : one.stop] + pin]] = False
    return rows


def flows(system: System, graph: Graph, x: FloatArray, drives: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return currents and charges of some elements by row, at padded states (B, size + 1)."""
    f, q = np.zeros(x.shape), np.zeros(x.shape)
    _flows(graph, x, drives, np.full(system.memory, np.inf), f, q)
    return f, q


def signs(system: System) -> FloatArray:
    """Return +1 for a row of amperes, −1 for a branch's equation in volts."""
    return np.where(np.arange(system.size + 1) < system.network.nodes, 1.0, -1.0)


def power_of(
    system: System, kinds: list[Kind], carries: BoolArray, held: BoolArray, x: FloatArray, drives: FloatArray
) -> Power:
    """Return the power of a circuit at states (B, size), each with its drives (B, drives)."""
    x = padded(x)
    volts = np.where(carries, x * signs(system), 0.0)
    free = np.where(held, 0.0, volts)
    burnt: dict[str, FloatArray] = {}
    delivered, charges, net = np.zeros(len(x)), np.zeros(x.shape), np.zeros(x.shape)
    for kind in kinds:
        family = kind.family
        f, q = flows(system, kind.graph, x, drives)
        if family.delivers:
            delivered -= np.einsum("bn,bn->b", free, f)
            net += np.where(held, 0.0, f)
            continue
        if family.supply is not None:
            f, q = np.where(held, 0.0, f), np.where(held, 0.0, q)
        absorbed = np.einsum("bn,bn->b", volts, f)
        if family.supply is not None:
            out = np.zeros((len(x), len(kind.graph.rows)))
            _drawn(kind.graph, x, held, out)
            drawn = out.sum(axis=1)
            delivered += drawn
            absorbed += drawn
        burnt[family.name] = burnt.get(family.name, 0.0) + absorbed
        delivered += np.einsum("bn,bn->b", volts - free, f)
        charges += q
        net += f
    if len(system.network.held):
        burnt[RAILS] = _rails(system, x, np.where(carries, net, 0.0), held)
    return Power(burnt, delivered, volts, charges)


def _rails(system: System, x: FloatArray, net: FloatArray, held: BoolArray) -> FloatArray:
    """Return what ideal clamps burn: the current that would push a node on, at its voltage."""
    low, high = system.network.low, system.network.high
    at, force = x[:, :-1], net[:, :-1]
    stuck = ((at <= low) & (force > 0.0)) | ((at >= high) & (force < 0.0))
    stuck &= ~held[:-1] & (np.arange(system.size) < system.network.nodes)
    return np.asarray(-np.einsum("bn,bn->b", np.where(stuck, at, 0.0), force))


@kernel
def _flows(
    graph: Graph, x: FloatArray, drives: FloatArray, memory: FloatArray, f: FloatArray, q: FloatArray
) -> None:
    dump_g, dump_c = np.zeros(1), np.zeros(1)
    for b in range(len(x)):
        dispatch.load(graph, x[b], drives[b], memory, f[b], q[b], dump_g, dump_c)


@kernel
def _drawn(graph: Graph, x: FloatArray, held: BoolArray, out: FloatArray) -> None:
    for b in range(len(x)):
        dispatch.supplies(graph, x[b], held, out[b])
