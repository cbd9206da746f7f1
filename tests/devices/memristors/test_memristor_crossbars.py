"""Memristors on cards and in arrays: programmed by pulses, half-selected, read; and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import eqchip
from elaborated import circuit, refused
from eqchip.netlists.circuit import Circuit
from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.reader import parse
from eqchip.simulator.rows import Trace
from simulated import simulated


def written(model: str, volts: float, seconds: float, x0: float = 0.5) -> Trace:
    """Write crossing (1, 2) of a 4 × 4 array in the V/2 scheme: the others see half of it, or nothing."""
    rows = [f"Vr{k} r[{k}] 0 " for k in range(4)]
    columns = [f"Vc{k} c[{k}] 0 " for k in range(4)]
    edge = seconds / 100
    pulse = "pulse(0 {} {} {} {} {} {})".format
    times = (seconds / 10, edge, edge, seconds, 100 * seconds)
    cards = [
        *(card + (pulse(volts / 2, *times) if k == 1 else "0") for k, card in enumerate(rows)),
        *(card + (pulse(-volts / 2, *times) if k == 2 else "0") for k, card in enumerate(columns)),
    ]
    (trace,) = simulated(
        f".bus r[4] c[4]\n.model m {model}\nYm r c m x0={x0}\n"
        + "\n".join(cards)
        + f"\n.tran {seconds / 50} {1.5 * seconds}"
    )
    return trace


def moved(trace: Trace) -> np.ndarray:
    states = trace["x(ym)"]
    return (states[-1] - states[0]).reshape(4, 4)


HALF = np.array([[k == 1 or j == 2 for j in range(4)] for k in range(4)])
HALF[1, 2] = False
OTHERS = ~HALF
OTHERS[1, 2] = False
#: What a state may move by rounding alone.
ROUNDING = 1e-13


def test_vteam_below_its_threshold_is_not_disturbed_at_all() -> None:
    # −0.3 V moves it, −0.15 V is within the thresholds: nothing happens there, up to rounding.
    change = moved(written("vteam(kon=-0.1)", -0.3, 20e-9))
    assert change[1, 2] == pytest.approx(0.1 * 0.125 / 3e-9 * 20e-9, rel=0.02)
    assert np.max(np.abs(change[HALF | OTHERS])) < ROUNDING


def test_yakopcic_is_disturbed_where_half_the_voltage_is_above_its_threshold() -> None:
    change = moved(written("yakopcic", 0.5, 1e-4))
    assert change[1, 2] > 0.05
    assert np.all(change[HALF] > 0.1 * change[1, 2])
    assert np.max(np.abs(change[OTHERS])) < ROUNDING
    quiet = moved(written("yakopcic", 0.3, 1e-4))  # 0.15 V: below 0.16 V
    assert quiet[1, 2] > 0.01
    assert np.max(np.abs(quiet[HALF])) < ROUNDING


def test_stanford_pku_is_disturbed_a_little_by_any_voltage_unless_a_least_field_stops_it() -> None:
    change = moved(written("stanford", 1.3, 1e-8))
    assert change[1, 2] > 0.02
    assert np.all(change[HALF] > 10.0 * ROUNDING)
    assert np.all(change[HALF] < 1e-3 * change[1, 2])
    with_least = moved(written("stanford(fmin=1.4g)", 1.3, 1e-8))
    assert with_least[1, 2] > 0.02
    assert np.max(np.abs(with_least[HALF])) < ROUNDING


def test_what_was_written_is_read_as_currents() -> None:
    """Two crossings of a column turned on, then all read at once below the thresholds."""
    cards = """\
.bus r[2] c[2]
.model m vteam(kon=-0.1 x0=0)
Ym r c m
V0 r[0] 0 pwl(0 0 10n 0 11n -0.4 21n -0.4 22n 0 40n 0 41n 0.01)
V1 r[1] 0 pwl(0 0 40n 0 41n 0.01)
Vc0 c[0] 0 0
Vc1 c[1] 0 pwl(0 0 10n 0 11n -0.3 21n -0.3 22n 0)
.tran 1n 60n
"""
    (trace,) = simulated(cards)
    x = trace["x(ym)"][-1].reshape(2, 2)
    assert x[0, 0] > 0.2
    assert x[0, 1] == 0.0  # −0.1 V across it
    conductance = 1.0 / (50.0 + 950.0 * (1.0 - x))
    np.testing.assert_allclose(
        [trace["i(vc0)"][-1], trace["i(vc1)"][-1]], 0.01 * conductance.sum(axis=0), rtol=1e-6
    )


def test_states_of_an_array_come_from_a_file_and_single_ones_from_set_cards(tmp_path: Path) -> None:
    x0 = np.random.default_rng(1).uniform(0.0, 1.0, (3, 2))
    np.savez(tmp_path / "start.npz", x=x0)
    text = "t\n.bus r[3] c[2]\n.model m hp\nYm r c m values=start.npz:x\nR1 r 0 1\nR2 c 0 1\n"
    text += "V1 r[0] 0 1\n.set Ym[1,1].x0=0.25\n.op\n"
    from eqchip.netlists.reader import read
    from eqchip.simulator.analyses.analyse import analyse
    from eqchip.simulator.rows import gather
    from eqchip.simulator.sparse import compile_sparse

    file = tmp_path / "chip.cir"
    file.write_text(text)
    found = elaborate(read(file))
    (trace,) = gather(analyse(compile_sparse(found), found.analyses[0]))
    x0[1, 1] = 0.25
    np.testing.assert_allclose(trace["x(ym)"][0].reshape(3, 2), x0)


def test_every_preset_of_the_library_runs() -> None:
    from importlib.resources import files

    text = (files("eqchip.netlists") / "library" / "memristors.lib").read_text(encoding="utf-8")
    names = [line.split()[1] for line in text.splitlines() if line.startswith(".model")]
    assert len(names) >= 11
    assert text.count("Source:") == len(names)
    for name in names:
        (trace,) = simulated(
            f".include memristors.lib\nV1 a 0 sin(0 0.05 1k)\nP1 a 0 {name}\n.save x(P1) i(V1)\n.tran 50u 1m"
        )
        assert set(trace.values) == {"x(p1)", "i(v1)"}
        assert np.all(np.isfinite(trace["i(v1)"]))


class TestCards:
    def test_a_memristor_is_a_p_card_with_its_state_behind_the_model(self) -> None:
        found: Circuit = circuit(".model m vteam\nP1 a 0 m 0.25\nP2 a 0 m x0=0.75\nP3 a 0 m\nR1 a 0 1\n")
        values = [one.values.get("x0") for one in found.instances if one.name.startswith("P")]
        assert values == [0.25, 0.75, None]

    def test_papers_names_are_known(self) -> None:
        found = circuit(".model m vteam(r_on=50 r_off=1k w_off=3n k_on=-10 v_on=-0.2 xo=0.5)\nP1 a 0 m\n")
        assert found.models["m"].values["ron"] == 50.0

    @pytest.mark.parametrize(
        ("cards", "message", "expected"),
        [
            ("P1 a 0\n", "2:7: P1 has no model", "Pname n1 n2 MODEL"),
            (".model d1 d\nP1 a 0 d1\n", "P1: model d1 is a diode", "hp, vteam"),
            ("P1 a 0 m\n", "there is no model 'm'", ".model m TYPE"),
            (".model m vteam(rin=3)\nP1 a 0 m\n", "has no parameter 'rin'", "ron"),
            (".model m vteam(von=0.1)\nP1 a 0 m\n", "von=100 mV is out of range", "at most 0"),
            (".model m vteam(alphaon=0.5)\nP1 a 0 m\n", "alphaon=0.5 is out of range", "at least 1"),
            (".model m hp(window=bilek)\nP1 a 0 m\n", "window=bilek: no such choice", "joglekar"),
            (".model m mms\nP1 a 0 m 1.5\n", "x0=1.5 is out of range", "from 0 to 1"),
            (".model m hp\nP1 a 0 m\n.save x(P2)\n", "there is no state x(P2)", "the name of a memristor"),
            (".model m hp\nP1 a 0 m\nR1 a 0 1\n.save x(R1)\n", "there is no state x(R1)", "memristor"),
            (
                ".bus a[2] b[2]\n.model m hp\nYm a b m\n.learn Ym rate=1\n.train solve=equilibrium\n",
                "Ym",
                "",
            ),
        ],
    )
    def test_what_is_wrong_is_said_where_it_stands(self, cards: str, message: str, expected: str) -> None:
        refused(cards, message, expected=expected)

    def test_it_has_no_spice_form(self) -> None:
        from eqchip.errors import InputError
        from eqchip.netlists.flatten import flat_spice

        found = elaborate(parse("t\n.model m hp\nP1 a 0 m\nV1 a 0 1\n.op\n", "t.cir"))
        with pytest.raises(InputError, match="a linear drift memristor has no SPICE form"):
            flat_spice(found)


class TestFromDeviceToDevice:
    CARDS = """\
spread
.bus r[32] c[32]
.model m vteam(x0=1 ron=100 ron_dtod=0.1 x0_dtod={xs})
Ym r c m
V1 r 0 1
R1 c 0 1u
{more}.op
.end
"""

    def run(self, folder: Path, xs: float = 0.0, more: str = "") -> eqchip.Run:
        file = folder / "spread.cir"
        file.write_text(self.CARDS.format(xs=xs, more=more), encoding="utf-8")
        return eqchip.simulate(file)

    def test_resistances_are_drawn_once_a_chip(self, tmp_path: Path) -> None:
        one, same = (np.asarray(self.run(tmp_path)["i(v1)"]) for _ in range(2))
        other = np.asarray(self.run(tmp_path, more=".options chipseed=1\n")["i(v1)"])
        np.testing.assert_array_equal(one, same)
        assert not np.any(one == other)
        # Each row is 32 conductances 1/(100·(1 + 0.1ξ)): mean 1.01/100, relative spread of the sum 0.1/√32;
        # over 32 rows its mean is known to 0.1/32, 4.5 times which is 0.014.
        assert np.mean(-one) == pytest.approx(0.32 * 1.01, rel=0.015)
        assert 0.005 < np.std(one) / np.mean(-one) < 0.04

    def test_initial_states_differ_within_their_bounds(self, tmp_path: Path) -> None:
        states = np.asarray(self.run(tmp_path, 0.2)["x(ym)"]).ravel()
        assert np.max(states) == 1.0
        assert np.min(states) >= 0.0
        below = states < 1.0
        assert 0.5 - 4.5 / 64.0 < np.mean(below) < 0.5 + 4.5 / 64.0
        # A half normal has the mean 0.2·√(2/π); its deviation 0.2·√(1 − 2/π), over 512 of them.
        mean, deviation = 0.2 * np.sqrt(2.0 / np.pi), 0.2 * np.sqrt((1.0 - 2.0 / np.pi) / 512.0)
        assert abs(np.mean(1.0 - states[below]) - mean) < 4.5 * deviation * np.sqrt(1.2)
