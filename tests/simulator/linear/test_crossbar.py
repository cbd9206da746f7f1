"""The crossbar solver against a dense solution, closed forms, conservation and reciprocity."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eqchip.errors import InputError, SimulationError
from eqchip.simulator.linear.crossbar import Crossbar, solve
from naive_wires import NaiveCrossbar

ENDS = st.sampled_from(["left", "right", "both"]), st.sampled_from(["bottom", "top", "both"])


@given(
    shape=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    seed=st.integers(0, 10_000),
    ohms=st.sampled_from([1e-3, 1.0, 1e3]),
    rowend=ENDS[0],
    colend=ENDS[1],
)
@settings(max_examples=80, deadline=None)
def test_every_drop_is_that_of_the_dense_network(
    shape: tuple[int, int], seed: int, ohms: float, rowend: str, colend: str
) -> None:
    random = np.random.default_rng(seed)
    g = np.where(random.random(shape) < 0.1, 0.0, 10.0 ** random.uniform(-6, -3, shape))
    rrow, rcol = (ohms * 10.0 ** random.uniform(0, 1, shape) for _ in range(2))
    rdriver, rload = ohms * random.random(shape[0]), ohms * random.random(shape[1])
    volts = random.uniform(-1.0, 1.0, (2, shape[0]))
    twin = NaiveCrossbar(g, rrow, rcol, rdriver, rload, rowend, colend)
    crossbar = Crossbar(g, rrow, rcol, rdriver, rload, rowend, colend)
    load = 1e6  # the columns are all but grounded: at what the twin says they are
    dense = [twin.solve(each, load) for each in volts]
    columns = np.array([[one[f"y{j}"] for j in range(shape[1])] for one in dense])
    found = crossbar.solve(volts, columns, drops=True, tol=1e-13)
    assert found.drops is not None
    for one, drops, into in zip(dense, found.drops, found.column_currents, strict=True):
        wanted = np.array(
            [[one[f"r{i},{j}"] - one[f"c{i},{j}"] for j in range(shape[1])] for i in range(shape[0])]
        )
        np.testing.assert_allclose(drops, wanted, rtol=0, atol=1e-9)
        np.testing.assert_allclose(
            into, [-load * one[f"y{j}"] for j in range(shape[1])], atol=1e-9, rtol=1e-6
        )
    balance = found.row_currents.sum(axis=1) + found.column_currents.sum(axis=1)
    assert np.max(np.abs(balance)) <= 1e-12 * (1.0 + np.max(np.abs(found.row_currents)))


def test_one_device_is_three_resistances_in_series() -> None:
    """One crossing: driver and segment, device, segment and load."""
    found = solve(np.array([[1e-3]]), 5.0, 7.0, 11.0, 13.0, np.array([[1.0]]), np.array([[0.25]]))
    current = 0.75 / (1e3 + 5.0 + 7.0 + 11.0 + 13.0)
    np.testing.assert_allclose(found.row_currents, [[current]], rtol=1e-14)
    np.testing.assert_allclose(found.column_currents, [[-current]], rtol=1e-14)


def test_a_row_of_equal_devices_decays_as_a_ladder() -> None:
    """A row against grounds over next to no column wire: e^{±kx} with 2·cosh k − 2 = r·g, open at its end."""
    n, r, g = 40, 20.0, 1e-3
    columns = np.zeros((1, n))
    found = Crossbar(np.full((1, n), g), r, 1e-9).solve(np.array([[1.0]]), columns, drops=True, tol=1e-13)
    assert found.drops is not None
    k = np.arccosh(1.0 + 0.5 * r * g)
    distance = n - np.arange(1, n + 1) + 0.5  # from the mirror half a segment behind the open end
    # node 0, the driver, stands at distance n + ½ from the mirror
    np.testing.assert_allclose(found.drops[0, 0], np.cosh(k * distance) / np.cosh(k * (n + 0.5)), rtol=1e-9)


def test_ports_are_reciprocal_passive_and_give_the_currents() -> None:
    random = np.random.default_rng(5)
    g = 10.0 ** random.uniform(-6, -4, (6, 9))
    crossbar = Crossbar(g, 30.0, 20.0, 100.0, 50.0, "both", "top")
    unit = np.eye(15)
    found = crossbar.solve(unit[:, :6], unit[:, 6:], tol=1e-13)
    raw = np.concatenate([found.row_currents, found.column_currents], axis=1)
    np.testing.assert_allclose(raw, raw.T, rtol=0, atol=1e-12 * np.max(raw))
    ports = crossbar.port_conductance()
    assert np.min(np.linalg.eigvalsh(ports)) > -1e-12 * np.max(ports)  # passive; ground is no part of it
    rows, columns = random.uniform(-1, 1, (4, 6)), random.uniform(-1, 1, (4, 9))
    some = crossbar.solve(rows, columns)
    wanted = np.concatenate([rows, columns], axis=1) @ ports
    np.testing.assert_allclose(
        np.concatenate([some.row_currents, some.column_currents], axis=1), wanted, rtol=0, atol=1e-12
    )


def test_currents_balance_to_a_billionth_where_wires_are_as_long_as_they_come() -> None:
    """256 × 256 at 1 Ω, and wires that hardly conduct: at every node, added up afresh from the voltages."""
    random = np.random.default_rng(7)
    g = 10.0 ** random.uniform(-6, -4, (256, 256))
    volts, zero = random.uniform(0.0, 0.2, (2, 256)), np.zeros((2, 256))
    for ohms in (1.0, 1e3):
        found = Crossbar(g, ohms, ohms).solve(volts, zero, drops=True)
        assert found.drops is not None
        largest = np.max(np.abs(found.drops * g), axis=(1, 2))
        assert np.all(found.residual <= 1e-9 * largest)
        assert np.all(found.residual > 0.0)


def test_a_sample_does_not_depend_on_its_batch() -> None:
    random = np.random.default_rng(9)
    crossbar = Crossbar(10.0 ** random.uniform(-6, -4, (17, 23)), 3.0, 4.0)
    rows, columns = random.uniform(-1, 1, (8, 17)), random.uniform(-1, 1, (8, 23))
    whole, alone = crossbar.solve(rows, columns), crossbar.solve(rows[5:6], columns[5:6])
    np.testing.assert_array_equal(whole.row_currents[5:6], alone.row_currents)


def test_what_cannot_be_solved_is_refused() -> None:
    g = np.ones((2, 3)) * 1e-3
    rows, columns = np.ones((1, 2)), np.zeros((1, 3))
    with pytest.raises(InputError, match="rrow of a crossbar must be above 0"):
        Crossbar(g, 0.0, 1.0)
    with pytest.raises(InputError, match="conductance of 0 S or more"):
        Crossbar(-g, 1.0, 1.0)
    with pytest.raises(InputError, match="driven at 'up'"):
        Crossbar(g, 1.0, 1.0, rowend="up")
    with pytest.raises(InputError, match="do not fit a 2 × 3 crossbar"):
        Crossbar(g, 1.0, 1.0).solve(columns, rows)
    with pytest.raises(SimulationError, match="currents still miss by"):
        Crossbar(g, 1e5, 1e5).solve(rows, columns, limit=1)


def test_memory_is_that_of_a_few_crossbars() -> None:
    """512 × 512, four inputs: below 0.1 GB, where a factorisation with fill-in takes more than 1 GB."""
    random = np.random.default_rng(11)
    g = 10.0 ** random.uniform(-6, -4, (512, 512))
    tracemalloc.start()
    Crossbar(g, 1.0, 1.0).solve(random.uniform(0.0, 0.2, (4, 512)), np.zeros((4, 512)))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 0.1e9
