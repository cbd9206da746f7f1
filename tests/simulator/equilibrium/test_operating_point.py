"""Operating points: against scipy, against closed forms, one by one and in batches, and how they fail."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import root

from eqchip.errors import SimulationError
from eqchip.simulator.equilibrium.operating_point import CONTROL, equilibria
from eqchip.simulator.equilibrium.solver import solver_of
from eqchip.simulator.outcome import Outcome
from naive_mna import VT, missed
from simulated import compiled

DIODE = ".model d D(Is=1e-8 N=1.8 Rs=10)\n"


def network(seed: int, nodes: int) -> str:
    """Write a random network of resistors and diodes, driven by one source."""
    random = np.random.default_rng(seed)
    lines = [f"V1 n0 0 {random.uniform(-3.0, 3.0):.6g}"]
    for k in range(1, nodes):
        lines.append(f"Ra{k} n{random.integers(0, k)} n{k} {10 ** random.uniform(2, 4):.6g}")
        lines.append(f"Rg{k} n{k} 0 {10 ** random.uniform(3, 5):.6g}")
        other = int(random.integers(0, nodes))
        if other != k:
            lines.append(f"D{k} n{k} n{other} d" if random.random() < 0.5 else f"D{k} n{other} n{k} d")
    return "\n".join(lines) + "\n" + DIODE


def row_of(system, x: np.ndarray) -> dict[str, float]:
    return dict(zip(system.names, map(float, x), strict=True))


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.integers(2, 12))
def test_random_diode_networks_satisfy_kirchhoff_element_by_element(seed: int, nodes: int) -> None:
    system = compiled(network(seed, nodes))
    found = equilibria(system, system.drives(1))
    misses = missed(system.circuit, row_of(system, found.x[0]))
    assert max(map(abs, misses.values())) < 1e-9
    assert found.violation[0] < 1e-12


@pytest.mark.parametrize("seed", range(8))
def test_random_diode_networks_agree_with_a_general_root_finder(seed: int) -> None:
    system = compiled(network(seed, 6))
    circuit = system.circuit
    names = [f"v({name})" for name in circuit.nodes[1:]]
    source = circuit.instance("V1").waveform.dc

    def currents(volts: np.ndarray) -> np.ndarray:
        row = dict(zip(names, volts, strict=True)) | {"i(v1)": 0.0}
        total = missed(circuit, row)
        return np.array([volts[0] - source, *(1e3 * total[name] for name in circuit.nodes[2:])])

    found = equilibria(system, system.drives(1)).x[0]
    expected = root(currents, 0.9 * found[: len(names)], tol=1e-12)
    assert np.max(np.abs(currents(expected.x))) < 1e-8
    np.testing.assert_allclose(found[: len(names)], expected.x, atol=1e-6 * np.max(np.abs(expected.x)))


def test_a_diode_in_series_with_a_resistor_meets_its_closed_form() -> None:
    # v = n·VT·ln(1 + i/Is) without series resistance; the current source fixes i.
    system = compiled(".options gmin=0\nI1 0 a 1m\nD1 a 0 d\n.model d D(Is=1e-12 N=1.5)")
    x = equilibria(system, system.drives(1)).x[0]
    assert x[0] == pytest.approx(1.5 * VT * math.log1p(1e-3 / 1e-12), rel=1e-9)


@pytest.mark.parametrize("between", ["", "R{k} {k}a {k}b 1k"], ids=["alone", "with resistors between"])
def test_reversed_diodes_in_series_share_the_voltage_alike(between: str) -> None:
    # Picoamperes tie the nodes between: what is left of the first, wild steps must not move them.
    near, far = ("a", "b") if between else ("a", "a")
    cards = [f"D{k} {k - 1}{far} {k}{near} d\n" + between.format(k=k) for k in (1, 2, 3)]
    system = compiled(f"V1 0{far} 0 -9\nR1x 3{far} 0 1\n" + "\n".join(cards) + "\n.model d D(Is=1e-14)")
    volts = row_of(system, equilibria(system, system.drives(1)).x[0])
    assert volts[f"v(1{near})"] == pytest.approx(-6.0, rel=1e-7)
    assert volts[f"v(2{far})"] == pytest.approx(-3.0, rel=1e-7)


def test_a_batch_equals_its_samples_one_by_one() -> None:
    system = compiled(network(3, 9))
    drives = system.drives(40)
    drives[:, system.slots("V1")[0]] = np.linspace(-4.0, 4.0, 40)
    together = equilibria(system, drives)
    alone = np.concatenate([equilibria(system, one[None]).x for one in drives])
    np.testing.assert_array_equal(together.x, alone)
    assert np.all(together.outcomes == Outcome.DONE)
    assert np.all(together.violation < 1e-12)


def test_following_gives_the_same_answers() -> None:
    system = compiled(network(4, 9))
    drives = system.drives(30)
    drives[:, system.slots("V1")[0]] = np.linspace(0.0, 4.0, 30)
    fresh, following = equilibria(system, drives), equilibria(system, drives, follow=True)
    np.testing.assert_allclose(following.x, fresh.x, atol=1e-9)
    assert following.iterations.sum() < fresh.iterations.sum()


def test_a_linear_circuit_takes_one_iteration_a_sample() -> None:
    system = compiled("V1 a 0 1\nR1 a b 1k\nR2 b 0 3k\nE1 c 0 b 0 2\nR3 c 0 1k")
    drives = system.drives(5)
    drives[:, system.slots("V1")[0]] = np.arange(5.0)
    found = equilibria(system, drives)
    np.testing.assert_allclose(found.x[:, system.names.index("v(c)")], 1.5 * np.arange(5.0), rtol=1e-12)
    assert np.all(found.iterations == 1)


def test_values_written_in_place_count_after_refresh() -> None:
    system = compiled("V1 a 0 1\nR1 a b 1k\nR2 b 0 1k")
    assert equilibria(system, system.drives(1)).x[0, 1] == pytest.approx(0.5)
    system.elements("R2").theta[:] = 3e-3
    system.refresh()
    assert equilibria(system, system.drives(1)).x[0, 1] == pytest.approx(0.25)


@pytest.mark.parametrize(("bias", "state"), [(-0.7, 0.0), (0.4, 0.4), (1.8, 1.0)])
def test_a_clamped_neuron_rests_in_its_interval(bias: float, state: float) -> None:
    system = compiled(f"N1 n cell\n.model cell neuron(activation=hardsigmoid vunit=0.5 bias={bias})")
    found = equilibria(system, system.drives(1))
    assert found.x[0, 0] == pytest.approx(0.5 * state, abs=1e-12)
    assert found.violation[0] < 1e-12  # the current that a bound holds back does not count


def test_a_clamped_unit_leaves_its_bound_and_its_neighbours_feel_it() -> None:
    # Two clamps joined by a resistor: the first is pushed to its upper bound, the second follows.
    system = compiled(
        "I1 0 a 5u\nN1 a cell\nN2 b cell\nR1 a b 1meg\n.model cell neuron(activation=hardsigmoid gleak=1u)"
    )
    drives = system.drives(3)
    drives[:, system.slots("I1")[0]] = [5e-6, 0.5e-6, -5e-6]
    x = equilibria(system, drives, np.ones((3, system.size))).x
    np.testing.assert_allclose(x, [[1.0, 0.5], [1.0 / 3.0, 1.0 / 6.0], [0.0, 0.0]], atol=1e-9)


def test_the_adjoint_is_the_derivative_of_the_solution() -> None:
    # d(v_out)/d(I) = y_in, with Jᵀy = e_out: push a current into each node in turn.
    system = compiled(network(5, 7))
    drives = system.drives()
    x = equilibria(system, drives[None]).x[0]
    rhs = np.zeros(system.size)
    rhs[system.names.index("v(n4)")] = 1.0
    y = solver_of(system).adjoint(x, drives, rhs, CONTROL)
    g, _ = system.jacobian(x, drives)
    np.testing.assert_allclose(g.T @ y, rhs, atol=1e-9)
    for name in ("v(n1)", "v(n5)"):
        push = system.names.index(name)
        step = 1e-9
        moved = np.linalg.solve(g, step * np.eye(system.size)[push])
        assert moved @ rhs == pytest.approx(step * y[push], rel=1e-6)


def test_the_jacobian_is_the_slope_of_the_currents() -> None:
    system = compiled(network(6, 6) + "B1 0 n3 I={1m*tanh(v(n1)*v(n2))}\nG1 n2 0 n1 0 1m")
    drives = system.drives()
    x = equilibria(system, drives[None]).x[0]
    solver = solver_of(system)
    g, _ = system.jacobian(x, drives)
    for k in range(system.size):
        step = np.zeros(system.size)
        step[k] = 1e-6
        slope = (solver.residual(x + step, drives) - solver.residual(x - step, drives)) / 2e-6
        np.testing.assert_allclose(g[:, k], slope, rtol=1e-4, atol=1e-8 * np.max(np.abs(g)))


def test_held_nodes_stay_where_they_are_held() -> None:
    system = compiled("V1 a 0 1\nR1 a b 1k\nR2 b 0 1k")
    assert equilibria(system, system.drives(1), holds={1: 0.3}).x[0, 1] == pytest.approx(0.3, abs=1e-6)
    assert equilibria(system, system.drives(1)).x[0, 1] == pytest.approx(0.5)  # and are let go


@pytest.mark.parametrize(
    ("cards", "message", "nodes"),
    [
        ("V1 a 0 1\nR1 a b 1k\nC1 b c 1n\nC2 c 0 1n", "fixes the voltage", ["v(c)"]),
        ("V1 a 0 1\nR1 a 0 1k\nI1 b c 1m\nR2 b c 1k", "fixes the voltage", ["v(b)", "v(c)"]),
        ("V1 a 0 1\nV2 a 0 2\nR1 a 0 1k", "loop of ideal voltage sources", ["i(v1)", "i(v2)"]),
        ("V1 a b 1\nV2 b 0 1\nV3 a 0 3\nR1 a 0 1k", "loop of ideal", ["i(v1)", "i(v2)", "i(v3)"]),
        ("V1 a 0 1\nL1 a b 1m\nL2 b 0 1m", "an inductor is one", ["i(l1)", "i(l2)", "i(v1)"]),
    ],
    ids=[
        "floating node",
        "cut set of a current source",
        "two sources in parallel",
        "three in a loop",
        "inductors",
    ],
)
def test_a_singular_circuit_names_what_is_undetermined(cards: str, message: str, nodes: list[str]) -> None:
    system = compiled(cards)
    with pytest.raises(SimulationError, match=message) as caught:
        equilibria(system, system.drives(1))
    assert sorted(caught.value.nodes) == nodes
    assert caught.value.advice


def test_what_has_no_equilibrium_says_what_was_tried_and_where_it_fails() -> None:
    # i = v² + 1 has no real root.
    system = compiled("B1 n 0 I={v(n)*v(n)+1}\nR1 n 0 1g")
    with pytest.raises(SimulationError, match="no operating point found") as caught:
        equilibria(system, system.drives(1))
    text = str(caught.value)
    assert "Newton (" in text
    assert "gmin stepping" in text
    assert "source stepping" in text
    assert "v(n)" in text
    assert "A)" in text
    unchecked = equilibria(system, system.drives(1), check=False)
    assert unchecked.outcomes[0] != Outcome.DONE


@pytest.mark.parametrize(
    ("cards", "node"),
    [
        ("V1 a 0 -1\nB1 b 0 V={sqrt(v(a))}\nR1 b 0 1k", "i(b1)"),
        ("V1 a 0 -1\nB1 b 0 I={1m*ln(v(a))}\nR1 b 0 1k", "v(b)"),
        ("V1 a 0 1000\nB1 b 0 V={exp(v(a))}\nR1 b 0 1k", "i(b1)"),
        ("V1 a 0 2\nB1 b 0 V={sqrt(v(a)-1)}\nR1 b 0 1k", "i(b1)"),
    ],
    ids=["root", "logarithm", "exponential", "where Newton begins"],
)
def test_what_is_no_number_is_named(cards: str, node: str) -> None:
    system = compiled(cards)
    with pytest.raises(SimulationError, match="no finite current, voltage or slope") as caught:
        equilibria(system, system.drives(1))
    assert caught.value.nodes == (node,)
    assert "roots of negative numbers" in caught.value.advice


def test_an_equilibrium_that_misses_a_voltage_says_how_far() -> None:
    system = compiled("B1 a 0 V={v(b)>0 ? -1 : 1}\nR1 a b 1k\nR2 b 0 1k")
    with pytest.raises(SimulationError, match=r"i\(b1\) \(misses Kirchhoff's law by [12] V\)"):
        equilibria(system, system.drives(1))


def test_a_sample_without_numbers_leaves_the_others_alone() -> None:
    system = compiled("V1 a 0 1\nB1 b 0 V={sqrt(v(a))}\nR1 b 0 1k")
    drives = system.drives(3)
    drives[:, system.slots("V1")[0]] = [4.0, -1.0, 9.0]
    found = equilibria(system, drives, check=False)
    assert [int(code == Outcome.DONE) for code in found.outcomes] == [1, 0, 1]
    np.testing.assert_allclose(found.x[[0, 2], 1], [2.0, 3.0], rtol=1e-8)


def test_one_lost_sample_leaves_the_others_alone() -> None:
    system = compiled("I1 0 n 1m\nB1 n 0 I={v(n)*v(n)}\nR1 n 0 1g")
    drives = system.drives(3)
    drives[:, system.slots("I1")[0]] = [4.0, -1.0, 9.0]
    found = equilibria(system, drives, np.ones((3, 1)), check=False)
    assert [int(code == Outcome.DONE) for code in found.outcomes] == [1, 0, 1]
    np.testing.assert_allclose(found.x[[0, 2], 0], [2.0, 3.0], rtol=1e-8)


def test_stepping_rescues_what_newton_alone_does_not_reach() -> None:
    # A stiff sigmoid loop: plain Newton jumps between its flat ends.
    system = compiled("V1 a 0 1\nR1 a n 1k\nB1 n 0 I={1m*tanh(400*(v(n)-0.6))}\nR2 n 0 10k")
    found = equilibria(system, system.drives(1))
    v = found.x[0, system.names.index("v(n)")]
    assert (v - 1.0) / 1e3 + v / 1e4 + 1e-3 * math.tanh(400.0 * (v - 0.6)) == pytest.approx(0.0, abs=1e-11)
