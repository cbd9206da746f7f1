"""Memristors in transients: closed forms, pinched loops, bounds that hold, states at rest."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eqchip.simulator.rows import Trace
from simulated import compiled, simulated

#: The laws and a drive that moves each: model, amplitude (V), period (s).
LAWS = {
    "vteam": ("vteam(kon=-0.1m koff=5u)", 0.6, 1e-5),
    "vteam exponential": ("vteam(kon=-0.1m koff=5u iv=exponential window=biolek p=2)", 0.6, 1e-5),
    "yakopcic": ("yakopcic", 0.5, 1e-2),
    "stanford": ("stanford(fmin=1.4g x0=0.5)", 1.6, 1e-6),
    "mms": ("mms(x0=0.5 temp=25.35)", 0.6, 1e-3),
    "hp": ("hp(x0=0.3)", 1.0, 1.0),
    "hp joglekar": ("hp(x0=0.3 window=joglekar p=2)", 1.0, 1.0),
    "umich": ("umich(x0=0.4)", 1.2, 5.0),
    "pershin": ("pershin(vt=1 beta=1e8)", 2.0, 1e-4),
}
laws = pytest.mark.parametrize("name", LAWS)


def driven(model: str, source: str, tran: str, more: str = "") -> Trace:
    (trace,) = simulated(f".model m {model}\nV1 a 0 {source}\nP1 a 0 m\n{more}\n.tran {tran}")
    return trace


class TestClosedForms:
    def test_linear_drift_follows_the_flux(self) -> None:
        trace = driven("hp(x0=0.1)", "sin(0 1 1)", "1m 2", ".options reltol=1e-6")
        ron, roff, k = 100.0, 16e3, 1e4
        flux = (1.0 - np.cos(2.0 * np.pi * trace.axis)) / (2.0 * np.pi)
        constant = (roff - ron) * 0.1**2 / 2.0 - roff * 0.1
        x = (roff - np.sqrt(roff**2 - 2.0 * (roff - ron) * (k * flux - constant))) / (roff - ron)
        assert np.max(x) > 0.3
        np.testing.assert_allclose(trace["x(p1)"], x, atol=2e-6)

    def test_linear_drift_counts_the_charge(self) -> None:
        """x − x0 = (μ·ron/D²)·Q, with the charge that the source delivers, through a resistor too."""
        (trace,) = simulated(
            ".model m hp(x0=0.2)\nV1 a 0 sin(0 1 1)\nR1 a b 2k\nP1 b 0 m\nC1 c 0 1m\nRc c 0 1g\nF1 0 c V1 1\n"
            ".options reltol=1e-6\n.tran 2m 1.7"
        )
        charge = -1e-3 * (trace["v(c)"] - trace["v(c)"][0])  # i(v1) flows into the source
        moved = trace["x(p1)"] - 0.2
        assert np.max(np.abs(moved)) > 0.1
        np.testing.assert_allclose(moved, 1e4 * charge, atol=3e-6)

    @pytest.mark.parametrize("v", [-0.4, 0.0, 0.15, 0.25, 0.5])
    def test_metastable_switches_relax_exponentially(self, v: float) -> None:
        trace = driven("mms(x0=0.8 temp=25.35 tau=0.1m)", f"dc {v}", "4u 400u", ".options reltol=1e-6")
        vt = 1.38064852e-23 * 298.5 / 1.6021766208e-19
        on = 1.0 / (1.0 + math.exp(-(v - 0.27) / vt))
        off = 1.0 - 1.0 / (1.0 + math.exp(-(v + 0.27) / vt))
        end = on / (on + off)
        x = end + (0.8 - end) * np.exp(-(on + off) * trace.axis / 1e-4)
        np.testing.assert_allclose(trace["x(p1)"], x, atol=1e-5)

    @pytest.mark.parametrize(
        ("v", "speed"), [(0.1, -5e-4 * 4.0 / 3e-9), (-0.3, 10.0 * 0.125 / 3e-9), (0.015, 0.0), (-0.2, 0.0)]
    )
    def test_vteam_moves_at_constant_speed_and_stops_at_its_bounds(self, v: float, speed: float) -> None:
        trace = driven("vteam(x0=0.3)", f"dc {v}", "5n 1u", ".options reltol=1e-5")
        x = np.clip(0.3 + speed * trace.axis, 0.0, 1.0)
        np.testing.assert_allclose(trace["x(p1)"], x, atol=2e-5)
        resistance = 50.0 + 950.0 * (1.0 - x)
        np.testing.assert_allclose(-trace["i(v1)"], v / resistance, rtol=4e-4)

    def test_a_state_leaves_its_bound_when_the_drive_turns(self) -> None:
        """Up to the bound, a wait there, down again: piecewise linear, and no time is lost at the bound."""
        pulse = "pwl(0 -0.3 40n -0.3 40.001n 0.1 1 0.1)"
        trace = driven("vteam(x0=0.3 kon=-1)", pulse, "1n 1u", ".options reltol=1e-5")
        time = trace.axis
        up = 0.3 + 0.125 / 3e-9 * np.minimum(time, 40e-9)
        down = 5e-4 * 4.0 / 3e-9 * np.maximum(time - 40e-9, 0.0)
        np.testing.assert_allclose(trace["x(p1)"], np.minimum(up, 1.0) - down, atol=1e-5)

    def test_tungsten_oxide_forgets_exponentially(self) -> None:
        trace = driven("umich(x0=0.7 lam=4.5 tau=10)", "dc 0", "20m 5", ".options reltol=1e-5")
        np.testing.assert_allclose(trace["x(p1)"], 0.7 * np.exp(-0.45 * trace.axis), atol=3e-6)

    def test_the_resistance_of_pershin_moves_at_constant_speed(self) -> None:
        trace = driven("pershin(vt=1.6 beta=2e12 x0=0.333333333333)", "dc 2", "10p 3n")
        resistance = np.minimum(7e3 + 2e12 * 0.4 * trace.axis, 1e4)
        np.testing.assert_allclose(2.0 / -trace["i(v1)"], resistance, rtol=1e-4)


def area(trace: Trace, period: float) -> float:
    """The two lobes of the last period's loop, ∮ i dv on either side of zero volts, in size."""
    last = trace.axis >= trace.axis[-1] - period
    v, i = trace["v(a)"][last], -trace["i(v1)"][last]
    lobes = [np.trapezoid(np.where(side * v > 0, i, 0.0), v) for side in (1.0, -1.0)]
    return float(sum(map(abs, lobes)))


class TestPinchedLoops:
    @laws
    def test_the_loop_goes_through_zero(self, name: str) -> None:
        model, volts, period = LAWS[name]
        trace = driven(model, f"sin(0 {volts} {1 / period})", f"{period / 200} {2 * period}")
        v, i = trace["v(a)"], -trace["i(v1)"]
        assert np.ptp(trace["x(p1)"]) > 0.02, "the drive must move the state"
        conductance = np.max(np.abs(i)) / volts
        small = np.abs(v) < 0.02 * volts
        assert np.count_nonzero(small) > 4
        assert np.all(np.abs(i[small]) <= 4.0 * conductance * np.abs(v[small]) + 1e-12)

    @laws
    def test_a_fast_drive_closes_it(self, name: str) -> None:
        model, volts, period = LAWS[name]
        slow, fast = (
            driven(model, f"sin(0 {volts} {k / period})", f"{period / k / 200} {2 * period / k}")
            for k in (1, 100)
        )
        assert area(slow, period) > 0.0
        assert area(fast, period / 100) < 0.15 * area(slow, period)

    def test_its_area_falls_as_one_over_the_frequency(self) -> None:
        """Linear drift: a small motion makes lobes in proportion to the flux of half a period."""
        areas = []
        for frequency in (20.0, 40.0, 80.0):
            period = 1.0 / frequency
            trace = driven(
                "hp(x0=0.3)", f"sin(0 1 {frequency})", f"{period / 400} {period}", ".options reltol=1e-6"
            )
            areas.append(area(trace, period))
        np.testing.assert_allclose(np.array(areas[:-1]) / areas[1:], 2.0, rtol=0.04)


class TestBounds:
    @laws
    @settings(max_examples=6, deadline=None)
    @given(data=st.data())
    def test_hold_under_any_drive_and_with_long_steps(self, name: str, data: st.DataObject) -> None:
        model, volts, period = LAWS[name]
        times = np.cumsum(data.draw(st.lists(st.floats(0.01, 1.0), min_size=6, max_size=6))) * period
        levels = data.draw(st.lists(st.floats(-3.0 * volts, 3.0 * volts), min_size=6, max_size=6))
        x0 = data.draw(st.sampled_from([0.0, 0.2, 1.0]))
        method = data.draw(st.sampled_from(["trap", "gear"]))
        corners = " ".join(f"{t} {v}" for t, v in zip(times, levels, strict=True))
        (trace,) = simulated(
            f".model m {model}\nV1 a 0 pwl(0 0 {corners})\nR1 a b 10\nP1 b 0 m x0={x0}\n"
            f".options reltol=0.01 method={method}\n.tran {times[-1] / 10} {times[-1]}"
        )
        x = trace["x(p1)"]
        assert x[0] == x0
        assert np.min(x) >= 0.0
        assert np.max(x) <= 1.0


class TestAtRest:
    CARDS = ".model m mms(x0=0.8)\nV1 a 0 0.5\nR1 a b 200\nP1 b 0 m\n"

    def test_an_operating_point_has_the_initial_state_not_where_it_would_drift(self) -> None:
        (trace,) = simulated(self.CARDS + ".op")
        assert trace["x(p1)"][0] == 0.8
        conductance = 0.8 / 500 + 0.2 / 1500
        assert trace["v(b)"][0] == pytest.approx(0.5 / (1.0 + 200.0 * conductance), rel=1e-9)

    def test_so_has_every_point_of_a_sweep(self) -> None:
        (trace,) = simulated(self.CARDS + ".dc V1 -1 1 0.1")
        assert np.all(trace["x(p1)"] == 0.8)
        np.testing.assert_allclose(trace["v(b)"], trace["v(b)"][-1] * np.linspace(-1, 1, 21), atol=1e-9)

    @pytest.mark.parametrize("word", ["", "uic"])
    def test_a_transient_begins_there(self, word: str) -> None:
        (trace,) = simulated(f"{self.CARDS}C1 b 0 1n\n.tran 10u 2m 0 10u {word}")
        assert trace["x(p1)"][0] == 0.8
        assert abs(trace["x(p1)"][-1] - 0.8) > 0.01

    def test_the_state_is_no_node_of_the_circuit(self) -> None:
        system = compiled(self.CARDS + ".op")
        assert system.names == ("v(a)", "v(b)", "v(p1#x)", "i(v1)")
