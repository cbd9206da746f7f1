"""Training by every rule: XOR in both forms, what is applied when, schedules, what displaces what."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from elaborated import refused
from eqchip.errors import InputError
from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.reader import parse
from eqchip.netlists.training import BETA_UNIT
from eqchip.simulator.chip import Chip
from eqchip.simulator.compile import compile_chip
from eqchip.simulator.data.load import load
from eqchip.simulator.learning.estimate import estimate
from eqchip.simulator.learning.plan import Plan, plan_for
from eqchip.simulator.learning.trainer import train

NETLIST = (Path(__file__).parents[3] / "netlists" / "chips" / "xor.cir").read_text(encoding="utf-8")
STEPPED = {"train.solve": "euler", "train.free_steps": 60, "train.nudged_steps": 30, "train.eps": 0.4}
ONE_PHASE = {"train.estimator": "onesided"}
RULES: dict[str, dict[str, Any]] = {
    "stdp": ONE_PHASE,
    "vectorfield": ONE_PHASE,
    "continual": ONE_PHASE,
    "chl": {},
    "rbp": {},
    "bptt": STEPPED,
}


def xor(**overrides: Any) -> Any:
    return elaborate(parse(NETLIST, "xor.cir"), {name: str(value) for name, value in overrides.items()})


def ready(form: str, **overrides: Any) -> tuple[Chip, Any, Plan]:
    circuit = xor(**overrides)
    chip = compile_chip(circuit, form, np.float64)
    return chip, load(circuit), plan_for(chip)


@pytest.mark.parametrize("settings", [{}, STEPPED], ids=["equilibrium", "euler"])
@pytest.mark.parametrize("rule", RULES)
def test_xor_is_learned_by_every_rule(rule: str, settings: dict[str, Any]) -> None:
    given = {"train.rule": rule, **RULES[rule], **settings}
    if rule == "continual" and settings:  # states follow weights that move too fast for them
        given |= {f"learn.{name}.rate": 0.2 for name in ("Yxh", "Nh", "Yhy", "Ny")}
        given |= {"train.nudged_steps": 10, "train.epochs": 200}
    chip, data, plan = ready("array", **given)
    *_, last = train(chip, data, plan)
    assert last.test_error == 0.0
    assert last.test_loss < 0.03


@pytest.mark.parametrize("settings", [{}, STEPPED], ids=["equilibrium", "euler"])
@pytest.mark.parametrize("rule", RULES)
def test_both_forms_learn_the_same(rule: str, settings: dict[str, Any]) -> None:
    given = {"train.rule": rule, **RULES[rule], **settings, "train.epochs": 3}
    weights = []
    for form in ("array", "sparse"):
        chip, data, plan = ready(form, **given)
        begin = chip.parameters()
        list(train(chip, data, plan))
        weights.append(chip.parameters())
    for name, values in weights[0].items():
        np.testing.assert_allclose(weights[1][name], values, rtol=0, atol=1e-8)
        assert np.max(np.abs(values - begin[name])) > 1e-3


@pytest.mark.parametrize("form", ["array", "sparse"])
def test_what_continual_learning_has_moved_is_not_moved_again(form: str) -> None:
    given = {"train.rule": "continual", **ONE_PHASE, **STEPPED, "train.epochs": 1}
    chip, data, plan = ready(form, **given)
    twin, _, _ = ready(form, **given)
    order = next(iter(train(chip, data, plan)))  # one batch: all four samples, in any order
    assert order.samples == plan.batch
    moved = estimate(twin, data.train.inputs, data.train.targets, plan).moved
    assert moved is not None
    for name, values in chip.parameters().items():
        np.testing.assert_allclose(values, moved[name], rtol=0, atol=1e-13)
        assert np.max(np.abs(values - twin.parameters()[name])) > 1e-4


@pytest.mark.parametrize("rule", ["contrast", "continual"])
@pytest.mark.parametrize("schedule", ["constant", "exponential", "cosine"])
def test_rates_fall_from_epoch_to_epoch_as_the_schedule_says(schedule: str, rule: str) -> None:
    given = {"train.schedule": schedule, "train.epochs": 4, "train.rule": rule, **ONE_PHASE}
    if schedule == "exponential":
        given["train.gamma"] = 0.7
    chip, data, plan = ready("array", **given)
    shares = {
        "constant": [1.0, 1.0, 1.0, 1.0],
        "exponential": [1.0, 0.7, 0.49, 0.343],
        "cosine": [1.0, 0.5 + 0.5 * math.sqrt(0.5), 0.5, 0.5 - 0.5 * math.sqrt(0.5)],
    }[schedule]
    rates = {one.name: one.rate for one in chip.learnables}
    run, before = train(chip, data, plan), chip.parameters()
    for share in shares:
        found = estimate(chip, data.train.inputs, data.train.targets, plan).values
        next(run)
        after = chip.parameters()
        for name, values in after.items():
            step = share * rates[name] * found[name]
            np.testing.assert_allclose(values, before[name] - step, rtol=0, atol=1e-9)
        before = after


def test_a_rule_without_beta_given_from_outside_displaces_estimator_and_beta() -> None:
    assert "beta" in xor().train
    found = xor(**{"train.rule": "chl"}).train
    assert not {"beta", "estimator", "points", BETA_UNIT} & set(found)
    kept = xor(**{"train.rule": "stdp", "train.estimator": "random"}).train
    assert (kept["beta"], kept["estimator"]) == (0.3, "random")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"train.rule": "chl", "train.beta": "0.5"}, "rule=chl has no beta"),
        ({"train.rule": "rbp", "train.estimator": "random"}, "rule=rbp does not go with estimator=random"),
        ({"train.rule": "vectorfield"}, "rule=vectorfield does not go with estimator=centered"),
        ({"train.schedule": "exponential"}, "schedule=exponential needs gamma="),
        (
            {"train.rule": "continual", "train.estimator": "onesided", "learn.Nh.decay": "1e-4"},
            "rule=continual moves Nh during the nudge: there is no step for decay= of .learn Nh to change",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(given: dict[str, str], message: str) -> None:
    refused(NETLIST.partition("\n")[2], message, given)


def test_backpropagation_through_time_needs_steps_to_run_backwards() -> None:
    chip, data, plan = ready("array", **{"train.rule": "bptt"})
    with pytest.raises(InputError, match="rule=bptt runs steps of the free phase backwards"):
        next(train(chip, data, plan))
