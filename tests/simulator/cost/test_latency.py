"""When samples settle: closed forms, and what must not matter."""

from __future__ import annotations

import math

import numpy as np
import pytest

from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.reader import parse
from eqchip.simulator.compile import compile_chip
from eqchip.simulator.cost.latency import Latency, quantiles
from eqchip.simulator.learning.plan import plan_for
from eqchip.simulator.samples import Samples
from eqchip.simulator.spending import REST, Spending, spend

LEAK = """one leaky neuron
.bus x[1] y[1]
.model syn synapse(gunit=1u)
.model cell neuron(c=2p gleak=1u activation=linear)
Yxy x y syn w=1
Ny y cell
.input x
.output y decode=linear
.nudge y
.learn Yxy rate=0.1
{train}
{options}
.end
"""


def spent(train: str = "", options: str = "", inputs: tuple[float, ...] = (0.0, 0.5, 1.0, 4.0)) -> Spending:
    chip = compile_chip(elaborate(parse(LEAK.format(train=train, options=options), "leak.cir")))
    column = np.array(inputs)[:, None]
    return spend(chip, Samples(column, 0.5 * column), plan_for(chip))


def watched(times: np.ndarray, distances: np.ndarray, tolerance: float) -> np.ndarray:
    latency = Latency(distances.shape[1], tolerance)
    for at, distance in zip(times, distances, strict=True):
        latency.add(np.full(distances.shape[1], at), distance)
    return latency.times


def test_an_exponential_settles_after_the_logarithm_of_its_height() -> None:
    """|x|·e^(−t/τ) = tol at τ·ln(|x|/tol) to the order of Heun's steps and of where the phase ends."""
    found = spent(options=".options settletol=0.01")
    expected = [0.0 if x == 0.0 else 2e-6 * math.log(x / 0.01) for x in (0.0, 0.5, 1.0, 4.0)]
    assert found.in_time
    # The end lies REST·tol short of x, which moves the crossing by as much: τ·ln(1 + REST).
    np.testing.assert_allclose(found.settling, expected, atol=2e-6 * (0.02 + math.log1p(REST)))


def test_a_looser_tolerance_is_met_sooner() -> None:
    tight, loose = (spent(options=f".options settletol={tol}").settling for tol in (1e-3, 0.1))
    assert np.all(loose[1:] < tight[1:])


def test_what_comes_back_has_not_settled() -> None:
    times = np.arange(6.0)
    distances = np.array([[3.0, 0.5], [0.5, 0.4], [2.0, 0.1], [1.5, 0.0], [0.5, 0.0], [0.0, 0.0]])
    np.testing.assert_allclose(watched(times, distances, 1.0), [3.5, 0.0])


def test_what_never_comes_near_settles_at_the_end() -> None:
    np.testing.assert_allclose(watched(np.arange(3.0), np.array([[3.0], [2.0], [0.0]]), 1.0), [1.5])
    np.testing.assert_allclose(watched(np.arange(2.0), np.array([[3.0], [2.0]]), 1.0), [1.0])


def test_stepped_phases_are_watched_as_they_are_stepped() -> None:
    """Twenty steps of a tenth of τ end at 1 − 0.9²⁰ of x: latency is that of this end."""
    found = spent(".train solve=euler free_steps=20 nudged_steps=4 eps=0.1", ".options settletol=0.1", (1.0,))
    assert not found.in_time
    np.testing.assert_allclose(found.lasted, 20 * 0.1 * 2e-6)
    steps = np.arange(21)
    distance = 0.9**steps - 0.9**20
    at = int(np.argmax(distance <= 0.1))
    between = at - 1 + (distance[at - 1] - 0.1) / (distance[at - 1] - distance[at])
    np.testing.assert_allclose(found.settling, between * 0.1 * 2e-6, rtol=1e-9)


def test_energy_of_a_leak_is_that_of_its_course() -> None:
    """From 0 to x with g = 1 µS: drawn ∫vdd·g·x, of which ½·c·x² is stored and the leak burns ∫g·v²."""
    train = ".train solve=rk4 free=10u nudged=1u"
    found = spent(train, inputs=(1.0,))
    end, tau, g = 10e-6, 2e-6, 1e-6
    fall = math.exp(-end / tau)
    volts = end - tau * (1.0 - fall)  # ∫v
    squares = end - 2.0 * tau * (1.0 - fall) + 0.5 * tau * (1.0 - fall**2)  # ∫v²
    assert found.free["neuron"][0] == pytest.approx(g * squares, rel=5e-3)
    assert found.free["synapse"][0] == pytest.approx(g * (end - volts), rel=5e-3)
    assert found.free["stored"][0] == pytest.approx(0.5 * 2e-12 * (1.0 - fall) ** 2, rel=1e-4)


def test_iterations_and_references_have_no_cost() -> None:
    assert not len(spent(".train solve=discrete free_steps=20 nudged_steps=4").settling)
    reference = spent(".train rule=rbp")
    assert len(reference.settling)
    assert reference.nudged == {}


def test_quantiles_leave_out_what_is_not_known() -> None:
    assert quantiles(np.array([1.0, 3.0, np.nan, 2.0]))[0] == 2.0
    assert all(math.isnan(one) for one in quantiles(np.full(3, np.nan)))
