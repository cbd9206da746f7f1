"""What `eqchip check` computes: right where the chip is, and wrong where it is made wrong."""

import json
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from eqchip.errors import InputError
from eqchip.simulator.chip import Nudge, Settling, State, Weights
from eqchip.simulator.learning.agreement import curvature_slope
from eqchip.simulator.learning.fidelity import Fidelity, fidelity
from eqchip.simulator.learning.plan import Plan
from naive_chip import Array, NaiveChip
from naive_circuits import layered

TIGHT = Settling(tol=1e-12)
PLAN = Plan(beta=0.05, free=TIGHT, nudged=TIGHT)
FEW = (1e-5, 1e-4, 1e-3)
NAMES = ("Yxh", "Yhy", "Nh", "Ny")


def samples(sizes: tuple[int, int] = (3, 2)) -> tuple[Array, Array]:
    random = np.random.default_rng(4)
    return random.uniform(-1, 1, (3, sizes[0])), random.uniform(-1, 1, (3, sizes[1]))


def check(chip: NaiveChip, plan: Plan = PLAN, **more: Any) -> Fidelity:
    return fidelity(chip, *samples(), plan, **more)


@cache
def ideal(estimator: str) -> Fidelity:
    return check(layered((3, 4, 2), seed=1), replace(PLAN, estimator=estimator))


@pytest.mark.parametrize(("estimator", "order"), [("onesided", 1), ("centered", 2), ("random", 2)])
def test_an_ideal_chip_follows_the_gradient_with_the_order_of_its_estimator(
    estimator: str, order: int
) -> None:
    found = ideal(estimator)
    assert set(found.arrays) == set(NAMES)
    for one in found.arrays.values():
        assert one.slope == pytest.approx(order, abs=0.05)
        assert one.best_error is not None
        assert one.best_error < (1e-5 if order == 1 else 1e-7)
        assert one.cosine == pytest.approx(1.0, abs=2e-3)
        assert one.scale == pytest.approx(1.0, abs=0.05)
        # both ends of the window: noise below, curvature above
        assert one.errors[0] is not None
        assert one.errors[-1] is not None
        assert one.errors[-1] > 10 * one.best_error
    assert found.reciprocity < 1e-14
    assert found.stability > 0
    assert found.reference_error is not None
    assert found.reference_error < 1e-8
    assert found.reference_picks == 12
    assert found.residual <= 1e-12


def test_the_numbers_of_an_array_are_those_of_their_definitions() -> None:
    chip = layered((3, 4, 2), seed=1)
    inputs, targets = samples()
    found = check(chip, replace(PLAN, estimator="onesided", beta=0.5)).arrays["Yhy"]
    free = chip.settle(inputs, TIGHT)
    nudged = chip.settle(inputs, TIGHT, Nudge(targets, 0.5), free)
    each = (chip.local(nudged.values)["Yhy"] - chip.local(free.values)["Yhy"]) / 0.5
    rows = [slice(k, k + 1) for k in range(3)]
    slopes = [chip.gradient(chip.settle(inputs[r], TIGHT), inputs[r], targets[r])["Yhy"] for r in rows]
    slope, errors = np.mean(slopes, axis=0), each - np.array(slopes)
    norm = np.linalg.norm(slope)
    assert found.relative_error == pytest.approx(np.linalg.norm(errors.mean(0)) / norm, rel=1e-6)
    assert found.bias == pytest.approx(errors.mean() / np.sqrt(np.mean(slope**2)), rel=1e-6)
    apart = errors - errors.mean(0)
    assert found.std == pytest.approx(np.sqrt((apart**2).sum((1, 2)).mean()) / norm, rel=1e-6)
    assert found.scale == pytest.approx(np.vdot(each.mean(0), slope) / norm**2, rel=1e-6)


class WrongSign(NaiveChip):
    """Devices that move the wrong way."""

    def contrast(self, first: State, second: State) -> Weights:
        return super().contrast(second, first)


class OneWayLoss(NaiveChip):
    """An adjoint that forgot half of the chip: the cross-check must see it."""

    def gradient(self, free: State, inputs: Array, targets: Array) -> Weights:
        return {name: 1.05 * value for name, value in super().gradient(free, inputs, targets).items()}


class HalfBack(NaiveChip):
    """A chip whose way back is weaker than its way forth: not reciprocal."""

    def couplings(self) -> Array:
        return np.tril(super().couplings()) * 0.5 + np.triu(super().couplings())


def altered(kind: type[NaiveChip]) -> NaiveChip:
    chip = layered((3, 4, 2), seed=1)
    return kind(chip.groups, chip.arrays, {name: 0.1 for name in NAMES})


def test_a_wrong_sign_shows_as_a_cosine_of_minus_one() -> None:
    for one in check(altered(WrongSign), betas=FEW).arrays.values():
        assert one.cosine == pytest.approx(-1.0, abs=2e-3)
        assert one.relative_error == pytest.approx(2.0, abs=0.02)
        assert one.slope is None


def test_a_wrong_reference_shows_against_finite_differences() -> None:
    assert check(altered(OneWayLoss), betas=FEW).reference_error == pytest.approx(0.05, rel=0.3)


def test_a_chip_that_is_not_reciprocal_says_so() -> None:
    found = check(altered(HalfBack), betas=FEW)
    assert found.reciprocity > 0.05
    assert found.arrays["Yxh"].best_error is not None
    assert found.arrays["Yxh"].best_error > 0.05  # no β helps
    assert found.arrays["Yhy"].cosine is not None


def test_too_few_steps_show_as_planned_but_not_in_the_sweep() -> None:
    short = replace(
        PLAN, free=Settling("euler", steps=3, eps=0.3), nudged=Settling("euler", steps=2, eps=0.3)
    )
    found = check(layered((3, 4, 2), seed=1), short)
    assert found.solve == "euler"
    first = found.arrays["Yxh"]
    assert first.relative_error is not None
    assert first.relative_error > 0.2
    assert first.best_error is not None
    assert first.best_error < 1e-7


def test_a_beta_without_an_equilibrium_has_no_error() -> None:
    found = check(layered((3, 4, 2), seed=1), betas=(0.01, 2.5))
    one = found.arrays["Ny"]
    assert one.errors[0] is not None
    assert one.errors[1] is None
    assert one.best_beta == 0.01


def test_stability_is_the_slowest_rate() -> None:
    """One linear neuron driven by itself: dv/dt = −(1 − w)·v/τ."""
    chip = layered((1, 1), activation="linear", group={"c": 2e-12, "gleak": 1e-6})
    chip.arrays["Yyy"] = replace(chip.arrays["Yxy"], rows="y", columns="y", weights=np.array([[0.6]]))
    found = fidelity(chip, np.ones((1, 1)), np.ones((1, 1)), PLAN, (0.01,))
    assert found.stability == pytest.approx(0.4)
    assert found.slowest == pytest.approx(2e-6 / 0.4)


def test_it_is_json() -> None:
    chip = layered((3, 4, 2), seed=1)
    inputs, _ = samples()
    matched = chip.outputs(chip.settle(inputs, TIGHT))  # nothing to learn: the gradient is zero
    text = json.dumps(fidelity(chip, inputs, matched, PLAN, FEW).as_dict(), allow_nan=False)
    assert set(json.loads(text)["arrays"]["Yxh"]) >= {"cosine", "relative_error", "scale", "bias", "std"}


def test_the_slope_is_fitted_where_curvature_rules() -> None:
    betas = np.logspace(-6, -0.1, 30)
    errors = 3.0 * betas**2 + 1e-13 / betas
    assert curvature_slope(list(betas), list(errors)) == pytest.approx(2.0, abs=0.05)
    assert curvature_slope([0.1, 0.2], [0.01, 0.02]) is None
    assert curvature_slope([0.1], [None]) is None


def test_a_chip_that_learns_nothing_has_nothing_to_check() -> None:
    chip = layered((3, 4, 2), seed=1)
    chip.learnables = ()
    with pytest.raises(InputError, match=r"there is nothing to check: no \.learn card"):
        check(chip)
