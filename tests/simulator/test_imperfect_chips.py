"""Imperfections drawn once a chip, and converters: both forms, statistics, and what seeds they follow."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eqchip.errors import InputError
from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.reader import parse
from eqchip.simulator.chip import Nudge, Settling
from eqchip.simulator.compile import compile_chip
from eqchip.simulator.loaded import LoadedChip
from eqchip.simulator.manufacture import manufactured
from eqchip.simulator.moment import Moment

TIGHT = Settling(tol=1e-13)


def chip(
    neuron: str = "",
    synapse: str = "",
    x: str = "",
    y: str = "",
    nudge: str = "",
    options: str = "",
    train: str = "",
    hidden: int = 4,
    spread: float = 0.6,
) -> LoadedChip:
    if "activation" not in neuron:
        neuron += " activation=tanh"
    text = f"""a chip of a test
.bus x[3] h[{hidden}] y[2]
.model syn synapse(init=uniform spread={spread} {synapse})
.model cell neuron(c=2p gleak=1u vunit=0.5 {neuron})
Yxh x h syn
Yhy h y syn
Yhh h h syn
Nh h cell
Ny y cell
.input x {x}
.output y {y}
.nudge y {nudge}
.learn Yxh rate=0.1
.learn Yhy rate=0.1
.learn Nh rate=0.1
.options {options or "chipseed=1"}
.train {train or "seed=0"}
.end
"""
    return LoadedChip(parse(text, "imperfect.cir"), "imperfect")


INPUTS = np.array([[0.3, -0.8, 0.5], [1.2, 0.1, -0.4]])
TARGETS = np.array([[1.0, 0.0], [0.0, 1.0]])


@given(
    st.sampled_from(["", "offset_dtod=0.2", "c_dtod=0.3 gleak_dtod=0.2", "slope_dtod=0.3", "shift_dtod=0.2"]),
    st.sampled_from(["", "gain_dtod=0.3", "gain=0.7"]),
    st.sampled_from(["", "bits=3 low=-1 high=1.5 inl=0.5"]),
    st.sampled_from(["", "gain_error=0.2 gain_dtod=0.3 sign_error=0.4"]),
    st.sampled_from(["", "hold_c=20f hold_charge=0.1f hold_leak=1f hold_time=1m"]),
)
@settings(max_examples=12)
def test_both_forms_make_the_same_chip(cell: str, syn: str, dac: str, nudge: str, hold: str) -> None:
    made = chip(f"{cell} {hold}", syn, dac, "", nudge)
    found = []
    for form in ("array", "sparse"):
        one = made.compile(form, "float64")
        free = one.settle(INPUTS, TIGHT)
        nudged = one.settle(INPUTS, TIGHT, Nudge(TARGETS, -0.2), free)
        found.append((one.outputs(free), one.outputs(nudged), one.contrast(free, nudged)))
    (free_a, nudged_a, felt_a), (free_s, nudged_s, felt_s) = found
    np.testing.assert_allclose(free_a, free_s, atol=1e-11)
    np.testing.assert_allclose(nudged_a, nudged_s, atol=1e-11)
    for name, value in felt_a.items():
        np.testing.assert_allclose(value, felt_s[name], atol=1e-11, err_msg=name)


@pytest.mark.parametrize(
    ("law", "name"), [("relative", "c"), ("absolute", "shift"), ("relative", "gleak"), ("absolute", "offset")]
)
def test_spreads_have_the_width_that_is_asked_for(law: str, name: str) -> None:
    count, width = 4000, 0.1
    made = manufactured(chip(f"{name}_dtod={width} shift=0.4 offset=0.3", hidden=count).circuit)
    instance = made.instance("Nh")
    assert instance is not None
    values = np.asarray(instance.values[name])
    nominal = {"c": 2e-12, "gleak": 1e-6, "shift": 0.4, "offset": 0.3}[name]
    xi = (values / nominal - 1.0) / width if law == "relative" else (values - nominal) / width
    # A mean and a variance beyond five of their standard errors: once in two million.
    assert abs(np.mean(xi)) < 5.0 / np.sqrt(count)
    assert abs(np.var(xi) - 1.0) < 5.0 * np.sqrt(2.0 / count)


def test_a_wide_spread_leaves_no_conductance_without_a_sign() -> None:
    instance = manufactured(chip("gleak_dtod=2", hidden=500).circuit).instance("Nh")
    assert instance is not None
    assert np.min(np.asarray(instance.values["gleak"])) > 0.0


def test_a_chip_is_drawn_by_its_own_seed_and_not_by_that_of_the_run() -> None:
    def drawn(options: str, train: str = "", cell: str = "offset_dtod=0.2") -> np.ndarray:
        one = manufactured(chip(cell, options=options, train=train).circuit).instance("Nh")
        assert one is not None
        return np.asarray(one.values["offset"])

    first = drawn("chipseed=1", "seed=0")
    np.testing.assert_array_equal(first, drawn("chipseed=1", "seed=5"))
    np.testing.assert_array_equal(first, drawn("chipseed=1", cell="offset_dtod=0.2 c_dtod=0.3"))
    assert np.all(first != drawn("chipseed=2"))


def test_weights_between_a_bus_and_itself_keep_one_device_a_pair() -> None:
    one = manufactured(chip("", "gain_dtod=0.3").circuit).instance("Yhh")
    assert one is not None
    gain = np.asarray(one.values["gain"])
    np.testing.assert_array_equal(gain, gain.T)
    assert len(np.unique(gain)) > len(gain)


def test_a_dac_rounds_to_its_grid_and_keeps_to_its_range() -> None:
    made = chip(x="bits=2 low=-0.6 high=0.9").compile("array", "float64")
    state = made.settle(INPUTS, TIGHT)
    np.testing.assert_allclose(
        made.voltages(state)["v(x)"], [[0.4, -0.6, 0.4], [0.9, -0.1, -0.6]], rtol=0, atol=1e-12
    )


def test_an_adc_answers_on_its_grid_and_is_wrong_by_half_a_step_at_most() -> None:
    exact, read = (chip(y=y).compile("array", "float64") for y in ("", "bits=6 low=-2 high=2"))
    state = exact.settle(INPUTS, TIGHT)
    lsb = 4.0 / 63.0
    answers = read.outputs(read.settle(INPUTS, TIGHT))
    np.testing.assert_allclose(np.mod((answers + 2.0) / lsb + 0.5, 1.0), 0.5, atol=1e-9)
    assert np.max(np.abs(answers - exact.outputs(state))) <= 0.5 * lsb + 1e-12


def test_noise_is_there_in_a_moment_alone_and_follows_the_sample() -> None:
    made = chip(y="noise=0.1").compile("array", "float64")
    quiet = made.outputs(made.settle(INPUTS, TIGHT))
    np.testing.assert_array_equal(quiet, made.outputs(made.settle(INPUTS, TIGHT)))
    made.moment = Moment(3, "test", 1, np.array([7, 8]))
    noisy = made.outputs(made.settle(INPUTS, TIGHT))
    made.moment = Moment(3, "test", 1, np.array([8]))  # alone in its batch
    alone = made.outputs(made.settle(INPUTS[1:], TIGHT))
    np.testing.assert_allclose(noisy[1:], alone, rtol=0, atol=1e-12)
    assert np.all(np.abs(noisy - quiet) > 0.0)
    made.moment = None
    np.testing.assert_array_equal(quiet, made.outputs(made.settle(INPUTS, TIGHT)))


def test_a_held_state_has_the_noise_of_its_capacitor() -> None:
    """kT/C on 4 fF: 1.018 mV, over vunit = 0.5 V; the contrast of a bias is −(s₂ − s₁) for linear neurons."""
    made = chip("hold_c=4f activation=linear", hidden=300, spread=1e-3).compile("array", "float64")
    state = made.settle(INPUTS[:1], TIGHT)
    made.moment = Moment(0, "train", 1, np.array([0]))
    felt = made.contrast(state, state)["Nh"]
    expected = np.sqrt(2.0 * 1.380649e-23 * 300.15 / 4e-15) / 0.5
    assert abs(np.std(felt) / expected - 1.0) < 5.0 / np.sqrt(2 * 300)


def test_charge_and_leak_of_a_held_state_are_those_of_the_formula() -> None:
    cell = "hold_c=10f hold_charge=0.2f hold_leak=5f hold_time=20m activation=linear"
    made = chip(cell, spread=1e-3).compile("array", "float64")
    state = made.settle(INPUTS, TIGHT)
    felt = made.contrast(state, state)["Nh"]  # charge is the same in both; the first has leaked 10 mV
    np.testing.assert_allclose(felt, -5e-15 * 20e-3 / 10e-15 / 0.5, rtol=1e-9)


def test_a_sign_error_makes_one_side_of_the_nudge_stronger() -> None:
    plain, uneven = (chip(nudge=n).compile("array", "float64") for n in ("", "sign_error=0.5"))
    free = plain.settle(INPUTS, TIGHT)
    for beta, factor in ((0.1, 1.25), (-0.1, 0.75)):
        np.testing.assert_allclose(
            uneven.outputs(uneven.settle(INPUTS, TIGHT, Nudge(TARGETS, beta), free)),
            plain.outputs(plain.settle(INPUTS, TIGHT, Nudge(TARGETS, factor * beta), free)),
            atol=1e-12,
        )


def test_phases_differ_in_length_by_a_clock_that_jitters() -> None:
    one = chip(train="solve=euler free_steps=20 nudged_steps=5 eps=0.2 jitter=0.1").compile(
        "array", "float64"
    )
    settling = Settling("euler", steps=20, eps=0.2)
    lasted = []
    for number in range(400):
        one.moment = Moment(0, "train", 1, np.array([number, number + 1]))
        lasted.append(one.settle(INPUTS, settling).seconds)
    even = 20 * 0.2 * 2e-6
    assert abs(np.mean(lasted) / even - 1.0) < 5.0 * 0.1 / 20.0
    assert abs(np.std(lasted) / even / 0.1 - 1.0) < 5.0 / np.sqrt(2 * 400)
    one.moment = None
    assert one.settle(INPUTS, settling).seconds == pytest.approx(even)


@pytest.mark.parametrize(
    ("cards", "said"),
    [
        ({"x": "low=1 high=0"}, "x: low=1 and high=0 leave a converter no range"),
        ({"y": "inl=0.5"}, "y: inl=0.5 LSB of a converter without bits"),
        ({"x": "bits=2.5"}, "bits=2.5 is out of range"),
        ({"neuron": "offset_dtod=-1"}, "offset_dtod=-1 is out of range"),
        ({"train": "jitter=0.1"}, "jitter= is of the length of phases"),
    ],
)
def test_a_wrong_imperfection_is_refused_where_it_stands(cards: dict[str, str], said: str) -> None:
    with pytest.raises(InputError) as raised:
        _ = chip(**cards).circuit
    assert said in str(raised.value)
    assert raised.value.at is not None
    assert raised.value.at.line > 1


def test_what_is_set_from_outside_is_checked_as_well() -> None:
    with pytest.raises(InputError, match="leave a converter no range"):
        _ = chip().set({"input.x.low": 2.0}).circuit


def test_a_single_device_can_be_set_apart_from_the_draw() -> None:
    made = chip("offset_dtod=0.2").set({"Nh[2].offset": 0.0})
    one = compile_chip(made.circuit, "array", "float64")
    offset = next(nodes.offset for nodes in one.wiring.nodes if nodes.instance == "Nh")  # type: ignore[union-attr]
    assert offset is not None
    assert offset[2] == 0.0
    assert np.all(offset[[0, 1, 3]] != 0.0)


def test_an_ideal_chip_is_drawn_nothing() -> None:
    circuit = elaborate(chip().netlist, {})
    once = manufactured(circuit)
    assert manufactured(once) is once


def test_a_neuron_that_slews_moves_no_faster_and_ends_where_it_would() -> None:
    """A step of 0.5 V towards its target at 20 V/ms takes 25 µs and more; without a limit some τ of 2 µs."""
    cell = "activation=linear slew=20k"
    limited = chip(cell, spread=1e-3).set({"Ny.bias": 1.0})
    free = chip("activation=linear", spread=1e-3).set({"Ny.bias": 1.0})
    for form in ("array", "sparse"):
        slow, fast = (one.compile(form, "float64") for one in (limited, free))
        settling = Settling("rk4", steps=100, eps=0.1)
        course = [slow.outputs(state)[0, 0] for state in slow.course(INPUTS, settling)]
        steps = np.diff(course) / (0.1 * 2e-6) * 0.5  # V/s
        assert np.max(np.abs(steps)) <= 20e3 * (1 + 1e-9)
        np.testing.assert_allclose(steps[:20], 20e3, rtol=1e-9)
        for one in (slow, fast):  # an equilibrium knows no time
            np.testing.assert_allclose(
                one.outputs(one.settle(INPUTS, TIGHT)), fast.outputs(fast.settle(INPUTS, TIGHT)), atol=1e-12
            )
        euler = Settling("euler", steps=10, eps=0.1)
        assert slow.outputs(slow.settle(INPUTS, euler))[0, 0] == pytest.approx(0.04 * 2, rel=1e-9)
        with pytest.raises(InputError, match="solve=trap knows no slew rate"):
            slow.settle(INPUTS, Settling("trap", steps=5, eps=0.5))


def test_forms_that_slew_agree() -> None:
    made = chip("slew=50k c_dtod=0.2")
    settling = Settling("heun", steps=30, eps=0.2)
    first, second = (
        one.outputs(one.settle(INPUTS, settling))
        for one in (made.compile("array", "float64"), made.compile("sparse"))
    )
    np.testing.assert_allclose(first, second, atol=1e-12)
