"""Cards that are no elements: analyses, options, initial voltages, what is stored."""

import pytest

from elaborated import circuit, refused
from eqchip.netlists.circuit import Dc, Op, Tran


def test_analyses() -> None:
    found = circuit("V1 a 0 1\nI1 b 0 1\nR1 a b 1\n.tran 1u 1m\n.op\n.dc v1 0 1 0.1 i1 1 -1 -0.5\n").analyses
    assert Op() in found
    assert Dc((("V1", 0.0, 1.0, 0.1), ("I1", 1.0, -1.0, -0.5))) in found
    assert Tran(1e-6, 1e-3) in found


def test_analyses_stay_in_the_order_of_the_netlist() -> None:
    found = circuit("V1 a 0 1\n.tran 1u 1m\n.op\n.dc V1 0 1 1\n.op\n").analyses
    assert [type(one) for one in found] == [Tran, Op, Dc, Op]


@pytest.mark.parametrize(
    ("card", "analysis"),
    [
        (".tran 1u 1m 0.1m", Tran(1e-6, 1e-3, 1e-4)),
        (".tran 1u 1m 0 2u", Tran(1e-6, 1e-3, 0.0, 2e-6)),
        (".tran 1u 1m 0 2u UIC", Tran(1e-6, 1e-3, 0.0, 2e-6, uic=True)),
        (".tran 1u {2*t} uic", Tran(1e-6, 2e-3, uic=True)),
        (".tran 1u t", Tran(1e-6, 1e-3)),
    ],
)
def test_tran(card: str, analysis: Tran) -> None:
    assert circuit(f".param t=1m\nR1 a 0 1\n{card}\n").analyses == [analysis]


def test_initial_voltages_are_by_node_and_a_bus_is_all_its_nodes() -> None:
    found = circuit(".bus h[3]\nR1 h a 1\n.ic v(h)=0.5 V(h[1]) = {1/4}, v(a)=1 v(0)=0\n.nodeset v(a)=2\n")
    assert found.initial == {1: 0.5, 2: 0.25, 3: 0.5, 4: 1.0}
    assert found.guesses == {4: 2.0}


def test_initial_voltages_reach_into_subcircuits() -> None:
    found = circuit("X1 a s\n.subckt s p\nR1 p i 1\nC1 i 0 1\n.ends\n.ic v(x1.i)=3\n")
    assert found.initial == {found.node_index()["x1.i"]: 3.0}


def test_what_is_stored() -> None:
    cards = "V1 a 0 1\nR1 a b 1\nR2 b 0 1\n"
    assert circuit(cards).saves == []
    assert circuit(cards + ".save v(A) i(v1) b v(a)\n").saves == ["v(a)", "i(v1)", "v(b)"]
    assert circuit(cards + ".print tran v(a)\n").saves == []
    assert circuit(cards + ".save v(a)\n.print tran v(b) i(V1)\n").saves == ["v(a)", "v(b)", "i(v1)"]
    assert circuit(cards + ".save v(a)\n.save all\n").saves == []


def test_what_print_computes_is_skipped_with_a_note() -> None:
    found = circuit("V1 a 0 1\n.print tran v(a) vdb(a)\n.plot v(a,0)\n")
    assert [(at.line, note) for at, note in found.notes] == [
        (3, ".print vdb was skipped: it only asks for output"),
        (4, ".plot v was skipped: it only asks for output"),
    ]


def test_options_are_checked_and_shared() -> None:
    found = circuit(
        ".param t=50\nR1 a 0 1\n.options reltol=1e-4 abstol = 1p noacct method=trapezoidal\n"
        ".option gmin=1e-13, tnom=25 gunit=1m\n.temp {t}\n"
    )
    assert found.options == {
        "reltol": 1e-4,
        "abstol": 1e-12,
        "method": "trap",
        "gmin": 1e-13,
        "tnom": 25.0,
        "gunit": 1e-3,
        "temp": 50.0,
    }
    assert found.settings.temperature == pytest.approx(323.15)
    assert found.settings.nominal == pytest.approx(298.15)
    assert found.settings.gmin == 1e-13
    assert found.settings.gunit == 1e-3
    assert [note for _, note in found.notes] == [".options noacct was skipped: it changes no answer"]


def test_parameters_and_formulas_may_use_the_temperature() -> None:
    found = circuit(".param r=temper\nR1 a 0 {r+temper}\nB1 a 0 I={temper}\n.temp 40\n")
    assert found.instances[0].values["r"] == 80.0
    assert found.instances[1].program is not None
    assert found.instances[1].program.code[1] == 40.0
    assert "temper" not in found.parameters
    assert circuit("R1 a 0 {temper}\n").instances[0].values["r"] == 27.0


@pytest.mark.parametrize(
    ("card", "message"),
    [
        (".op now", "3:5: 'now' on .op is not understood"),
        (".dc V1 0 1", "3:11: .dc has 3 words"),
        (".dc Vim 0 1 0.1\nVin a 0 1", "3:5: there is no source 'Vim'; did you mean 'Vin'?"),
        (".dc R1 0 1 0.1\nR1 a 0 1", "3:5: .dc over 'R1' (resistor) is not supported yet"),
        (".dc temp 0 1 0.1", "3:5: .dc over temp is not supported yet"),
        (".dc V1 0 1 0", "3:12: a step of 0"),
        (".dc V1 1 0 0.1", "3:12: steps of 0.1 do not lead from 1 to 0"),
        (".dc V1 0 1 1e-9", "3:12: a sweep of more than 50,000,000 points"),
        ("V2 b 0 1\nR2 b 0 1\n.dc V1 0 1 1e-5 V2 0 1 1e-5", "5:12: a sweep of more than 50,000,000 points"),
        (".dc V1 0 1 1 V1 0 1 1", "3:14: V1 is swept twice"),
        (".tran 1u", "3:9: .tran needs TSTEP and TSTOP"),
        (".tran 0 1", "3:7: TSTEP is 0"),
        (".tran 1u -1", "3:10: TSTOP is -1"),
        (".tran 1e-30 1m", "3:7: a transient of more than 1,000,000,000 steps"),
        (".tran 1u 1m 0 1f", "3:15: a transient of more than 1,000,000,000 steps"),
        (".tran 1u 1m 2m", "3:13: TSTART is 0.002"),
        (".tran 1u 1m 0 -1u", "3:15: TMAX is -1e-06"),
        (".tran 1u 1m 0 1u 5", "3:18: '5' on .tran is one word too many"),
        (".tran 1u 1m uic 5", "3:17: '5' on .tran is one word too many"),
        (".ic", ".ic sets nothing"),
        (".ic a=1", "3:5: 'a' on .ic is not understood"),
        (".ic v(a)", "3:5: 'v' on .ic is not understood"),
        (".ic v(a)=", "v(a) has no value"),
        (".ic v(ab)=1\nR1 abc 0 1", "3:7: there is no node 'ab'; did you mean 'abc'?"),
        (".nodeset v(0)=1", "3:12: ground cannot be at 1 V"),
        (".save", ".save names nothing"),
        (".save v(b)", "3:9: there is no node 'b'"),
        (".save i(Vim)\nVin b 0 1", "3:9: there is no current i(Vim); did you mean 'Vin'?"),
        (".save @r1[i]", "'@r1[i]' (a quantity of a device) is not supported yet"),
        (".save p(V1)", "3:7: 'p(V1)' is not supported yet"),
        (".options retol=1", "3:10: .options retol is not known; did you mean 'reltol'?"),
        (".options reltol", "3:10: reltol has no value"),
        (".options reltol=0", "3:17: reltol=0 is out of range"),
        (".options rshunt=1e12", "3:10: .options rshunt is not supported yet"),
        (".options method=euler", "method=euler: no such choice"),
        (".temp", ".temp has no value"),
        (".temp 27 50", "several temperatures are not supported yet"),
        (".temp -300", "temp=-300 °C is out of range"),
    ],
)
def test_a_wrong_card_is_refused(card: str, message: str) -> None:
    refused(f"V1 a 0 1\n{card}\n", message)
