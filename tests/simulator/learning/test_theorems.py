"""Theorems on small chips: they hold where their conditions are met, and fail where they must."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from eqchip.errors import InputError
from eqchip.simulator.chip import Chip, Nudge, Settling, State
from eqchip.simulator.learning.agreement import cosine, relative_error
from eqchip.simulator.learning.fidelity import fidelity
from eqchip.simulator.learning.plan import Plan
from eqchip.simulator.learning.references.vector_field_limit import limit
from eqchip.simulator.learning.theorems import second_phase as phases
from eqchip.simulator.learning.theorems import through_time as times
from eqchip.simulator.learning.theorems.prove import THEOREMS, ground_of, prove, selected
from eqchip.simulator.learning.theorems.reciprocity import reciprocity
from eqchip.simulator.learning.theorems.second_phase import second_phase
from eqchip.simulator.learning.theorems.theorem import Ground, Theorem
from eqchip.simulator.learning.theorems.through_time import NEURONS, through_time
from eqchip.simulator.learning.window import window
from learning_chips import RECIPROCAL, chip, samples

STEPS = Settling("euler", steps=20, eps=0.3)
PLAN = Plan(estimator="onesided", beta=0.1, free=replace(STEPS, steps=60), nudged=STEPS)


def ground(kind: str = "tanh", form: str = "array", plan: Plan = PLAN, made: Chip | None = None) -> Ground:
    return ground_of(made or chip(kind, form), *samples(), plan)


def with_solver(solve: str, plan: Plan = PLAN) -> Plan:
    return plan.with_(free=replace(plan.free, solve=solve), nudged=replace(plan.nudged, solve=solve))


# -- the second phase ------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["array", "sparse"])
@pytest.mark.parametrize("kind", RECIPROCAL)
def test_currents_are_recurrent_backpropagation(kind: str, form: str) -> None:
    found = second_phase(ground(kind, form))
    assert (found.applies, found.holds) == (True, True)
    assert set(found.numbers["best_error"]) == {"euler", "heun", "rk4"}
    assert max(found.numbers["best_error"].values()) < 3e-6
    for slope in found.numbers["slope"].values():
        assert slope == pytest.approx(1.0, abs=0.03)


def test_a_frozen_nudge_has_the_same_limit() -> None:
    assert second_phase(ground(plan=PLAN.with_(kind="frozen"))).holds


def test_it_is_the_current_at_the_start_of_each_step(monkeypatch: pytest.MonkeyPatch) -> None:
    genuine = phases.currents

    def late(one: Ground, phase: Settling, beta: float, at: Any) -> tuple[Any, int]:
        found, changed = genuine(one, replace(phase, steps=phase.steps + 1), beta, at)
        return found[1:], changed

    monkeypatch.setattr(phases, "currents", late)
    found = second_phase(ground())
    assert (found.applies, found.holds) == (True, False)
    assert min(found.numbers["best_error"].values()) > 0.1


def test_another_method_on_one_side_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phases, "DEGREES", {"euler": 1, "heun": 1, "rk4": 3})
    found = second_phase(ground())
    assert found.holds is False
    assert found.numbers["best_error"]["euler"] < 1e-5
    assert found.numbers["best_error"]["heun"] > 1e-2
    assert found.numbers["best_error"]["rk4"] > 1e-4


def test_where_j_is_not_symmetric_it_says_so_and_errs() -> None:
    found = second_phase(ground("direct"))
    assert (found.applies, found.holds) == (False, None)
    assert "J is not symmetric" in found.why
    assert min(found.numbers["best_error"].values()) > 1e-2


def test_steps_that_are_too_long_are_named() -> None:
    long = PLAN.with_(nudged=replace(STEPS, eps=2.5))
    assert "adjoints grow" in second_phase(ground(plan=long)).why
    assert "do not come back to rest" in through_time(ground(plan=long)).why


# -- backpropagation through time ------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["array", "sparse"])
@pytest.mark.parametrize("kind", RECIPROCAL)
def test_updates_are_backpropagation_through_time(kind: str, form: str) -> None:
    found = through_time(ground(kind, form))
    assert (found.applies, found.holds) == (True, True)
    assert set(found.numbers["best_error"]) >= {NEURONS, "Yxh", "Yhy", "Nh", "Ny"}
    assert max(found.numbers["best_error"].values()) < 3e-6
    for slope in found.numbers["slope"].values():
        assert slope == pytest.approx(1.0, abs=0.05)


def shifted(genuine: Any) -> Any:
    def late(one: Ground, free: State, phase: Settling, beta: float, back: Any) -> Any:
        found = genuine(one, free, replace(phase, steps=phase.steps + 1), beta, back)
        return {name: value[1:] for name, value in found.items()}

    return late


def turned(genuine: Any) -> Any:
    def wrong(*given: Any) -> Any:
        return {name: -value for name, value in genuine(*given).items()}

    return wrong


@pytest.mark.parametrize(("wrong", "least"), [(shifted, 0.1), (turned, 1.9)])
def test_a_step_too_late_or_a_wrong_sign_shows(
    wrong: Any, least: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(times, "updates", wrong(times.updates))
    found = through_time(ground())
    assert (found.applies, found.holds) == (True, False)
    assert min(found.numbers["best_error"].values()) > least


def test_discrete_dynamics_agree_in_the_weights_alone() -> None:
    found = through_time(ground("direct", plan=with_solver("discrete")))
    best = found.numbers["best_error"]
    assert found.holds
    assert "with a linear readout" in found.why
    assert max(error for name, error in best.items() if name != NEURONS) < 3e-6
    assert best[NEURONS] > 1e-2


def test_discrete_dynamics_of_clamped_units_agree_in_all() -> None:
    """s ← clip(Ws + b) is s ← ∂Φ/∂s as long as the outputs are within their bounds."""
    made = chip("clamped")
    made.write({name: 0.2 * value for name, value in made.parameters().items() if name.startswith("Y")})
    found = through_time(ground(made=made, plan=with_solver("discrete")))
    assert (found.applies, found.holds) == (True, True)
    assert max(found.numbers["best_error"].values()) < 3e-6


def test_one_way_arrays_and_readouts_at_a_bound_agree_only_roughly() -> None:
    found = through_time(ground("curved", plan=with_solver("discrete")))
    assert (found.applies, found.holds) == (False, None)
    assert found.numbers["best_error"]["Yxh"] > 1e-3


def test_the_update_in_training_is_compared_as_it_is() -> None:
    found = through_time(ground()).numbers["as_trained"]
    for one in found.values():
        assert one["cosine"] > 0.99
        assert 1e-4 < one["relative_error"] < 0.2
    assert through_time(ground(plan=Plan(estimator="onesided"))).numbers["as_trained"] is None


# -- reciprocity -----------------------------------------------------------------------------------------


def test_the_cosine_falls_with_reciprocity_and_the_chip_lies_on_the_curve() -> None:
    found = reciprocity(ground("curved"))
    assert found.holds
    whole, ratios = found.numbers["cosine"]["all"], found.numbers["asymmetry"]
    assert ratios[0] == 0.0
    assert np.all(np.diff(ratios) > 0)
    assert whole[0] == pytest.approx(1.0, abs=1e-12)
    assert np.all(np.diff(whole) < 0)
    own = found.numbers["share"].index(1.0)
    assert found.numbers["measured"]["all"] == pytest.approx(whole[own], abs=1e-4)


def test_a_reciprocal_chip_has_its_way_back_weakened() -> None:
    found = reciprocity(ground("tanh"))
    assert found.holds
    assert found.numbers["share"][0] == 0.0
    assert found.numbers["measured"]["all"] == pytest.approx(1.0, abs=1e-8)
    assert found.numbers["cosine"]["all"][-1] < 0.999


def test_a_rule_that_is_no_vector_field_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the contrast of end points for the update of a chip without an energy."""
    made = chip("curved")
    monkeypatch.setattr(made, "vector_field", made.contrast)
    assert reciprocity(ground(made=made)).holds is False


@pytest.mark.parametrize("kind", ["direct", "curved", "tanh"])
def test_the_limit_of_the_vector_field_rule_is_that_of_small_nudges(kind: str) -> None:
    one = ground(kind)
    wanted = limit(one.chip, one.free, one.inputs, one.targets, PLAN)
    ended = one.chip.settle(one.inputs, Settling(tol=1e-14), Nudge(one.targets, 1e-6), one.free)
    found = one.chip.vector_field(one.free, ended)
    for name, value in wanted.items():
        assert (relative_error(found[name] / 1e-6, value) or 0.0) < 1e-5
    exact = one.chip.gradient(one.free, one.inputs, one.targets)
    near = [cosine(value, exact[name]) for name, value in wanted.items()]
    assert (min(one or 0.0 for one in near) > 1.0 - 1e-9) is (kind == "tanh")


def test_the_sweep_of_a_vector_field_is_held_against_its_own_target() -> None:
    plan = Plan(rule="vectorfield", estimator="onesided")
    found = fidelity(chip("direct"), *samples(), plan)
    assert found.aimed
    for one in found.arrays.values():
        assert one.best_error is not None
        assert one.best_error < 1e-5
        assert one.slope == pytest.approx(1.0, abs=0.05)
    assert found.arrays["Yxh"].cosine is not None
    assert found.arrays["Yxh"].cosine < 0.999


# -- all of them -----------------------------------------------------------------------------------------


def test_a_chip_that_is_right_has_no_error_to_follow() -> None:
    made, (inputs, _) = chip("tanh"), samples()
    right = made.outputs(made.settle(inputs, Settling(tol=1e-15)))
    one = replace(ground(made=made), targets=np.asarray(right))
    one = replace(one, targets=made.outputs(one.free))
    for found in prove(one):
        assert (found.applies, found.holds) == (False, None)
        assert "no error" in found.why


def test_names_are_checked() -> None:
    assert selected(()) == tuple(THEOREMS)
    assert selected(("reciprocity", "reciprocity")) == ("reciprocity",)
    with pytest.raises(InputError, match="there is no theorem 'through_tim'"):
        selected(("through_tim",))


def every(found: Iterator[Theorem]) -> dict[str, Theorem]:
    return {one.name: one for one in found}


@pytest.mark.parametrize("kind", ["tanh", "scales", "curved"])
def test_both_forms_find_the_same(kind: str) -> None:
    array, sparse = (every(prove(ground(kind, form))) for form in ("array", "sparse"))
    for name, one in array.items():
        assert (one.applies, one.holds) == (sparse[name].applies, sparse[name].holds)
    first, second = (found["reciprocity"].numbers["cosine"]["all"] for found in (array, sparse))
    np.testing.assert_allclose(first, second, rtol=1e-6)


# -- the window of β -------------------------------------------------------------------------------------

BETAS = tuple(float(beta) for beta in np.logspace(-6, -0.5, 12))


def test_the_window_of_a_smooth_chip_is_wide() -> None:
    found = window(ground("skip"), BETAS)
    assert found.bounds == found.branch == found.limit == BETAS[-1]


def test_a_unit_near_its_bound_closes_the_window() -> None:
    """Move the bias of the first output until it stands 2·10⁻³ above its lower bound, in the mean."""
    made, (inputs, _) = chip("clamped"), samples(1)
    made.write({name: 0.0 * value for name, value in made.parameters().items() if name.startswith("Y")})
    made.write({"Ny": np.array([2e-3, 0.5])})
    targets = np.array([[-1.0, 0.5]])
    found = window(ground_of(made, inputs, targets, PLAN), BETAS)
    # (1 + β) s = b − β for the target −1: the bound is met at β = b.
    assert found.bounds is not None
    assert found.bounds < 2e-3
    assert BETAS[BETAS.index(found.bounds) + 1] >= 2e-3
