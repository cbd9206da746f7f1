"""cost/ of runs: converters, programming, what is not known, and the keys of --json."""

from __future__ import annotations

import math

import numpy as np
import pytest

from eqchip.errors import InputError
from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.reader import parse
from eqchip.simulator.api import load
from eqchip.simulator.cost.conversions import conversions_of
from eqchip.simulator.cost.programming import programming
from eqchip.simulator.cost_table import CONVERTERS, cost_answers, cost_plan, cost_rows
from eqchip.simulator.learning.epoch import Evaluation, PhaseReport
from eqchip.simulator.rows import gather
from eqchip.simulator.run import Run
from eqchip.simulator.spending import Spending
from eqchip.simulator.training import train

XOR = {"train.epochs": 2}


def trained(**changes: object) -> Run:
    return train(load("xor").set({**XOR, **changes}))  # type: ignore[arg-type]


def test_a_training_sample_is_free_nudged_and_converted() -> None:
    run = trained(**{"input.x.bits": 6, "input.x.fom": 1e-12, "output.y.bits": 8, "output.y.fom": 2e-12})
    told = cost_answers(run["cost"].trace)
    inputs, outputs = (len(load("xor").circuit.buses[name]) for name in ("x", "y"))
    dac, adc = inputs * 64e-12, outputs * 512e-12
    assert told["energy_joules"]["free"][CONVERTERS] == pytest.approx(dac + adc)
    assert told["energy_joules"]["nudged"][CONVERTERS] == pytest.approx(2 * adc)  # centered: two phases
    total = sum(sum(kinds.values()) for kinds in told["energy_joules"].values())
    assert told["energy_joules_per_sample"] == pytest.approx(total)
    free, nudged = (np.asarray(run[f"cost/energy_{phase}"]).sum(axis=1) for phase in ("free", "nudged"))
    assert told["energy_joules_per_sample"] == pytest.approx(np.mean(free + nudged))


def test_ideal_converters_cost_nothing() -> None:
    circuit = elaborate(parse("t\n.bus x[2]\nR1 x[0] x[1] 1k\n.input x bits=4\n.end\n", "t.cir"))
    assert not conversions_of(circuit)


def test_a_figure_of_merit_needs_a_converter() -> None:
    with pytest.raises(InputError, match=r"fom=1e-15 J for each step of a converter without bits") as error:
        elaborate(parse("t\n.bus x[2]\nR1 x[0] x[1] 1k\n.input x fom=1f\n.end\n", "t.cir"))
    assert error.value.at is not None


def test_programming_is_shared_by_the_samples_and_unknown_without_a_scale() -> None:
    assert programming((1.0, 10.0), (3.0, 30.0), 4) == 0.5
    assert programming((0.0, 0.0), (0.0, 0.0), 4) == 0.0
    assert math.isnan(programming((0.0, 0.0), (0.0, 5.0), 4))


def test_what_is_not_known_is_null() -> None:
    circuit = load("xor").circuit
    test = Evaluation(4, 0.0, 0.0, 1.0, 4.0, None, PhaseReport())
    rows = cost_rows(circuit, test, Spending(), 0.0)
    told = cost_answers(gather([cost_plan(circuit, trains=True), rows])[0])
    assert told == dict.fromkeys(
        ("latency_seconds", "settling_seconds", "energy_joules_per_sample", "energy_joules")
    )


def test_pulses_without_a_scale_leave_the_total_unknown() -> None:
    """What phases burn is still told; a sum that leaves programming out would be no answer."""
    circuit = load("xor").circuit
    one = np.ones(4)
    spent = Spending(True, one, one, {"neuron": one}, {"neuron": 2 * one}, 2)
    test = Evaluation(4, 0.0, 0.0, 1.0, 4.0, None, PhaseReport())
    told = {}
    for update in (0.5, math.nan):
        rows = cost_rows(circuit, test, spent, update)
        told[update] = cost_answers(gather([cost_plan(circuit, trains=True), rows])[0])
    assert told[0.5]["energy_joules_per_sample"] == 3.5
    assert told[math.nan]["energy_joules_per_sample"] is None
    assert told[math.nan]["energy_joules"] == {"free": {"neuron": 1.0}, "nudged": {"neuron": 2.0}}
