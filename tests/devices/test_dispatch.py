"""The generated dispatcher against plain Python loops, and families that come from other packages."""

from __future__ import annotations

import numpy as np
import pytest

from eqchip.devices import dispatch
from naive_devices import Element, naive_load, wire


@pytest.fixture(scope="module")
def wired():
    return wire(np.random.default_rng(5), unknowns=9, each=4)


@pytest.fixture(scope="module")
def x(wired):
    values = np.random.default_rng(6).uniform(-0.8, 0.8, wired.unknowns + 1)
    values[-1] = 0.0  # ground
    return values


def test_load_is_the_sum_of_the_laws(wired, x) -> None:
    size = wired.unknowns + 1
    f, q, jg, jc = np.zeros(size), np.zeros(size), np.zeros(size * size), np.zeros(size * size)
    memory = np.full(wired.graph.memory_start[-1], np.inf)
    assert dispatch.load(wired.graph, x, wired.drives, memory, f, q, jg, jc) == 0
    naive = naive_load(wired, x)
    for ours, plain in zip((f, q, jg.reshape(size, size), jc.reshape(size, size)), naive, strict=True):
        np.testing.assert_allclose(ours, plain, rtol=1e-12, atol=1e-14 * np.abs(plain).max())


def test_load_adds_to_what_is_there(wired, x) -> None:
    size = wired.unknowns + 1
    memory = np.full(wired.graph.memory_start[-1], np.inf)
    once = [np.zeros(size), np.zeros(size), np.zeros(size * size), np.zeros(size * size)]
    twice = [np.zeros(size), np.zeros(size), np.zeros(size * size), np.zeros(size * size)]
    dispatch.load(wired.graph, x, wired.drives, memory, *once)
    for _ in range(2):
        dispatch.load(wired.graph, x, wired.drives, memory, *twice)
    for one, two in zip(once, twice, strict=True):
        np.testing.assert_allclose(two, 2.0 * one, rtol=1e-9, atol=1e-12 * np.abs(one).max())


def test_energies_signals_and_slopes_are_each_elements_own(wired, x) -> None:
    count = len(wired.elements)
    y = np.random.default_rng(7).uniform(-1.0, 1.0, wired.unknowns + 1)
    energies, signals, slopes = np.zeros(count), np.zeros(count), np.zeros(count)
    dispatch.energies(wired.graph, x, energies)
    dispatch.signals(wired.graph, x, signals)
    dispatch.slopes(wired.graph, x, y, slopes)
    for index, element in enumerate(wired.elements):
        own = wired.graph.pins[wired.graph.pin_start[index] : wired.graph.pin_start[index + 1]]
        looked = Element(element.family, element.p, x[own], wired.drives, element.rows)
        family = element.family
        expected = family.energy(looked.u, element.p) if family.energy else 0.0
        np.testing.assert_allclose(energies[index], expected, rtol=1e-12)
        if family.learning is None:
            assert signals[index] == 0.0
            assert slopes[index] == 0.0
            continue
        np.testing.assert_allclose(signals[index], family.learning.signal(looked.u, element.p), rtol=1e-12)
        out = np.zeros(element.rows)
        family.learning.slope(looked.u, element.p, out)
        np.testing.assert_allclose(slopes[index], out @ y[own[: element.rows]], rtol=1e-12, atol=1e-25)


def test_a_limited_junction_is_reported(wired, x) -> None:
    size = wired.unknowns + 1
    memory = np.full(wired.graph.memory_start[-1], np.nan)
    arrays = [np.zeros(size), np.zeros(size), np.zeros(size * size), np.zeros(size * size)]
    assert dispatch.load(wired.graph, 0.0 * x, wired.drives, memory, *arrays) == 1
    assert np.isfinite(memory).all()
