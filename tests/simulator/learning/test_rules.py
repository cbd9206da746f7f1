"""Every local rule against the target it declares, in both forms, on random chips."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eqchip.errors import InputError
from eqchip.simulator.chip import Chip, Nudge, Settling, Weights
from eqchip.simulator.compile import compile_chip
from eqchip.simulator.learning.estimate import estimate
from eqchip.simulator.learning.plan import Plan
from eqchip.simulator.learning.references import finite_differences
from naive_arrays import SMOOTH, NaiveArrays, random_chip
from naive_rules import Array, circuit_of, close, forms, samples, scale, stdp, vectorfield, volts

STILL = Settling(tol=1e-13)
STEPS = Settling("euler", steps=6, eps=0.2)
SEEDS = st.integers(0, 1000)
ONE_PHASE = st.sampled_from([("onesided", 1.0), ("random", 1.0), ("random", -1.0)])


def plan_of(rule: str, settling: Settling, beta: float = 0.3, **more: Any) -> Plan:
    given = {"rule": rule, "estimator": "onesided", "beta": beta, "free": settling, "nudged": settling}
    return Plan(**(given | more))


def path(chip: Chip, inputs: Array, targets: Array, plan: Plan, sign: float) -> list[Array]:
    """The voltages of the free state and after every step of the nudged phase, step by step by settle."""
    state = chip.settle(inputs, plan.free)
    nudge = Nudge(targets, sign * plan.beta)
    found = [volts(chip, state)]
    for _ in range(plan.nudged.steps):
        state = chip.settle(inputs, replace(plan.nudged, steps=1), nudge, state)
        found.append(volts(chip, state))
    return found


@settings(max_examples=12)
@given(text=random_chip(), seed=SEEDS, draw=ONE_PHASE)
def test_stdp_adds_up_what_both_ends_of_a_synapse_feel_and_that_is_the_contrast(
    text: str, seed: int, draw: tuple[str, float]
) -> None:
    circuit = circuit_of(text)
    inputs, targets = samples(circuit, seed)
    plan = plan_of("stdp", STEPS, estimator=draw[0])
    for chip in forms(circuit):
        found = estimate(chip, inputs, targets, plan, draw[1])
        by_hand = stdp(circuit, path(chip, inputs, targets, plan, draw[1]))
        distance = draw[1] * plan.beta
        close(found.values, {name: value / distance for name, value in by_hand.items()}, 1e-9)
        # a total derivative: the same by the end points alone
        ends = estimate(chip, inputs, targets, plan.with_(rule="contrast"), draw[1])
        close(found.values, ends.values, 1e-9)


@pytest.mark.parametrize("solve", ["heun", "rk4", "expeuler", "trap"])
def test_stdp_is_the_contrast_whatever_the_integrator(solve: str) -> None:
    circuit = circuit_of(TIED)
    inputs, targets = samples(circuit, 3)
    steps = Settling(solve, steps=5, eps=0.3)
    for chip in forms(circuit):
        along, ends = (
            estimate(chip, inputs, targets, plan_of(rule, steps)).values for rule in ("stdp", "contrast")
        )
        close(along, ends, 1e-10)


@settings(max_examples=12)
@given(text=random_chip(), seed=SEEDS, draw=ONE_PHASE)
def test_the_vector_field_rule_adds_up_the_change_of_what_each_device_drives(
    text: str, seed: int, draw: tuple[str, float]
) -> None:
    circuit = circuit_of(text)
    inputs, targets = samples(circuit, seed)
    plan = plan_of("vectorfield", STEPS, estimator=draw[0])
    for chip in forms(circuit):
        found = estimate(chip, inputs, targets, plan, draw[1])
        by_hand = vectorfield(circuit, path(chip, inputs, targets, plan, draw[1]))
        distance = draw[1] * plan.beta
        close(found.values, {name: value / distance for name, value in by_hand.items()}, 1e-9)


@settings(max_examples=8)
@given(text=random_chip(reciprocal=True, activations=SMOOTH), seed=SEEDS)
def test_on_a_reciprocal_chip_the_vector_field_tends_to_the_gradient(text: str, seed: int) -> None:
    circuit = circuit_of(text)
    inputs, targets = samples(circuit, seed)
    for chip in forms(circuit):
        free = chip.settle(inputs, STILL)
        wanted = chip.gradient(free, inputs, targets)
        norm = np.sqrt(sum(np.sum(value**2) for value in wanted.values()))
        for beta in (1e-2, 1e-5):  # an error of O(β)
            found = estimate(chip, inputs, targets, plan_of("vectorfield", STILL, beta)).values
            error = np.sqrt(sum(np.sum((found[k] - wanted[k]) ** 2) for k in wanted)) / norm
            assert error < 10.0 * beta


def test_on_a_chip_that_is_not_reciprocal_the_vector_field_is_another_direction() -> None:
    circuit = circuit_of(TIED.replace("drive=energy", "drive=direct").replace("Yhy h y syn", UNTIED))
    inputs, targets = samples(circuit, 1)
    for chip in forms(circuit):
        assert chip.reciprocity(chip.settle(inputs, STILL)) > 0.1
        wanted = chip.gradient(chip.settle(inputs, STILL), inputs, targets)["Yxh"]
        found = estimate(chip, inputs, targets, plan_of("vectorfield", STILL, 1e-6)).values["Yxh"]
        cosine = np.vdot(found, wanted) / np.linalg.norm(found) / np.linalg.norm(wanted)
        assert -0.999 < cosine < 0.999
        # and its own target: −(∂f/∂θ)ᵀJ⁻¹∂cost/∂v, J⁻¹ measured by pushing the outputs
        moved = [
            volts(chip, chip.settle(inputs, STILL, Nudge(targets, b), chip.settle(inputs, STILL)))
            for b in (-1e-4, 1e-4)
        ]
        target = {name: value / 2e-4 for name, value in vectorfield(circuit, moved).items()}
        close({"Yxh": found}, {"Yxh": target["Yxh"]}, 1e-4)


@settings(max_examples=6)
@given(text=random_chip(reciprocal=True), seed=SEEDS)
def test_held_outputs_descend_the_energy_it_takes_to_hold_them(text: str, seed: int) -> None:
    circuit = circuit_of(text)
    inputs, targets = samples(circuit, seed)
    naive, unit = NaiveArrays(circuit), scale(circuit)
    for chip in forms(circuit):
        plan = plan_of("chl", STILL, estimator="")
        found = estimate(chip, inputs, targets, plan)
        np.testing.assert_allclose(chip.outputs(found.nudged[0]), targets, atol=1e-15)

        def apart(chip: Chip = chip, begin: Any = found) -> float:
            """E(clamped) − E(free), mean over the samples, over S."""
            held = chip.settle(inputs, STILL, Nudge(targets, clamp=True), begin.nudged[0])
            free = chip.settle(inputs, STILL, start=begin.free)
            here = NaiveArrays(weights_in(naive.circuit, chip))
            energies = [np.mean([here.energy(v) for v in volts(chip, one)]) for one in (held, free)]
            return float(energies[0] - energies[1]) / unit

        largest = max(float(np.max(np.abs(value))) for value in found.values.values())
        for name, index in finite_differences.pick(chip, 3, np.random.default_rng(seed)):
            exact = finite_differences.derivative(chip, apart, name, index)
            assert found.values[name][index] == pytest.approx(exact, abs=1e-6 * largest + 1e-9)


def weights_in(circuit: Any, chip: Chip) -> Any:
    """The circuit with the weights and biases that a chip has now."""
    values = chip.parameters()
    changed = []
    for one in circuit.instances:
        if one.name in values:
            learned = one.family.learning.parameter
            one = replace(one, values={**one.values, learned: np.asarray(values[one.name])})
        changed.append(one)
    return replace(circuit, instances=changed)


@pytest.mark.parametrize("form", [0, 1])
def test_outputs_stay_held_while_time_is_stepped(form: int) -> None:
    circuit = circuit_of(TIED)
    inputs, targets = samples(circuit, 5)
    chip = forms(circuit)[form]
    still = estimate(chip, inputs, targets, plan_of("chl", STILL, estimator=""))
    for solve in ("euler", "rk4"):
        plan = plan_of("chl", Settling(solve, steps=400, eps=0.2), estimator="")
        found = estimate(chip, inputs, targets, plan)
        np.testing.assert_allclose(chip.outputs(found.nudged[0]), targets, atol=1e-15)
        close(found.values, still.values, 1e-8)


def test_the_array_form_refuses_to_hold_a_part_of_a_group() -> None:
    text = TIED.replace("Nh h cell\nNy y cell", "Nall a cell").replace("h[4] y[2]", "a[6]")
    text = text.replace("Yxh x h", "Yxh x a[0:3]").replace("Yhy h y", "Yhy a[0:3] a[4:5]")
    text = text.replace(".output y", ".output a[4:5]").replace(".nudge y", ".nudge a[4:5]")
    text = text.replace(".learn Nh rate=0.1\n.learn Ny", ".learn Nall")
    circuit = circuit_of(text)
    inputs, targets = samples(circuit, 0)
    plan = plan_of("chl", STILL, estimator="")
    with pytest.raises(InputError, match="Nall has nodes that are no outputs") as caught:
        estimate(compile_chip(circuit, "array", np.float64), inputs, targets, plan)
    assert "--form sparse" in str(caught.value)
    chip = compile_chip(circuit, "sparse", np.float64)
    found = estimate(chip, inputs, targets, plan)
    np.testing.assert_allclose(chip.outputs(found.nudged[0]), targets, atol=1e-15)


def total(values: Weights) -> float:
    return float(np.sqrt(sum(np.sum(np.square(value)) for value in values.values())))


@settings(max_examples=6)
@given(text=random_chip(), seed=SEEDS)
def test_continual_learning_moves_theta_at_every_step(text: str, seed: int) -> None:
    circuit = circuit_of(text.replace("rate=0.1", "rate=0.2 min=-0.4 max=0.4"))
    inputs, targets = samples(circuit, seed)
    plan = plan_of("continual", STEPS)
    for chip, other in zip(forms(circuit), forms(circuit), strict=True):
        for one in (chip, other):
            one.write(one.parameters())  # within their bounds
        before = chip.parameters()
        found = estimate(chip, inputs, targets, plan, share=0.5)
        close(chip.parameters(), before, 0.0)  # left as it was: the trainer writes what moved
        state = other.settle(inputs, plan.free)
        rates = {one.name: 0.5 * one.rate / plan.beta for one in other.learnables}
        for _ in range(STEPS.steps):
            after = other.settle(inputs, replace(STEPS, steps=1), Nudge(targets, plan.beta), state)
            felt, values = other.contrast(state, after), other.parameters()
            other.write({name: np.clip(values[name] - rates[name] * felt[name], -0.4, 0.4) for name in felt})
            state = after
        assert found.moved is not None
        close(found.moved, other.parameters(), 1e-9)


@pytest.mark.parametrize("form", [0, 1])
def test_continual_learning_tends_to_the_contrast_as_its_rates_go_to_zero(form: int) -> None:
    circuit = circuit_of(TIED)
    inputs, targets = samples(circuit, 2)
    chip = forms(circuit)[form]
    wanted = estimate(chip, inputs, targets, plan_of("contrast", STEPS)).values
    before, apart = chip.parameters(), []
    for share in (0.02, 0.01):
        moved = estimate(chip, inputs, targets, plan_of("continual", STEPS), share=share).moved
        assert moved is not None
        steps = {name: (before[name] - moved[name]) / (0.1 * share) for name in moved}
        apart.append(total({name: steps[name] - wanted[name] for name in steps}) / total(wanted))
    assert 1e-6 < apart[1] < 0.01
    assert apart[0] / apart[1] == pytest.approx(2.0, rel=0.05)


@pytest.mark.parametrize("form", [0, 1])
def test_recurrent_backpropagation_trains_by_the_slope_of_the_loss(form: int) -> None:
    circuit = circuit_of(TIED)
    inputs, targets = samples(circuit, 4)
    chip = forms(circuit)[form]
    plan = plan_of("rbp", STILL, estimator="")
    found = estimate(chip, inputs, targets, plan)
    assert found.nudged == ()
    picks = finite_differences.pick(chip, 8, np.random.default_rng(0))
    slopes = finite_differences.loss_slopes(chip, inputs, targets, plan.methods()[2], picks, 1e-13)
    for (name, index), slope in zip(picks, slopes, strict=True):
        assert found.values[name][index] == pytest.approx(slope, abs=1e-9)


@pytest.mark.parametrize("rule", ["stdp", "vectorfield", "continual", "chl", "rbp"])
def test_in_single_precision_the_rules_are_those_of_double(rule: str) -> None:
    circuit = circuit_of(TIED)
    inputs, targets = samples(circuit, 6)
    plan = plan_of(rule, STEPS, estimator="" if rule in ("chl", "rbp") else "onesided")
    single, double = (
        estimate(compile_chip(circuit, "array", dtype), inputs, targets, plan).values
        for dtype in (np.float32, np.float64)
    )
    close(single, double, 2e-5)


TIED = """tied
.bus x[3] h[4] y[2]
.model syn synapse(init=uniform spread=0.8)
.model cell neuron(c=2p gleak=3u vunit=0.4 activation=tanh drive=energy bias=0.1)
Yxh x h syn
Yhy h y syn
Nh h cell
Ny y cell
.input x
.output y
.nudge y
.learn Yxh rate=0.1
.learn Yhy rate=0.1
.learn Nh rate=0.1
.learn Ny rate=0.1
.train seed=1
.end
"""
UNTIED = "Yhy h y syn dir=forward\nYback h y syn dir=backward"
