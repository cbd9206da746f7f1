"""The two forms against their plain twin on chips of many kinds: states, local signals, gradients, checks."""

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from eqchip.netlists.circuit import Circuit
from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.reader import parse
from eqchip.simulator.checking import check
from eqchip.simulator.chip import Chip, Nudge, Settling
from eqchip.simulator.compile import compile_chip
from eqchip.simulator.learning.estimate import estimate
from eqchip.simulator.learning.methods import ESTIMATORS
from eqchip.simulator.learning.plan import Plan
from eqchip.simulator.learning.references import finite_differences
from eqchip.simulator.learning.references.recurrent_backpropagation import gradient
from eqchip.simulator.loaded import LoadedChip
from eqchip.simulator.training import train
from naive_circuits import from_circuit

STILL = Settling(tol=1e-13)
FORMS = ("array", "sparse")
PLAIN = "activation=tanh"
#: Name → (neurons of h, neurons of y, options of Yxh, further cards).
KINDS = {
    "plain": (PLAIN, PLAIN, "", ""),
    "sigmoid": ("activation=sigmoid slope=4 shift=0.5", "activation=sigmoid", "", ""),
    "clamped": ("activation=hardsigmoid bias=0.4", "activation=hardsigmoid bias=0.3", "", ""),
    "scales": (f"{PLAIN} gleak=3u vunit=0.2 c=2p", f"{PLAIN} gleak=0.5u vunit=1.5", "gunit=2u", ""),
    "within": (PLAIN, PLAIN, "", "Yhh h h syn\n.learn Yhh rate=0.1\n"),
}


@cache
def circuit(kind: str) -> Circuit:
    hidden, output, options, more = KINDS[kind]
    return elaborate(
        parse(
            f"""chip
.bus x[3] h[4] y[2]
.model syn synapse(init=uniform spread=0.5)
.model first synapse(init=uniform spread=0.7 {options})
.model hidden neuron({hidden})
.model last neuron({output})
Yxh x h first
Yhy h y syn
Nh h hidden
Ny y last
{more}.input x
.output y
.nudge y cost=mse
.learn Yxh rate=0.1
.learn Yhy rate=0.1
.learn Nh rate=0.1
.learn Ny rate=0.1
.train seed=3
.end
""",
            "chip.cir",
        )
    )


def samples() -> tuple[Any, Any]:
    random = np.random.default_rng(11)
    return random.uniform(-1, 1, (5, 3)), random.uniform(0, 1, (5, 2))


def compiled(kind: str, form: str) -> Chip:
    return compile_chip(circuit(kind), form, np.float64)


def close(found: Any, wanted: Any, tolerance: float) -> None:
    np.testing.assert_allclose(found, wanted, rtol=0, atol=tolerance * np.max(np.abs(wanted)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", FORMS)
def test_outputs_estimates_and_gradients_are_those_of_the_twin(form: str, kind: str) -> None:
    chip, twin = compiled(kind, form), from_circuit(circuit(kind))
    inputs, targets = samples()
    assert chip.tau == pytest.approx(twin.tau)
    assert chip.output_conductance == pytest.approx(twin.output_conductance)
    free, still = chip.settle(inputs, STILL), twin.settle(inputs, STILL)
    close(chip.outputs(free), twin.outputs(still), 1e-10)
    for nudge in (Nudge(targets, 0.4), Nudge(targets, -0.4)):
        found = chip.outputs(chip.settle(inputs, STILL, nudge, free))
        close(found, twin.outputs(twin.settle(inputs, STILL, nudge, still)), 1e-10)
    for name in ESTIMATORS:
        for nudging in ("live", "frozen"):
            plan = Plan(estimator=name, beta=0.3, free=STILL, nudged=STILL, kind=nudging)
            wanted = estimate(twin, inputs, targets, plan).values
            values = estimate(chip, inputs, targets, plan).values
            assert set(values) == set(wanted)
            for key, value in wanted.items():
                close(values[key], value, 1e-9)
    slopes = gradient(twin, inputs, targets, 1e-13)
    for key, value in gradient(chip, inputs, targets, 1e-13).items():
        close(value, slopes[key], 1e-9)
    assert chip.stability(free) == pytest.approx(twin.stability(still), rel=1e-7)
    assert chip.reciprocity(free) < 1e-12


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", FORMS)
def test_euler_steps_are_those_of_the_twin(form: str, kind: str) -> None:
    chip, twin = compiled(kind, form), from_circuit(circuit(kind))
    inputs, targets = samples()
    steps = Settling("euler", steps=7, eps=0.3)
    plan = Plan(beta=0.3, free=steps, nudged=replace(steps, steps=3))
    wanted, found = (estimate(one, inputs, targets, plan) for one in (twin, chip))
    close(found.outputs, wanted.outputs, 1e-12)
    np.testing.assert_allclose(found.free.residual, wanted.free.residual, rtol=1e-9)
    for key, value in wanted.values.items():
        close(found.values[key], value, 1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["plain", "within", "scales"])
@pytest.mark.parametrize("form", FORMS)
def test_the_estimate_is_the_slope_of_the_work_done_by_the_nudge(form: str, kind: str) -> None:
    """Without any energy: F(β) − F(0) is the integral of the cost over β, as dF/dβ = cost."""
    chip = compiled(kind, form)
    inputs, targets = samples()
    beta = 0.3
    at, weight = np.polynomial.legendre.leggauss(20)

    def target() -> float:
        free = chip.settle(inputs, STILL)
        costs = [
            0.5
            * np.sum(
                (chip.outputs(chip.settle(inputs, STILL, Nudge(targets, b), free)) - targets) ** 2, axis=1
            )
            for b in beta * at  # from −β to β
        ]
        return float(weight @ np.mean(costs, axis=1)) * beta / (2 * beta)

    found = estimate(chip, inputs, targets, Plan(beta=beta, free=STILL, nudged=STILL)).values
    for learnable, index in finite_differences.pick(chip, 5, np.random.default_rng(1)):
        exact = finite_differences.derivative(chip, target, learnable, index)
        assert found[learnable][index] == pytest.approx(exact, abs=1e-7 * np.max(np.abs(found[learnable])))


@pytest.mark.parametrize("form", ["array", "sparse"])
def test_what_learns_may_be_a_single_number(form: str) -> None:
    """A neuron and a synapse on single nodes: arrays without an axis."""
    text = """* single
.bus x[2]
.model syn synapse(init=uniform spread=0.3)
.model cell neuron(c=1p gleak=1u activation=tanh)
Yxh x h syn
Nh h cell
Yhy h y syn w=0.5
Ny y cell
.input x
.output y decode=linear
.nudge y
.learn Yhy rate=0.5
.learn Ny rate=0.5
.data xor
.train beta=1e-3 tol=1e-12 epochs=2 batch=4
.end
"""
    chip = LoadedChip(parse(text, "single"), "single")
    run = train(chip, form=form)
    assert run.weights["Ny"].shape == ()
    assert abs(float(run.weights["Ny"])) > 0.1
    assert abs(float(np.ravel(run.weights["Yhy"])[0]) - 0.5) > 1e-4
    found, _ = check(chip, form=form)
    assert found.reference_error is not None
    assert found.reference_error < 1e-6
