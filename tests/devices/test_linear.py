"""Resistor, capacitor, inductor, independent and controlled sources: values, signs and messages."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from eqchip.devices.circuit.capacitor import CAPACITOR
from eqchip.devices.circuit.controlled import CCCS, CCVS, VCCS, VCVS
from eqchip.devices.circuit.inductor import INDUCTOR
from eqchip.devices.circuit.resistor import RESISTOR
from eqchip.devices.circuit.sources import CURRENT_SOURCE, VOLTAGE_SOURCE
from eqchip.devices.family import CELSIUS, Family, Settings
from eqchip.devices.parameter import by_name, find
from eqchip.errors import InputError, Location
from spice_runs import TIGHT, needs_ngspice, spice


def row(family: Family, settings: Settings | None = None, **given: float) -> np.ndarray:
    return np.asarray(family.prepare(family.resolve(1, given, settings or Settings()))[0])


def currents(family: Family, u: list[float], p: np.ndarray, d: list[float] | None = None) -> np.ndarray:
    rows = len(family.terminals) + family.branches
    i, q = np.zeros(rows), np.zeros(rows)
    g, c = np.zeros((rows, len(u))), np.zeros((rows, len(u)))
    family.law(np.array(u), p, np.array(d or [0.0]), np.zeros(0), i, q, g, c)
    return i


def test_ohm() -> None:
    np.testing.assert_allclose(currents(RESISTOR, [3.0, 1.0], row(RESISTOR, r=4e3)), [5e-4, -5e-4])
    assert row(RESISTOR, r=-2e3, m=4.0)[0] == -2e-3


def test_temperature_coefficients() -> None:
    hot = Settings(temperature=77.0 + CELSIUS)
    assert row(RESISTOR, hot, r=1e3, tc1=0.01, tc2=1e-4)[0] == pytest.approx(1e-3 / 1.75)
    assert row(RESISTOR, hot, r=1e3, tc1=0.01, temp=27.0)[0] == pytest.approx(1e-3)
    assert row(CAPACITOR, hot, c=1e-9, tc1=0.01)[0] == pytest.approx(1.5e-9)


def test_zero_ohms_is_refused_with_what_to_write_instead() -> None:
    at = Location("a.cir", 2, 8, "R1 a b 0", 1)
    with pytest.raises(InputError, match=r"r=0 Ω is out of range") as raised:
        find(by_name(RESISTOR.parameters), "r", "resistor").check(0.0, at)
    assert "a number other than 0; a wire is a 0 V source" in str(raised.value)
    assert str(raised.value).startswith("a.cir:2:8")
    with pytest.raises(InputError, match="0 Ω at this temperature"):
        row(RESISTOR, Settings(temperature=127.0 + CELSIUS), r=1.0, tc1=-0.01)


def test_a_voltage_source_sets_its_voltage_and_its_current_flows_in_at_plus() -> None:
    # unknowns n+, n-, i(V); the last row is v(n+) − v(n-) − value
    np.testing.assert_allclose(
        currents(VOLTAGE_SOURCE, [5.0, 2.0, 0.1], np.array([1.0]), [0.0, 2.5]), [0.1, -0.1, 0.5]
    )


def test_a_current_source_pushes_its_current_out_of_minus() -> None:
    p = np.concatenate([[1.0], row(CURRENT_SOURCE, m=2.0)])
    np.testing.assert_allclose(currents(CURRENT_SOURCE, [0.0, 0.0], p, [0.0, 1e-3]), [2e-3, -2e-3])


def test_controlled_sources() -> None:
    np.testing.assert_allclose(
        currents(VCVS, [7.0, 1.0, 0.2, 3.0, 1.0], row(VCVS, gain=3.0)), [0.2, -0.2, 0.0]
    )
    np.testing.assert_allclose(currents(VCCS, [7.0, 1.0, 3.0, 1.0], row(VCCS, gain=0.5)), [1.0, -1.0])
    np.testing.assert_allclose(currents(CCCS, [7.0, 1.0, 0.3], row(CCCS, gain=2.0)), [0.6, -0.6])
    np.testing.assert_allclose(currents(CCVS, [7.0, 1.0, 0.2, 3.0], row(CCVS, gain=2.0)), [0.2, -0.2, 0.0])


def test_an_inductor_obeys_faraday() -> None:
    i, q = np.zeros(3), np.zeros(3)
    g, c = np.zeros((3, 3)), np.zeros((3, 3))
    p = row(INDUCTOR, l=2e-3, m=2.0)
    INDUCTOR.law(np.array([5.0, 2.0, 0.1]), p, np.zeros(1), np.zeros(0), i, q, g, c)
    # i + dq/dt = 0 in the branch row: (5 − 2) V − 1 mH · di/dt = 0 at di/dt = 3000 A/s
    assert i[2] + c[2, 2] * 3000.0 == pytest.approx(0.0)
    np.testing.assert_allclose(i[:2], [0.1, -0.1])


class TestNgspice:
    pytestmark = needs_ngspice

    def test_the_same_circuit_has_the_same_voltages(self, tmp_path: Path) -> None:
        """Every linear family in one circuit, assembled here by hand from the laws."""
        cards = """V1 a 0 3
R1 a b 1k tc1=0.002 m=2
R2 b 0 2k tc1=-0.001 tc2=1e-5 temp=60
I1 0 b 0.5m m=2
E1 c 0 b 0 -2
R3 c d 3k
G1 0 d a b 0.2m
L1 d e 1m
R4 e 0 5k
F1 0 f V1 0.5
R5 f 0 1k
H1 g 0 V1 200
R6 g f 4k
.temp 45
.op"""
        plot = spice(TIGHT + cards, tmp_path)[0]
        t = Settings(temperature=45.0 + CELSIUS)
        index = {name: k for k, name in enumerate(["a", "b", "c", "d", "e", "f", "g", "0"])}
        v1, e1, l1, h1 = range(8, 12)
        parts = [
            (VOLTAGE_SOURCE, ["a", "0", v1], np.array([1.0])),
            (RESISTOR, ["a", "b"], row(RESISTOR, t, r=1e3, tc1=0.002, m=2.0)),
            (RESISTOR, ["b", "0"], row(RESISTOR, t, r=2e3, tc1=-0.001, tc2=1e-5, temp=60.0)),
            (CURRENT_SOURCE, ["0", "b"], np.concatenate([[2.0], row(CURRENT_SOURCE, m=2.0)])),
            (VCVS, ["c", "0", e1, "b", "0"], row(VCVS, gain=-2.0)),
            (RESISTOR, ["c", "d"], row(RESISTOR, t, r=3e3)),
            (VCCS, ["0", "d", "a", "b"], row(VCCS, gain=2e-4)),
            (INDUCTOR, ["d", "e", l1], row(INDUCTOR, l=1e-3)),
            (RESISTOR, ["e", "0"], row(RESISTOR, t, r=5e3)),
            (CCCS, ["0", "f", v1], row(CCCS, gain=0.5)),
            (RESISTOR, ["f", "0"], row(RESISTOR, t, r=1e3)),
            (CCVS, ["g", "0", h1, v1], row(CCVS, gain=200.0)),
            (RESISTOR, ["g", "f"], row(RESISTOR, t, r=4e3)),
        ]
        size, drives = 12, np.array([0.0, 3.0, 0.5e-3])
        jacobian, residual = np.zeros((size, size)), np.zeros(size)
        for family, pins, p in parts:
            own = [index[pin] if isinstance(pin, str) else pin for pin in pins]
            rows = len(family.terminals) + family.branches
            i, q = np.zeros(rows), np.zeros(rows)
            g, c = np.zeros((rows, len(own))), np.zeros((rows, len(own)))
            family.law(np.zeros(len(own)), p, drives, np.zeros(0), i, q, g, c)
            np.add.at(residual, own[:rows], i)
            np.add.at(jacobian, (np.array(own[:rows])[:, None], np.array(own)[None, :]), g)
        ground = index["0"]
        keep = [k for k in range(size) if k != ground]
        x = np.zeros(size)
        x[keep] = np.linalg.solve(jacobian[np.ix_(keep, keep)], -residual[keep])
        for name, k in index.items():
            if name != "0":
                assert x[k] == pytest.approx(plot[f"v({name})"][0], rel=1e-9), name
        for name, k in {"v1": v1, "e1": e1, "l1": l1, "h1": h1}.items():
            assert x[k] == pytest.approx(plot[f"i({name})"][0], rel=1e-9), name
