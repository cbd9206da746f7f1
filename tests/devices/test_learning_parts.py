"""Node laws, neurons, synapses and nudges: LANGUAGE's laws in closed form, and their scales."""

from __future__ import annotations

import math

import numpy as np
import pytest

from eqchip.devices.circuit.resistor import RESISTOR
from eqchip.devices.family import Family, Settings
from eqchip.devices.neurons.leaky import NEURON
from eqchip.devices.node_law import (
    ACTIVATIONS,
    BARE,
    ENERGY_DRIVE,
    GLEAK,
    INTERVALS,
    activity,
    activity_curvature,
    activity_slope,
)
from eqchip.devices.periphery.nudge import FROZEN, LIVE, NUDGE
from eqchip.devices.synapses.synapse import SYNAPSE

FREE = [name for name in ACTIVATIONS if ACTIVATIONS[name] not in INTERVALS]


def evaluate(family: Family, u: list[float], p: np.ndarray, d: list[float] | None = None):
    rows = len(u)
    i, q = np.zeros(rows), np.zeros(rows)
    g, c = np.zeros((rows, rows)), np.zeros((rows, rows))
    family.law(np.array(u), p, np.array(d or [0.0]), np.zeros(0), i, q, g, c)
    return i, q, g, c


def law_of(**given) -> np.ndarray:
    return NEURON.node_law(NEURON.resolve(1, given, Settings()))[0]


def synapse(
    pre: np.ndarray, post: np.ndarray, settings: Settings | None = None, looped=None, **given
) -> np.ndarray:
    columns = SYNAPSE.prepare(SYNAPSE.resolve(1, given, settings or Settings(), (), looped))[0]
    return np.concatenate([pre, post, columns])


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_slope_and_curvature_are_derivatives_of_the_activity(name: str) -> None:
    code, h = float(ACTIVATIONS[name]), 1e-5
    for s in (-40.3, -1.3, -0.2, 0.31, 0.77, 1.4, 40.3):
        up, here, down = (activity(code, 1.7, 0.4, s + k * h) for k in (1, 0, -1))
        assert activity_slope(code, 1.7, 0.4, s) == pytest.approx((up - down) / (2 * h), rel=1e-6, abs=1e-9)
        slopes = [activity_slope(code, 1.7, 0.4, s + k * h) for k in (1, -1)]
        curve = (slopes[0] - slopes[1]) / (2 * h)
        assert activity_curvature(code, 1.7, 0.4, s) == pytest.approx(curve, rel=1e-6, abs=1e-9)
        assert math.isfinite(here)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_no_activity_overflows(name: str) -> None:
    code = float(ACTIVATIONS[name])
    for s in (-1e4, 1e4):
        for function in (activity, activity_slope, activity_curvature):
            assert math.isfinite(function(code, 3.0, 0.5, s))


def test_the_slope_of_a_clamp_is_one_on_the_closed_interval() -> None:
    code = float(ACTIVATIONS["hardsigmoid"])
    assert [activity_slope(code, 1.0, 0.0, s) for s in (-1e-9, 0.0, 0.5, 1.0, 1.0 + 1e-9)] == [0, 1, 1, 1, 0]


def test_facts_sigmoid_is_slope_four_shift_half() -> None:
    assert activity(float(ACTIVATIONS["sigmoid"]), 4.0, 0.5, 0.8) == pytest.approx(
        1 / (1 + math.exp(2 - 4 * 0.8))
    )


class TestNeuron:
    def test_leak_bias_and_charge(self) -> None:
        given = {"c": 2e-12, "gleak": 3e-6, "vunit": 0.5, "bias": 0.4, "activation": "tanh", "slope": 2.0}
        p = NEURON.prepare(NEURON.resolve(1, given, Settings()))[0]
        v = 0.2
        i, q, _, _ = evaluate(NEURON, [v], p)
        slope = 2.0 * (1.0 - math.tanh(2.0 * v / 0.5) ** 2)
        assert i[0] == pytest.approx(3e-6 * v - 3e-6 * 0.5 * 0.4 * slope, rel=1e-13)
        assert q[0] == pytest.approx(2e-12 * v)
        p = NEURON.prepare(NEURON.resolve(1, {**given, "drive": "direct"}, Settings()))[0]
        assert evaluate(NEURON, [v], p)[0][0] == pytest.approx(3e-6 * v - 3e-6 * 0.5 * 0.4, rel=1e-13)

    def test_only_clamped_activations_have_bounds(self) -> None:
        def bounds(name: str) -> tuple[float, float]:
            low, high = NEURON.bounds(NEURON.resolve(1, {"activation": name, "vunit": 0.5}, Settings()))
            return low[0], high[0]

        assert bounds("hardsigmoid") == (0.0, 0.5)
        assert bounds("relu") == (0.0, math.inf)
        for name in FREE:
            assert bounds(name) == (-math.inf, math.inf)


class TestSynapse:
    def test_tied_currents_follow_the_language(self) -> None:
        pre = law_of(activation="sigmoid", vunit=0.5, gleak=1e-6, slope=2.0)
        post = law_of(activation="tanh", vunit=0.25, gleak=4e-6)
        i, _, _, _ = evaluate(SYNAPSE, [0.3, 0.1], synapse(pre, post, w=0.7))
        rho_pre, rho_post = 1 / (1 + math.exp(-2 * 0.6)), math.tanh(0.4)
        slope_pre, slope_post = 2 * rho_pre * (1 - rho_pre), 1 - rho_post**2
        # Into the node in the language, out of it here; gunit is the column's leak.
        assert -i[1] == pytest.approx(4e-6 * 0.5 * 0.7 * rho_pre * slope_post, rel=1e-13)
        assert -i[0] == pytest.approx(4e-6 * 0.25 * 0.7 * rho_post * slope_pre, rel=1e-13)

    def test_direct_drive_leaves_out_the_slope_of_the_driven_end(self) -> None:
        pre = law_of(activation="tanh", drive="direct")
        post = law_of(activation="tanh")
        i, _, _, _ = evaluate(SYNAPSE, [0.3, 0.1], synapse(pre, post, w=1.0, gunit=1e-6))
        assert -i[0] == pytest.approx(1e-6 * math.tanh(0.1), rel=1e-13)
        assert -i[1] == pytest.approx(1e-6 * math.tanh(0.3) * (1 - math.tanh(0.1) ** 2), rel=1e-13)

    @pytest.mark.parametrize(("direction", "driven"), [("forward", 1), ("backward", 0)])
    def test_one_way_synapses_drive_one_end_and_have_no_energy(self, direction: str, driven: int) -> None:
        p = synapse(law_of(activation="linear"), law_of(activation="linear"), w=1.0, dir=direction)
        i, _, _, _ = evaluate(SYNAPSE, [0.3, 0.2], p)
        assert i[driven] != 0.0
        assert i[1 - driven] == 0.0
        assert math.isnan(SYNAPSE.energy(np.array([0.3, 0.2]), p))

    def test_gunit_falls_back_on_the_leak_of_a_neuron_then_on_the_chips_scale(self) -> None:
        bare, leaky = np.array(BARE), law_of(gleak=3e-6, activation="linear")
        chip = Settings(gunit=5e-6)

        def scale(pre: np.ndarray, post: np.ndarray, **given: float) -> float:
            return -SYNAPSE.learning.signal(np.ones(2), synapse(pre, post, chip, w=1.0, **given))

        assert scale(bare, leaky) == pytest.approx(3e-6)
        assert scale(leaky, bare) == pytest.approx(3e-6)
        assert scale(law_of(gleak=9e-6, activation="linear"), leaky) == pytest.approx(3e-6)
        assert scale(bare, bare) == pytest.approx(5e-6)
        assert scale(bare, leaky, gunit=7e-6) == pytest.approx(7e-6)

    def test_both_ends_on_one_node_count_half(self) -> None:
        """E = −½·W·ρ² of a diagonal element, and the two ends together are its gradient."""
        node = law_of(activation="tanh", gleak=1e-6)
        p = synapse(node, node, looped=np.array([True]), w=0.8)
        i, _, _, _ = evaluate(SYNAPSE, [0.3, 0.3], p)
        rho = math.tanh(0.3)
        assert SYNAPSE.energy(np.array([0.3, 0.3]), p) == pytest.approx(-0.5e-6 * 0.8 * rho**2)
        assert i.sum() == pytest.approx(-1e-6 * 0.8 * rho * (1 - rho**2))


class TestNudge:
    drives = staticmethod(lambda beta, target, anchor, mode: [0.0, beta, target, anchor, mode])

    def row(self, plus: np.ndarray, minus: np.ndarray, settings: Settings | None = None) -> np.ndarray:
        columns = NUDGE.prepare(NUDGE.resolve(1, {}, settings or Settings()))[0]
        return np.concatenate([[1.0, 2.0, 3.0, 4.0], plus, minus, columns])

    @staticmethod
    def energy(u: np.ndarray, beta: float, scale: float, units: tuple[float, float], target: float) -> float:
        y = u[0] / units[0] - u[1] / units[1]
        return beta * scale * 0.5 * (y - target) ** 2

    def test_a_live_nudge_is_the_gradient_of_the_cost_for_one_node_and_for_a_pair(self) -> None:
        plus = law_of(gleak=2e-6, vunit=0.5)
        for minus, unit in ((np.array(BARE), 1.0), (law_of(gleak=2e-6, vunit=0.25), 0.25)):
            u = np.array([0.3, 0.1])
            i, _, g, _ = evaluate(NUDGE, list(u), self.row(plus, minus), self.drives(0.4, 0.9, 7.0, LIVE))
            scale = 2e-6 * 0.5**2
            for k in range(2):
                h = np.eye(2)[k] * 1e-5
                ends = [self.energy(u + s * h, 0.4, scale, (0.5, unit), 0.9) for s in (1, -1)]
                assert i[k] == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-7)
            np.testing.assert_allclose(g, g.T, rtol=1e-12)
            drives = self.drives(0.4, 0.9, 0.0, LIVE)
            turned, _, _, _ = evaluate(NUDGE, [0.4, 0.1], self.row(plus, minus), drives)
            np.testing.assert_allclose(turned - i, g @ [0.1, 0.0], rtol=1e-9)

    def test_a_frozen_nudge_is_the_live_one_held_at_its_anchor(self) -> None:
        p = self.row(law_of(gleak=2e-6, vunit=0.5), np.array(BARE))
        frozen, _, g, _ = evaluate(NUDGE, [0.9, 0.0], p, self.drives(0.4, 0.9, 0.6, FROZEN))
        live, _, _, _ = evaluate(NUDGE, [0.3, 0.0], p, self.drives(0.4, 0.9, 0.0, LIVE))
        np.testing.assert_allclose(frozen, live)
        assert not g.any()

    def test_without_beta_nothing_flows_even_from_a_target_that_is_not_a_number(self) -> None:
        p = self.row(law_of(), np.array(BARE))
        i, _, g, _ = evaluate(NUDGE, [0.9, 0.0], p, self.drives(0.0, math.nan, math.nan, LIVE))
        assert not i.any()
        assert not g.any()

    def test_where_nothing_leaks_the_chips_own_scale_counts(self) -> None:
        p = self.row(np.array(BARE), np.array(BARE), Settings(gunit=3e-6))
        i, _, _, _ = evaluate(NUDGE, [0.9, 0.0], p, self.drives(1.0, 0.4, 0.0, LIVE))
        assert i[0] == pytest.approx(3e-6 * 0.5)


def test_a_conductance_learns_from_half_the_square_of_its_own_drop() -> None:
    p = RESISTOR.prepare(RESISTOR.resolve(1, {"r": 1e4}, Settings()))[0]
    assert RESISTOR.learning.signal(np.array([0.7, 0.2]), p) == pytest.approx(0.125)


def test_the_node_law_carries_what_synapses_and_nudges_read() -> None:
    laws = law_of(activation="tanh", drive="direct", gleak=2e-6)
    assert laws[GLEAK] == 2e-6
    assert laws[ENERGY_DRIVE] == 0.0
