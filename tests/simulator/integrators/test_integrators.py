"""Every integrator on both forms: order, stability, exactness, bounds, ends of phases, courses."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from eqchip.errors import InputError, SimulationError
from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.reader import parse
from eqchip.simulator import array_settling, sparse_settling
from eqchip.simulator.chip import Chip, Nudge, Settling, State
from eqchip.simulator.compile import compile_chip
from eqchip.simulator.integrators.methods import INTEGRATORS, integrator
from naive_arrays import NaiveArrays, random_chip

FORMS = ("array", "sparse")
PHYSICAL = tuple(name for name, one in INTEGRATORS.items() if one.physical)
EXPLICIT = tuple(name for name in PHYSICAL if INTEGRATORS[name].explicit)

CHIP = """chip
.bus x[2] h[4] y[3]
.model syn synapse(init=uniform spread=0.9)
.model cell neuron({cell})
.model out neuron({out})
Yxh x h syn
Yhh h h syn
Yhy h y syn
Nh h cell
Ny y out
{more}.input x
.output y
.nudge y
.learn Yxh rate=0.1
.learn Yhy rate=0.1
.learn Nh rate=0.1
.end
"""
SMOOTH = "activation=sigmoid slope=2 shift=0.2 bias=0.3"
OUT = "activation=tanh gleak=3u vunit=0.5 c=1.3p bias=0.1"


def made(form: str, cell: str = SMOOTH, out: str = OUT, more: str = "", dtype: Any = np.float64) -> Chip:
    text = CHIP.format(cell=cell, out=out, more=more)
    return compile_chip(elaborate(parse(text, "chip.cir")), form, dtype)


smooth = cache(made)


def inputs(samples: int = 3) -> Any:
    return np.random.default_rng(0).uniform(-1, 1, (samples, 2))


@pytest.fixture
def fixed_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the adaptive pair take the steps it is told."""

    def plain(name: str) -> Any:
        return replace(integrator(name), adaptive=False)

    for module in (array_settling, sparse_settling):
        monkeypatch.setattr(module, "integrator", plain)


@cache
def truth(seconds: float, beta: float) -> Any:
    """Return v(y) after some seconds, by another program from device laws in plain Python."""
    chip = smooth("array")
    twin, data = NaiveArrays(chip.circuit), inputs()
    ends = []
    for row in data:
        v = np.zeros(len(chip.circuit.nodes))
        v[chip.circuit.buses["x"]] = row
        c = np.array([twin.neuron(n).c for n in range(len(v))])

        def rate(_: float, v: Any, c: Any = c) -> Any:
            force = twin.current(v) + (twin.nudge(v, np.ones(3), beta) if beta else 0.0)
            return np.where(c > 0.0, force / np.where(c > 0.0, c, 1.0), 0.0)

        found = solve_ivp(rate, (0.0, seconds), v, method="DOP853", rtol=3e-14, atol=1e-16)
        ends.append(found.y[chip.circuit.buses["y"], -1])
    return np.array(ends)


#: Steps in which two time constants are crossed; errors stay above rounding.
COUNTS = {1: (40, 80, 160), 2: (20, 40, 80), 4: (16, 32, 64), 5: (20, 40, 80)}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", PHYSICAL)
@pytest.mark.usefixtures("fixed_steps")
def test_global_errors_fall_with_the_order(name: str, form: str) -> None:
    chip, order = smooth(form), INTEGRATORS[name].order
    seconds = 2.0 * chip.tau
    exact = truth(seconds, 0.4)
    counts, errors = np.array(COUNTS[order]), []
    for count in counts:
        settling = Settling(name, steps=int(count), eps=2.0 / count)
        state = chip.settle(inputs(), settling, Nudge(np.ones((3, 3)), 0.4))
        errors.append(np.max(np.abs(chip.voltages(state)["v(y)"] - exact)))
        assert state.seconds == pytest.approx(seconds)
    slopes = -np.diff(np.log(errors)) / np.diff(np.log(counts))
    assert abs(slopes[-1] - order) < 0.1, (errors, slopes)


ONE = """one
.bus x[1] y[1]
.model s synapse()
.model n neuron(activation=linear bias=1)
Yxy x y s w=0
Ny y n
.input x
.output y
.nudge y
.end
"""

#: How a step multiplies the distance to equilibrium, for the leak alone: z = −h/τ.
FACTORS: dict[str, Callable[[float], float]] = {
    "euler": lambda z: 1 + z,
    "expeuler": np.exp,
    "heun": lambda z: 1 + z + z**2 / 2,
    "rk4": lambda z: 1 + z + z**2 / 2 + z**3 / 6 + z**4 / 24,
    "adaptive": lambda z: 1 + z + z**2 / 2 + z**3 / 6 + z**4 / 24 + z**5 / 120 + z**6 / 600,
    "trap": lambda z: (1 + z / 2) / (1 - z / 2),
}
#: The largest h/τ that does not grow.
LIMITS = {"euler": 2.0, "heun": 2.0, "rk4": 2.7853, "adaptive": 3.3066}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", PHYSICAL)
@pytest.mark.usefixtures("fixed_steps")
def test_a_leak_alone_shrinks_by_the_stability_function(name: str, form: str) -> None:
    chip = compile_chip(elaborate(parse(ONE, "one.cir")), form)
    for h in (0.3, 1.9, 2.2, 3.5):
        for beta in (0.0, 0.5):  # a nudge towards 3 leaks too
            nudge = Nudge(np.full((1, 1), 3.0), beta)
            state = chip.settle(np.zeros((1, 1)), Settling(name, steps=2, eps=h), nudge)
            end = (1.0 + beta * 3.0) / (1.0 + beta)
            wanted = end - end * FACTORS[name](-h * (1.0 + beta)) ** 2
            assert chip.outputs(state)[0, 0] == pytest.approx(wanted, rel=1e-9)
    if name in LIMITS:
        below, above = (
            chip.settle(np.zeros((1, 1)), Settling(name, steps=400, eps=LIMITS[name] * share))
            for share in (0.98, 1.02)
        )
        assert abs(chip.outputs(below)[0, 0] - 1.0) < 1e-3
        assert not abs(chip.outputs(above)[0, 0] - 1.0) < 1e3
    else:
        far = chip.settle(np.zeros((1, 1)), Settling(name, steps=200, eps=30.0))
        assert chip.outputs(far)[0, 0] == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", PHYSICAL)
def test_seconds_a_tolerance_and_a_course_say_the_same(name: str, form: str) -> None:
    chip, data, nudge = smooth(form), inputs(), Nudge(np.ones((3, 3)), 0.4)
    still = chip.settle(data, Settling(tol=1e-12), nudge)
    ended = chip.settle(data, Settling(name, tol=1e-8), nudge)
    assert np.all(ended.settled)
    assert np.all(ended.residual <= 1e-8)
    assert ended.durations is not None
    assert ended.seconds == pytest.approx(np.max(ended.durations))
    np.testing.assert_allclose(chip.outputs(ended), chip.outputs(still), atol=2e-7)
    seconds = 7.3 * chip.tau
    for settling in (
        Settling(name, seconds=seconds),
        Settling(name, steps=9, eps=0.37),
        Settling(name, tol=1e-5),
    ):
        state = chip.settle(data, settling, nudge)
        first, *course = chip.course(data, settling, nudge)
        assert first.seconds == 0.0
        np.testing.assert_allclose(chip.outputs(first), 0.0)
        np.testing.assert_allclose(chip.outputs(course[-1]), chip.outputs(state), rtol=1e-13, atol=1e-15)
        assert course[-1].seconds == pytest.approx(state.seconds)
        times = [one.seconds for one in course]
        assert np.all(np.diff(times) > 0.0)
        if settling.steps:
            np.testing.assert_allclose(times, 0.37 * chip.tau * np.arange(1, 10))
        if settling.seconds:
            assert state.seconds == pytest.approx(seconds)
            assert state.durations == pytest.approx(np.full(3, seconds))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", [one for one in PHYSICAL if not INTEGRATORS[one].adaptive])
def test_what_a_sample_becomes_does_not_depend_on_its_batch(name: str, form: str) -> None:
    chip, data = smooth(form), inputs(4)
    together = chip.settle(data, Settling(name, tol=1e-7))
    assert together.durations is not None
    assert len(set(together.durations)) > 1
    for row in range(4):
        alone = chip.settle(data[row : row + 1], Settling(name, tol=1e-7))
        assert alone.iterations[0] == together.iterations[row]
        np.testing.assert_allclose(chip.outputs(alone)[0], chip.outputs(together)[row], rtol=1e-12)


@pytest.mark.parametrize("name", PHYSICAL)
def test_a_phase_that_does_not_end_says_so(name: str) -> None:
    with pytest.raises(
        SimulationError, match=rf"solve={name}: 3 of 3 samples did not settle to tol=1e-08 in 3 steps"
    ):
        smooth("array").settle(inputs(), Settling(name, tol=1e-8, limit=3))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", PHYSICAL)
def test_weights_written_between_two_steps_count_from_the_next_step_on(name: str, form: str) -> None:
    chip, data, eps = made(form), inputs(), 0.3
    before = chip.parameters()
    after = {key: 1.5 * value + 0.1 for key, value in before.items()}
    course = chip.course(data, Settling(name, steps=4, eps=eps))
    for number, state in enumerate(course):
        if number == 2:
            half = state
            chip.write(after)
        last = state
    wanted = chip.settle(data, Settling(name, steps=2, eps=eps), start=half)
    error = 3e-6 if INTEGRATORS[name].adaptive else 1e-12  # another sequence of steps
    np.testing.assert_allclose(chip.outputs(last), chip.outputs(wanted), atol=error)
    chip.write(before)
    unchanged = chip.settle(data, Settling(name, steps=2, eps=eps), start=half)
    assert np.max(np.abs(chip.outputs(unchanged) - chip.outputs(last))) > 1e-3


@given(random_chip())
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_both_forms_of_random_chips_go_the_same_way(text: str) -> None:
    circuit = elaborate(parse(text, "chip.cir"))
    chips = [compile_chip(circuit, form, np.float64) for form in FORMS]
    data = np.random.default_rng(0).uniform(-1, 1, (2, sum(len(one.nodes) for one in circuit.inputs)))
    nudge = Nudge(np.full((2, len(circuit.nudges[0].nodes)), 0.7), 0.3)
    for name in PHYSICAL:
        one, other = (
            chip.outputs(chip.settle(data, Settling(name, steps=6, eps=0.4), nudge)) for chip in chips
        )
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-10, err_msg=name)
        # Euler's phases have kernels of their own; courses go step by step through the integrator.
        *_, last = chips[0].course(data, Settling(name, steps=6, eps=0.4), nudge)
        np.testing.assert_allclose(chips[0].outputs(last), one, rtol=1e-11, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", PHYSICAL)
def test_clamped_states_stay_in_their_interval_and_can_leave_a_bound(name: str, form: str) -> None:
    hard = "activation=hardsigmoid bias={}"
    chip = made(form, hard.format(0.8), hard.format(0.4))
    data = np.array([[1.0, 1.0], [-1.0, -1.0], [0.3, -0.8]])
    courses = chip.course(data, Settling(name, steps=40, eps=0.5))
    seen: list[Any] = []
    last = next(courses)
    for last in courses:
        seen.append(chip.voltages(last)["v(h)"])
        assert np.all((seen[-1] >= 0.0) & (seen[-1] <= 1.0))
    assert np.any(seen[-1] == 1.0)
    np.testing.assert_allclose(
        chip.outputs(last), chip.outputs(chip.settle(data, Settling(tol=1e-11), start=last)), atol=1e-4
    )
    bound = chip.settle(np.full((1, 2), 3.0), Settling(name, steps=60, eps=0.3))
    assert np.any(chip.voltages(bound)["v(h)"] == 1.0)
    freed = chip.settle(np.full((1, 2), -3.0), Settling(name, steps=60, eps=0.3), start=bound)
    fresh = chip.settle(np.full((1, 2), -3.0), Settling(tol=1e-11), start=freed)
    assert np.max(np.abs(chip.voltages(freed)["v(h)"] - chip.voltages(bound)["v(h)"])) > 0.2
    np.testing.assert_allclose(chip.outputs(freed), chip.outputs(fresh), atol=1e-4)


@pytest.mark.parametrize("name", PHYSICAL)
@pytest.mark.parametrize("drive", ["energy", "direct"])
def test_single_precision_goes_the_way_of_double(name: str, drive: str) -> None:
    cell, out = f"{SMOOTH} drive={drive}", f"{OUT} drive={drive}"
    ends = []
    for dtype in (np.float32, np.float64):
        chip = made("array", cell, out, dtype=dtype)
        state = chip.settle(inputs(), Settling(name, steps=10, eps=0.4), Nudge(np.ones((3, 3)), 0.3))
        assert all(part.dtype == dtype for part in state.values)
        ends.append(chip.outputs(state))
        assert np.all(chip.settle(inputs(), Settling(name, tol=1e-4)).settled)
    np.testing.assert_allclose(ends[0], ends[1], atol=2e-5)


def test_the_pair_holds_its_tolerance_and_takes_few_steps() -> None:
    chip = smooth("array")
    exact = truth(6.0 * chip.tau, 0.0)
    errors, steps = [], []
    for reltol in (1e-1, 1e-3, 1e-5):
        text = CHIP.format(cell=SMOOTH, out=OUT, more=f".options reltol={reltol}\n")
        one = compile_chip(elaborate(parse(text, "chip.cir")), "array", np.float64)
        state = one.settle(inputs(), Settling("adaptive", seconds=6.0 * chip.tau))
        errors.append(np.max(np.abs(one.voltages(state)["v(y)"] - exact)))
        steps.append(int(state.iterations[0]))
        assert errors[-1] < 10 * 1e-3 * reltol
    # A hundred times the accuracy takes 100^(1/5) = 2.5 times the steps.
    assert 1.6 < steps[2] / steps[1] < 3.5
    assert steps[1] < 30


def test_dense_output_is_as_good_as_the_steps() -> None:
    chip = smooth("array")
    for state in chip.course(inputs(), Settling("adaptive", steps=40, eps=0.1), Nudge(np.ones((3, 3)), 0.4)):
        if state.seconds and round(state.seconds / chip.tau * 10) % 13 == 0:
            exact = truth(state.seconds, 0.4)
            np.testing.assert_allclose(chip.voltages(state)["v(y)"], exact, atol=5e-6)
            assert state.iterations[0] < 25


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


def test_an_inductor_is_refused_by_explicit_integrators() -> None:
    chip = made("sparse", more="L1 h[0] hl 1u\nRl hl 0 1meg\n")
    with pytest.raises(InputError, match="solve=rk4: "):
        chip.settle(inputs(), Settling("rk4", steps=3, eps=0.1))


# -- what has no meaning --------------------------------------------------------------------------------


def test_prototypical_dynamics_refuse_what_they_have_no_meaning_for() -> None:
    steps = Settling("discrete", steps=3)
    with pytest.raises(InputError, match="solve=discrete takes the drive as it is: h weighs it with ρ′"):
        made("array").settle(inputs(), steps)
    direct = made("array", f"{SMOOTH} drive=direct", "activation=tanh drive=direct")
    direct.settle(inputs(), steps)
    with pytest.raises(InputError, match="solve=discrete nudges activities: those of y stand behind"):
        direct.settle(inputs(), steps, Nudge(np.ones((3, 3)), 0.1))
    with pytest.raises(InputError, match="solve=discrete is for the array form"):
        made("sparse", f"{SMOOTH} drive=direct", "activation=linear").settle(inputs(), steps)
    with pytest.raises(InputError, match="solve=discrete has steps, and no time"):
        direct.settle(inputs(), Settling("discrete", seconds=1e-6))


@pytest.mark.parametrize("form", FORMS)
def test_names_that_are_no_solver_are_refused(form: str) -> None:
    with pytest.raises(InputError, match=r"solve=rk5: no such solver(.|\n)*rk4"):
        smooth(form).settle(inputs(), Settling("rk5", steps=3))


def test_steps_and_seconds_together_are_refused() -> None:
    with pytest.raises(InputError, match="both say how long"):
        smooth("array").settle(inputs(), Settling("rk4", steps=3, eps=0.1, seconds=1e-6))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", PHYSICAL)
def test_an_empty_batch_stays_empty(name: str, form: str) -> None:
    for settling in (Settling(name, steps=3, eps=0.1), Settling(name, tol=1e-6)):
        assert len(smooth(form).settle(np.zeros((0, 2)), settling).residual) == 0


def test_states_that_run_away_are_reported_by_their_residual() -> None:
    chip = made("array", "activation=linear bias=1", "activation=linear")
    chip.write({"Yhy": np.full((4, 3), 9.0)})
    for settling in (Settling("rk4", steps=4000, eps=0.5), Settling("rk4", tol=1e-6)):
        state: State = chip.settle(inputs(), settling)
        assert not np.any(np.isfinite(state.residual))
        assert not np.any(state.settled)
