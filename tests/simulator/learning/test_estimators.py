"""Every estimator, with every rule it goes with here, against the target it declares."""

from itertools import pairwise

import numpy as np
import pytest

from eqchip.netlists.training import PAIRS
from eqchip.simulator.chip import Nudge, Settling, Weights
from eqchip.simulator.learning.estimate import estimate
from eqchip.simulator.learning.estimators.estimator import Estimator
from eqchip.simulator.learning.methods import ESTIMATORS, RULES
from eqchip.simulator.learning.plan import Plan
from eqchip.simulator.learning.references import finite_differences
from eqchip.simulator.learning.references.recurrent_backpropagation import gradient
from naive_chip import Array, NaiveChip
from naive_circuits import layered

STILL = Settling(tol=1e-13)
#: Rules that are exact along these ends; those that go step by step are tested in test_rules.py.
EXACT = [name for name, rule in RULES.items() if rule.exact and not rule.steps]
METHODS = [(rule, name) for rule in EXACT for name in PAIRS[rule] if name in ESTIMATORS]
CHIPS = {
    "tanh": ((3, 4, 2), {"activation": "tanh", "seed": 1}),
    "sigmoid": ((2, 3, 3, 2), {"activation": "sigmoid", "seed": 5, "group": {"slope": 4.0, "shift": 0.5}}),
    "clamped": ((3, 4, 2), {"activation": "hardsigmoid", "seed": 8, "lift": 0.4}),
    "scaled": ((3, 4, 2), {"seed": 2, "group": {"gleak": 3e-6, "vunit": 0.2, "c": 4e-12}}),
}


def make(kind: str) -> tuple[NaiveChip, Array, Array]:
    sizes, options = CHIPS[kind]
    random = np.random.default_rng(7)
    inputs = random.uniform(-1.0, 1.0, (4, sizes[0]))
    return layered(sizes, **options), inputs, random.uniform(0.1, 0.9, (4, sizes[-1]))


def plan_of(rule: str, estimator: str, beta: float, kind: str = "live") -> Plan:
    return Plan(estimator=estimator, rule=rule, beta=beta, free=STILL, nudged=STILL, kind=kind)


def mean_estimate(chip: NaiveChip, inputs: Array, targets: Array, plan: Plan) -> Weights:
    """The mean over the signs that an estimator draws."""
    found = [estimate(chip, inputs, targets, plan, sign).values for sign in plan.methods()[0].draws]
    return {name: np.mean([one[name] for one in found], axis=0) for name in found[0]}


def energy_at_equilibrium(chip: NaiveChip, inputs: Array, targets: Array, beta: float) -> float:
    """F(β) over the energy scale, mean over samples, on the branch of the free state."""
    free = chip.settle(inputs, STILL)
    v = chip.settle(inputs, STILL, Nudge(targets, beta), free).values if beta else free.values
    return float(np.mean(chip.energy(v) / chip.scale + beta * chip.costs(v, targets)))


@pytest.mark.parametrize("kind", ["tanh", "sigmoid", "scaled"])
@pytest.mark.parametrize(("rule", "name"), METHODS)
def test_the_estimate_at_finite_beta_is_the_slope_of_its_target(rule: str, name: str, kind: str) -> None:
    chip, inputs, targets = make(kind)
    method, beta = ESTIMATORS[name], 0.6
    found = mean_estimate(chip, inputs, targets, plan_of(rule, name, beta))

    def target() -> float:
        return method.target(lambda b: energy_at_equilibrium(chip, inputs, targets, b), beta)

    loss = gradient(chip, inputs, targets)
    for learnable, index in finite_differences.pick(chip, 4, np.random.default_rng(0)):
        exact = finite_differences.derivative(chip, target, learnable, index)
        scale = np.max(np.abs(loss[learnable]))
        assert found[learnable][index] == pytest.approx(exact, abs=1e-8 * scale)
        # and β is large enough that this is not just the gradient of the loss
    assert max(np.max(np.abs(found[k] - loss[k])) / np.max(np.abs(loss[k])) for k in loss) > 1e-3


@pytest.mark.parametrize("kind", ["tanh", "sigmoid", "clamped", "scaled"])
@pytest.mark.parametrize("nudge", ["live", "frozen"])
@pytest.mark.parametrize(("rule", "name"), METHODS)
def test_the_error_against_the_gradient_of_the_loss_has_the_declared_order(
    rule: str, name: str, nudge: str, kind: str
) -> None:
    chip, inputs, targets = make(kind)
    if kind == "clamped":  # some units stand at a bound, some do not
        free = chip.settle(inputs, STILL).values[:, 3:]
        assert 0.1 < np.mean((free == 0.0) | (free == 1.0)) < 0.9
    method: Estimator = ESTIMATORS[name]
    wanted = gradient(chip, inputs, targets, 1e-13)
    betas = (0.002, 0.004) if method.order == 1 else (0.02, 0.04)
    one_draw = [
        estimate(chip, inputs, targets, plan_of(rule, name, b, nudge), method.draws[-1]).values for b in betas
    ]
    mean = [mean_estimate(chip, inputs, targets, plan_of(rule, name, b, nudge)) for b in (0.02, 0.04)]
    for values, order in ((one_draw, method.order), (mean, method.mean_order)):
        small, large = (
            np.sqrt(sum(np.sum((each[key] - wanted[key]) ** 2) for key in wanted)) for each in values
        )
        norm = np.sqrt(sum(np.sum(value**2) for value in wanted.values()))
        assert large < 0.1 * norm  # the limit itself, not only the slope towards something
        if small > 1e-9 * norm:  # with every unit in its linear range there is nothing left to curve
            assert np.log2(large / small) == pytest.approx(order, abs=0.05)


@pytest.mark.parametrize("kind", ["tanh", "sigmoid", "clamped", "scaled"])
def test_recurrent_backpropagation_is_the_slope_of_the_loss(kind: str) -> None:
    chip, inputs, targets = make(kind)
    wanted = gradient(chip, inputs, targets, 1e-13)
    picks = finite_differences.pick(chip, 12, np.random.default_rng(3))
    _, _, cost = Plan().methods()
    found = finite_differences.loss_slopes(chip, inputs, targets, cost, picks, 1e-13)
    for (name, index), slope in zip(picks, found, strict=True):
        assert slope == pytest.approx(wanted[name][index], abs=2e-8 * np.max(np.abs(wanted[name])) + 1e-11)


def test_a_frozen_nudge_differs_from_a_live_one_at_finite_beta() -> None:
    chip, inputs, targets = make("tanh")
    live, frozen = (
        estimate(chip, inputs, targets, plan_of("contrast", "onesided", 0.5, kind)).values["Yhy"]
        for kind in ("live", "frozen")
    )
    assert np.linalg.norm(live - frozen) > 0.05 * np.linalg.norm(live)


def test_a_positive_beta_pulls_the_outputs_to_their_targets() -> None:
    chip, inputs, targets = make("tanh")
    apart = [
        np.abs(chip.outputs(chip.settle(inputs, STILL, Nudge(targets, beta))) - targets).mean()
        for beta in (-0.5, 0.0, 0.5, 5.0)
    ]
    assert all(far > near for far, near in pairwise(apart))


def test_random_signs_are_drawn_with_equal_odds() -> None:
    random = np.random.default_rng(0)
    signs = [ESTIMATORS["random"].sign(random) for _ in range(4000)]
    assert set(signs) == {-1.0, 1.0}
    assert abs(np.mean(signs)) < 5.0 / np.sqrt(4000)  # false alarm: 6e-7
    assert {ESTIMATORS["centered"].sign(random) for _ in range(9)} == {1.0}
