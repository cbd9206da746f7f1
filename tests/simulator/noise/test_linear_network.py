"""Thermal noise of RC networks: equipartition, Van Loan's integral, elimination, sampling."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from eqchip.devices import random
from eqchip.errors import InputError
from eqchip.simulator.noise.linear_network import laplacian, linear_network
from naive_noise import BOLTZMANN, van_loan

FloatArray = NDArray[np.float64]

KT = BOLTZMANN * 300.0


def network(nodes: int, seed: int, floating_capacitors: bool = False) -> tuple[FloatArray, FloatArray]:
    """Return C and G of a random network: resistors between nodes, some to ground, capacitors on all."""
    draw = np.random.default_rng(seed)
    pairs = np.array([(i, j) for i in range(nodes) for j in range(i)], np.int64).reshape(-1, 2)
    kept = pairs[draw.random(len(pairs)) < 0.6]
    chain = np.array([(i, i - 1) for i in range(nodes)], np.int64)  # node 0 to ground, the others in a row
    ends = np.concatenate([chain, kept])
    g = laplacian(nodes, ends, 10.0 ** draw.uniform(-6.0, -3.0, len(ends)))
    c = np.diag(10.0 ** draw.uniform(-14.0, -12.0, nodes))
    if floating_capacitors and len(kept):
        c += laplacian(nodes, kept, 10.0 ** draw.uniform(-14.0, -12.0, len(kept)))
    return c, g


@given(st.integers(1, 8), st.integers(0, 10_000), st.booleans())
@settings(max_examples=40)
def test_at_equilibrium_the_covariance_is_kt_over_c(nodes: int, seed: int, floating: bool) -> None:
    c, g = network(nodes, seed, floating)
    found = linear_network(c, g, 300.0).covariance(np.inf)
    wanted = KT * np.linalg.inv(c)
    assert np.allclose(found, wanted, rtol=0.0, atol=1e-9 * np.max(wanted))


@given(st.integers(1, 6), st.integers(0, 10_000), st.floats(-2.0, 1.0))
@settings(max_examples=30)
def test_a_step_is_van_loans_integral(nodes: int, seed: int, power: float) -> None:
    c, g = network(nodes, seed, True)
    found = linear_network(c, g, 300.0)
    length = 10.0**power / float(found.rates[-1])
    kept, grown = van_loan(c, g, 300.0, length)
    assert np.allclose(found.propagator(length), kept, atol=1e-9)
    assert np.allclose(found.covariance(length), grown, rtol=0.0, atol=1e-8 * np.max(grown))
    formula = KT * (np.linalg.inv(c) - kept @ np.linalg.inv(c) @ kept.T)
    assert np.allclose(found.covariance(length), formula, rtol=0.0, atol=1e-8 * np.max(grown))


def test_a_floating_part_keeps_its_charge() -> None:
    """Two capacitors and a resistor, no ground: charge stays, the difference has kT over the series C."""
    c = np.diag([1e-12, 3e-12])
    g = laplacian(2, np.array([[0, 1]]), np.array([1e-6]))
    found = linear_network(c, g, 300.0)
    assert found.rates[0] == 0.0
    assert found.rates[1] == pytest.approx(1e-6 * (1e12 + 1e12 / 3.0))
    spread = found.covariance(np.inf)
    charge, difference = np.array([1e-12, 3e-12]), np.array([1.0, -1.0])
    assert charge @ spread @ charge == pytest.approx(0.0, abs=1e-12 * KT * 1e-12)
    assert difference @ spread @ difference == pytest.approx(KT * (1e12 + 1e12 / 3.0))


def test_the_two_ends_of_a_resistor_are_anticorrelated() -> None:
    """What one draw a node would miss: in a short step −2kTg·h/(C₁C₂)."""
    c = np.diag([1e-12, 2e-12])
    g = laplacian(2, np.array([[0, 1], [0, -1], [1, -1]]), np.array([1e-6, 1e-9, 1e-9]))
    h = 1e-12
    found = linear_network(c, g, 300.0).covariance(h)
    assert found[0, 1] == pytest.approx(-2.0 * KT * 1e-6 * h / 2e-24, rel=1e-4)
    assert found[0, 0] == pytest.approx(2.0 * KT * (1e-6 + 1e-9) * h / 1e-24, rel=1e-4)


@pytest.mark.parametrize("seed", range(5))
def test_nodes_without_capacitance_are_eliminated(seed: int) -> None:
    """The limit of ever smaller capacitors there, at the other nodes."""
    c, g = network(6, seed)
    bare = c.copy()
    bare[[1, 4], [1, 4]] = 0.0
    tiny = c.copy()
    tiny[[1, 4], [1, 4]] = 1e-19
    found, wanted = linear_network(bare, g, 300.0), linear_network(tiny, g, 300.0)
    assert len(found.rates) == 4
    rest = np.ix_([0, 2, 3, 5], [0, 2, 3, 5])
    length = 1.0 / float(found.rates[1])
    top = np.max(wanted.covariance(length)[rest])
    assert np.allclose(found.covariance(length)[rest], wanted.covariance(length)[rest], atol=1e-5 * top)
    assert np.allclose(found.propagator(length)[rest], wanted.propagator(length)[rest], atol=1e-5)
    # The bare nodes stand where the resistors put them.
    v = found.propagator(length) @ np.arange(1.0, 7.0)
    assert np.allclose((g @ v)[[1, 4]], 0.0, atol=1e-9 * np.max(np.abs(g)))


def test_a_floating_capacitor_alone_leaves_a_direction_without_charge() -> None:
    """Two nodes joined by one capacitor, each with a resistor to ground: the difference alone is slow."""
    c = laplacian(2, np.array([[0, 1]]), np.array([2e-12]))
    g = np.diag([1e-6, 1e-6])
    found = linear_network(c, g, 300.0)
    assert len(found.rates) == 1
    assert found.rates[0] == pytest.approx(1.0 / (2e6 * 2e-12))  # both resistors in a row
    difference = np.array([1.0, -1.0])
    assert difference @ found.covariance(np.inf) @ difference == pytest.approx(KT / 2e-12)


@pytest.mark.parametrize("ratio", [0.01, 1.0, 10.0])
def test_sampled_steps_have_the_covariance(ratio: float) -> None:
    """20,000 samples, from equilibrium and back: within 4.5 sigma of kT·C⁻¹ in every entry."""
    c, g = network(4, 3, True)
    found = linear_network(c, g, 300.0)
    count = 20_000
    normal = np.empty((2, count, 4))
    for step in range(2):
        random.normals(normal[step], *random.key(9, "network"), np.arange(count), step, 0)
    v = found.advance(np.zeros((count, 4)), np.inf, normal[0])
    v = found.advance(v, ratio / float(found.rates[1]), normal[1])
    wanted = KT * np.linalg.inv(c)
    error = np.sqrt((np.outer(np.diag(wanted), np.diag(wanted)) + wanted**2) / count)
    assert np.all(np.abs(v.T @ v / count - wanted) < 4.5 * error)


def test_what_is_not_passive_is_refused() -> None:
    with pytest.raises(InputError, match="conductance matrix has a negative eigenvalue"):
        linear_network(np.eye(2), np.diag([1.0, -0.5]), 300.0)
    with pytest.raises(InputError, match="conductance matrix is not symmetric"):
        linear_network(np.eye(2), np.array([[1.0, 0.4], [0.0, 1.0]]), 300.0)
    with pytest.raises(InputError, match="capacitance matrix has a negative eigenvalue"):
        linear_network(np.diag([1.0, -1e-3]), np.eye(2), 300.0)
