""".op and .dc, what they record, and what .save chooses."""

from __future__ import annotations

import numpy as np
import pytest

from eqchip.errors import InputError
from eqchip.simulator.analyses.operating import op
from simulated import compiled, simulated


def test_an_operating_point_is_one_row() -> None:
    trace = simulated("V1 a 0 3\nR1 a b 1k\nR2 b 0 2k\n.op")[0]
    assert trace.plan.kind == "op"
    assert trace.plan.axis is None
    assert trace["v(b)"] == pytest.approx([2.0])
    assert trace["i(v1)"] == pytest.approx([-1e-3])
    assert trace.residual < 1e-12


@pytest.mark.parametrize(
    ("card", "values"),
    [
        (".dc V1 -1 1 0.5", [-1.0, -0.5, 0.0, 0.5, 1.0]),
        (".dc V1 1 -1 -1", [1.0, 0.0, -1.0]),
        (".dc V1 0 1 0.3", [0.0, 0.3, 0.6, 0.9]),
        (".dc V1 0 0.3 0.1", [0.0, 0.1, 0.2, 0.3]),
    ],
)
def test_a_sweep_goes_in_steps_from_start_towards_stop(card: str, values: list[float]) -> None:
    trace = simulated(f"V1 a 0 0\nR1 a b 1k\nR2 b 0 1k\n{card}")[0]
    assert trace.plan.axis is not None
    assert trace.plan.axis.name == "v1"
    np.testing.assert_allclose(trace.axis, values, atol=1e-15)
    np.testing.assert_allclose(trace["v(b)"], 0.5 * np.array(values), atol=1e-12)


def test_the_first_of_two_sweeps_is_the_inner_one() -> None:
    trace = simulated("V1 a 0 0\nI2 0 b 0\nR1 a b 1k\nR2 b 0 1k\n.dc V1 0 2 1 I2 0 1m 1m")[0]
    np.testing.assert_allclose(trace.axis, [0, 1, 2, 0, 1, 2])
    np.testing.assert_allclose(trace["i2"], [0, 0, 0, 1e-3, 1e-3, 1e-3])
    np.testing.assert_allclose(trace["v(b)"], [0, 0.5, 1.0, 0.5, 1.0, 1.5], atol=1e-9)


def test_a_sweep_follows_its_branch_through_a_hysteresis() -> None:
    # A Schmitt trigger: going up and coming down give different answers between its thresholds.
    latch = "V1 in 0 0\nR1 in n 1k\nB1 0 n I={1.5m*tanh(3*v(n))}\nR2 n 0 1k\n"
    up = simulated(latch + ".dc V1 -2 2 0.05")[0]
    down = simulated(latch + ".dc V1 2 -2 -0.05")[0]
    middle = len(up.axis) // 2
    assert up["v(n)"][middle] < -0.3
    assert down["v(n)"][middle] > 0.3
    np.testing.assert_allclose(up["v(n)"][[0, -1]], down["v(n)"][[-1, 0]], rtol=1e-6)


def test_a_long_sweep_comes_in_blocks_that_join() -> None:
    trace = simulated("V1 a 0 0\nR1 a b 1k\nD1 b 0 d\n.model d D\n.dc V1 0 1 0.0004")[0]
    assert len(trace.axis) == 2501
    assert np.all(np.diff(trace["v(b)"]) > 0.0)


def test_names_are_those_of_ngspice() -> None:
    trace = simulated(
        "V1 IN 0 1\n.subckt part a b\nR1 a m 1k\nVs m b 0\n.ends\nX1 IN Out part\nL1 Out 0 1m\n"
        "D1 IN 0 d\n.model d D(rs=1)\n.op"
    )[0]
    assert set(trace.values) == {"v(in)", "v(out)", "v(x1.m)", "i(v1)", "i(v.x1.vs)", "i(l1)"}
    assert trace["i(v.x1.vs)"] == pytest.approx(trace["i(l1)"])


def test_a_bus_is_one_column() -> None:
    trace = simulated(".bus h[3]\nV1 a 0 1\nR1 a h 1k\nR2 h 0 1k\n.op")[0]
    assert trace["v(h)"].shape == (1, 3)
    (column,) = [one for one in trace.plan.columns if one.name == "v(h)"]
    assert column.labels == ("h[0]", "h[1]", "h[2]")
    np.testing.assert_allclose(trace["v(h)"], 0.5)


def test_save_chooses_columns() -> None:
    cards = ".bus h[3]\nV1 a 0 1\nR1 a h 1k\nR2 h 0 1k\n.save v(a) v(h[1]) i(v1)\n.op"
    trace = simulated(cards)[0]
    assert list(trace.values) == ["v(a)", "v(h[1])", "i(v1)"]


def test_a_column_that_is_not_there_is_refused_by_its_nearest_name() -> None:
    system = compiled("Vin a 0 1\nR1 a 0 1k\n.op")
    system.circuit.saves.append("i(vim)")
    with pytest.raises(InputError, match=r"nothing called 'i\(vim\)'.*did you mean 'i\(vin\)'"):
        list(op(system))


def test_ground_is_not_saved() -> None:
    with pytest.raises(InputError, match=r"'v\(0\)' is ground"):
        simulated("V1 a 0 1\nR1 a 0 1k\n.save v(0)\n.op")
