"""The sparse form where there is no other: resistive chips, output pairs, nodes without neurons."""

from dataclasses import replace

import numpy as np
import pytest

from eqchip.errors import SimulationError
from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.reader import parse
from eqchip.simulator.chip import Nudge, Settling
from eqchip.simulator.compile import compile_chip
from eqchip.simulator.sparse_form import SparseChip

TIGHT = Settling(tol=1e-12)

RESISTIVE = """a resistive chip
.bus x[3] h[2] y[2]
.options gunit=1m vunit=1
.model r R(r=1k)
Yxh x h r
Yhy h y r
Dh h 0 d
.model d D(is=1n)
.input x
.output y
.nudge y
{learn}
.end
"""


def resistive(learn: str = "") -> SparseChip:
    chip = compile_chip(elaborate(parse(RESISTIVE.format(learn=learn), "drn.cir")))
    assert isinstance(chip, SparseChip)
    return chip


def samples(count: int = 3) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    random = np.random.default_rng(2)
    return random.uniform(-0.5, 0.5, (count, 3)), random.uniform(-0.2, 0.2, (count, 2))


def test_a_resistive_chip_settles_and_feels_its_nudge() -> None:
    chip = resistive()
    assert chip.reason == "Yxh (resistor) has no array form"
    assert np.isnan(chip.tau)
    assert chip.output_conductance == pytest.approx(1e-3)  # .options gunit
    x, t = samples()
    free = chip.settle(x, TIGHT)
    nudged = chip.settle(x, TIGHT, Nudge(t, 1e6), free)
    np.testing.assert_allclose(chip.outputs(nudged), t, atol=1e-5)  # a conductance of 1 kS to the target
    assert chip.reciprocity(free) < 1e-12


def test_a_divider_is_a_divider() -> None:
    text = "divider\n.bus x[2] y[1]\n.model r R(r=1k)\nYxy x y r\n.input x\n.output y\n.nudge y\n.end\n"
    chip = compile_chip(elaborate(parse(text, "divider.cir")))
    state = chip.settle(np.array([[1.0, 0.5], [0.2, -0.2]]), TIGHT)
    np.testing.assert_allclose(chip.outputs(state), [[0.75], [0.0]], atol=1e-12)
    assert np.all(state.settled)


def test_output_pairs_are_nudged_apart() -> None:
    text = """pairs
.bus x[2] y[2]
.model syn synapse()
.model cell neuron(activation=linear)
Yxy x y syn
Ny y cell
.input x
.output y
.nudge y
.learn Yxy rate=0.1
.learn Ny rate=0.1
.end
"""
    circuit = elaborate(parse(text, "pairs.cir"))
    circuit.outputs[0] = replace(circuit.outputs[0], pairs=True)  # the card is refused for now
    chip = compile_chip(circuit)
    x, t = np.array([[0.3, -0.4], [0.1, 0.9]]), np.array([[0.5], [-0.5]])
    free = chip.settle(x, TIGHT)
    y = chip.outputs(free)
    nudged = chip.outputs(chip.settle(x, TIGHT, Nudge(t, 0.3), free))
    # s₊ = d₊ − β(s₊ − s₋ − t), s₋ = d₋ + β(s₊ − s₋ − t)
    apart = (y[:, :1] - y[:, 1:] + 2 * 0.3 * t) / (1 + 2 * 0.3)
    np.testing.assert_allclose(nudged[:, :1] - nudged[:, 1:], apart, atol=1e-12)
    np.testing.assert_allclose(nudged.sum(axis=1), y.sum(axis=1), atol=1e-12)
    found = chip.gradient(free, x, t)
    miss = (y[:, 0] - y[:, 1] - t[:, 0])[:, None] * np.array([1.0, -1.0])
    np.testing.assert_allclose(found["Ny"], miss.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(found["Yxy"], x.T @ miss / 2, atol=1e-12)
    # and the estimate of the nudge goes there
    for beta in (1e-3, 1e-4):
        ahead, behind = (chip.settle(x, TIGHT, Nudge(t, b), free) for b in (beta, -beta))
        for name, value in chip.contrast(behind, ahead).items():
            np.testing.assert_allclose(value / (2 * beta), found[name], atol=10 * beta**2 + 1e-9)


def test_a_bare_node_between_arrays_takes_part() -> None:
    # A resistor to ground keeps a node without neuron; ρ(s) = s there.
    text = """bare
.bus x[2] z[2] y[1]
.model syn synapse(gunit=1u)
.model cell neuron(activation=tanh)
Yxz x z syn w=0.5 dir=forward
Yzy z y syn w=0.7 dir=forward
Rz z 0 1meg
Ny y cell
.input x
.output y
.nudge y
.learn Yzy rate=0.1
.end
"""
    chip = compile_chip(elaborate(parse(text, "bare.cir")))
    assert chip.form == "sparse"
    x = np.array([[0.4, -0.9], [1.0, 0.2]])
    state = chip.settle(x, TIGHT)
    z = 0.5 * x.sum(axis=1)
    y = chip.outputs(state)[:, 0]
    np.testing.assert_allclose(y, (1 - np.tanh(y) ** 2) * 0.7 * 2 * z, atol=1e-12)


def test_a_nudge_that_overcomes_the_leak_is_refused() -> None:
    text = "one\n.bus x[1] y[1]\n.model s synapse()\n.model n neuron(activation=tanh)\nYxy x y s\nNy y n\n"
    chip = compile_chip(elaborate(parse(text + ".input x\n.output y\n.nudge y\n.end\n", "one.cir")), "sparse")
    free = chip.settle(np.ones((1, 1)), TIGHT)
    with pytest.raises(SimulationError, match="β = -2 overcomes the leak"):
        chip.settle(np.ones((1, 1)), TIGHT, Nudge(np.zeros((1, 1)), -2.0), free)


def test_a_tolerance_beyond_rounding_is_met_as_far_as_it_goes() -> None:
    chip = resistive()
    state = chip.settle(samples()[0], Settling(tol=1e-30))
    assert np.all(state.residual < 1e-13)
    assert np.all(state.settled)


def test_equilibria_are_where_time_leads_and_no_saddles() -> None:
    text = """strong
.bus x[3] h[6] g[5] y[2]
.model syn synapse(init=uniform spread=1)
.model cell neuron(activation=tanh)
Yxh x h syn
Yhg h g syn
Ygy g y syn
Nh h cell
Ng g cell
Ny y cell
.input x
.output y
.nudge y
.end
"""
    chip = compile_chip(elaborate(parse(text, "strong.cir")), "sparse")
    x = np.random.default_rng(0).uniform(-1, 1, (10, 3))
    found = chip.settle(x, TIGHT)
    waited = chip.settle(x, Settling("euler", steps=4000, eps=0.05))
    assert np.max(waited.residual) < 1e-9
    np.testing.assert_allclose(chip.outputs(found), chip.outputs(waited), atol=1e-6)
    for row in range(10):
        assert chip.stability(chip.settle(x[row : row + 1], TIGHT))[0] > 0
