"""From a circuit to its array form: which nodes make a group, which arrays couple them; or why there is none.

A circuit has an array form when every element is an array of devices with a coupling or neurons with a
node law, each end of an array lies within one group of nodes, in order, and every node belongs to the
inputs or to neurons.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.devices import node_law
from eqchip.netlists.circuit import GROUND, INPUT_PREFIX, Circuit, Instance
from eqchip.simulator.cost.costs import cost as cost_named
from eqchip.simulator.couplings.coupling import End, Ends
from eqchip.simulator.couplings.kinds import KINDS, kind_of
from eqchip.simulator.nodes import Nodes
from eqchip.simulator.scales import Scales, scales_of
from eqchip.simulator.spread import in_shape, spread
from eqchip.simulator.wiring import Link, Wiring

IntArray = NDArray[np.int64]


class Unsuited(Exception):
    """The circuit has no array form; the message says why."""


@dataclass(slots=True)
class Layout:
    """A wiring, and where the names of a circuit are in it."""

    circuit: Circuit
    wiring: Wiring
    group_of: IntArray  # by circuit node; −1: ground
    place_of: IntArray  # its position in that group
    inputs: tuple[int, ...]  # groups, in the order of the .input cards
    neurons: dict[str, int] = field(default_factory=dict)  # group by lower-case instance name
    arrays: dict[str, int] = field(default_factory=dict)  # link by lower-case instance name
    scales: Scales = field(init=False)

    def gather(self, nodes: IntArray, parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
        """Return (B, n) of some circuit nodes from arrays by group."""
        groups, places = self.group_of[nodes], self.place_of[nodes]
        out = np.empty((len(parts[groups[0]]), len(nodes)), parts[groups[0]].dtype)
        for group in np.unique(groups):
            which = groups == group
            out[:, which] = parts[group][:, places[which]]
        return out


def lay_out(circuit: Circuit, dtype: Any) -> Layout:
    """Return the array form's layout, or raise Unsuited."""
    arrays = [one for one in circuit.instances if one.family.coupling is not None]
    neurons = [one for one in circuit.instances if one.family.nodes is not None]
    sources = {f"{INPUT_PREFIX}{one.bus}".lower() for one in circuit.inputs}  # they hold the inputs
    for one in circuit.instances:
        if one.name.lower() in sources:
            continue
        if one.family.coupling is None and one.family.nodes is None:
            raise Unsuited(f"{one.name} ({one.family.name}) has no array form")
        if one.family.coupling is not None and one.family.coupling not in KINDS:
            raise Unsuited(f"{one.name}: there is no coupling '{one.family.coupling}' yet")
    if not arrays or not neurons:
        raise Unsuited("there is no array of devices" if not arrays else "there are no neurons")
    if any(one.pairs for one in circuit.outputs):
        raise Unsuited("outputs come in pairs")
    layout = _groups(circuit, neurons, dtype)
    for nudge in circuit.nudges:
        if not cost_named(nudge.cost).quadratic and len(np.unique(layout.group_of[nudge.nodes])) > 1:
            raise Unsuited(f"cost={nudge.cost} joins outputs that are neurons of several cards")
    layout.scales = scales_of(circuit)
    links: list[Link] = []
    for one in arrays:
        layout.arrays[one.name.lower()] = len(links)
        links.append(_link(layout, one, dtype))
    layout.wiring = Wiring(layout.wiring.nodes, tuple(links), dtype)
    return layout


def _groups(circuit: Circuit, neurons: Sequence[Instance], dtype: Any) -> Layout:
    """Make the groups: inputs first, then neurons in the order of their cards."""
    count = len(circuit.nodes)
    group_of, place_of = np.full(count, -1, np.int64), np.zeros(count, np.int64)
    nodes: list[Nodes] = []

    def place(name: str, found: IntArray) -> None:
        if np.any(found == GROUND) or np.any(group_of[found] >= 0) or len(np.unique(found)) < len(found):
            raise Unsuited(f"{name}: a node is ground, or has an input or a neuron already")
        group_of[found], place_of[found] = len(nodes), np.arange(len(found))

    by_name: dict[str, int] = {}
    for role in circuit.inputs:
        place(f".input {role.bus}", role.nodes)
        on = next((one for one in neurons if np.array_equal(np.atleast_1d(one.nodes[0]), role.nodes)), None)
        if on is not None:  # data hold its states: what drives or leaks does nothing, its activity is read
            by_name[on.name.lower()] = len(nodes)
        held = None if on is None else _neurons(circuit, on, role.nodes, dtype, held=True)
        nodes.append(held or _bare(role.bus, role.nodes, dtype))
    inputs = tuple(range(len(nodes)))
    for one in neurons:
        if one.name.lower() in by_name:
            continue
        found = np.atleast_1d(np.asarray(one.nodes[0], dtype=np.int64))
        place(one.name, found)
        by_name[one.name.lower()] = len(nodes)
        nodes.append(_neurons(circuit, one, found, dtype))
    missing = np.flatnonzero(group_of[1:] < 0) + 1
    if len(missing):
        raise Unsuited(f"node '{circuit.nodes[missing[0]]}' has no neuron")
    return Layout(circuit, Wiring(tuple(nodes), (), dtype), group_of, place_of, inputs, by_name)


def _bare(name: str, nodes: IntArray, dtype: Any) -> Nodes:
    """Return nodes that a source holds: ρ(s) = s, 1 V."""
    n = len(nodes)
    laws = np.tile(np.array(node_law.BARE), (n, 1))
    unbounded = np.full(n, np.inf)
    return Nodes(name, nodes, laws, np.zeros(n), np.zeros(n), -unbounded, unbounded, dtype, clamped=True)


def _neurons(circuit: Circuit, instance: Instance, nodes: IntArray, dtype: Any, held: bool = False) -> Nodes:
    """Return the nodes that an instance of neurons sits on; data hold those of an input."""
    family, given = instance.family, spread(circuit, [instance])[0].given
    if family.node_law is None or family.learning is None:
        raise Unsuited(f"{instance.name} ({family.name}) has no node law")
    laws = family.node_law(given)
    # The interval of ρ; rails do not hold what a source holds.
    ends = node_law.INTERVALS.get(int(laws[0, node_law.CODE]), (-np.inf, np.inf))
    low, high = (end * laws[:, node_law.VUNIT] for end in ends)
    if family.bounds is not None and not held:
        low, high = family.bounds(given)
    bias, slew = given.values[family.learning.parameter].copy(), given.values.get("slew", np.zeros(1))
    name = next((bus for bus, found in circuit.buses.items() if np.array_equal(found, nodes)), instance.name)
    return Nodes(
        name,
        nodes,
        laws,
        given.values["c"].copy(),
        bias,
        low,
        high,
        dtype,
        clamped=held,
        instance=instance.name,
        offset=given.values["offset"].copy() if np.any(given.values.get("offset", 0.0)) else None,
        slew=np.where(slew > 0.0, slew, np.inf) if np.any(slew) and not held else None,
        inlet=None if family.inlet is None else family.inlet(given),
    )


def _link(layout: Layout, instance: Instance, dtype: Any) -> Link:
    """Build the coupling of an array."""
    circuit, family = layout.circuit, instance.family
    if len(instance.shape) != 2 or family.learning is None or family.coupling is None:
        raise Unsuited(f"{instance.name} is a single device")
    given = in_shape(circuit, instance)
    direction = str(given.get("dir", "tied"))
    pre, pre_part = _end(layout, instance, 0)
    post, post_part = _end(layout, instance, 1)
    rows, columns = layout.wiring.nodes[pre], layout.wiring.nodes[post]
    theta, gunit = given[family.learning.parameter], given.get("gunit")
    leak = np.broadcast_to(columns.gleak[post_part], instance.shape)
    leak = np.where(leak > 0.0, leak, rows.gleak[pre_part][:, None])  # an input has none
    leak = np.where(leak > 0.0, leak, circuit.settings.gunit)
    ends = Ends(
        instance.name,
        np.broadcast_to(theta, instance.shape),
        (leak if gunit is None else np.where(np.isnan(gunit), leak, gunit)) * given.get("gain", 1.0),
        End(rows.vunit[pre_part], rows.gleak[pre_part]),
        End(columns.vunit[post_part], columns.gleak[post_part]),
        into_post=not columns.clamped and direction != "backward",
        into_pre=not rows.clamped and direction != "forward",
        diagonal=instance.paired and instance.diagonal,
        energy_scale=layout.scales.energy,
        dtype=dtype,
        # Symmetric leaves the diagonal out by itself.
        mask=instance.mask if instance.paired else instance.crossings(),
    )
    return Link(kind_of(family.coupling, instance.paired, ends)(ends), pre, pre_part, post, post_part)


def _end(layout: Layout, instance: Instance, axis: int) -> tuple[int, slice]:
    """Return the group, and the range of its nodes, that one side of an array lies on."""
    nodes = np.asarray(instance.nodes[axis], dtype=np.int64)
    groups, places = layout.group_of[nodes], layout.place_of[nodes]
    side = "columns" if axis else "rows"
    if np.any(groups != groups[0]) or groups[0] < 0:
        raise Unsuited(f"{instance.name}: its {side} are neurons of several cards, or ground")
    if np.any(np.diff(places) != 1):
        raise Unsuited(f"{instance.name}: its {side} are not in the order of their bus")
    return int(groups[0]), slice(int(places[0]), int(places[-1]) + 1)
