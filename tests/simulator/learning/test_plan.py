"""From .train, .nudge and .output cards to a plan, and what a plan made in Python refuses."""

from typing import Any

import numpy as np
import pytest

from eqchip.errors import InputError
from eqchip.netlists import roles, training
from eqchip.netlists.circuit import Circuit, Nudging, Output
from eqchip.simulator.learning.methods import ESTIMATORS, RULES
from eqchip.simulator.learning.plan import Plan, plan_for, plan_of
from naive_circuits import layered


def circuit(kind: str = "live", **train: Any) -> Circuit:
    return Circuit(train=train, nudges=[Nudging("y", np.arange(2), kind=kind)])


def test_cards_become_a_plan() -> None:
    found = plan_of(
        circuit(
            "frozen",
            estimator="random",
            solve="euler",
            free_steps=20.0,
            nudged_steps=4.0,
            eps=0.5,
            beta=1.0,
            batch=7.0,
            epochs=25.0,
            persistent=1.0,
            seed=3.0,
        )
    )
    assert (found.estimator, found.rule, found.kind, found.cost) == ("random", "contrast", "frozen", "mse")
    assert (found.free.solve, found.free.steps, found.free.eps) == ("euler", 20, 0.5)
    assert (found.nudged.steps, found.nudged.eps) == (4, 0.5)
    assert (found.beta, found.batch, found.epochs, found.persistent, found.seed) == (1.0, 7, 25, True, 3)


def test_what_is_not_given_has_the_default_that_is_declared() -> None:
    found = plan_of(circuit())
    assert found.estimator == roles.TRAIN["estimator"].default
    assert found.free.tol == roles.TRAIN["tol"].default
    assert found.beta == roles.TRAIN["beta"].default
    assert found.free.steps == 0


def test_an_absolute_beta_is_taken_over_the_conductance_of_the_outputs() -> None:
    chip = layered((2, 3, 2), group={"gleak": 4e-6}, circuit=circuit(beta=1e-6, **{training.BETA_UNIT: "S"}))
    assert plan_for(chip).beta == pytest.approx(0.25)
    chip.circuit.train.pop(training.BETA_UNIT)
    assert plan_for(chip).beta == 1e-6


def test_a_chip_without_nudge_cannot_be_trained() -> None:
    with pytest.raises(InputError, match=r"no \.nudge card"):
        plan_of(Circuit())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rule": "stdp"}, "rule=stdp does not go with estimator=centered"),
        ({"rule": "contrast", "estimator": "holomorphic"}, "estimator=holomorphic needs points="),
        ({"rule": "coupled", "estimator": "onesided"}, "rule=coupled is not supported yet"),
        ({"rule": "chl"}, "rule=chl does not go with estimator=centered"),
        ({"estimator": ""}, "rule=contrast does not go with estimator=none"),
        ({"schedule": "cosin"}, "schedule=cosin: no such schedule; did you mean 'cosine'"),
        ({"estimator": "centred"}, "rule=contrast does not go with estimator=centred"),
        ({"beta": 0.0}, "beta=0 nudges nothing"),
        ({"batch": 0}, "batch=0"),
        ({"kind": "dead"}, "kind=dead: no such nudge"),
        ({"cost": "entropy"}, "cost=entropy: no such cost"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Plan(**changes)


def test_a_pair_that_does_not_go_together_shows_the_table() -> None:
    with pytest.raises(InputError) as caught:
        Plan(rule="coupled", estimator="random")
    assert all(rule in str(caught.value) for rule in roles.RULES)


def test_steps_are_asked_for_where_time_is_stepped() -> None:
    with pytest.raises(InputError, match="solve=euler needs nudged_steps= eps="):
        plan_of(circuit(solve="euler", free_steps=3.0))


def test_phases_end_by_steps_by_seconds_or_by_a_tolerance() -> None:
    seconds = plan_of(circuit(solve="trap", free=2e-6, nudged=1e-6))
    assert (seconds.free.seconds, seconds.nudged.seconds, seconds.free.steps) == (2e-6, 1e-6, 0)
    still = plan_of(circuit(solve="rk4", tol=1e-7))
    assert (still.free.tol, still.free.steps, still.free.seconds) == (1e-7, 0, 0.0)
    assert plan_of(circuit(solve="rk4")).free.tol == roles.TRAIN["tol"].default
    steps = plan_of(circuit(solve="discrete", free_steps=9.0, nudged_steps=4.0))
    assert (steps.free.steps, steps.nudged.steps, steps.free.eps) == (9, 4, 0.0)


def test_every_method_is_a_word_of_the_language_and_every_word_is_here_or_refused() -> None:
    assert set(ESTIMATORS) <= set(roles.ESTIMATORS)
    assert set(RULES) <= set(roles.RULES)
    later = {value for values in training.NOT_YET.values() for value in values}
    of_points = {"holomorphic"}  # made for the number of its points
    assert set(roles.ESTIMATORS) - set(ESTIMATORS) - of_points <= later
    assert set(roles.RULES) - set(RULES) <= later
    assert not later & (set(ESTIMATORS) | set(RULES))


def test_rules_without_a_beta_have_no_estimator() -> None:
    for rule in ("chl", "rbp", "bptt"):
        found = plan_of(circuit(rule=rule))
        assert (found.rule, found.estimator) == (rule, "")
        assert found.methods()[0].betas(0.3) == ()


def test_crossentropy_is_over_one_bus() -> None:
    both = [Nudging(bus, np.arange(k, k + 2), cost="crossentropy") for k, bus in ((1, "y"), (3, "z"))]
    with pytest.raises(InputError, match=r"cost=crossentropy is over one bus: \.nudge y and \.nudge z"):
        plan_of(Circuit(nudges=both))


def with_outputs(*nudges: Nudging) -> Circuit:
    outputs = [Output("y", np.arange(1, 3)), Output("z", np.arange(3, 4))]
    return Circuit(nodes=["0", "y[0]", "y[1]", "z"], outputs=outputs, nudges=list(nudges))


def test_an_output_that_nothing_pulls_is_refused() -> None:
    with pytest.raises(InputError, match=r"z is an output that no \.nudge card pulls"):
        plan_of(with_outputs(Nudging("y", np.arange(1, 3))))
    plan_of(with_outputs(Nudging("y", np.arange(1, 3)), Nudging("z", np.arange(3, 4))))


def test_nudges_that_differ_are_refused() -> None:
    both = Nudging("y", np.arange(1, 3)), Nudging("z", np.arange(3, 4), kind="frozen")
    with pytest.raises(InputError, match=r"kind=live and \.nudge z kind=frozen: nudges that differ are not"):
        plan_of(with_outputs(*both))
