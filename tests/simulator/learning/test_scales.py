"""Learning knows no unit: a chip at other capacitances, conductances and volts ends with the same weights."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from eqchip.netlists.circuit import Circuit, Output
from eqchip.simulator.chip import Settling
from eqchip.simulator.learning.epoch import Epoch
from eqchip.simulator.learning.plan import Plan
from eqchip.simulator.learning.trainer import train
from eqchip.simulator.samples import Dataset, Samples
from naive_chip import NaiveChip
from naive_circuits import layered

PLAIN = {"c": 1e-12, "gleak": 1e-6, "vunit": 1.0}
SCALED = {
    "capacitance": {**PLAIN, "c": 5e-12},
    "conductance": {**PLAIN, "gleak": 40e-6},
    "both, and millivolts": {"c": 3e-15, "gleak": 2e-9, "vunit": 0.02},
}
STILL = Settling(tol=1e-12)
EULER = Settling("euler", steps=25, eps=0.4)


def make(scale: dict[str, float]) -> NaiveChip:
    circuit = Circuit(outputs=[Output("y", np.arange(2))])
    return layered((2, 3, 2), seed=3, rate=0.3, group=scale, circuit=circuit)


def run(scale: dict[str, float], **changes: Any) -> tuple[NaiveChip, Epoch]:
    random = np.random.default_rng(0)
    # An input node has vunit = 1 V whatever the neurons have: its volts go down with theirs.
    inputs = scale["vunit"] * random.uniform(-1, 1, (6, 2))
    samples = Samples(inputs, np.eye(2)[random.integers(0, 2, 6)])
    chip = make(scale)
    plan = Plan(beta=0.3, batch=2, epochs=3, free=STILL, nudged=STILL)
    (*_, last) = train(chip, Dataset("random", samples, samples), replace(plan, **changes))
    return chip, last


@pytest.mark.parametrize("name", SCALED)
@pytest.mark.parametrize("phases", ["equilibrium", "euler"])
def test_weights_do_not_depend_on_physical_scale(name: str, phases: str) -> None:
    settling = STILL if phases == "equilibrium" else EULER
    plain, first = run(PLAIN, free=settling, nudged=settling)
    other, last = run(SCALED[name], free=settling, nudged=settling)
    for key, value in plain.parameters().items():
        np.testing.assert_allclose(other.parameters()[key], value, rtol=1e-9, atol=1e-12)
    assert last.train_loss == pytest.approx(first.train_loss, rel=1e-9)


@pytest.mark.parametrize("name", SCALED)
def test_latency_scales_with_the_time_constant(name: str) -> None:
    _, plain = run(PLAIN, free=EULER, nudged=EULER)
    scale = SCALED[name]
    _, other = run(scale, free=EULER, nudged=EULER)
    assert plain.latency is not None
    assert other.latency == pytest.approx(plain.latency * scale["c"] / scale["gleak"] / 1e-6)
