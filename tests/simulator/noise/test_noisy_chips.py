"""Chips whose nodes are shaken: variance at any step, Boltzmann's distribution, keys of draws, refusals.

Every statistic is of a fixed key, over samples of a batch that never meet: k sigma with k of at least 4.5.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from elaborated import circuit
from eqchip.errors import InputError
from eqchip.simulator.array_form import ArrayChip
from eqchip.simulator.chip import Nudge, Settling, State
from eqchip.simulator.compile import compile_chip
from eqchip.simulator.moment import Moment
from naive_noise import BOLTZMANN

FloatArray = NDArray[np.float64]

SIGMAS = 4.5
SAMPLES = 10_000


def chip(noise: str, weights: float = 0.0, hidden: str = "activation=linear", dtype: Any = np.float64) -> Any:
    """Return a chip x[1] h[2] y[1] whose neurons have some noise; all weights equal."""
    text = f"""\
.bus x[1] h[2] y[1]
.model syn synapse(init=normal spread=0)
.model cell neuron({hidden} {noise})
Yxh x h syn
Yhy h y syn
Nh h cell
Ny y cell
.input x
.output y
.nudge y
.learn Yxh rate=0.1
.learn Yhy rate=0.1
"""
    found = compile_chip(circuit(text), form="array", dtype=dtype)
    found.write({one.name: np.full(one.shape, weights) for one in found.learnables})
    return found


def moment(samples: int = SAMPLES, seed: int = 1, first: int = 0) -> Moment:
    return Moment(seed, "train", 1, np.arange(first, first + samples))


def settle(one: ArrayChip, solve: str, steps: int, eps: float, samples: int = SAMPLES, **more: Any) -> State:
    one.moment = moment(samples)
    try:
        return one.settle(np.zeros((samples, 1)), Settling(solve, steps=steps, eps=eps), **more)
    finally:
        one.moment = None


def states(one: ArrayChip, state: State) -> FloatArray:
    return np.concatenate(state.values, axis=1)


STEPS = [
    ("euler", 0.01),
    ("euler", 0.5),
    ("euler", 1.5),
    ("heun", 0.5),
    ("heun", 1.5),
    ("rk4", 1.0),
    ("expeuler", 0.01),
    ("expeuler", 1.0),
    ("expeuler", 10.0),
]


@pytest.mark.parametrize(("solve", "eps"), STEPS)
def test_thermal_variance_is_kt_over_c_at_any_step(solve: str, eps: float) -> None:
    one = chip("thermal=300 c=2f vunit=0.1")
    # Long enough that what is left of the beginning, a^(2·steps), is below 1e-6.
    steps = {0.01: 700, 0.5: 16, 1.5: 40, 1.0: 12, 10.0: 3}[eps]
    found = states(one, settle(one, solve, steps, eps, 2000 if eps == 0.01 else SAMPLES)) * 0.1
    wanted = BOLTZMANN * 300.0 / 2e-15
    count = len(found)
    for column in found.T:
        assert abs(np.mean(column**2) / wanted - 1.0) < SIGMAS * np.sqrt(2.0 / count)
    assert abs(np.corrcoef(found.T)[0, 1]) < SIGMAS / np.sqrt(count)


def test_a_nudge_narrows_a_node_and_one_step_starts_from_nothing() -> None:
    """A spring of β beside the leak: variance T/(1 + β); after one step 2·T·h/τ·(…)."""
    one = chip("langevin=0.04")
    still = settle(one, "expeuler", 0 + 1, 1e-3)
    assert np.var(still.values[0]) == pytest.approx(0.04 * (1.0 - np.exp(-2e-3)), rel=0.05)
    nudge = Nudge(np.zeros((SAMPLES, 1)), 3.0)
    ended = settle(one, "expeuler", 20, 1.0, nudge=nudge)
    pulled, free = ended.values[1][:, 0], ended.values[0][:, 0]
    bound = SIGMAS * np.sqrt(2.0 / SAMPLES)
    assert abs(np.var(pulled) / 0.01 - 1.0) < bound
    assert abs(np.var(free) / 0.04 - 1.0) < bound


def test_langevin_noise_has_the_covariance_of_the_energy() -> None:
    """Linear neurons: exp(−E/T) is normal with covariance T·(I − W)⁻¹; in steps of τ/10 to 0.5 %."""
    one = chip("langevin=0.09", weights=0.5)
    ended = states(one, settle(one, "heun", 120, 0.1, 5000))
    energy = np.array([[1.0, 0.0, -0.5], [0.0, 1.0, -0.5], [-0.5, -0.5, 1.0]])
    wanted = 0.09 * np.linalg.inv(energy)
    found = ended.T @ ended / len(ended)
    error = np.sqrt((np.outer(np.diag(wanted), np.diag(wanted)) + wanted**2) / len(ended))
    assert np.all(np.abs(found - wanted) < SIGMAS * error + 0.01 * np.abs(wanted))


def step_of(solve: str, rate: float, length: float) -> float:
    """Return what a step leaves of a mode of that rate; Exponential Euler's leak is 1."""
    z = rate * length
    return {
        "euler": 1.0 - z,
        "expeuler": 1.0 - rate * (1.0 - np.exp(-length)),
        "heun": 1.0 - z + z**2 / 2.0,
        "rk4": 1.0 - z + z**2 / 2.0 - z**3 / 6.0 + z**4 / 24.0,
    }[solve]


def stationary_share(solve: str, rate: float, length: float) -> float:
    """Return a mode's stationary variance over T/α: the discrete Lyapunov equation of one mode."""
    kept, alone = step_of(solve, rate, length) ** 2, step_of(solve, 1.0, length) ** 2
    if solve in ("heun", "rk4"):
        return rate * (1.0 - alone) / (1.0 + alone) * (1.0 + kept) / (1.0 - kept)
    return rate * (1.0 - alone) / (1.0 - kept)


def test_the_error_through_couplings_is_of_the_order_that_is_said() -> None:
    """(α − 1)·h/2 of first-order steps; (α² − 1)·h²/2 of Heun's, a third of h² of Runge and Kutta's."""
    for rate in (0.1, 0.5, 1.8):
        for length in (0.02, 0.01):
            for solve in ("euler", "expeuler"):
                error = stationary_share(solve, rate, length) - 1.0
                assert error == pytest.approx((rate - 1.0) * length / 2.0, abs=length**2)
            for solve, part in (("heun", 2.0), ("rk4", 3.0)):
                error = stationary_share(solve, rate, length) - 1.0
                assert error == pytest.approx((rate**2 - 1.0) * length**2 / part, abs=2.0 * length**3)


@pytest.mark.parametrize("solve", ["euler", "expeuler", "heun", "rk4"])
def test_modes_of_coupled_chips_have_the_variance_the_step_keeps(solve: str) -> None:
    """Strong coupling, α = 0.2, 1 and 1.8, in steps of τ/2: the error of Euler's is 21 %, and it is there."""
    one = chip("langevin=0.09", weights=0.8 / np.sqrt(2.0))
    samples = 6000
    ended = states(one, settle(one, solve, 36, 0.5, samples))
    soft = np.array([1.0, 1.0, np.sqrt(2.0)]) / 2.0
    stiff = np.array([1.0, 1.0, -np.sqrt(2.0)]) / 2.0
    for mode, rate in ((soft, 0.2), (stiff, 1.8)):
        found = np.mean((ended @ mode) ** 2) * rate / 0.09
        wanted = stationary_share(solve, rate, 0.5)
        assert abs(found / wanted - 1.0) < SIGMAS * np.sqrt(2.0 / samples) + 1e-3


def test_langevin_noise_does_not_depend_on_capacitance_and_scales_with_volts() -> None:
    """Boltzmann's law of s has no C in it, and T counts in the outputs' gleak·vunit²."""
    for cards in ("langevin=0.04 c=7p", "langevin=0.04 gleak=5u vunit=0.2"):
        ended = settle(chip(cards), "expeuler", 20, 1.0)
        assert abs(np.var(ended.values[0]) / 0.04 - 1.0) < SIGMAS * np.sqrt(1.0 / SAMPLES)


def test_synapses_add_their_own_noise() -> None:
    """Four times the conductance of the leak in synapses of noise factor 2/3: variance kT/C·(1 + 8/3)."""
    one = chip("thermal=300 noise_factor=0.6666666667 c=2f")
    one.write({"Yxh": np.full((1, 2), -4.0)})
    ended = settle(one, "expeuler", 12, 1.0)
    wanted = BOLTZMANN * 300.0 / 2e-15
    bound = SIGMAS * np.sqrt(2.0 / SAMPLES)
    assert abs(np.var(ended.values[0][:, 0]) / wanted / (1.0 + 8.0 / 3.0) - 1.0) < bound
    assert abs(np.var(ended.values[1][:, 0]) / wanted - 1.0) < bound


@pytest.mark.parametrize("eps", [0.1, 10.0])
def test_a_slow_trap_moves_a_node_as_often_as_it_is_full(eps: float) -> None:
    """τ = 1 µs, rates of 1/s: the node stands at 0 or at the jump, a quarter of the time at the jump."""
    one = chip("telegraph=0.3 telegraph_up=1 telegraph_down=3")
    found = settle(one, "expeuler", int(20 / eps) if eps < 1.0 else 4, eps, 3000).values[0]
    there = (np.abs(found) < 1e-9) | (np.abs(found - 0.3) < 1e-9)
    assert np.mean(there) > 1.0 - 1e-3  # a few have moved in the last microseconds
    full = np.mean(found > 0.15)
    assert abs(full - 0.25) < SIGMAS * np.sqrt(0.25 * 0.75 / found.size)


def test_slow_one_over_f_is_filtered_by_the_node() -> None:
    """Corners far below 1/τ pass whole: the node has the variance of the noise, A²·(ln ratio + 2 ln 10)."""
    one = chip("flicker=0.02 flicker_low=1 flicker_high=10")
    found = settle(one, "expeuler", 20, 1.0).values[0]
    wanted = 0.02**2 * 3.0 * np.log(10.0)
    assert abs(np.var(found) / wanted - 1.0) < SIGMAS * np.sqrt(1.0 / SAMPLES) + 1e-3


def test_traps_go_on_from_the_free_phase_and_white_noise_is_fresh() -> None:
    trapped, white = chip("telegraph=0.3 telegraph_up=1 telegraph_down=3"), chip("langevin=0.1")
    for one, same in ((trapped, True), (white, False)):
        one.moment = moment(500)
        inputs, settling = np.zeros((500, 1)), Settling("expeuler", steps=20, eps=1.0)
        free = one.settle(inputs, settling)
        nudged = one.settle(inputs, settling, Nudge(np.zeros((500, 1)), 0.5), free)
        again = one.settle(inputs, settling)
        correlation = np.corrcoef(free.values[0][:, 0], nudged.values[0][:, 0])[0, 1]
        assert (correlation > 0.99) if same else (abs(correlation) < SIGMAS / np.sqrt(500))
        assert np.array_equal(again.values[0], free.values[0])


def test_noise_depends_on_no_batch_and_is_off_without_a_moment() -> None:
    one = chip("thermal=300 c=2f flicker=0.01 telegraph=0.1", weights=0.5, hidden="activation=tanh")
    settling = Settling("euler", steps=5, eps=0.5)
    inputs = np.linspace(-1.0, 1.0, 12)[:, None]
    one.moment = moment(12)
    whole = one.settle(inputs, settling)
    one.moment = Moment(1, "train", 1, np.array([7, 2]))
    part = one.settle(inputs[[7, 2]], settling)
    # Products of a batch and of a part of it may round differently; draws may not.
    assert np.allclose(part.values[0], whole.values[0][[7, 2]], rtol=0.0, atol=1e-12)
    one.moment = None
    still = one.settle(inputs, settling)
    plain = chip("", weights=0.5, hidden="activation=tanh c=2f").settle(inputs, settling)
    assert np.array_equal(still.values[0], plain.values[0])
    for other in (
        moment(12, seed=2),
        Moment(1, "test", 1, np.arange(12)),
        Moment(1, "train", 2, np.arange(12)),
    ):
        one.moment = other
        assert not np.allclose(one.settle(inputs, settling).values[0], whole.values[0], atol=1e-4)


def test_a_course_ends_where_the_phase_does() -> None:
    one = chip("langevin=0.05 telegraph=0.1", weights=0.5)
    settling = Settling("expeuler", steps=7, eps=0.5)
    inputs = np.ones((5, 1))
    one.moment = moment(5)
    *_, last = one.course(inputs, settling)
    ended = one.settle(inputs, settling)
    assert np.array_equal(last.values[0], ended.values[0])
    assert np.all(ended.residual > 1e-3)  # what is left is that of the currents: noise does not settle
    assert not np.any(ended.settled)


@pytest.mark.parametrize("solve", ["equilibrium", "adaptive", "trap", "discrete"])
def test_solvers_without_noise_in_time_are_refused_by_name(solve: str) -> None:
    one = chip("thermal=300", hidden="activation=linear drive=direct")
    one.moment = moment(2)
    settling = Settling(solve, steps=0 if solve == "equilibrium" else 5)
    with pytest.raises(InputError, match=f"solve={solve} takes no noise in time"):
        one.settle(np.zeros((2, 1)), settling)
    one.moment = None
    one.settle(np.zeros((2, 1)), settling)  # without a moment its noise is off


def test_what_never_is_still_or_stable_is_refused() -> None:
    one = chip("thermal=300")
    one.moment = moment(2)
    with pytest.raises(InputError, match="tol= waits until a phase is still"):
        one.settle(np.zeros((2, 1)), Settling("euler", tol=1e-3))
    with pytest.raises(InputError, match=r"a step of 2\.5 time constants of a node is not stable"):
        one.settle(np.zeros((2, 1)), Settling("euler", steps=5, eps=2.5))
    other = chip("flicker=0.1 flicker_low=5 flicker_high=2")
    other.moment = moment(2)
    with pytest.raises(InputError, match="flicker_low=5 flicker_high=2 leave no band"):
        other.settle(np.zeros((2, 1)), Settling("euler", steps=5, eps=0.5))
