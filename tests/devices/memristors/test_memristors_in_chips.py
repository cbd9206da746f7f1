"""Memristors in chips that learn: they stand while phases settle, and move in a continuous waveform."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import eqchip
from elaborated import circuit
from eqchip.simulator.chip import Settling
from eqchip.simulator.compile import compile_chip

CHIP = """\
.bus x[2] h[3] y[1]
.model cell neuron(activation=tanh c=1n gleak=1m)
.model syn synapse
.model m mms(tau=2u)
Yxh x h m x0=0.7
Nh h cell
Ny y cell
Yhy h y syn
.input x
.output y decode=sign
.nudge y
.learn Yhy rate=0.1
.data xor
.train solve=equilibrium beta=1e-4 estimator=centered batch=4
"""
INPUTS = np.array([[1.0, -1.0], [0.4, 0.9]])


def test_phases_settle_to_one_state_by_equations_and_by_steps_with_memristors_at_x0() -> None:
    chip = compile_chip(circuit(CHIP), "sparse")
    found = chip.settle(INPUTS, Settling("equilibrium", tol=1e-12))
    stepped = chip.settle(INPUTS, Settling("euler", steps=4000, eps=0.01))
    v = chip.voltages(found)
    assert np.max(np.abs(v["v(h)"])) > 0.05
    for name in ("v(h)", "v(y)"):
        np.testing.assert_allclose(chip.voltages(stepped)[name], v[name], atol=1e-9)
    conductance = 0.7 / 500.0 + 0.3 / 1500.0
    # Three equal neurons: 1 mS of leak against two memristors, tied to one output.
    expected = (INPUTS @ [1.0, 1.0]) * conductance
    drive = v["v(h)"] * (1e-3 + 2.0 * conductance)
    weights = np.ravel(chip.parameters()["Yhy"])
    back = 1e-3 * weights * np.tanh(v["v(y)"]) * (1.0 - np.tanh(v["v(h)"]) ** 2)
    np.testing.assert_allclose(drive - back, np.tile(expected[:, None], 3), atol=1e-12)


def test_the_chip_is_as_reciprocal_as_without_them_and_its_contrast_is_the_gradient() -> None:
    chip = compile_chip(circuit(CHIP), "sparse")
    state = chip.settle(INPUTS, Settling("equilibrium", tol=1e-12))
    assert chip.reciprocity(state) < 1e-15
    decay, _ = chip.stability(state)
    assert decay > 0.0


def test_a_continuous_waveform_moves_their_states(tmp_path: Path) -> None:
    cards = CHIP.replace("estimator=centered batch=4", "rule=contrast estimator=onesided").replace(
        "tau=2u", "tau=2m"
    )
    cards += ".protocol free=10u nudged=5u gap=2u\n.tran 1u 60u learn\n.save x(Yxh) w(Yhy)\n"
    file = tmp_path / "wave.cir"
    file.write_text("wave\n" + cards + ".end\n", encoding="utf-8")
    run = eqchip.simulate(file)
    states = np.asarray(run["x(yxh)"])
    assert np.all(states[0] == pytest.approx(0.7))
    assert np.max(np.abs(np.diff(states, axis=0).sum(axis=0))) > 1e-4
    assert np.min(states) >= 0.0
    assert np.max(states) <= 1.0
