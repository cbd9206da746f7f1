"""Decay rates and asymmetry against closed forms."""

import numpy as np
import pytest

from eqchip.simulator.modes import asymmetry, modes


def test_two_leaky_nodes_joined_by_a_resistor() -> None:
    # Sum and difference mode: g and g + 2 r.
    g, r, c = 1e-6, 3e-6, 2e-12
    j = np.array([[g + r, -r], [-r, g + r]])
    rate, constant = modes(j, np.full(2, c), c / g)
    assert rate == pytest.approx(1.0)
    assert constant == pytest.approx(c / g)


def test_a_node_without_capacitance_is_eliminated() -> None:
    # a - r - b - r - ground, C at a only: R = 2/r.
    r, c = 1e-3, 1e-9
    j = np.array([[r, -r], [-r, 2 * r]])
    rate, constant = modes(j, np.array([c, 0.0]), 1.0)
    assert constant == pytest.approx(2 * c / r)
    assert rate == pytest.approx(1 / constant)


def test_growth_is_negative() -> None:
    rate, constant = modes(np.array([[-2.0]]), np.array([4.0]), 1.0)
    assert (rate, constant) == (-0.5, -2.0)


def test_coupled_capacitors() -> None:
    # A capacitor between two nodes: C⁻¹G has the eigenvalues of the pencil.
    c = np.array([[2.0, -1.0], [-1.0, 2.0]])
    rate, _ = modes(np.eye(2), c, 1.0)
    assert rate == pytest.approx(1 / 3)


def test_nothing_that_moves_is_as_stable_as_can_be() -> None:
    assert modes(np.zeros((0, 0)), np.zeros(0), 1.0) == (np.inf, 0.0)
    assert asymmetry(np.zeros((0, 0))) == 0.0


def test_asymmetry() -> None:
    assert asymmetry(np.array([[1.0, 2.0], [2.0, 3.0]])) == 0.0
    assert asymmetry(np.array([[0.0, 1.0], [-1.0, 0.0]])) == pytest.approx(2.0)
