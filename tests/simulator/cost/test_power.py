"""Power of chips: form against form, both against Tellegen and a plain count of one state."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.reader import parse
from eqchip.simulator.chip import Chip, Nudge, Settling
from eqchip.simulator.compile import compile_chip
from eqchip.simulator.cost.energy import Energy
from eqchip.simulator.cost.power import RAILS, STORED, Power
from learning_chips import KINDS, chip

SHORT = Settling("euler", steps=5, eps=0.3)


def samples(seed: int = 0, count: int = 4) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    return random.normal(size=(count, 3)), random.normal(size=(count, 2))


def power(one: Chip, inputs: Any, nudge: Nudge | None = None, settling: Settling = SHORT) -> Power:
    return one.power(inputs, nudge)(one.settle(inputs, settling, nudge))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("nudged", ["free", "live", "frozen"])
def test_both_forms_count_alike(kind: str, nudged: str) -> None:
    array, sparse = chip(kind, "array"), chip(kind, "sparse")
    sparse.write(array.parameters())
    inputs, targets = samples()
    nudge = {
        "free": None,
        "live": Nudge(targets, 0.7),
        "frozen": Nudge(targets, -0.4, np.zeros_like(targets)),
    }[nudged]
    one, other = power(array, inputs, nudge), power(sparse, inputs, nudge)
    assert set(one.burnt) == set(other.burnt)
    for name, watts in one.burnt.items():
        np.testing.assert_allclose(watts, other.burnt[name], rtol=1e-9, atol=1e-18)
    np.testing.assert_allclose(one.delivered, other.delivered, rtol=1e-9)


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(sorted(KINDS)), st.integers(0, 10_000), st.floats(-0.8, 2.0))
def test_what_is_delivered_is_burnt_or_charges_nodes(kind: str, seed: int, beta: float) -> None:
    """Tellegen: delivered − burnt = Σ v·C·dv/dt, here of the chip's own step of almost no length."""
    one = chip(kind)
    inputs, targets = samples(seed)
    nudge = Nudge(targets, beta)
    state = one.settle(inputs, SHORT, nudge)
    tell = one.power(inputs, nudge)
    before = tell(state)
    length = 1e-6
    after = tell(one.settle(inputs, Settling("euler", steps=1, eps=length), nudge, state))
    taken = np.einsum("bn,bn->b", before.volts, after.charges - before.charges) / (length * one.tau)
    left = before.delivered - sum(before.burnt.values())
    np.testing.assert_allclose(left, taken, rtol=1e-3, atol=1e-4 * np.max(before.delivered))


def text(more: str = "", neuron: str = "activation=linear") -> str:
    return f"""by hand
.bus x[1] y[1]
.model syn synapse(vdd=3 gunit=2u {more})
.model cell neuron(c=1p gleak=1u bias=0.5 vdd=5 ibias=0.1u {neuron})
Yxy x y syn w=0.25
Ny y cell
.input x
.output y decode=linear
.nudge y
.learn Yxy rate=0.1
.end
"""


def by_hand(more: str = "", neuron: str = "activation=linear") -> Chip:
    return compile_chip(elaborate(parse(text(more, neuron), "hand.cir")), "array")


def test_one_neuron_and_one_synapse_by_hand() -> None:
    """At v = 1.4 V of x = 2: the synapse's 2 µS·0.25·2 V = 1 µA, bias 0.5 µA, leak; not at rest."""
    one = by_hand()
    inputs = np.array([[2.0]])
    state = one.settle(inputs, Settling("euler", steps=1, eps=0.1))  # from 0: ds = 0.1·1.5
    np.testing.assert_allclose(one.outputs(state), 0.15)
    found = one.power(inputs)(state)
    np.testing.assert_allclose(found.burnt["synapse"], 3 * 1e-6 - 0.15 * 1e-6, rtol=1e-12)
    neuron = 5 * (0.5e-6 + 0.1e-6) - 0.15 * 0.5e-6 + 1e-6 * 0.15**2
    np.testing.assert_allclose(found.burnt["neuron"], neuron, rtol=1e-12)
    np.testing.assert_allclose(found.delivered, 3 * 1e-6 + 5 * 0.6e-6, rtol=1e-12)


def test_a_rail_burns_what_would_push_the_node_on() -> None:
    one = by_hand(neuron="activation=hardsigmoid")
    inputs = np.array([[4.0]])  # 2 µA and 0.5 µA against a leak of 1 µA at 1 V
    found = one.power(inputs)(one.settle(inputs, Settling(tol=1e-9)))
    np.testing.assert_allclose(found.burnt[RAILS], 1.5e-6, rtol=1e-9)
    np.testing.assert_allclose(found.delivered, sum(found.burnt.values()), rtol=1e-9)


def test_a_sum_that_passes_its_activation_is_burnt_before_the_node() -> None:
    one = by_hand(neuron="activation=tanh drive=through")
    inputs = np.array([[2.0]])
    state = one.settle(inputs, Settling(tol=1e-12))
    found = one.power(inputs)(state)
    s = np.tanh(1.0 + 0.5)
    np.testing.assert_allclose(one.outputs(state), s)
    np.testing.assert_allclose(found.burnt["synapse"], 3 * 1e-6, rtol=1e-9)
    np.testing.assert_allclose(found.burnt["neuron"], 5 * (s * 1e-6 + 0.1e-6), rtol=1e-9)


def test_single_precision_counts_as_double_does() -> None:
    inputs, _ = samples()
    fine, coarse = chip("tanh", dtype=np.float64), chip("tanh", dtype=np.float32)
    coarse.write(fine.parameters())
    np.testing.assert_allclose(power(coarse, inputs).delivered, power(fine, inputs).delivered, rtol=1e-5)


def test_a_phase_charges_what_its_capacitances_end_with() -> None:
    """From zero, with c = 1 pF a node: Σ v̄·Δq telescopes to ½·c·v², whatever the steps."""
    one = chip("tanh")
    inputs, _ = samples()
    settling = Settling("euler", steps=11, eps=0.4)
    tell, energy = one.power(inputs), Energy(len(inputs))
    for state in one.course(inputs, settling):
        energy.add(np.full(len(inputs), state.seconds), tell(state))
    volts = tell(state).volts
    np.testing.assert_allclose(energy.kinds[STORED], 0.5e-12 * np.sum(volts**2, axis=1), rtol=1e-12)


def test_the_balance_of_a_phase_holds_to_the_order_of_its_integrator() -> None:
    """Steps and sums are of second order: delivered − burnt − stored falls to a quarter with half a step."""
    one = chip("scales")
    inputs, _ = samples()
    missing = []
    for steps in (160, 320, 640):
        tell, energy = one.power(inputs), Energy(len(inputs))
        for state in one.course(inputs, Settling("heun", steps=steps, eps=4.0 / steps)):
            energy.add(np.full(len(inputs), state.seconds), tell(state))
        missing.append(np.max(np.abs(energy.delivered - sum(energy.kinds.values()))))
    slopes = np.log2(np.divide(missing[:-1], missing[1:]))
    np.testing.assert_allclose(slopes, 2.0, atol=0.2)
