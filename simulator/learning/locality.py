"""Locality: which parts of a chip feel something else than what they do: no energy stands behind them.

A part with an energy E draws the currents i = ∂E/∂v, so what it feels, ∂E/∂θ, and what it does to the
voltages belong together at each of its terminals k:

    ∂i_k/∂θ = ∂(∂E/∂θ)/∂v_k

This is tested at a general point, from the equations of the part alone, at the terminals that no input
holds. It fails for one-way synapses, and for a direct drive behind a curved activity. A part that reads
other nodes or currents than its own (a controlled or behavioural source) is taken to have no energy.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.devices import node_law
from eqchip.netlists.circuit import GROUND, Circuit
from eqchip.simulator.spread import Group, spread

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Where parts are looked at, in state units of their nodes: within every interval, and at no symmetric point.
POINT = (0.37, 0.61)
#: Half the span of the finite difference over a state unit, and the disagreement that is not rounding.
SPAN, APART = 1e-4, 1e-5


def parts_without_energy(circuit: Circuit) -> tuple[str, ...]:
    """Return the names of the instances that have no energy, in the order of the netlist."""
    groups = spread(circuit, circuit.instances)
    laws = np.tile(np.array(node_law.BARE), (len(circuit.nodes), 1))
    for group in groups:
        if group.family.node_law is not None:
            laws[group.terminals[:, 0]] = group.family.node_law(group.given)
    free = np.ones(len(circuit.nodes), np.bool_)
    free[GROUND] = False
    for role in circuit.inputs:
        free[role.nodes] = False
    found = {name for group in groups for name in _of_group(group, laws, free)}
    return tuple(one.name for one in circuit.instances if one.name in found)


def _of_group(group: Group, laws: FloatArray, free: NDArray[np.bool_]) -> Iterator[str]:
    if group.family.controls:
        yield from (one.name for one in group.members)
        return
    if group.family.inlet is not None and group.family.inlet(group.given) is not None:
        yield from (one.name for one in group.members)
        return
    if group.family.learning is None or group.family.learning.signal is None:
        return
    rows = group.family.prepare(group.given)
    ends = np.cumsum(group.counts)
    for instance, end, count in zip(group.members, ends, group.counts, strict=True):
        where = np.arange(end - count, end)
        if any(
            _apart(group, int(k), laws, free, rows) for k in _alike(group.terminals[where], laws, free, where)
        ):
            yield instance.name


def _alike(terminals: IntArray, laws: FloatArray, free: NDArray[np.bool_], where: IntArray) -> IntArray:
    """Return one element for each combination of node laws, of those with all ends on different nodes."""
    touched = np.unique(terminals)
    kinds = np.zeros(len(laws), np.int64)
    kinds[touched] = np.unique(np.column_stack([laws[touched], free[touched]]), axis=0, return_inverse=True)[
        1
    ].ravel()
    apart = (
        terminals[:, 0] != terminals[:, 1] if terminals.shape[1] == 2 else np.ones(len(terminals), np.bool_)
    )
    codes = kinds[terminals] @ (len(touched) ** np.arange(terminals.shape[1]))
    first = np.unique(codes[apart], return_index=True)[1]
    return np.asarray(where[apart][first])


def _apart(group: Group, k: int, laws: FloatArray, free: NDArray[np.bool_], rows: Any) -> bool:
    """Whether what element k does disagrees with what it feels, at a terminal that is free."""
    learning = group.family.learning
    assert learning is not None  # _of_group saw both
    assert learning.signal is not None
    nodes = group.terminals[k]
    row = np.asarray(rows[k], dtype=np.float64)
    if group.family.reads_nodes:
        row = np.concatenate([laws[nodes].ravel(), row])
    unit = laws[nodes, node_law.VUNIT]
    u = np.array(POINT[: len(nodes)]) * unit
    does = np.zeros(len(nodes))
    learning.slope(u, row, does)
    feels = np.zeros(len(nodes))
    for end in range(len(nodes)):
        step = np.zeros(len(nodes))
        step[end] = SPAN * unit[end]
        rise = learning.signal(u + step, row) - learning.signal(u - step, row)
        feels[end] = rise / (2.0 * step[end])
    size = float(np.max(np.abs([does, feels]), initial=0.0))
    return bool(np.any(np.abs(does - feels)[free[nodes]] > APART * size))
