"""What memristors conduct and how fast their states move, at single points."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest

from eqchip.devices.families import FAMILIES
from eqchip.devices.family import CELSIUS, Family, Settings
from eqchip.devices.memristors.linear_drift import LINEAR_DRIFT
from eqchip.devices.memristors.metastable import METASTABLE
from eqchip.devices.memristors.pershin import PERSHIN
from eqchip.devices.memristors.stanford_pku import STANFORD_PKU, ramp
from eqchip.devices.memristors.umich import UMICH
from eqchip.devices.memristors.vteam import VTEAM
from eqchip.devices.memristors.windows import WINDOWS, window
from eqchip.devices.memristors.yakopcic import YAKOPCIC, brake
from naive_devices import Element, evaluate, random_element

MEMRISTORS = [family for family in FAMILIES if family.state is not None]
every = pytest.mark.parametrize("family", MEMRISTORS, ids=lambda family: family.name)


def element(family: Family, v: float, x: float, moves: bool = True, **given: float | str) -> Element:
    columns = family.prepare(family.resolve(1, given, Settings(temperature=27.0 + CELSIUS)))[0]
    p = np.concatenate([[1.0], columns])
    return Element(family, p, np.array([v, 0.0, x]), np.array([0.0, float(moves)]), 3)


def current(family: Family, v: float, x: float, **given: float | str) -> float:
    return float(evaluate(element(family, v, x, **given))[0][0])


def rate(family: Family, v: float, x: float, **given: float | str) -> float:
    """dx/dt: the current of the state's row over its scale."""
    i, _, _, c = evaluate(element(family, v, x, **given))
    return float(-i[2] / c[2, 2])


def test_all_of_them_are_found() -> None:
    assert len(MEMRISTORS) >= 7


@every
def test_no_voltage_drives_no_current(family: Family) -> None:
    random = np.random.default_rng(3)
    for x in random.uniform(0.0, 1.0, 20):
        given = {"sfa": 1e-3, "sra": 1e-3, "phi": 0.5} if family is METASTABLE else {}
        assert abs(current(family, 0.0, x, **given)) <= 1e-18


@every
def test_a_memristor_never_delivers_power(family: Family) -> None:
    random = np.random.default_rng(4)
    for x, v in random.uniform(0.0, 1.0, (100, 2)):
        for sign in (1.0, -1.0):
            assert sign * current(family, sign * 2.0 * v, x) >= 0.0


@every
def test_more_of_the_state_conducts_more(family: Family) -> None:
    # A pair of opposite voltages: the tungsten oxide rectifies a little.
    currents = [current(family, 0.3, x) - current(family, -0.3, x) for x in np.linspace(0.0, 1.0, 11)]
    assert np.all(np.diff(currents) > 0.0)


@every
def test_a_guess_outside_the_bounds_conducts_as_the_bound_does(family: Family) -> None:
    for v in (-0.4, 0.4):
        assert current(family, v, -0.2) == current(family, v, 0.0)
        assert current(family, v, 1.7) == current(family, v, 1.0)


@every
def test_at_rest_the_state_is_its_initial_one_and_nothing_is_charged(family: Family) -> None:
    for v in (-1.0, 0.0, 1.0):
        held = element(family, v, 0.37, moves=False, x0=0.37)
        i, q, g, c = evaluate(held)
        assert i[2] == 0.0
        assert not q.any()
        assert not c.any()
        assert np.all(g[2] == [0.0, 0.0, g[2, 2]])
        assert g[2, 2] > 0.0
        assert i[0] == current(family, v, 0.37)


@every
def test_derivatives_at_rest_are_those_of_the_currents(family: Family) -> None:
    random = np.random.default_rng(5)
    for _ in range(10):
        one = random_element(family, random)
        one.d[1] = 0.0
        one.u[2] = random.uniform(0.05, 0.95)
        _, _, g, _ = evaluate(one)
        for k in range(3):
            up, down = one.u.copy(), one.u.copy()
            up[k] += 1e-6
            down[k] -= 1e-6
            slope = (evaluate(one, up)[0] - evaluate(one, down)[0]) / 2e-6
            np.testing.assert_allclose(g[:, k], slope, rtol=0, atol=3e-6 * np.abs(g).max())


class TestWindows:
    @staticmethod
    def value(name: str, x: float, grows: bool = True, p: float = 1.0, j: float = 1.0) -> float:
        return window(float(WINDOWS.index(name)), x, grows, p, j)[0]

    def test_joglekars_is_one_half_way_and_nothing_at_both_ends(self) -> None:
        # 1 − (2x − 1)^2p: at x = 0.75 and p = 2, 1 − 0.5⁴
        assert self.value("joglekar", 0.75, p=2.0) == pytest.approx(1.0 - 0.0625)
        assert self.value("joglekar", 0.5, p=7.0) == 1.0
        assert self.value("joglekar", 0.0) == self.value("joglekar", 1.0) == 0.0

    def test_bioleks_stops_a_state_only_where_it_goes(self) -> None:
        assert self.value("biolek", 1.0, grows=True) == self.value("biolek", 0.0, grows=False) == 0.0
        assert self.value("biolek", 0.0, grows=True) == self.value("biolek", 1.0, grows=False) == 1.0
        assert self.value("biolek", 0.5, grows=True, p=2.0) == pytest.approx(1.0 - 0.5**4)
        assert self.value("biolek", 0.25, grows=False, p=2.0) == pytest.approx(1.0 - 0.75**4)

    def test_prodromakis_has_a_height_and_ends_at_nothing(self) -> None:
        # j·(1 − [(x − ½)² + ¾]^p)
        assert self.value("prodromakis", 0.5, p=3.0, j=2.0) == pytest.approx(2.0 * (1.0 - 0.75**3))
        assert self.value("prodromakis", 0.25, p=2.0) == pytest.approx(1.0 - 0.8125**2)
        assert self.value("prodromakis", 0.0, p=5.0) == pytest.approx(0.0, abs=1e-15)
        assert self.value("prodromakis", 1.0, p=5.0) == pytest.approx(0.0, abs=1e-15)

    @pytest.mark.parametrize("name", WINDOWS)
    def test_its_derivative_is_that_of_its_value(self, name: str) -> None:
        kind = float(WINDOWS.index(name))
        for x in (0.1, 0.4, 0.5, 0.8):
            for grows in (True, False):
                difference = (
                    window(kind, x + 1e-6, grows, 2.5, 1.3)[0] - window(kind, x - 1e-6, grows, 2.5, 1.3)[0]
                ) / 2e-6
                assert window(kind, x, grows, 2.5, 1.3)[1] == pytest.approx(difference, abs=1e-8)


def test_linear_drift_is_ohms_law_and_a_drift_with_the_current() -> None:
    given = {"ron": 100.0, "roff": 16e3, "mu": 1e-14, "d": 1e-8}
    resistance = 0.25 * 100.0 + 0.75 * 16e3
    assert current(LINEAR_DRIFT, 1.2, 0.25, **given) == pytest.approx(1.2 / resistance)
    assert rate(LINEAR_DRIFT, 1.2, 0.25, **given) == pytest.approx(1e4 * 1.2 / resistance)
    stopped = rate(LINEAR_DRIFT, 1.2, 0.25, window="joglekar", p=2.0, **given)
    assert stopped == pytest.approx(1e4 * 1.2 / resistance * (1.0 - 0.5**4))


def test_vteam_moves_beyond_its_thresholds_as_stated() -> None:
    # w = (1 − x)·woff; dw/dt = 5e-4·(0.1/0.02 − 1) and −10·(0.5/0.2 − 1)³ m/s
    assert rate(VTEAM, 0.1, 0.4) == pytest.approx(-5e-4 * 4.0 / 3e-9)
    assert rate(VTEAM, -0.5, 0.4) == pytest.approx(10.0 * 1.5**3 / 3e-9)
    for v in (-0.2, -0.1, 0.0, 0.02):
        assert rate(VTEAM, v, 0.4) == 0.0
    assert current(VTEAM, 0.1, 0.4) == pytest.approx(0.1 / (50.0 + 950.0 * 0.6))
    assert current(VTEAM, 0.1, 0.4, iv="exponential") == pytest.approx(0.1 / (50.0 * 20.0**0.6))


def test_yakopcics_current_and_motion() -> None:
    assert current(YAKOPCIC, 0.4, 0.3) == pytest.approx(0.17 * 0.3 * math.sinh(0.02))
    assert current(YAKOPCIC, 0.4, 0.0) == 0.0
    assert rate(YAKOPCIC, 0.3, 0.2) == pytest.approx(4e3 * (math.exp(0.3) - math.exp(0.16)))
    slowed = math.exp(-0.5) * ((0.3 - 0.8) / 0.7 + 1.0)
    assert rate(YAKOPCIC, 0.3, 0.8) == pytest.approx(4e3 * (math.exp(0.3) - math.exp(0.16)) * slowed)
    slowed = math.exp(5.0 * (0.1 - 0.5)) * 0.1 / 0.5
    assert rate(YAKOPCIC, -0.4, 0.1) == pytest.approx(-4e3 * (math.exp(0.4) - math.exp(0.15)) * slowed)
    assert rate(YAKOPCIC, 0.1, 0.5) == rate(YAKOPCIC, -0.1, 0.5) == 0.0
    turned = -rate(YAKOPCIC, 0.3, 0.2) * math.exp(5.0 * (0.2 - 0.5)) * 0.2 / 0.5
    assert rate(YAKOPCIC, 0.3, 0.2, eta=-1.0) == pytest.approx(turned)
    p = element(YAKOPCIC, 0.0, 0.0).p
    assert brake(1.0, True, p)[0] == brake(0.0, False, p)[0] == 0.0


class TestStanfordPku:
    def test_its_resistances_at_a_tenth_of_a_volt_are_the_published_ones(self) -> None:
        assert 0.1 / current(STANFORD_PKU, 0.1, 1.0) == pytest.approx(542.0, rel=5e-4)
        assert 0.1 / current(STANFORD_PKU, 0.1, 0.0) == pytest.approx(218586.0, rel=5e-6)

    def test_its_gap_closes_as_stated(self) -> None:
        v, gap = 0.9, 1.7e-9 - 0.4 * 1.5e-9
        amperes = 1e-3 * math.exp(-gap / 0.25e-9) * math.sinh(v / 0.25)
        assert current(STANFORD_PKU, v, 0.4) == pytest.approx(amperes)
        kt = 1.38064852e-23 / 1.6021766208e-19 * (298.0 + 2.1e3 * v * amperes)
        gamma = 16.0 - 0.8 * (gap / 1e-9) ** 3
        closing = 10.0 * math.exp(-0.6 / kt) * math.sinh(gamma * 0.25e-9 * v / (12e-9 * kt))
        assert rate(STANFORD_PKU, v, 0.4) == pytest.approx(closing / 1.5e-9, rel=1e-9)
        assert rate(STANFORD_PKU, -v, 0.4) == pytest.approx(-closing / 1.5e-9, rel=1e-9)

    def test_below_the_least_field_nothing_moves_and_above_its_ramp_all_does(self) -> None:
        gamma = 16.0 - 0.8 * 1.1**3
        least = 1.4e9 * 12e-9 / gamma  # V, at a gap of 1.1 nm
        assert rate(STANFORD_PKU, 0.999 * least, 0.4, fmin=1.4e9) == 0.0
        assert rate(STANFORD_PKU, 1.06 * least, 0.4, fmin=1.4e9) == rate(STANFORD_PKU, 1.06 * least, 0.4)
        values = [ramp(1.4e9 * share, 1.4e9)[0] for share in np.linspace(0.99, 1.06, 50)]
        assert np.all(np.diff(values) >= 0.0)
        assert ramp(1.4e9 * 1.025, 1.4e9)[0] == pytest.approx(0.5)
        slope = (ramp(1.4e9 * 1.02 + 1.0, 1.4e9)[0] - ramp(1.4e9 * 1.02 - 1.0, 1.4e9)[0]) / 2.0
        assert ramp(1.4e9 * 1.02, 1.4e9)[1] == pytest.approx(slope, rel=1e-5)


def test_metastable_switches_turn_with_the_probabilities_stated() -> None:
    vt = 1.38064852e-23 * 298.5 / 1.6021766208e-19
    v, x = 0.21, 0.3
    on = 1.0 / (1.0 + math.exp(-(v - 0.27) / vt))
    off = 1.0 - 1.0 / (1.0 + math.exp(-(v + 0.27) / vt))
    expected = (on * (1.0 - x) - off * x) / 1e-4
    assert rate(METASTABLE, v, x, temp=25.35) == pytest.approx(expected, rel=1e-9)
    ohmic = v * (x / 500.0 + (1.0 - x) / 1500.0)
    assert current(METASTABLE, v, x) == pytest.approx(ohmic)
    given = {"phi": 0.8, "sfa": 8e-4, "sfb": 4.0, "sra": 8e-4, "srb": 4.0}
    schottky = 8e-4 * (math.exp(4.0 * v) - math.exp(-4.0 * v))
    assert current(METASTABLE, v, x, **given) == pytest.approx(0.8 * ohmic + 0.2 * schottky)


def test_tungsten_oxide_and_the_threshold_of_pershin() -> None:
    v, x = 0.8, 0.25
    amperes = 0.75 * 5e-7 * (1.0 - math.exp(-0.4)) + 0.25 * 4e-6 * math.sinh(1.6)
    assert current(UMICH, v, x) == pytest.approx(amperes)
    assert rate(UMICH, v, x) == pytest.approx(4.5 * (4e-3 * math.sinh(3.2) - 0.025))
    given = {"vt": 1.6, "beta": 2e12, "alpha": 1e11}
    assert rate(PERSHIN, 2.0, 0.5, **given) == pytest.approx(-(2e12 * 0.4 + 1e11 * 1.6) / 9e3)
    assert rate(PERSHIN, -1.0, 0.5, **given) == pytest.approx(1e11 / 9e3)
    assert current(PERSHIN, 1.1, 0.5) == pytest.approx(1.1 / 5500.0)


def test_far_from_a_solution_nothing_overflows() -> None:
    for family in MEMRISTORS:
        for v in (1e3, -1e3, 1e6, -1e6):
            i, q, g, _ = evaluate(element(family, v, 0.5))
            assert np.isfinite([*i, *q, *g.ravel()]).all(), family.name


def test_each_names_its_source_and_its_limits() -> None:
    for family in MEMRISTORS:
        said = sys.modules[family.law.__module__].__doc__ or ""
        assert "Source:" in said
        assert "Limits:" in said
