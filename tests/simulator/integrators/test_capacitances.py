"""Chips whose nodes have no capacitance, share one, or have no neuron; inductors."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from eqchip.errors import InputError
from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.reader import parse
from eqchip.simulator.chip import Nudge, Settling
from eqchip.simulator.compile import compile_chip
from eqchip.simulator.integrators.methods import INTEGRATORS
from naive_arrays import NaiveArrays
from stepped_chips import EXPLICIT, FORMS, PHYSICAL, inputs, made

# -- nodes without capacitance, shared capacitances: implicit only ---------------------------------------

ALGEBRAIC = "activation=sigmoid slope=2 shift=0.2 bias=0.3 c=0"


@pytest.mark.parametrize("name", EXPLICIT)
@pytest.mark.parametrize("form", FORMS)
def test_explicit_integrators_refuse_nodes_without_capacitance_by_name(form: str, name: str) -> None:
    with pytest.raises(InputError, match=rf"solve={name}.*(capacitance on every node|has no capacitance)"):
        made(form, ALGEBRAIC).settle(inputs(), Settling(name, steps=3, eps=0.1))


@pytest.mark.parametrize("name", PHYSICAL)
@pytest.mark.parametrize("form", FORMS)
def test_a_chip_without_any_capacitance_has_no_time(form: str, name: str) -> None:
    chip = made(form, ALGEBRAIC, "activation=tanh c=0")
    with pytest.raises(InputError, match=rf"solve={name}.*(capacitance|time constant)"):
        chip.settle(inputs(), Settling(name, steps=3, eps=0.1))
    with pytest.raises(InputError, match=rf"solve={name}.*capacitance"):
        chip.settle(inputs(), Settling(name, tol=1e-6))


@pytest.mark.parametrize("form", FORMS)
def test_the_trapezoidal_rule_keeps_its_order_with_nodes_without_capacitance(form: str) -> None:
    # One output with C, driven through hidden nodes without: v(h) follows v(y) at once.
    chip = made(form, "activation=linear c=0 bias=0.3", "activation=tanh bias=0.1")
    theta, data = chip.parameters(), inputs()
    within = np.zeros((4, 4))
    probe = NaiveArrays(chip.circuit)
    buses = chip.circuit.buses
    for s in probe.synapses:
        if s.pre in buses["h"] and s.post in buses["h"]:
            i, j = int(s.pre - buses["h"][0]), int(s.post - buses["h"][0])
            within[i, j] = within[j, i] = s.weight

    def hidden(row: Any, y: Any) -> Any:
        force = row @ theta["Yxh"] + np.tanh(y) @ theta["Yhy"].T + theta["Nh"]
        return np.linalg.solve(np.eye(4) - within, force)

    def rate(row: Any) -> Callable[[float, Any], Any]:
        def f(_: float, y: Any) -> Any:
            slope = 1.0 - np.tanh(y) ** 2
            return -y + slope * (hidden(row, y) @ theta["Yhy"] + 0.1)

        return f

    exact = np.array(
        [
            solve_ivp(rate(row), (0.0, 2.0), np.zeros(3), method="DOP853", rtol=1e-12, atol=1e-13).y[:, -1]
            for row in data
        ]
    )
    errors = []
    for count in (10, 20, 40):
        state = chip.settle(data, Settling("trap", steps=count, eps=2.0 / count))
        errors.append(np.max(np.abs(chip.outputs(state) - exact)))
    assert np.all(np.abs(np.diff(np.log2(errors)) + 2.0) < 0.1), errors
    volts = chip.voltages(state)["v(h)"]
    wanted = [hidden(row, y) for row, y in zip(data, chip.outputs(state), strict=True)]
    np.testing.assert_allclose(volts, wanted, atol=1e-9)
    *_, last = chip.course(data, Settling("trap", steps=40, eps=2.0 / 40))
    np.testing.assert_allclose(chip.outputs(last), chip.outputs(state), atol=1e-12)


def test_the_trapezoidal_rule_takes_a_shared_capacitor() -> None:
    text = """two
.bus x[1] y[2]
.model s synapse()
.model n neuron(activation=linear)
Yxy x y s w={[0.8, -0.3]}
Ny y n
Cc y[0] y[1] 2p
.input x
.output y
.nudge y
.end
"""
    chip = compile_chip(elaborate(parse(text.replace("w={[0.8, -0.3]}", "w=0.8"), "two.cir")))
    assert chip.form == "sparse"
    chip.write({})
    start = chip.settle(np.zeros((1, 1)), Settling(tol=1e-12))
    start.values[0, chip.circuit.buses["y"] - 1] = [1.0, -0.5]  # a charge to begin with
    c = np.array([[3.0, -2.0], [-2.0, 3.0]])
    exact = expm(-np.linalg.inv(c) * 2.0) @ (np.array([1.0, -0.5]) - 0.8) + 0.8
    errors = []
    for count in (10, 20, 40):
        state = chip.settle(np.ones((1, 1)), Settling("trap", steps=count, eps=2.0 / count), start=start)
        errors.append(np.max(np.abs(chip.outputs(state)[0] - exact)))
    assert np.all(np.abs(np.diff(np.log2(errors)) + 2.0) < 0.1), errors


def test_a_capacitance_that_depends_on_its_voltage_is_for_the_trapezoidal_rule() -> None:
    junction = ".model dj D(is=1e-18 cjo=1p vj=0.7 m=0.5)\nDj h[0] 0 dj\n"
    chip = made("sparse", more=junction)
    for name in EXPLICIT:
        with pytest.raises(InputError, match=rf"solve={name}: v\(h\[0\]\) has a capacitance that depends on"):
            chip.settle(inputs(), Settling(name, steps=3, eps=0.1))
    ended = chip.settle(inputs(), Settling("trap", tol=1e-8))
    still = chip.settle(inputs(), Settling(tol=1e-10))
    np.testing.assert_allclose(chip.outputs(ended), chip.outputs(still), atol=1e-7)


RESISTIVE = """two nodes of resistors and capacitors
.options gunit=1u
.bus x[1] y[1]
R1 x[0] h 1meg
R2 h y[0] 2meg
R3 h 0 1meg
C1 h 0 {c}
C2 y[0] 0 0.5p
.input x
.output y
.nudge y
.end
"""


@pytest.mark.parametrize("name", PHYSICAL)
def test_a_chip_without_neurons_is_stepped_by_what_its_nodes_have(name: str) -> None:
    chip = compile_chip(elaborate(parse(RESISTIVE.format(c="1p"), "rc.cir")), "sparse")
    nudge = Nudge(np.ones((1, 1)), 0.5)
    g = np.array([[2.5e-6, -0.5e-6], [-0.5e-6, 1e-6]])  # the nudge is 0.5 µS to 1 V
    drive, c = np.array([1e-6, 0.5e-6]), np.array([1e-12, 0.5e-12])
    end = np.linalg.solve(g, drive)
    way = end - expm(-g / c[:, None] * 3e-6) @ end
    state = chip.settle(np.ones((1, 1)), Settling(name, seconds=3e-6), nudge)
    assert chip.outputs(state)[0, 0] == pytest.approx(
        way[1], abs=0.03 if INTEGRATORS[name].order == 1 else 3e-3
    )
    still = chip.settle(np.ones((1, 1)), Settling(name, tol=1e-9), nudge)
    assert chip.outputs(still)[0, 0] == pytest.approx(end[1], abs=1e-8)
    with pytest.raises(InputError, match="no neuron has a time constant that eps= could count in"):
        chip.settle(np.ones((1, 1)), Settling(name, steps=3, eps=0.1), nudge)


def test_a_node_without_capacitance_follows_its_neighbours_at_once() -> None:
    chip = compile_chip(elaborate(parse(RESISTIVE.format(c="0"), "rc.cir")), "sparse")
    # h = 0.4·x + 0.2·y at every moment, so C dy/dt = (h − y)/2 MΩ = 0.5 µS·(0.4 − 0.8·y).
    for seconds in (0.5e-6, 1e-6, 2e-6):
        state = chip.settle(np.ones((1, 1)), Settling("trap", seconds=seconds))
        assert chip.outputs(state)[0, 0] == pytest.approx(0.5 * (1.0 - np.exp(-0.8e6 * seconds)), abs=5e-3)
        assert chip.voltages(state)["v(h)"][0, 0] == pytest.approx(0.4 + 0.2 * chip.outputs(state)[0, 0])


def test_an_inductor_is_for_the_trapezoidal_rule() -> None:
    # A series resonance on an input: v(y)'' + v(y)'/τ + ω²·v(y) = ω²·x, critically damped at R = 2√(L/C).
    text = """resonance
.options gunit=1m
.bus x[1] y[1]
R1 x[0] a 2k
Ca a 0 0.0001p
L1 a y[0] 1u
C1 y[0] 0 1p
.input x
.output y
.nudge y
.end
"""
    chip = compile_chip(elaborate(parse(text, "rlc.cir")), "sparse")
    one = np.ones((1, 1))
    with pytest.raises(InputError, match=r"solve=rk4: i\(l1\) is an inductor's"):
        chip.settle(one, Settling("rk4", seconds=1e-9))
    for seconds in (0.5e-9, 1e-9, 2e-9):
        state = chip.settle(one, Settling("trap", seconds=seconds))
        z = seconds / 1e-9  # ω = 1/√(LC) = 1e9
        assert chip.outputs(state)[0, 0] == pytest.approx(1.0 - (1.0 + z) * np.exp(-z), abs=2e-3)
