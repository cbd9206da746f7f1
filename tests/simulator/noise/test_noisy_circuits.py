"""Noise in the devices of sparse chips: kT·C⁻¹ on random networks, junctions, neurons beside resistors.

Every statistic is of a fixed key, over samples of a batch that never meet: k sigma with k of at least 4.5.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from elaborated import circuit
from eqchip.errors import InputError
from eqchip.simulator.chip import Nudge, Settling, State
from eqchip.simulator.compile import compile_chip
from eqchip.simulator.moment import Moment
from naive_noise import BOLTZMANN

FloatArray = NDArray[np.float64]

SIGMAS = 4.5
KT = BOLTZMANN * 300.0
SAMPLES = 1500

#: A quiet neuron, whose time constant of 1 ns is what eps= counts in.
CLOCK = ".model cell neuron(gleak=1n c=1e-18 activation=linear)\nNh h cell\n"
ROLES = ".input x\n.output h\n.nudge h\n"


def chip(cards: str, nodes: int) -> Any:
    return compile_chip(circuit(f".bus x[1] h[{nodes}]\n{cards}{ROLES}"), form="sparse")


def settle(
    one: Any, solve: str, seconds: float, steps: int = 0, samples: int = SAMPLES, **more: Any
) -> State:
    """Run a phase of so many seconds in steps of its own; or of so many steps, `seconds` their eps."""
    one.moment = Moment(3, "train", 1, np.arange(samples))
    settling = Settling(solve, seconds=seconds) if not steps else Settling(solve, steps=steps, eps=seconds)
    try:
        found: State = one.settle(np.zeros((samples, 1)), settling, **more)
        return found
    finally:
        one.moment = None


def covariance(one: Any, state: State) -> FloatArray:
    v = state.values[:, one.system.unknown_of_node[one.circuit.buses["h"]]]
    return np.asarray(v.T @ v / len(v))


def held(found: FloatArray, wanted: FloatArray, more: float = 0.0, samples: int = SAMPLES) -> None:
    """Hold every entry to its 4.5 sigma, and `more` of the larger of its nodes' variances."""
    both = np.outer(np.diag(wanted), np.diag(wanted))
    error = np.sqrt((both + wanted**2) / samples)
    assert np.all(np.abs(found - wanted) < SIGMAS * error + more * np.sqrt(both))


def random_network(seed: int, kelvin: str = "thermal=300") -> tuple[Any, FloatArray]:
    """Return a chip of 4 nodes with floating resistors, and its capacitances."""
    draw = np.random.default_rng(seed)
    c = 10.0 ** draw.uniform(-15.0, -14.5, 4)
    cards = f"R0 x[0] h[0] 300k {kelvin}\n"
    pairs = [(i, j) for i in range(4) for j in range(i) if j == i - 1 or draw.random() < 0.5]
    for i, j in pairs:
        cards += f"R{i}_{j} h[{i}] h[{j}] {10.0 ** draw.uniform(5.5, 6.0):.6g} {kelvin}\n"
    cards += "".join(f"C{i} h[{i}] 0 {one:.17g}\n" for i, one in enumerate(c))
    return chip(cards, 4), c


@pytest.mark.parametrize(("seed", "solve"), [(0, "euler"), (1, "expeuler"), (2, "heun")])
def test_random_networks_with_floating_resistors_have_kt_over_c(seed: int, solve: str) -> None:
    """Steps of a fifth of the fastest node: one draw a node would miss by far more than the bound."""
    one, c = random_network(seed)
    found = covariance(one, settle(one, solve, 2e-8))
    held(found, KT * np.diag(1.0 / c))


def test_two_temperatures_flow_into_each_other() -> None:
    """Two equal RC nodes at 100 K and 500 K joined by a cold resistor as large: Lyapunov's equation by hand.

    A = (2 −1; −1 2)/τ, N = 2k·diag(T₁, T₂)/R: variances k/C·(7T₁ + T₂, T₁ + 7T₂)/12,
    covariance k(T₁ + T₂)/6C.
    """
    cards = "R1 h[0] 0 1meg thermal=100\nR2 h[1] 0 1meg thermal=500\nR3 h[0] h[1] 1meg\n"
    cards += "Rx x[0] 0 1meg\nC1 h[0] 0 1f\nC2 h[1] 0 1f\n"
    one = chip(cards, 2)
    found = covariance(one, settle(one, "euler", 1.2e-8))
    wanted = np.array([[7.0 * 100.0 + 500.0, 2.0 * 600.0], [2.0 * 600.0, 100.0 + 7.0 * 500.0]]) / 12.0
    held(found, BOLTZMANN / 1e-15 * wanted)


def test_a_junction_at_zero_bias_is_a_resistor() -> None:
    """n = 1: 2q·2Is = 4kTg, so the variance is kT/C; n = 2 has twice that. Steps of τ/50: 2 % of error."""
    for n, share in ((1.0, 1.0), (2.0, 2.0)):
        cards = f".model dio d(is=1u n={n:g} thermal=300.15)\nD1 h[0] 0 dio\nC1 h[0] 0 1p\nRx x[0] 0 1k\n"
        one = chip(cards + CLOCK, 1)
        tau = 1e-12 / (1e-6 / (n * 0.025865))
        state = settle(one, "euler", tau / 50.0 / 1e-9, steps=200, samples=2000)
        found = covariance(one, state)[0, 0] / (BOLTZMANN * 300.15 / 1e-12)
        assert abs(found / share - 1.0) < SIGMAS * np.sqrt(2.0 / 2000) + 0.02


def test_a_biased_junction_has_shot_noise() -> None:
    """1 µA forward, Is = 1 fA: density qI into g = qI/kT: half the thermal noise of g, variance kT/2C."""
    cards = ".model dio d(is=1f thermal=300.15)\nD1 h[0] 0 dio\nC1 h[0] 0 1p\nI1 0 h[0] 1u\nRx x[0] 0 1k\n"
    one = chip(cards + CLOCK, 1)
    still = one.settle(np.zeros((1, 1)), Settling())
    begin = State(np.tile(still.values, (2000, 1)), np.zeros(2000), np.zeros(2000, int), np.ones(2000, bool))
    tau = 1e-12 / (1e-6 / 0.025865)
    ended = settle(one, "euler", tau / 50.0 / 1e-9, steps=200, samples=2000, start=begin)
    v = ended.values - still.values
    found = np.mean(v[:, one.system.unknown_of_node[one.circuit.buses["h"][0]]] ** 2)
    wanted = 0.5 * BOLTZMANN * 300.15 / 1e-12
    assert abs(found / wanted - 1.0) < SIGMAS * np.sqrt(2.0 / 2000) + 0.02


def test_neurons_are_shaken_as_in_the_array_form() -> None:
    """The same draws node by node: both forms of one chip end in the same states."""
    text = """\
.bus x[2] h[3] y[2]
.model syn synapse(init=normal spread=0.3)
.model cell neuron(activation=tanh langevin=0.02 telegraph=0.1 flicker=0.01 flicker_low=1k flicker_high=1meg
+ thermal=300 noise_factor=1.5 c=2f)
.model big synapse(init=normal spread=0.3 gunit=3u gain=1.2)
Yxh x h syn
Yhy h y big
Yhh h h syn
Nh h cell
Ny y cell
.input x
.output y
.nudge y
.learn Yxh rate=0.1
.learn Yhy rate=0.1
"""
    forms = [compile_chip(circuit(text), form=form, dtype="float64") for form in ("array", "sparse")]
    inputs, found = np.array([[0.3, -0.8], [1.0, 0.2]]), []
    for one in forms:
        one.moment = Moment(5, "train", 2, np.array([4, 9]))
        free = one.settle(inputs, Settling("expeuler", steps=9, eps=0.4))
        nudged = one.settle(inputs, Settling("heun", steps=4, eps=0.4), Nudge(np.ones((2, 2)), 0.7), free)
        found.append([one.voltages(state)[name] for state in (free, nudged) for name in ("v(h)", "v(y)")])
    for array, sparse in zip(*found, strict=True):
        assert np.allclose(array, sparse, rtol=0.0, atol=1e-12)


def test_what_the_sparse_form_cannot_is_refused() -> None:
    one, _ = random_network(0)
    one.moment = Moment(1, "train", 1, np.arange(2))
    with pytest.raises(InputError, match="solve=trap takes no noise in time"):
        one.settle(np.zeros((2, 1)), Settling("trap", steps=5))
    one.moment = None
    one.settle(np.zeros((2, 1)), Settling("trap", steps=5))
