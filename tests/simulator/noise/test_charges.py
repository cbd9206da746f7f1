"""What a white current leaves behind: closed forms, and several temperatures by Lyapunov's equation."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sparse
from numpy.typing import NDArray
from scipy.linalg import expm, solve_continuous_lyapunov

from eqchip.errors import InputError
from eqchip.simulator.noise.charges import landing
from eqchip.simulator.noise.linear_network import linear_network

FloatArray = NDArray[np.float64]


def landed(c: FloatArray, *g: FloatArray, nodes: int) -> FloatArray:
    conductances = tuple(sparse.csc_matrix(one) for one in g)
    rows = np.arange(nodes)
    found = landing(sparse.csc_matrix(c), conductances, nodes, rows, 1e-9, lambda k: f"v({k})")
    return np.asarray(found.toarray())


def test_a_bare_node_divides_its_current_by_conductance() -> None:
    """Nodes 0 and 2 have capacitors; node 1 none, and 1 mS to the one, 3 mS to the other."""
    g = 1e-3 * np.array([[1.0, -1.0, 0.0], [-1.0, 4.0, -3.0], [0.0, -3.0, 3.0]])
    found = landed(np.diag([1e-12, 0.0, 5e-12]), g, nodes=3)
    assert np.allclose(found, [[1.0, 0.25, 0.0], [0.0, 0.0, 0.0], [0.0, 0.75, 1.0]], atol=1e-6)


def test_an_inductor_takes_flux_and_a_source_takes_all() -> None:
    """R from ground to L to ground: R Wb a coulomb. A capacitor beside a voltage source keeps nothing."""
    c, g = np.diag([0.0, -1e-6]), np.array([[1e-3, 1.0], [1.0, 0.0]])
    assert abs(landed(c, g, nodes=1)[1, 0]) == pytest.approx(1e3, rel=1e-5)
    c, g = np.diag([1e-12, 0.0]), np.array([[1e-3, 1.0], [1.0, 0.0]])
    assert abs(landed(c, g, nodes=1)[0, 0]) < 1e-6


def test_a_slope_beside_a_bare_node_is_refused_and_elsewhere_is_not() -> None:
    c = np.diag([1e-12, 0.0, 1e-12])
    g = 1e-3 * np.array([[2.0, -1.0, 0.0], [-1.0, 2.0, -1.0], [0.0, -1.0, 2.0]])
    elsewhere, beside = g.copy(), g.copy()
    elsewhere[0, 0] *= 3.0
    beside[1, 1] *= 3.0
    assert np.allclose(landed(c, g, elsewhere, nodes=3)[:, 1], [0.5, 0.0, 0.5], atol=1e-6)
    with pytest.raises(InputError, match=r"noise drives v\(1\), which has no capacitance"):
        landed(c, g, beside, nodes=3)


def test_nodes_that_nothing_holds_are_refused() -> None:
    with pytest.raises(InputError, match="neither a capacitance nor anything at DC"):
        landed(np.diag([1e-12, 0.0]), np.diag([1e-3, 0.0]), nodes=2)


@pytest.mark.parametrize("share", [0.01, 1.0, 10.0])
def test_modes_of_several_temperatures_have_lyapunovs_covariance(share: float) -> None:
    draw = np.random.default_rng(5)
    c = np.diag(draw.uniform(1.0, 3.0, 4))
    root = draw.normal(size=(4, 4))
    g = root @ root.T + np.eye(4)
    other = draw.normal(size=(4, 4))
    density = other @ other.T  # not in proportion to G
    network = linear_network(c, g, 0.0)
    length = share / float(network.rates[0])
    a, inverse = np.linalg.solve(c, g), np.linalg.inv(c)
    still = solve_continuous_lyapunov(a, inverse @ density @ inverse)
    kept = expm(-a * length)
    brought = network.shapes @ network.fresh(density, length)
    assert np.allclose(brought @ brought.T, still - kept @ still @ kept.T, rtol=1e-9, atol=1e-12)
