"""What every family must satisfy, packaged or not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from eqchip.devices.circuit.diode import DIODE
from eqchip.devices.circuit.resistor import RESISTOR
from eqchip.devices.families import FAMILIES
from eqchip.devices.family import Family
from naive_devices import Element, evaluate, random_element

DRAWS = 25
STEP = 1e-6


def draws(family: Family) -> list[Element]:
    random = np.random.default_rng(sum(map(ord, family.name)))
    return [random_element(family, random) for _ in range(DRAWS)]


def central(function, at: np.ndarray) -> np.ndarray:
    """Central differences of a vector function by every component of `at`."""
    columns = []
    for k in range(len(at)):
        up, down = at.copy(), at.copy()
        up[k] += STEP
        down[k] -= STEP
        columns.append((function(up) - function(down)) / (up[k] - down[k]))
    return np.stack(columns, axis=-1)


def assert_close(ours: np.ndarray, differences: np.ndarray, size: np.ndarray) -> None:
    """Truncation is relative to the derivative, rounding to the values it was made from."""
    room = 2e-6 * np.max(np.abs(ours), initial=0.0) + 1e-14 * np.max(np.abs(size), initial=0.0) / STEP
    assert np.max(np.abs(ours - differences), initial=0.0) <= room


def families(which: Callable[[Family], object]) -> pytest.MarkDecorator:
    chosen = [family for family in FAMILIES if which(family)]
    return pytest.mark.parametrize("family", chosen, ids=lambda family: family.name)


every = families(lambda family: True)
with_energy = families(lambda family: family.energy)
learning = families(lambda family: family.learning)
with_signal = families(lambda family: family.learning and family.learning.signal and family.energy)
linear = families(lambda family: family.linear or family.affine)
circuit = families(lambda family: family.law.__module__.startswith("eqchip.devices.circuit"))


@every
def test_derivatives_are_those_of_currents_and_charges(family: Family) -> None:
    for element in draws(family):
        i, q, g, c = evaluate(element)
        assert_close(g, central(lambda u, e=element: evaluate(e, u)[0], element.u), i)
        assert_close(c, central(lambda u, e=element: evaluate(e, u)[1], element.u), q)


@with_energy
def test_the_energy_is_what_the_currents_are_the_gradient_of(family: Family) -> None:
    seen = 0
    for element in draws(family):
        at = family.energy(element.u, element.p)
        if np.isnan(at):
            continue
        seen += 1
        i, _, g, _ = evaluate(element)
        slopes = central(lambda u, e=element: np.array(family.energy(u, e.p)), element.u)
        assert_close(i, slopes[: element.rows], np.array([at]))
        scale = np.max(np.abs(g), initial=0.0)
        np.testing.assert_allclose(g, g.T, atol=1e-12 * scale, err_msg="an energy has a symmetric Hessian")
    assert seen > 0


@with_energy
def test_an_element_without_energy_is_not_reciprocal(family: Family) -> None:
    """NaN must not be a way out for elements that do have an energy."""
    for element in draws(family):
        if np.isnan(family.energy(element.u, element.p)):
            random = np.random.default_rng(1)
            jacobians = [evaluate(element, random.uniform(-2.5, 2.5, len(element.u)))[2] for _ in range(20)]
            assert any(not np.allclose(g, g.T, rtol=1e-9, atol=0.0) for g in jacobians)


@with_signal
def test_the_signal_is_the_derivative_of_the_energy_by_the_parameter(family: Family) -> None:
    seen = 0
    for element in draws(family):
        at = family.energy(element.u, element.p)
        if np.isnan(at):
            continue

        def energy(theta: np.ndarray, e: Element = element) -> np.ndarray:
            p = e.p.copy()
            p[e.column] = theta[0]
            return np.array(family.energy(e.u, p))

        if not np.isclose(element.p[element.column], 0.0):
            seen += 1
        slopes = central(energy, element.p[[element.column]])
        signal = np.array([family.learning.signal(element.u, element.p)])
        if family.name == "neuron" and element.p[4] == 0.0:
            continue  # under direct drive the contrast rule's local signal is not this derivative
        assert_close(signal, slopes, np.array([at]))
    assert seen > 0


@learning
def test_the_slope_is_the_derivative_of_the_currents_by_the_parameter(family: Family) -> None:
    for element in draws(family):

        def currents(theta: np.ndarray, e: Element = element) -> np.ndarray:
            p = e.p.copy()
            p[e.column] = theta[0]
            return evaluate(e, None, p)[0]

        out = np.zeros(element.rows)
        family.learning.slope(element.u, element.p, out)
        slopes = central(currents, element.p[[element.column]])[:, 0]
        assert_close(out, slopes, evaluate(element)[0])


@linear
def test_linear_families_are_linear(family: Family) -> None:
    for element in draws(family):
        i, q, g, c = evaluate(element)
        i0, q0, g0, c0 = evaluate(element, np.zeros_like(element.u))
        np.testing.assert_array_equal(g, g0)
        np.testing.assert_array_equal(c, c0)
        np.testing.assert_allclose(
            i, i0 + g @ element.u, rtol=1e-12, atol=1e-15 * np.max(np.abs(g), initial=1e-300)
        )
        np.testing.assert_allclose(q, q0 + c @ element.u, rtol=1e-12)
        if family.linear:
            assert not i0.any()
            assert not q0.any()


@circuit
def test_what_flows_in_at_one_terminal_flows_out_at_the_others(family: Family) -> None:
    nodes = len(family.terminals) + len(family.internal)
    for element in draws(family):
        i, q, g, c = evaluate(element)
        for sums, parts in ((i[:nodes], i), (q[:nodes], q), (g[:nodes], g), (c[:nodes], c)):
            np.testing.assert_allclose(sums.sum(axis=0), 0.0, atol=1e-15 * np.abs(parts).max(initial=1e-300))


@pytest.mark.parametrize("family", [RESISTOR, DIODE], ids=lambda family: family.name)
def test_resistors_and_diodes_never_deliver_power(family: Family) -> None:
    for element in draws(family):
        i, _, _, _ = evaluate(element)
        assert i @ element.u >= -1e-12 * np.abs(i).max() * np.abs(element.u).max()


@every
def test_the_law_writes_no_further_than_its_rows(family: Family) -> None:
    """The dispatcher hands over buffers of the widest element, with other numbers behind."""
    for element in draws(family)[:3]:
        count = len(element.u)
        wide = count + 3
        u = np.concatenate([element.u, np.full(3, np.nan)])
        i, q = np.full(wide, 7.0), np.full(wide, 7.0)
        g, c = np.full((wide, wide), 7.0), np.full((wide, wide), 7.0)
        i[: element.rows] = q[: element.rows] = 0.0
        g[: element.rows, :count] = c[: element.rows, :count] = 0.0
        family.law(u, element.p, element.d, np.full(family.memory, np.inf), i, q, g, c)
        expected = evaluate(element)
        for got, want in zip((i[: element.rows], q[: element.rows]), expected[:2], strict=True):
            np.testing.assert_array_equal(got, want)
        for got, want in zip((g, c), expected[2:], strict=True):
            np.testing.assert_array_equal(got[: element.rows, :count], want)
            assert (got[element.rows :] == 7.0).all()
            assert (got[:, count:] == 7.0).all()
        assert (i[element.rows :] == 7.0).all()
        assert (q[element.rows :] == 7.0).all()
