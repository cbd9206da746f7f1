"""Imperfections that a plan has no phase or time for are refused by name; states are held in their order."""

from __future__ import annotations

import numpy as np
import pytest

from eqchip.errors import InputError
from eqchip.netlists.reader import parse
from eqchip.simulator.checking import compare_gradients
from eqchip.simulator.learning.estimators.centered import CENTERED
from eqchip.simulator.learning.estimators.onesided import ONESIDED
from eqchip.simulator.learning.estimators.random_sign import RANDOM
from eqchip.simulator.loaded import LoadedChip
from eqchip.simulator.training import train

STEPS = "solve=euler free_steps=20 nudged_steps=8 eps=0.3"


def made(synapse: str = "", neuron: str = "", nudge: str = "", plan: str = "beta=0.3") -> LoadedChip:
    text = f"""acting
.options chipseed=1
.bus x[2] h[3] y[1]
.model syn synapse(init=uniform spread=0.5 {synapse})
.model cell neuron(c=1p activation=linear {neuron})
Yxh x h syn
Yhy h y syn
Nh h cell
Ny y cell
.input x
.output y decode=threshold
.nudge y {nudge}
.learn Yxh rate=0.1
.learn Ny rate=0.5
.data xor
.train batch=4 epochs=1 {plan}
.end
"""
    return LoadedChip(parse(text, "acting.cir"), "acting")


HOLD = "hold_c=1f"
REFUSED = [
    ({"neuron": HOLD, "plan": f"{STEPS} rule=stdp estimator=onesided"}, "rule=stdp compares none"),
    ({"neuron": HOLD, "plan": f"{STEPS} rule=vectorfield estimator=onesided"}, "rule=vectorfield compares"),
    ({"neuron": HOLD, "plan": f"{STEPS} average=3"}, "average= compares none"),
    ({"neuron": HOLD, "plan": "estimator=holomorphic points=4"}, "estimator=holomorphic compares none"),
    ({"neuron": HOLD, "plan": "rule=rbp"}, "rule=rbp compares none"),
    (
        {"nudge": "gain_dtod=0.1", "plan": "estimator=holomorphic points=4"},
        "holomorphic has no real β",
    ),
    ({"nudge": "sign_error=0.1", "plan": "rule=chl"}, "rule=chl has no real β"),
    ({"nudge": "gain_error=0.1", "plan": "rule=rbp"}, "rule=rbp has no real β"),
    ({"synapse": "drift_nu=0.1"}, "Yxh: drift_nu= acts as time passes, and solve=equilibrium takes none"),
    ({"synapse": "lifetime=1"}, "lifetime= acts as time passes"),
    ({"synapse": "flicker=0.1"}, "flicker= acts as time passes"),
    ({"synapse": "diffusion=0.1"}, "diffusion= acts as time passes"),
]


@pytest.mark.parametrize(("cards", "said"), REFUSED)
def test_what_would_not_act_is_refused(cards: dict[str, str], said: str) -> None:
    with pytest.raises(InputError) as raised:
        train(made(**cards))
    assert said in str(raised.value)
    if "time" not in said:
        with pytest.raises(InputError, match=r"compares none|no real β"):
            compare_gradients(made(**cards))


@pytest.mark.parametrize(
    "cards",
    [
        {"neuron": HOLD},
        {"neuron": HOLD, "plan": "rule=chl"},
        {"nudge": "sign_error=0.1", "plan": "beta=0.3 estimator=onesided"},
        {"synapse": "drift_nu=0.1", "plan": "beta=0.3 period=1"},
        {"synapse": "lifetime=1", "plan": f"beta=0.3 {STEPS}"},
    ],
)
def test_what_acts_trains(cards: dict[str, str]) -> None:
    plain = train(made(plan=cards.get("plan", "beta=0.3"))).weights
    found = train(made(**cards)).weights
    assert any(np.any(value != plain[name]) for name, value in found.items())


def test_what_is_compared_first_was_run_first() -> None:
    """It is what hold_leak pulls, while the second phase runs."""
    for one in (ONESIDED, RANDOM, CENTERED):
        assert one.first < one.second
    assert CENTERED.factors == (-1.0, 1.0)


@pytest.mark.parametrize("estimator", ["onesided", "centered"])
def test_a_leak_pulls_the_state_of_the_earlier_phase(estimator: str) -> None:
    """Of a linear neuron the signal is −(s₂ − s₁): s₁ lower by δ makes the estimate less by δ/Δβ."""
    plan = f"beta=0.25 estimator={estimator}"
    held = "hold_c=10f hold_leak=5f hold_time=20m"  # 10 mV
    ideal, leaks = (train(made(neuron=one, plan=plan)).weights["Ny"] for one in ("hold_c=1", held))
    distance = 0.25 if estimator == "onesided" else 0.5
    noise = np.sqrt(1.380649e-23 * 300.15 / 10e-15 * 2.0 / 4.0) * 0.5 / distance  # of two readings, 4 samples
    assert abs((leaks - ideal)[0] - 0.5 * 0.01 / distance) < 5.0 * noise
