"""What every device feels along a path of voltages, device by device in plain Python: twin of the rules."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from eqchip.netlists.circuit import Circuit
from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.reader import parse
from eqchip.simulator.chip import Chip, State, Weights
from eqchip.simulator.compile import compile_chip
from eqchip.simulator.weights import with_weights
from naive_arrays import NaiveArrays

Array = np.ndarray[Any, Any]


def circuit_of(text: str) -> Circuit:
    return with_weights(elaborate(parse(text, "random.cir")))


def forms(circuit: Circuit) -> list[Chip]:
    return [compile_chip(circuit, form, np.float64) for form in ("array", "sparse")]


def samples(circuit: Circuit, seed: int, count: int = 3) -> tuple[Array, Array]:
    """Inputs, and targets that add up to 1."""
    random = np.random.default_rng(seed)
    inputs = random.uniform(-1.0, 1.0, (count, len(circuit.inputs[0].nodes)))
    targets = random.uniform(0.1, 0.9, (count, len(circuit.outputs[0].nodes)))
    return inputs, targets / targets.sum(axis=1, keepdims=True)


def volts(chip: Chip, state: State) -> Array:
    """Node voltages (B, nodes) in the circuit's order, ground among them."""
    found = chip.voltages(state)
    out = np.zeros((len(state.residual), len(chip.circuit.nodes)))
    for name, nodes in chip.circuit.buses.items():
        out[:, nodes] = found[f"v({name.lower()})"]
    return out


def scale(circuit: Circuit) -> float:
    """S, the mean gleak·vunit² of the outputs, W."""
    naive = NaiveArrays(circuit)
    own = [naive.neuron(n).gleak * naive.neuron(n).vunit ** 2 for n in circuit.outputs[0].nodes]
    return float(np.mean(own))


def _empty(circuit: Circuit) -> Weights:
    return {one.target: np.zeros(circuit.instance(one.target).shape) for one in circuit.learns}


def stdp(circuit: Circuit, path: Sequence[Array]) -> Weights:
    """−Σ ρ̄_i Δρ_j + ρ̄_j Δρ_i of every synapse, −Σ Δρ of every bias, over S, mean over samples."""
    naive, total = NaiveArrays(circuit), _empty(circuit)
    for before, after in pairwise(path):
        for sample in range(len(before)):
            r0, r1 = (
                [naive.neuron(n).rho(v[sample][n] / naive.neuron(n).vunit) for n in range(len(v[sample]))]
                for v in (before, after)
            )
            mid, step = np.add(r0, r1) / 2.0, np.subtract(r1, r0)
            for s in naive.synapses:
                volts_ = naive.neuron(s.pre).vunit * naive.neuron(s.post).vunit
                felt = mid[s.pre] * step[s.post] + mid[s.post] * step[s.pre]
                _add(circuit, total, s, -s.share * s.gunit * volts_ * felt)
            for name, node, one in _biases(circuit, naive):
                total[name][node[0]] -= one.gleak * one.vunit**2 * step[node[1]]
    return {name: value / len(path[0]) / scale(circuit) for name, value in total.items()}


def vectorfield(circuit: Circuit, path: Sequence[Array]) -> Weights:
    """Σ (∂f/∂θ)ᵀΔv with f the current that leaves a node, ∂f/∂θ in the middle of each step; over S, mean."""
    naive, total = NaiveArrays(circuit), _empty(circuit)
    for before, after in pairwise(path):
        for sample in range(len(before)):
            middle, step = 0.5 * (before[sample] + after[sample]), after[sample] - before[sample]
            states = [middle[n] / naive.neuron(n).vunit for n in range(len(middle))]
            rho = [naive.neuron(n).rho(x) for n, x in enumerate(states)]
            back = [
                naive.neuron(n).rise(x) if naive.neuron(n).drive == "energy" else 1.0
                for n, x in enumerate(states)
            ]
            for s in naive.synapses:
                felt = 0.0
                for a, b in [(s.pre, s.post)] * s.forward + [(s.post, s.pre)] * s.backward:
                    if b in naive.neurons:
                        felt -= s.share * s.gunit * naive.neuron(a).vunit * rho[a] * back[b] * step[b]
                _add(circuit, total, s, felt)
            for name, node, one in _biases(circuit, naive):
                total[name][node[0]] -= one.gleak * one.vunit * back[node[1]] * step[node[1]]
    return {name: value / len(path[0]) / scale(circuit) for name, value in total.items()}


def _add(circuit: Circuit, totals: Weights, synapse: Any, value: float) -> None:
    """A pair of an array on one bus stands in both halves; what does not learn feels nothing."""
    total = totals.get(synapse.array)
    if total is None:
        return
    nodes = circuit.instance(synapse.array).nodes
    total[synapse.index] += value
    i, j = synapse.index
    if i != j and np.array_equal(nodes[0], nodes[1]) and synapse.forward and synapse.backward:
        total[j, i] += value


def _biases(circuit: Circuit, naive: NaiveArrays) -> Any:
    for one in circuit.learns:
        instance = circuit.instance(one.target)
        if instance.family.name == "neuron":
            for k, node in enumerate(np.atleast_1d(instance.nodes[0])):
                index = (k,) if instance.shape else ()
                yield one.target, (index, int(node)), naive.neuron(node)


def close(found: Weights, wanted: Weights, tolerance: float) -> None:
    """Hold every array to another, over the largest number of any of them."""
    assert set(found) == set(wanted)
    largest = max(float(np.max(np.abs(value), initial=0.0)) for value in wanted.values())
    for name, value in wanted.items():
        np.testing.assert_allclose(found[name], value, rtol=0, atol=tolerance * largest, err_msg=name)
