"""Every integrator on both forms: order, stability, bounds, precision, both forms alike."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.reader import parse
from eqchip.simulator import array_settling, sparse_settling
from eqchip.simulator.chip import Nudge, Settling
from eqchip.simulator.compile import compile_chip
from eqchip.simulator.integrators.methods import INTEGRATORS, integrator
from naive_arrays import random_chip
from stepped_chips import CHIP, FORMS, OUT, PHYSICAL, SMOOTH, inputs, made, smooth, truth


@pytest.fixture
def fixed_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the adaptive pair take the steps it is told."""

    def plain(name: str) -> Any:
        return replace(integrator(name), adaptive=False)

    for module in (array_settling, sparse_settling):
        monkeypatch.setattr(module, "integrator", plain)


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
