"""Chips for the naive twin: layered ones at random, and the circuits of netlists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from eqchip.netlists.circuit import Circuit, Instance
from eqchip.simulator.weights import with_weights
from naive_chip import Group, NaiveChip, Synapses


def layered(
    sizes: tuple[int, ...],
    seed: int = 0,
    activation: str = "tanh",
    rate: float = 0.1,
    spread: float = 0.7,
    lift: float = 0.0,
    group: Mapping[str, Any] | None = None,
    **more: Any,
) -> NaiveChip:
    """Return a layered chip x-h-…-y with random weights, and biases around `lift`."""
    random = np.random.default_rng(seed)
    names = ["x", *[f"h{i}" if len(sizes) > 3 else "h" for i in range(1, len(sizes) - 1)], "y"]
    options = dict(group or {})
    groups = {names[0]: Group(sizes[0], "linear")}
    for name, size in zip(names[1:], sizes[1:], strict=True):
        groups[name] = Group(size, activation, bias=lift + 0.2 * random.standard_normal(size), **options)
    arrays = {
        f"Y{a}{b}": Synapses(a, b, spread * random.standard_normal((m, n)) / np.sqrt(m))
        for a, b, m, n in zip(names, names[1:], sizes, sizes[1:], strict=False)
    }
    rates = {**dict.fromkeys(arrays, rate), **{"N" + name: rate for name in names[1:]}}
    return NaiveChip(groups, arrays, rates, **more)


def from_circuit(circuit: Circuit) -> NaiveChip:
    """Return the twin of a circuit of neurons and tied synapses: `Nh` on a bus is the group h."""
    circuit = with_weights(circuit)
    into, out = circuit.inputs[0], circuit.outputs[0]
    nodes = {into.bus: into.nodes}
    groups = {into.bus: Group(len(into.nodes), "linear")}
    arrays: dict[str, Synapses] = {}
    neurons = [one for one in circuit.instances if one.family.name == "neuron"]
    for one in sorted(neurons, key=lambda each: np.array_equal(each.nodes[0], out.nodes)):
        nodes[one.name[1:]] = np.atleast_1d(one.nodes[0])
        groups[one.name[1:]] = _group(one)
    for one in circuit.instances:
        if one.family.name == "synapse":
            ends = [
                next(name for name, there in nodes.items() if np.array_equal(there, np.atleast_1d(end)))
                for end in one.nodes
            ]
            values = one.given()
            if ends[0] == ends[1]:  # no neuron drives itself unless self=1
                assert values.get("self", "0") == "0"
                values["w"] = values["w"] * (1.0 - np.eye(one.shape[0]))
            arrays[one.name] = Synapses(*ends, np.array(values["w"], dtype=float), values.get("gunit"))
    rates = {one.target: one.rate for one in circuit.learns}
    bounds = {
        one.target: (-np.inf if one.low is None else one.low, np.inf if one.high is None else one.high)
        for one in circuit.learns
    }
    return NaiveChip(groups, arrays, rates, bounds, circuit)


def _group(one: Instance) -> Group:
    given = one.family.resolve(one.count, one.given(), Circuit().settings)
    plain = {name: float(given.values[name][0]) for name in ("slope", "shift", "c", "gleak", "vunit")}
    return Group(one.count, given.words["activation"], bias=np.array(given.values["bias"]), **plain)
