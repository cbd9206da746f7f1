"""Backpropagation through time against finite differences of the loss at the end of the unrolled phase."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eqchip.errors import InputError
from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.reader import parse
from eqchip.simulator.chip import Chip, Settling, Weights
from eqchip.simulator.compile import compile_chip
from eqchip.simulator.cost.costs import cost
from eqchip.simulator.learning.estimate import estimate
from eqchip.simulator.learning.plan import Plan
from eqchip.simulator.learning.references import finite_differences
from eqchip.simulator.learning.references.backpropagation_through_time import gradient, last_states
from learning_chips import KINDS, chip, samples
from naive_arrays import random_chip

STEPS = Settling("euler", steps=7, eps=0.4)


def plan_of(phase: Settling, window: int | None = None, name: str = "mse") -> Plan:
    return Plan(
        estimator="", rule="bptt", free=phase, nudged=replace(phase, steps=window or phase.steps), cost=name
    )


def slopes(made: Chip, loss: Callable[[], float], found: Weights, h: float, count: int = 8) -> None:
    """Hold some elements of every array against finite differences."""
    size = max(np.max(np.abs(one)) for one in found.values())
    for name, index in finite_differences.pick(made, count, np.random.default_rng(1)):
        exact = finite_differences.derivative(made, loss, name, index, h)
        assert found[name][index] == pytest.approx(exact, abs=1e-6 * size)


def held_against_the_unrolled_loss(made: Chip, phase: Settling, targets: Any, inputs: Any, h: float) -> None:
    plan = plan_of(phase)
    course = last_states(made, inputs, plan)
    assert len(course) == phase.steps + 1

    def loss() -> float:
        ended = made.settle(inputs, phase)
        return float(np.mean(cost("mse").losses(made.outputs(ended), targets)))

    slopes(made, loss, gradient(made, course, targets, plan), h)


@pytest.mark.parametrize("form", ["array", "sparse"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_gradient_is_that_of_the_unrolled_phase(kind: str, form: str) -> None:
    inputs, targets = samples()
    held_against_the_unrolled_loss(chip(kind, form), STEPS, targets, inputs, 1e-5)


@pytest.mark.parametrize("solve", ["expeuler", "discrete"])
@pytest.mark.parametrize("kind", ["clamped", "direct"])
def test_other_steps_are_run_backwards_too(kind: str, solve: str) -> None:
    inputs, targets = samples()
    held_against_the_unrolled_loss(chip(kind), replace(STEPS, solve=solve), targets, inputs, 1e-5)


@settings(max_examples=20)
@given(random_chip(), st.sampled_from(["array", "sparse"]))
def test_random_chips(text: str, form: str) -> None:
    circuit = elaborate(parse(text, "random.cir"))
    made = compile_chip(circuit, form, np.float64)
    random = np.random.default_rng(3)
    inputs = random.uniform(-1, 1, (2, len(circuit.inputs[0].nodes)))
    targets = random.uniform(0, 1, (2, sum(len(one.nodes) for one in circuit.nudges)))
    plan = plan_of(replace(STEPS, steps=4))
    course = last_states(made, inputs, plan)
    found = gradient(made, course, targets, plan)

    def loss() -> float:
        ended = made.settle(inputs, plan.free)
        return float(np.mean(cost("mse").losses(made.outputs(ended), targets)))

    size = max(np.max(np.abs(one)) for one in found.values())
    for name, index in finite_differences.pick(made, 4, random):
        exact = finite_differences.steady(made, loss, name, index)
        if exact is not None:  # a clamp may have its kink just here
            assert found[name][index] == pytest.approx(exact, abs=1e-5 * size + 1e-9)


@pytest.mark.parametrize("form", ["array", "sparse"])
def test_each_step_has_its_own_part(form: str) -> None:
    """∇(t) is the slope of the loss when θ differs in that step alone; neurons: when that state does."""
    made, (inputs, targets) = chip("scales", form), samples()
    plan = plan_of(replace(STEPS, steps=5))
    course = last_states(made, inputs, plan)
    back = made.through_time(course, plan.free, targets)
    one = replace(STEPS, steps=1)

    def end(start: Any, steps: int) -> float:
        ended = made.settle(inputs, replace(STEPS, steps=steps), None, start) if steps else start
        return float(np.mean(cost("mse").losses(made.outputs(ended), targets)))

    total: Weights = {}
    before = made.parameters()
    for t in range(1, 6):
        begun = course[5 - t]
        part = back.weights(t, t)

        def loss(begun: Any = begun, t: int = t) -> float:
            moved = made.settle(inputs, one, None, begun)
            made.write(before)  # the steps after it have the old θ
            return end(moved, t - 1)

        slopes(made, loss, part, 1e-5, 4)
        total = {name: total.get(name, 0.0) + value for name, value in part.items()}
        by = np.zeros_like(back.neurons(t))
        by[1, 2] = 1e-6
        rise = end(made.displaced(begun, by), t) - end(made.displaced(begun, -by), t)
        assert back.neurons(t)[1, 2] / len(inputs) == pytest.approx(rise / 2e-6, rel=1e-5, abs=1e-9)
    for name, value in back.weights(1, 5).items():
        np.testing.assert_allclose(value, total[name], rtol=1e-10, atol=1e-14)


def test_the_window_is_truncated() -> None:
    """Steps before the window count as given: the gradient of a phase that starts where the window does."""
    made, (inputs, targets) = chip("tanh"), samples()
    plan = plan_of(STEPS, window=3)
    course = last_states(made, inputs, plan)
    assert len(course) == 4
    whole = made.settle(inputs, STEPS)
    np.testing.assert_allclose(made.displacement(whole, course[-1]), 0.0, atol=1e-12)
    assert np.array_equal(course[-1].iterations, whole.iterations)
    np.testing.assert_allclose(course[-1].durations, whole.durations)  # latency is that of the whole phase

    def loss() -> float:
        ended = made.settle(inputs, replace(STEPS, steps=3), None, course[0])
        return float(np.mean(cost("mse").losses(made.outputs(ended), targets)))

    slopes(made, loss, gradient(made, course, targets, plan), 1e-4)


def test_cross_entropy_is_run_backwards_as_well() -> None:
    made, (inputs, targets) = chip("direct", cost="crossentropy"), samples()
    plan = plan_of(STEPS, name="crossentropy")

    def loss() -> float:
        ended = made.settle(inputs, STEPS)
        return float(np.mean(cost("crossentropy").losses(made.outputs(ended), targets)))

    slopes(made, loss, gradient(made, last_states(made, inputs, plan), targets, plan), 1e-4)


def test_a_rule_of_training_has_it_as_its_estimate() -> None:
    made, (inputs, targets) = chip("tanh"), samples()
    plan = plan_of(STEPS, window=4)
    found = estimate(made, inputs, targets, plan)
    wanted = gradient(made, last_states(made, inputs, plan), targets, plan)
    for name, value in wanted.items():
        np.testing.assert_array_equal(found.values[name], value)
    assert found.nudged == ()


def test_at_rest_and_far_back_it_is_the_gradient_of_the_equilibrium() -> None:
    made, (inputs, targets) = chip("skip"), samples()
    plan = plan_of(replace(STEPS, steps=400), window=200)
    course = last_states(made, inputs, plan)
    found = gradient(made, course, targets, plan)
    for name, value in made.gradient(course[-1], inputs, targets).items():
        np.testing.assert_allclose(found[name], value, rtol=1e-8, atol=1e-10)


def test_single_precision_is_near() -> None:
    inputs, targets = samples()
    found = [
        gradient(made, last_states(made, inputs, plan_of(STEPS)), targets, plan_of(STEPS))
        for made in (chip("within", dtype=np.float64), chip("within", dtype=np.float32))
    ]
    for name, value in found[0].items():
        np.testing.assert_allclose(found[1][name], value, rtol=0, atol=2e-6)


def test_what_has_no_steps_to_run_backwards_is_refused() -> None:
    made, (inputs, targets) = chip("tanh"), samples()
    with pytest.raises(InputError, match="solve=equilibrium without free_steps= and nudged_steps="):
        estimate(made, inputs, targets, plan_of(Settling()))
    with pytest.raises(InputError, match="solve=rk4 is not run backwards"):
        estimate(made, inputs, targets, plan_of(replace(STEPS, solve="rk4")))
    sparse = chip("tanh", "sparse")
    with pytest.raises(InputError, match="solve=expeuler is not run backwards in the sparse form"):
        estimate(sparse, inputs, targets, plan_of(replace(STEPS, solve="expeuler")))


def test_a_change_that_jumps_has_no_slope() -> None:
    made = chip("tanh")
    at = float(made.parameters()["Nh"][1])

    def stepping() -> float:
        return 1.0 if made.parameters()["Nh"][1] > at + 1e-9 else 0.0

    assert finite_differences.steady(made, stepping, "Nh", (1,)) is None
    assert finite_differences.steady(made, lambda: float(made.parameters()["Nh"][1] ** 2), "Nh", (1,)) == (
        pytest.approx(2.0 * at, abs=1e-9)
    )
