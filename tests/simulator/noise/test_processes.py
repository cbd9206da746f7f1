"""Ornstein-Uhlenbeck, telegraph and 1/f noise: variance, correlation, occupancy, spectrum, at any step.

Statistics are of fixed keys; every bound is at least 4.5 sigma of what it holds.
"""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from eqchip.devices import random
from eqchip.simulator.noise.flicker import bank
from eqchip.simulator.noise.ornstein_uhlenbeck import OrnsteinUhlenbeck, white_step
from eqchip.simulator.noise.telegraph import Telegraph
from naive_noise import spectrum

FloatArray = NDArray[np.float64]

SIGMAS = 4.5
STEPS = [0.01, 0.1, 0.5, 1.0, 3.0, 10.0]


def _normal(shape: tuple[int, int], step: int, channel: int = 0) -> FloatArray:
    out = np.empty(shape)
    random.normals(out, *random.key(1, "processes"), np.arange(shape[0]), step, channel)
    return out


def _uniform(shape: tuple[int, int], step: int) -> FloatArray:
    out = np.empty(shape)
    random.uniforms(out, *random.key(2, "processes"), np.arange(shape[0]), step, 0)
    return out


@pytest.mark.parametrize("ratio", STEPS)
def test_a_step_of_any_length_keeps_variance_and_correlation(ratio: float) -> None:
    shape = 400, 500
    process = OrnsteinUhlenbeck(np.full(500, 0.3), np.full(500, 2e-6))
    before = process.begin(_normal(shape, 0))
    after = process.advance(before, ratio * 2e-6, _normal(shape, 1))
    count, kept = before.size, np.exp(-ratio)
    assert abs(np.mean(after**2) / 0.09 - 1.0) < SIGMAS * np.sqrt(2.0 / count)
    assert abs(np.mean(before * after) / 0.09 - kept) < SIGMAS * np.sqrt((1.0 + kept**2) / count)


def test_two_steps_are_one() -> None:
    """The semigroup of the process: means and variances, without a draw."""
    process = OrnsteinUhlenbeck(np.array([0.7]), np.array([3.0]))
    one, zero = np.ones((1, 1)), np.zeros((1, 1))
    for first, second in ((0.1, 0.2), (5.0, 0.01), (20.0, 30.0)):
        mean = process.advance(process.advance(one, first, zero), second, zero)
        assert mean[0, 0] == pytest.approx(process.advance(one, first + second, zero)[0, 0], rel=1e-12)
        early = process.advance(process.advance(zero, first, one), second, zero)
        late = process.advance(zero, second, one)
        whole = process.advance(zero, first + second, one)
        assert early[0, 0] ** 2 + late[0, 0] ** 2 == pytest.approx(whole[0, 0] ** 2, rel=1e-12)


@pytest.mark.parametrize("ratio", STEPS)
def test_white_noise_gives_the_exact_variance_through_any_stable_step(ratio: float) -> None:
    """q/(1 − a²) is the stationary variance of x ← a·x + √q·ξ: it is D/2λ whatever a is."""
    leak, density = np.array([4.0]), np.array([0.6])
    h = ratio / 4.0
    for kept in (np.exp(-ratio), 1.0 - ratio, 1.0 - ratio + 0.5 * ratio**2):
        if abs(kept) < 1.0:
            step = white_step(density, leak, np.array([kept]), h)
            assert step[0] ** 2 / (1.0 - kept**2) == pytest.approx(0.6 / 8.0, rel=1e-10)
        else:
            assert np.isnan(white_step(density, leak, np.array([kept]), h)[0])
    none = np.zeros(1)
    assert white_step(density, none, np.ones(1), h)[0] ** 2 == pytest.approx(0.6 * h)


@pytest.mark.parametrize("ratio", STEPS)
def test_a_trap_keeps_its_occupancy_and_correlation(ratio: float) -> None:
    shape = 400, 500
    trap = Telegraph(np.full(500, 1e3), np.full(500, 3e3))
    before = trap.begin(_uniform(shape, 0))
    after = trap.advance(before, ratio / 4e3, _uniform(shape, 1))
    count, full, kept = before.size, 0.25, np.exp(-ratio)
    for states in (before, after):
        assert abs(states.mean() - full) < SIGMAS * np.sqrt(full * (1.0 - full) / count)
    products = (before - full) * (after - full)
    found, error = products.mean(), products.std() / np.sqrt(count)
    assert abs(found - full * (1.0 - full) * kept) < SIGMAS * error
    assert set(np.unique(after)) == {0.0, 1.0}


def test_a_trap_moves_as_its_rates_say() -> None:
    """A short step flips with probability rate·h; from empty p(1 − E), from full p + (1 − p)E."""
    trap = Telegraph(np.array([5.0]), np.array([2.0]))
    edge = np.linspace(0.0, 1.0, 200_001)[:, None]
    for state, wanted in ((0.0, 5.0 * 1e-3), (1.0, 1.0 - 2.0 * 1e-3)):
        full = trap.advance(np.full_like(edge, state), 1e-3, edge).mean()
        assert full == pytest.approx(wanted, abs=1e-5 + 20e-6)


def test_spectra_are_those_of_the_laws() -> None:
    """Sampled 5 and 20 times a correlation time, against the closed form; aliases count below 1 %."""
    count, length, tau = 4096, 0.05, 1.0
    rows = 300
    process, trap = (
        OrnsteinUhlenbeck(np.ones(1), np.full(1, tau)),
        Telegraph(np.full(1, 0.4), np.full(1, 0.6)),
    )
    x, t = np.empty((rows, count)), np.empty((rows, count))
    x[:, :1], t[:, :1] = process.begin(_normal((rows, 1), 0)), trap.begin(_uniform((rows, 1), 0))
    for k in range(1, count):
        x[:, k : k + 1] = process.advance(x[:, k - 1 : k], length, _normal((rows, 1), k))
        t[:, k : k + 1] = trap.advance(t[:, k - 1 : k], length, _uniform((rows, 1), k))
    for samples, law in ((x, process), (t - 0.4, trap)):
        frequency, found = spectrum(samples, length)
        band = (frequency > 0.02) & (frequency < 0.5)
        wanted = law.spectrum(frequency[band])[:, 0]
        ratio = np.mean(found[band] / wanted)
        assert abs(ratio - 1.0) < 0.01 + SIGMAS * 1.5 / np.sqrt(rows * np.count_nonzero(band))


@pytest.mark.parametrize(("low", "high"), [(1.0, 1e4), (10.0, 1e3), (1.0, 10.0)])
def test_a_bank_is_one_over_f_within_its_ripple(low: float, high: float) -> None:
    processes = bank(np.array([0.5]), low, high)
    frequency = np.geomspace(low, high, 2001)
    total = sum(one.spectrum(frequency)[:, 0] for one in processes)
    decibels = 10.0 * np.log10(total * frequency / 0.25)
    assert np.max(np.abs(decibels)) < 0.35
    if high / low >= 1e4:
        inside = (frequency > 10.0 * low) & (frequency < high / 10.0)
        assert np.max(np.abs(decibels[inside])) < 0.03
        slope = np.polyfit(np.log10(frequency), np.log10(total), 1)[0]
        assert slope == pytest.approx(-1.0, abs=0.01)


def test_sampled_one_over_f_has_the_slope() -> None:
    """A trace of the bank, its spectrum fitted over more than a decade: −1 ± 0.03."""
    rows, count, length = 200, 4096, 1e-4
    processes = bank(np.ones(1), 3.0, 300.0)
    states = [p.begin(_normal((rows, 1), 0, k + 1)) for k, p in enumerate(processes)]
    trace = np.empty((rows, count))
    for step in range(count):
        trace[:, step] = sum(s[:, 0] for s in states)
        states = [
            p.advance(s, length, _normal((rows, 1), step + 1, k + 1))
            for k, (p, s) in enumerate(zip(processes, states, strict=True))
        ]
    frequency, found = spectrum(trace, length)
    band = (frequency > 10.0) & (frequency < 200.0)
    slope, height = np.polyfit(np.log10(frequency[band]), np.log10(found[band]), 1)
    assert slope == pytest.approx(-1.0, abs=0.03)
    assert height == pytest.approx(0.0, abs=0.1)
