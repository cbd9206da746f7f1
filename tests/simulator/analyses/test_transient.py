"""Transients: conservation of charge and energy, Kirchhoff at every point, starts, corners, failures."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq

from eqchip.errors import SimulationError
from eqchip.netlists.circuit import Tran
from eqchip.simulator.analyses.transient import paced, tran
from eqchip.simulator.rows import Plan, Rows, gather
from naive_mna import missed
from simulated import compiled, simulated


def integral(time: np.ndarray, values: np.ndarray) -> float:
    return float(np.trapezoid(values, time))


@pytest.mark.parametrize("method", ["trap", "trbdf2"])
def test_energy_is_delivered_stored_or_burnt(method: str) -> None:
    trace = simulated(
        f".options reltol=1e-6 method={method}\nV1 a 0 SIN(0 2 2k)\nR1 a b 100\nL1 b c 2m\nC1 c 0 0.5u\n"
        "R2 c 0 1k\nD1 c d dd\nR3 d 0 300\n.model dd D(Is=1e-9 N=1.5)\n.tran 1u 1.3m 0 1u"
    )[0]
    t, i = trace.axis, trace["i(l1)"]
    supplied = -integral(t, trace["v(a)"] * trace["i(v1)"])
    diode = trace["v(d)"] / 300.0
    burnt = (
        integral(t, (trace["v(a)"] - trace["v(b)"]) ** 2 / 100.0)
        + integral(t, trace["v(c)"] ** 2 / 1e3)
        + integral(t, trace["v(c)"] * diode)
    )
    stored = 0.5 * 2e-3 * i**2 + 0.5 * 0.5e-6 * trace["v(c)"] ** 2
    assert supplied == pytest.approx(burnt + stored[-1] - stored[0], rel=1e-4)


def test_an_inductor_dumps_its_energy_into_a_resistor() -> None:
    trace = simulated(".options reltol=1e-6\nL1 a 0 1m IC=0.2\nR1 a 0 50\n.tran 1u 200u UIC")[0]
    exact = 0.2 * np.exp(-trace.axis * 50.0 / 1e-3)
    np.testing.assert_allclose(trace["i(l1)"], exact, atol=2e-6)
    burnt = integral(trace.axis, trace["v(a)"] ** 2 / 50.0)
    assert burnt == pytest.approx(0.5e-3 * (0.2**2 - trace["i(l1)"][-1] ** 2), rel=1e-4)


def test_charge_on_an_island_is_conserved() -> None:
    # A node between a capacitor and a junction: only charge connects it. q(v) of the junction is nonlinear,
    # so that integrating C(v)·dv/dt would leak a little with every cycle.
    trace = simulated(
        ".options gmin=0\nV1 a 0 SIN(0 3 1k)\nC1 a m 1n\nD1 0 m dj\n.ic v(m)=2\n"
        ".model dj D(Is=1e-45 Cjo=2n Vj=0.7 M=0.45)\n.tran 20u 20m UIC"
    )[0]

    def junction(v: np.ndarray) -> np.ndarray:
        return 2e-9 * 0.7 / 0.55 * (1.0 - (1.0 - v / 0.7) ** 0.55)

    v = -trace["v(m)"]
    assert v.max() < 0.35  # below fc·Vj, where the formula holds
    charge = 1e-9 * (trace["v(m)"] - trace["v(a)"]) - junction(v)
    swing = 1e-9 * np.ptp(trace["v(a)"])
    assert len(trace.axis) > 500
    assert np.ptp(charge) < 1e-6 * swing  # what Newton's tolerance leaves over 1200 steps


NETWORK = (
    "V1 a 0 PULSE(0 1 10u 5u 5u 40u 100u)\nI1 0 c SIN(0 1m 20k)\nR1 a b 1k\nR2 b c 2k\nD1 b 0 dd\n"
    "D2 c b dd\nE1 e 0 b 0 3\nR3 e c 5k\nG1 0 b c 0 0.1m\nC1 b 0 10n\nC2 c 0 4n\n"
    ".model dd D(Is=1e-8 N=1.8 Rs=10)\n"
)


def test_kirchhoff_holds_at_every_point() -> None:
    # Charges are linear here, so the currents of capacitors follow from the trapezoidal rule itself; nodes
    # without capacitance must balance by themselves.
    trace = simulated(NETWORK + ".tran 1u 100u")[0]
    system = compiled(NETWORK)
    current = 1e-3 * np.sin(2.0 * math.pi * 2e4 * trace.axis)
    scale = np.max(np.abs(trace["i(v1)"])) + 1e-3
    for k in range(len(trace.axis)):
        row = {name: float(values[k]) for name, values in trace.values.items()}
        row["value of i1"] = float(current[k])
        misses = missed(system.circuit, row)
        assert abs(misses["a"]) < 1e-9 * scale
        assert abs(misses["e"]) < 1e-9 * scale
    assert trace.residual < 1e-9 * scale


def test_capacitor_currents_balance_over_each_interval() -> None:
    # ∫ of the other currents into node b equals the change of its charge, over every cycle of the rows.
    trace = simulated(".options reltol=1e-5\n" + NETWORK + ".tran 0.2u 100u 0 0.2u")[0]
    system = compiled(NETWORK)
    others = []
    for k, time in enumerate(trace.axis):
        row = {name: float(values[k]) for name, values in trace.values.items()}
        row["value of i1"] = 1e-3 * math.sin(2.0 * math.pi * 2e4 * time)
        others.append(missed(system.circuit, row)["b"])
    moved = -integral(trace.axis, np.array(others))
    stored = 10e-9 * (trace["v(b)"][-1] - trace["v(b)"][0])
    assert moved == pytest.approx(stored, abs=1e-4 * 10e-9 * np.ptp(trace["v(b)"]))


def test_corners_of_sources_are_met_exactly() -> None:
    trace = simulated("V1 a 0 PULSE(0 1 3u 1u 2u 5u 20u)\nR1 a b 1k\nC1 b 0 1n\n.tran 1u 30u 0 10u")[0]
    corners = [3e-6, 4e-6, 9e-6, 11e-6, 23e-6, 24e-6, 29e-6]
    for corner in corners:
        assert np.min(np.abs(trace.axis - corner)) < 1e-18
    assert trace.axis[-1] == 30e-6
    assert np.all(np.diff(trace.axis) > 0.0)


def test_steps_stay_below_the_longest() -> None:
    free = simulated("V1 a 0 1\nR1 a b 1k\nC1 b 0 1n\n.tran 1m 1m")[0]
    assert np.max(np.diff(free.axis)) <= 1e-3 / 50.0 * (1.0 + 1e-9)
    bound = simulated("V1 a 0 1\nR1 a b 1k\nC1 b 0 1n\n.tran 1m 1m 0 3u")[0]
    assert np.max(np.diff(bound.axis)) <= 3e-6 * (1.0 + 1e-9)


def test_rows_begin_at_tstart() -> None:
    trace = simulated("V1 a 0 SIN(0 1 1k)\nR1 a b 1k\nC1 b 0 1n\n.tran 10u 1m 0.5m")[0]
    assert 0.5e-3 <= trace.axis[0] < 0.51e-3
    assert trace.axis[-1] == 1e-3


def test_without_uic_a_transient_begins_at_the_operating_point() -> None:
    trace = simulated("V1 a 0 2\nR1 a b 1k\nR2 b 0 1k\nC1 b 0 1n IC=0.1\n.tran 1u 20u")[0]
    np.testing.assert_allclose(trace["v(b)"], 1.0, rtol=1e-9)  # IC= counts with uic only


def test_capacitances_written_in_place_count_after_refresh() -> None:
    system = compiled("C1 a 0 1n IC=1\nR1 a 0 1k\n.tran 0.02u 2u 0 0.02u UIC")
    system.elements("C1").values[:, 0] = 2e-9
    system.refresh()
    trace = gather(tran(system, system.circuit.analyses[0]))[0]
    np.testing.assert_allclose(trace["v(a)"], np.exp(-trace.axis / 2e-6), atol=1e-4)


def test_ic_holds_a_node_and_lets_it_go() -> None:
    trace = simulated("V1 a 0 2\nR1 a b 1k\nR2 b 0 1k\nC1 b 0 1n\n.ic v(b)=0.2\n.tran 0.05u 5u 0 0.05u")[0]
    exact = 1.0 - 0.8 * np.exp(-trace.axis / 0.5e-6)
    np.testing.assert_allclose(trace["v(b)"], exact, atol=1e-3)


def test_uic_brings_the_rest_into_line_with_the_charges() -> None:
    # C1 is charged; the divider behind it and the currents follow at once.
    trace = simulated("C1 a 0 1u IC=3\nR1 a b 1k\nR2 b 0 2k\nV1 c 0 1\nR3 c b 2k\n.tran 1u 10u UIC")[0]
    assert trace.axis[0] == 0.0
    assert trace["v(a)"][0] == pytest.approx(3.0, rel=1e-6)
    assert trace["v(b)"][0] == pytest.approx((3.0 / 1e3 + 1.0 / 2e3) / (1e-3 + 0.5e-3 + 0.5e-3), rel=1e-6)
    assert trace["i(v1)"][0] == pytest.approx((trace["v(b)"][0] - 1.0) / 2e3, rel=1e-6)


@pytest.mark.parametrize("cjo", ["10p", "1u"])
def test_uic_charges_a_junction_that_starts_empty(cjo: str) -> None:
    trace = simulated(
        f"V1 a 0 5\nR1 a b 1k\nD1 b 0 d\n.model d D(Is=1e-14 Cjo={cjo} TT=5n)\n.tran 1n 500n UIC"
    )[0]
    assert trace["v(b)"][0] == pytest.approx(0.0, abs=1e-6)
    assert trace["i(v1)"][0] == pytest.approx(-5e-3, rel=1e-6)
    assert np.all(np.diff(trace["v(b)"][:20]) > 0.0)


def test_uic_charges_a_junction_behind_its_series_resistance() -> None:
    # v(b) = 0.5 V is that of the junction too, though the node between it and rs has no name to give it one.
    trace = simulated(
        "D1 b 0 d\nR1 b 0 1k\n.model d D(Is=1e-20 Cjo=1n M=0 Rs=5)\n.ic v(b)=0.5\n.tran 10n 2u UIC"
    )[0]
    exact = 0.5 * 1e3 / 1005.0 * np.exp(-trace.axis / 1.005e-6)
    np.testing.assert_allclose(trace["v(b)"], exact, atol=5e-4)


def test_uic_starts_an_island_that_only_resistors_tie_to_ground() -> None:
    # The junction holds so much charge that its rounding would move the island, were the first steps tiny.
    trace = simulated(
        "C1 a b 100p\nC2 b c 100p\nD1 a c d\nR1 a 0 30k\nR2 c 0 30k\nR3 b 0 30k\n"
        ".model d D(Is=1e-14 TT=4n Rs=2)\n.ic v(a)=0.85\n.tran 0.2u 20u UIC"
    )[0]
    total = trace["v(a)"] + trace["v(b)"] + trace["v(c)"]
    np.testing.assert_allclose(total[1:], 0.0, atol=1e-7)


def test_uic_takes_node_voltages() -> None:
    trace = simulated("C1 a b 1n\nC2 b 0 3n\nR1 a 0 1meg\nR2 b 0 1meg\n.ic v(a)=2 v(b)=0.5\n.tran 1u 2u UIC")[
        0
    ]
    assert trace["v(a)"][0] == pytest.approx(2.0, rel=1e-6)
    assert trace["v(b)"][0] == pytest.approx(0.5, rel=1e-6)


def test_a_guess_chooses_among_equilibria() -> None:
    latch = "R1 a 0 1k\nR2 b 0 1k\nB1 0 a I={2m*tanh(-3*v(b))}\nB2 0 b I={2m*tanh(-3*v(a))}\n{guess}\n.op\n"
    high = simulated(latch.replace("{guess}", ".nodeset v(a)=1 v(b)=-1"))[0]
    low = simulated(latch.replace("{guess}", ".nodeset v(a)=-1 v(b)=1"))[0]
    assert high["v(a)"][0] == pytest.approx(-low["v(a)"][0], rel=1e-9)
    assert high["v(a)"][0] > 1.9


def test_a_guess_lets_newton_begin_where_there_are_numbers() -> None:
    trace = simulated("V1 a 0 5\nB1 b 0 V={sqrt(v(a)-1)}\nR1 b 0 1k\n.nodeset v(a)=4\n.op")[0]
    assert trace["v(b)"][0] == pytest.approx(2.0, rel=1e-9)


def test_rows_come_in_blocks_and_the_plan_first() -> None:
    system = compiled("V1 a 0 SIN(0 1 1meg)\nR1 a b 1k\nC1 b 0 1p\n.tran 1n 10u 0 1n")
    events = list(tran(system, Tran(1e-9, 10e-6, 0.0, 1e-9)))
    assert isinstance(events[0], Plan)
    blocks = [event for event in events[1:] if isinstance(event, Rows)]
    assert len(blocks) == len(events) - 1 > 2
    assert max(len(block.axis) for block in blocks) <= 4096
    times = np.concatenate([block.axis for block in blocks])
    assert np.all(np.diff(times) > 0.0)
    assert len(times) >= 10_000


def test_a_transient_that_cannot_go_on_says_when_and_where() -> None:
    # v′ = v² blows up at t = 1 ms.
    with pytest.raises(SimulationError, match="stopped at t") as caught:
        simulated("C1 n 0 1u IC=1\nB1 0 n I={1m*v(n)*v(n)}\n.tran 1u 2m UIC")
    assert caught.value.time == pytest.approx(1e-3, rel=1e-2)
    assert "v(n)" in caught.value.nodes
    assert caught.value.advice


def test_a_source_that_leaves_the_numbers_says_when_and_where() -> None:
    with pytest.raises(SimulationError, match="no finite current, voltage or slope: stopped at t") as caught:
        simulated("V1 a 0 SIN(0.5 1 1k)\nB1 b 0 V={sqrt(v(a))}\nR1 b 0 1k\n.tran 1u 2m")
    assert caught.value.time == pytest.approx((0.5 + math.asin(0.5) / math.pi / 2.0) * 1e-3, rel=1e-4)
    assert caught.value.nodes == ("i(b1)",)


def test_a_latch_without_capacitance_jumps() -> None:
    # o = tanh(100·(o/2 − m)) folds where 50·(1 − o²) = 1; in between m creeps towards o with τ = 10 µs.
    fold = math.sqrt(0.98)
    edge = fold / 2.0 - math.atanh(fold) / 100.0

    def upper(m: float) -> float:
        return float(brentq(lambda o: o - math.tanh(100.0 * (o / 2.0 - m)), fold, 1.0))

    half = quad(lambda m: 1e-5 / (upper(m) - m), -edge, edge, limit=200)[0]
    trace = simulated(
        "B1 o 0 V={tanh(1e2*(v(p)-v(m)))}\nR1 o p 10k\nR2 p 0 10k\nR3 o m 10k\nC1 m 0 1n IC=0.1\n"
        ".tran 0.1u 60u UIC"
    )[0]
    flips = trace.axis[1:][np.diff(np.sign(trace["v(o)"])) != 0.0]
    assert len(flips) == 5
    np.testing.assert_allclose(np.diff(flips), half, rtol=1e-4)


def test_what_has_no_next_state_stops() -> None:
    # The source switches against its own input: between its two values there is nothing.
    with pytest.raises(SimulationError, match="found no next step: stopped at t") as caught:
        simulated("B1 o 0 V={v(m)>0 ? -1 : 1}\nR1 o m 1k\nC1 m 0 1n IC=0.5\n.tran 10n 10u UIC")
    assert caught.value.time == pytest.approx(1e-6 * math.log(1.5), rel=1e-2)
    assert "i(b1)" in caught.value.nodes


def test_blocks_of_rows_keep_pace_with_an_interrupt() -> None:
    """A block takes about a quarter of a second, however costly a step is."""
    room = 32
    for _ in range(6):  # a step of a tenth of a second
        room = paced(room, 4096, 0.1 * room)
    assert room == 2
    for _ in range(6):  # then of ten microseconds
        room = paced(room, 4096, 1e-5 * room)
    assert room == 4096
    assert paced(1, 4096, 60.0) == 1
