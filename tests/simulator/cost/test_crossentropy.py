"""Cross-entropy on chips: its nudge in both forms, in time and at equilibrium, against plain equations."""

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from eqchip.devices.family import Settings
from eqchip.devices.node_law import GLEAK, VUNIT
from eqchip.devices.periphery.nudge import FROZEN, LIVE
from eqchip.devices.periphery.softmax_nudge import SOFTMAX_NUDGE
from eqchip.errors import InputError
from eqchip.simulator.chip import Nudge, Settling
from eqchip.simulator.compile import compile_chip
from eqchip.simulator.cost.costs import COSTS
from eqchip.simulator.learning.estimate import estimate
from eqchip.simulator.learning.methods import ESTIMATORS
from eqchip.simulator.learning.plan import Plan, plan_of
from eqchip.simulator.learning.references import finite_differences
from eqchip.simulator.learning.trainer import train
from eqchip.simulator.samples import Dataset, Samples
from naive_arrays import CLAMPED, SMOOTH, NaiveArrays, random_chip
from naive_rules import Array, circuit_of, close, forms, samples, scale, volts

STILL = Settling(tol=1e-13)
CE = COSTS["crossentropy"]


def by_crossentropy(text: str) -> str:
    return text.replace(".nudge y", ".nudge y cost=crossentropy")


def pulled(naive: NaiveArrays, v: Array, target: Array, beta: float, anchor: Array | None) -> Array:
    """−β·S ∂cost/∂v at each node; S = gleak·vunit², that all outputs of these chips share."""
    into = np.zeros(len(v))
    nodes = naive.circuit.nudges[0].nodes
    y = np.array([v[n] / naive.neurons[int(n)].vunit for n in nodes]) if anchor is None else anchor
    p = np.exp(y - y.max()) / np.exp(y - y.max()).sum()
    for k, node in enumerate(nodes):
        one = naive.neurons[int(node)]
        into[node] = -beta * one.gleak * one.vunit * (p[k] - target[k])
    return into


@settings(max_examples=15)
@given(
    text=random_chip(),
    seed=st.integers(0, 1000),
    beta=st.sampled_from([-0.6, 0.4, 3.0]),
    frozen=st.booleans(),
)
def test_steps_and_equilibria_are_those_of_the_plain_equations(
    text: str, seed: int, beta: float, frozen: bool
) -> None:
    circuit = circuit_of(by_crossentropy(text))
    assume(len(circuit.outputs[0].nodes) > 1)
    inputs, targets = samples(circuit, seed)
    naive = NaiveArrays(circuit)
    for chip in forms(circuit):
        free = chip.settle(inputs, STILL)
        anchor = chip.outputs(free) if frozen else None
        nudge = Nudge(targets, beta, anchor, "crossentropy")
        stepped = volts(chip, chip.settle(inputs, Settling("euler", steps=5, eps=0.2), nudge, free))
        still = volts(chip, chip.settle(inputs, STILL, nudge, free))
        for k, v in enumerate(volts(chip, free)):
            held = None if anchor is None else anchor[k]

            def force(at: Array, k: int = k, held: Any = held) -> Array:
                return naive.current(at) + pulled(naive, at, targets[k], beta, held)

            wanted = naive.euler(v, force, 5, 0.2 * chip.tau)
            np.testing.assert_allclose(stepped[k], wanted, rtol=0, atol=1e-12)
            left = naive.moving(still[k], force(still[k]))
            assert np.max(np.abs(left)) < 1e-10


@pytest.mark.parametrize("solve", ["heun", "rk4", "expeuler", "trap"])
def test_every_integrator_takes_the_same_steps_in_both_forms(solve: str) -> None:
    circuit = circuit_of(THREE)
    inputs, targets = samples(circuit, 2)
    found = []
    for chip in forms(circuit):
        free = chip.settle(inputs, STILL)
        steps = Settling(solve, steps=6, eps=0.3)
        found.append(chip.outputs(chip.settle(inputs, steps, Nudge(targets, 0.7), free)))
    np.testing.assert_allclose(found[0], found[1], rtol=0, atol=1e-9)


def test_in_time_it_ends_in_the_equilibrium_that_is_found_directly() -> None:
    circuit = circuit_of(THREE)
    inputs, targets = samples(circuit, 2)
    for chip in forms(circuit):
        nudge = Nudge(targets, 0.7)
        direct = chip.outputs(chip.settle(inputs, STILL, nudge))
        waited = chip.outputs(chip.settle(inputs, Settling("euler", steps=4000, eps=0.3), nudge))
        np.testing.assert_allclose(waited, direct, rtol=0, atol=1e-11)
        assert np.max(np.abs(direct - chip.outputs(chip.settle(inputs, STILL)))) > 0.05


@settings(max_examples=6)
@given(text=random_chip(reciprocal=True, activations=SMOOTH), seed=st.integers(0, 1000))
def test_live_it_is_at_any_beta_the_slope_of_its_target(text: str, seed: int) -> None:
    circuit = circuit_of(by_crossentropy(text))
    assume(len(circuit.outputs[0].nodes) > 1)
    inputs, targets = samples(circuit, seed)
    naive, unit = NaiveArrays(circuit), scale(circuit)
    (chip, *_), method, beta = forms(circuit), ESTIMATORS["centered"], 0.7
    plan = Plan(beta=beta, free=STILL, nudged=STILL, cost="crossentropy")
    found = estimate(chip, inputs, targets, plan)

    def energy(b: float) -> float:
        """F(b) over S: E with the weights as they are, and the cost."""
        state = chip.settle(inputs, STILL, Nudge(targets, b), found.free)
        values, total = chip.parameters(), 0.0
        for s in naive.synapses:
            s.weight = float(values[s.array][s.index])
        for one in circuit.learns:
            if one.target.startswith("N"):
                for k, node in enumerate(np.atleast_1d(circuit.instance(one.target).nodes[0])):
                    naive.neurons[int(node)].bias = float(np.ravel(values[one.target])[k])
        total = np.mean([naive.energy(v) for v in volts(chip, state)]) / unit
        return float(total + b * np.mean(CE.losses(chip.outputs(state), targets)))

    largest = max(float(np.max(np.abs(value))) for value in found.values.values())
    for name, index in finite_differences.pick(chip, 3, np.random.default_rng(seed)):
        exact = finite_differences.derivative(chip, lambda: method.target(energy, beta), name, index)
        assert found.values[name][index] == pytest.approx(exact, abs=1e-6 * largest + 1e-9)


@pytest.mark.parametrize("kind", ["live", "frozen"])
@pytest.mark.parametrize("activations", [SMOOTH, CLAMPED])
def test_the_estimate_tends_to_the_slope_of_the_loss(kind: str, activations: tuple[str, ...]) -> None:
    text = THREE.replace("activation=tanh", f"activation={activations[0]}")
    circuit = circuit_of(text)
    inputs, targets = samples(circuit, 3)
    plan = Plan(beta=1e-4, free=STILL, nudged=STILL, cost="crossentropy", kind=kind)
    for chip in forms(circuit):
        picks = finite_differences.pick(chip, 8, np.random.default_rng(1))
        slopes = finite_differences.loss_slopes(chip, inputs, targets, CE, picks, 1e-13)
        exact = chip.gradient(chip.settle(inputs, STILL), inputs, targets)
        found = estimate(chip, inputs, targets, plan).values
        largest = max(float(np.max(np.abs(value))) for value in exact.values())
        for (name, index), slope in zip(picks, slopes, strict=True):
            assert exact[name][index] == pytest.approx(slope, abs=1e-7 * largest)
        close(found, exact, 1e-5)


def test_in_single_precision_it_is_that_of_double() -> None:
    circuit = circuit_of(THREE)
    inputs, targets = samples(circuit, 4)
    plan = Plan(beta=0.5, free=Settling(tol=1e-6), nudged=Settling(tol=1e-6), cost="crossentropy")
    single, double = (
        estimate(compile_chip(circuit, "array", dtype), inputs, targets, plan).values
        for dtype in (np.float32, np.float64)
    )
    close(single, double, 1e-4)


def test_outputs_of_several_cards_are_left_to_the_sparse_form() -> None:
    text = THREE.replace("Ny y cell", "Na y[0:1] cell\nNb y[2] cell").replace(".learn Ny rate=0.1\n", "")
    text = text.replace("Yhy h y syn", "Ya h y[0:1] syn\nYb h y[2] syn").replace(".learn Yhy", ".learn Ya")
    circuit = circuit_of(text)
    assert compile_chip(circuit).form == "sparse"
    with pytest.raises(InputError, match="cost=crossentropy joins outputs that are neurons of several cards"):
        compile_chip(circuit, "array")
    chip = compile_chip(circuit, "sparse")
    inputs, targets = samples(circuit, 1)
    outputs = chip.outputs(chip.settle(inputs, STILL, Nudge(targets, 0.5)))
    plain = circuit_of(THREE)
    assert outputs.shape == (3, 3)
    assert not np.allclose(outputs, chip.outputs(chip.settle(inputs, STILL)))
    assert plan_of(plain).cost == "crossentropy"


def test_a_sparse_chip_is_nudged_by_the_cost_it_was_built_for() -> None:
    circuit = circuit_of(THREE)
    chip = compile_chip(circuit, "sparse")
    inputs, targets = samples(circuit, 1)
    with pytest.raises(InputError, match="cost=mse: the chip was built to be nudged by cost=crossentropy"):
        chip.settle(inputs, STILL, Nudge(targets, 0.5, cost="mse"))


def test_targets_that_are_no_distribution_are_refused() -> None:
    chip = compile_chip(circuit_of(THREE))
    some = Samples(np.zeros((4, 2)), np.full((4, 3), 0.5))
    with pytest.raises(InputError, match=r"the targets of a sample add up to 1\.5"):
        next(train(chip, Dataset("some", some, some), plan_of(chip.circuit)))


@given(seed=st.integers(0, 10_000), beta=st.sampled_from([-2.0, 0.5]))
def test_the_device_pulls_with_the_slope_of_the_cost(seed: int, beta: float) -> None:
    random = np.random.default_rng(seed)
    count = int(random.integers(2, 5))
    units, own = random.uniform(0.2, 2.0, count), int(random.integers(count))
    gleak, target = 3e-6, float(random.uniform())
    laws = np.zeros((2, 6))
    laws[0, VUNIT], laws[0, GLEAK], laws[1, VUNIT] = units[own], gleak, 1.0
    prepared = SOFTMAX_NUDGE.prepare(SOFTMAX_NUDGE.resolve(1, {}, Settings(), (units,)))[0]
    p = np.concatenate([[1.0, 2.0, 3.0, 4.0], laws.ravel(), prepared])
    v = random.uniform(-1.0, 1.0, count)

    def law(v: Array, mode: float) -> tuple[Array, Array]:
        u = np.concatenate([[v[own], 0.0], v])
        i, q, g = np.zeros(2), np.zeros(2), np.zeros((2, 2 + count))
        d = np.array([0.0, beta, target, 0.25, mode])
        SOFTMAX_NUDGE.law(u, p, d, np.zeros(0), i, q, g, np.zeros_like(g))
        return i, g

    share = np.exp(v / units) / np.exp(v / units).sum()
    current, slopes = law(v, LIVE)
    assert current[0] == pytest.approx(beta * gleak * units[own] * (share[own] - target), rel=1e-9, abs=1e-18)
    assert current[1] == -current[0]
    whole = slopes[0, 2:].copy()
    whole[own] += slopes[0, 0]  # the output is one of its own controls
    for k in range(count):
        h = 1e-6 * np.eye(count)[k]
        measured = (law(v + h, LIVE)[0] - law(v - h, LIVE)[0])[0] / 2e-6
        assert whole[k] == pytest.approx(measured, abs=1e-6 * gleak)
    frozen, flat = law(v, FROZEN)
    assert frozen[0] == pytest.approx(beta * gleak * units[own] * (0.25 - target), rel=1e-9, abs=1e-18)
    assert not np.any(flat)


THREE = """three classes
.bus x[2] h[4] y[3]
.model syn synapse(init=uniform spread=0.8)
.model cell neuron(c=2p gleak=3u vunit=0.4 activation=tanh bias=0.1)
Yxh x h syn
Yhy h y syn
Nh h cell
Ny y cell
.input x
.output y
.nudge y cost=crossentropy
.learn Yxh rate=0.1
.learn Yhy rate=0.1
.learn Nh rate=0.1
.learn Ny rate=0.1
.train seed=1
.end
"""
