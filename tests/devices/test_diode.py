from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eqchip.devices.circuit.diode import DIODE, LARGEST_EXPONENT, junction, law
from eqchip.devices.circuit.junction import BREAKDOWN, GSERIES, SATURATION, VCRIT, WIDTH, depletion
from eqchip.devices.circuit.thermal import BOLTZMANN, CHARGE
from eqchip.devices.family import CELSIUS, Settings
from spice_runs import TIGHT, needs_ngspice, spice

ROOM = BOLTZMANN * (27.0 + CELSIUS) / CHARGE  # V_t at 27 °C


def columns(temperature: float = 27.0, nominal: float = 27.0, **given: float) -> np.ndarray:
    settings = Settings(temperature=temperature + CELSIUS, nominal=nominal + CELSIUS)
    given = {name.rstrip("_"): value for name, value in given.items()}
    return DIODE.prepare(DIODE.resolve(1, given, settings))[0]


def at(
    voltage: float, p: np.ndarray, memory: float = math.inf
) -> tuple[int, np.ndarray, np.ndarray, np.ndarray, np.ndarray, float]:
    """Evaluate a diode without series resistance, cathode grounded."""
    i, q, g, c = np.zeros(3), np.zeros(3), np.zeros((3, 3)), np.zeros((3, 3))
    m = np.array([memory])
    limited = law(np.array([voltage, 0.0, voltage]), p, np.zeros(1), m, i, q, g, c)
    return limited, i, q, g, c, m[0]


def test_shockley_at_room_temperature() -> None:
    p = columns(is_=1e-14, n=1.2)
    for v in (-0.05, 0.3, 0.7):
        expected = 1e-14 * math.expm1(v / (1.2 * ROOM)) + 1e-12 * v
        assert -at(v, p)[1][1] == pytest.approx(expected, rel=1e-12)


def test_area_and_parallel_diodes_scale_current_charge_and_conductance() -> None:
    given = {"cjo": 1e-12, "tt": 1e-9, "rs": 10.0}
    one, six = columns(**given), columns(area=3.0, m=2.0, **given)
    assert six[GSERIES] == pytest.approx(6.0 * one[GSERIES])
    for v in (-1.0, 0.4, 0.7):
        assert junction(v, six)[0] == pytest.approx(6.0 * junction(v, one)[0], rel=1e-12)
        assert depletion(v, six)[0] == pytest.approx(6.0 * depletion(v, one)[0], rel=1e-12)


def test_the_saturation_current_grows_with_temperature_as_stated() -> None:
    t, n = 85.0 + CELSIUS, 27.0 + CELSIUS
    vt = BOLTZMANN * t / CHARGE
    grow = math.exp((t / n - 1.0) * 0.69 / (1.5 * vt) + 2.0 / 1.5 * math.log(t / n))
    assert columns(85.0, is_=1e-9, n=1.5, eg=0.69, xti=2.0)[SATURATION] == pytest.approx(1e-9 * grow)


def test_a_diode_may_be_warmer_than_its_chip_and_its_model_measured_elsewhere() -> None:
    np.testing.assert_allclose(columns(27.0, temp=85.0), columns(85.0))
    np.testing.assert_allclose(columns(27.0, tnom=50.0), columns(27.0, nominal=50.0))


def test_the_current_at_the_breakdown_voltage_is_ibv() -> None:
    p = columns(bv=5.0, ibv=1e-3)
    # SPICE matches the currents up to Is·bv/V_t.
    assert junction(-5.0, p)[0] == pytest.approx(-1e-3, rel=1e-8)
    assert junction(-4.0, p)[0] == pytest.approx(-1e-14, rel=1e-3)


def test_current_and_slope_have_no_jump_where_the_pieces_meet() -> None:
    p = columns(n=1.3)
    knee = -3.0 * p[WIDTH]
    low, high = junction(np.nextafter(knee, -1.0), p), junction(knee, p)
    assert low[0] == pytest.approx(high[0], rel=1e-12)
    assert low[1] == pytest.approx(high[1], rel=1e-12)
    top = LARGEST_EXPONENT * p[WIDTH]
    below, above = junction(top * (1 - 1e-12), p), junction(top * (1 + 1e-12), p)
    assert above[0] == pytest.approx(below[0], rel=1e-9)
    assert above[1] == pytest.approx(below[1], rel=1e-9)


def test_the_depletion_charge_is_the_integral_of_its_capacitance() -> None:
    p = columns(cjo=2e-12, vj=0.8, mj=0.4, fc=0.6)
    voltages = np.linspace(-3.0, 1.0, 4001)
    capacitance = np.array([depletion(v, p)[1] for v in voltages])
    simpson = (4e-3 / 4 / 3) * (
        capacitance[0] + capacitance[-1] + 4 * capacitance[1:-1:2].sum() + 2 * capacitance[2:-1:2].sum()
    )
    assert depletion(1.0, p)[0] - depletion(-3.0, p)[0] == pytest.approx(simpson, rel=1e-7)
    assert depletion(0.0, p) == (0.0, pytest.approx(2e-12))


def test_far_from_a_solution_nothing_overflows() -> None:
    for v in (1e3, -1e3, 1e6):
        _, i, q, g, _, _ = at(v, columns(bv=5.0, cjo=1e-12, tt=1e-9))
        assert np.isfinite([*i, *q, *g.ravel()]).all()


class TestLimiting:
    def test_without_a_last_iterate_it_starts_at_the_critical_voltage(self) -> None:
        p = columns()
        limited, _, _, _, _, memory = at(0.0, p, math.nan)
        assert limited == 1
        assert memory == pytest.approx(p[VCRIT])

    def test_a_given_start_below_is_kept(self) -> None:
        limited, _, _, _, _, memory = at(0.4, columns(), math.nan)
        assert (limited, memory) == (0, 0.4)

    def test_a_long_step_is_cut_and_the_law_is_the_tangent_there(self) -> None:
        p = columns(cjo=1e-12)
        limited, i, q, g, c, memory = at(5.0, p, 0.6)
        assert limited == 1
        assert 0.6 < memory < 0.8
        _, i0, q0, g0, c0, _ = at(memory, p)
        assert g[1, 1] == pytest.approx(g0[1, 1])
        assert -i[1] == pytest.approx(-i0[1] + g0[1, 1] * (5.0 - memory))
        assert q[2] == pytest.approx(q0[2] + c0[2, 2] * (5.0 - memory))
        assert c[1, 1] == pytest.approx(c0[1, 1])

    def test_infinity_means_exactly_here_and_is_kept(self) -> None:
        limited, i, _, _, _, memory = at(1.2, columns(), math.inf)
        assert (limited, memory) == (0, math.inf)
        assert -i[1] == pytest.approx(junction(1.2, columns())[0], rel=1e-9)

    @pytest.mark.parametrize("supply", [0.1, 0.7, 5.0, 500.0, -0.5, -4.0, -12.0, -500.0])
    @pytest.mark.parametrize("given", [{}, {"n": 0.01}, {"is_": 1e-3}, {"bv": 5.0}, {"is_": 10.0}])
    def test_newton_solves_a_resistor_and_a_diode(self, supply: float, given: dict[str, float]) -> None:
        """From a cold start, in few iterations, to a balance of the two exact currents."""
        p = columns(**given)
        v, memory, resistance = 0.0, math.nan, 1e3
        for _ in range(60):
            limited, i, _, g, _, memory = at(v, p, memory)
            residual = -i[1] + (v - supply) / resistance
            step = residual / (g[1, 1] + 1.0 / resistance)
            v -= step
            if not limited and abs(step) < 1e-12 * max(1.0, abs(v)):
                break
        else:
            pytest.fail(f"no convergence, at {v} V")
        exact = -at(v, p)[1][1]
        assert exact == pytest.approx((supply - v) / resistance, rel=1e-7, abs=1e-15)


MODELS: dict[str, dict[str, float]] = {
    "default": {},
    "germanium": {"is": 1e-9, "n": 1.5, "eg": 0.69, "xti": 2.0},
    "sharp": {"is": 1e-12, "n": 0.05},
    "zener": {"bv": 5.0, "ibv": 1e-3, "nbv": 2.0, "n": 1.3},
    "leaky zener": {"is": 1e-6, "bv": 5.0, "ibv": 1e-10},
    "storing": {"is": 1e-13, "cjo": 2e-12, "vj": 0.8, "mj": 0.4, "fc": 0.6, "tt": 3e-9},
}


@pytest.mark.parametrize(("temperature", "nominal"), [(27.0, 27.0), (85.0, 27.0), (-40.0, 50.0)])
class TestNgspice:
    pytestmark = needs_ngspice

    @staticmethod
    def head(temperature: float, nominal: float, model: dict[str, float]) -> str:
        words = " ".join(f"{name}={value}" for name, value in model.items())
        return (
            f"{TIGHT}.options tnom={nominal}\n.temp {temperature}\n.model dm d({words})\nD1 a 0 dm area=2\n"
        )

    @pytest.mark.parametrize("name", MODELS)
    def test_the_current(self, name: str, temperature: float, nominal: float, tmp_path: Path) -> None:
        model = MODELS[name]
        low, high = (-5.3, 0.8) if "bv" in model else (-1.0, 0.9)
        if name == "sharp":
            low, high = -0.2, 0.03
        net = self.head(temperature, nominal, model)
        plot = spice(f"{net}V1 a 0 0\n.dc V1 {low} {high} {(high - low) / 100}", tmp_path)[0]
        p = columns(temperature, nominal, area=2.0, **model)
        ours = [-at(v, p)[1][1] for v in plot["v(a)"]]
        # The absolute part is ngspice's own abstol.
        np.testing.assert_allclose(ours, -plot["i(v1)"], rtol=1e-9, atol=2e-18)

    def test_the_charge(self, temperature: float, nominal: float, tmp_path: Path) -> None:
        model = MODELS["storing"]
        net = self.head(temperature, nominal, model)
        card = "V1 a 0 pwl(0 -3 1u 0.8)\n.tran 10n 1u 0 10n\n.save v(a) @d1[charge]"
        plot = spice(net + card, tmp_path)[0]
        theirs = next(plot[column] for column in plot if "charge" in column)[1:]  # not filled in at time 0
        p = columns(temperature, nominal, area=2.0, **model)
        ours = np.array([at(v, p)[2][2] for v in plot["v(a)"][1:]])
        # ngspice counts gmin's current into the diffusion charge: TT·gmin·v, 1e-21 C here.
        np.testing.assert_allclose(ours, theirs, rtol=1e-8, atol=2e-20)


def test_declared_names_answer_to_spices_other_spellings() -> None:
    from eqchip.devices.parameter import by_name, find

    model = by_name(DIODE.model_parameters)
    for alias, name in {"cj0": "cjo", "cj": "cjo", "m": "mj", "pb": "vj", "js": "is"}.items():
        assert find(model, alias.upper(), "diode").name == name
    instance: dict[str, Any] = by_name(DIODE.parameters)
    assert find(instance, "m", "D1").text == "how many of it are in parallel"
    assert columns()[BREAKDOWN] == math.inf
