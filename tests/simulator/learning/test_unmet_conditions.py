"""Theorems on chips whose periphery is not exact: they name the condition that is missed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.reader import parse
from eqchip.simulator.chip import Settling
from eqchip.simulator.compile import compile_chip
from eqchip.simulator.learning.plan import Plan
from eqchip.simulator.learning.theorems.prove import ground_of
from eqchip.simulator.learning.theorems.reciprocity import reciprocity
from eqchip.simulator.learning.theorems.second_phase import second_phase
from eqchip.simulator.learning.theorems.theorem import Ground
from eqchip.simulator.learning.theorems.through_time import through_time

STEPS = Settling("euler", steps=20, eps=0.3)
PLAN = Plan(estimator="onesided", beta=0.1, free=replace(STEPS, steps=60), nudged=STEPS)
FORMS = pytest.mark.parametrize("form", ["array", "sparse"])


def ground(form: str, nudge: str = "", y: str = "", cell: str = "", kind: str = "live") -> Ground:
    text = f"""periphery
.bus x[3] h[4] y[2]
.model syn synapse(init=uniform spread=0.6)
.model cell neuron(activation=tanh {cell})
Yxh x h syn
Yhy h y syn
Nh h cell
Ny y cell
.input x
.output y {y}
.nudge y {nudge}
.learn Yxh rate=0.1
.learn Yhy rate=0.1
.learn Nh rate=0.1
"""
    draw = np.random.default_rng(2)
    inputs, targets = draw.uniform(-1.0, 1.0, (5, 3)), draw.uniform(-0.5, 0.5, (5, 2))
    chip = compile_chip(elaborate(parse(text)), form, np.float64)
    return ground_of(chip, inputs, targets, PLAN.with_(kind=kind))


@FORMS
def test_an_exact_periphery_meets_them_all(form: str) -> None:
    made = ground(form, y="bits=5 low=-2 high=2 offset_dtod=0.1")  # what a live nudge does not go by
    assert [one(made).holds for one in (second_phase, through_time, reciprocity)] == [True] * 3


@FORMS
@pytest.mark.parametrize("nudge", ["gain_dtod=0.3", "sign_error=0.4", "gain_error=0.2"])
def test_a_nudge_that_is_not_beta_times_the_slope_is_named(form: str, nudge: str) -> None:
    made = ground(form, nudge)
    for theorem in (second_phase, through_time):
        found = theorem(made)
        assert (found.applies, found.holds) == (False, None)
        assert "the nudge does not pull by β·∂cost/∂v" in found.why
    assert min(second_phase(made).numbers["best_error"].values()) > 1e-2
    # The vector-field update keeps its direction as long as all outputs are pulled alike.
    assert reciprocity(made).applies == ("dtod" not in nudge)


@FORMS
def test_a_frozen_nudge_needs_outputs_that_are_read_exactly(form: str) -> None:
    assert second_phase(ground(form, kind="frozen")).holds
    found = second_phase(ground(form, y="bits=3 low=-1 high=1", kind="frozen"))
    assert (found.applies, found.holds) == (False, None)
    assert "a frozen nudge pulls by what is read" in found.why


@FORMS
def test_states_that_are_held_on_capacitors_are_not_compared_exactly(form: str) -> None:
    made = ground(form, cell="hold_c=5f hold_leak=1p hold_time=1m")
    assert second_phase(made).holds  # no state is compared
    found = through_time(made)
    assert (found.applies, found.holds) == (False, None)
    assert "hold_c" in found.why
