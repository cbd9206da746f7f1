"""Element cards: nodes, values, models, parameters, and what is refused."""

import numpy as np
import pytest

from elaborated import circuit, names, one, refused
from eqchip.devices.families import families_by_letter


def test_nodes_are_the_same_in_any_case_and_keep_their_first_spelling() -> None:
    found = circuit("R1 Out 0 1k\nR2 OUT gnd 2k\nr3 out GND 3k\n")
    assert found.nodes == ["0", "Out"]
    assert [instance.nodes for instance in found.instances] == [(1, 0)] * 3
    assert [instance.name for instance in found.instances] == ["R1", "R2", "r3"]


@pytest.mark.parametrize(
    ("card", "name", "value"),
    [
        ("R1 a 0 4.7k", "r", 4700.0),
        ("R1 a 0 {2*k1}", "r", 6.0),
        ("R1 a 0 '2*k1'", "r", 6.0),
        ("R1 a 0 k1", "r", 3.0),
        ("R1 a 0 r=5", "r", 5.0),
        ("R1 (a 0) 7", "r", 7.0),
        ("R1 a,0 7", "r", 7.0),
        ("C1 a 0 10u", "c", 1e-5),
        ("L1 a 0 1MEGH", "l", 1e6),
    ],
)
def test_a_value_is_a_number_an_expression_or_a_parameter(card: str, name: str, value: float) -> None:
    assert one(f".param k1=3\n{card}\n", card.split()[0]).values == {name: value}


def test_parameters_follow_by_name() -> None:
    found = one("C1 a 0 1n IC=-0.5 m=2\n", "C1")
    assert found.values == {"c": 1e-9, "ic": -0.5, "m": 2.0}
    assert one("R1 a 0 1k tc1 = 1e-3, tc2=2u\n", "R1").values == {"r": 1e3, "tc1": 1e-3, "tc2": 2e-6}


def test_a_diode_has_a_model_and_an_area() -> None:
    found = one(".model dx D(is=1e-12 M=0.4)\nD1 a 0 DX 3 ic=0.2\n", "D1")
    assert found.model is not None
    assert found.model.values == {"is": 1e-12, "mj": 0.4}
    assert found.values == {"area": 3.0, "ic": 0.2}
    assert found.given() == {"is": 1e-12, "mj": 0.4, "area": 3.0, "ic": 0.2}


def test_a_model_may_be_called_like_a_number() -> None:
    found = one(".model 1N4148 D(is=2n)\nD1 a 0 1N4148\n", "D1")
    assert found.model is not None
    assert found.model.name == "1N4148"


def test_a_resistor_may_have_a_value_and_a_model() -> None:
    for card in ("R1 a 0 2k thin", "R1 a 0 thin r=2k", "R1 a 0 thin 2k"):
        found = one(f".model thin R(tc1=1e-3)\n{card}\n", "R1")
        assert found.given() == {"tc1": 1e-3, "r": 2000.0}


def test_controlled_sources_name_their_controls() -> None:
    found = circuit("V1 a 0 1\nE1 b 0 a 0 2\nG1 c 0 a b 1m\nF1 d 0 v1 3\nH1 e 0 V1 4\nRl c 0 1\n")
    by_name = {instance.name: instance for instance in found.instances}
    assert names(found, by_name["G1"].controls) == ["a", "b"]
    assert by_name["F1"].controls == ("V1",)
    assert by_name["H1"].controls == ("V1",)
    assert [by_name[name].values["gain"] for name in ("E1", "G1", "F1", "H1")] == [2.0, 1e-3, 3.0, 4.0]


def test_a_controlling_source_may_come_later_and_in_the_same_subcircuit() -> None:
    found = circuit("X1 a 0 s\nR1 a 0 1\n.subckt s p q\nF1 p q Vs 2\nVs p i 0\nRi i q 1\n.ends\n")
    assert found.instance("x1.f1").controls == ("X1.Vs",)  # type: ignore[union-attr]


def test_every_letter_of_a_family_is_read_by_its_declaration() -> None:
    # What stands in for a device of another package: the same family under the letter that nobody has.
    assert set(families_by_letter()) >= set("RCLVIDEGFHBN")


@pytest.mark.parametrize(
    ("card", "message"),
    [
        ("R1 a 0", "chip.cir:2:7: R1 has no value"),
        ("R1 a", "chip.cir:2:5: R1 has 1 of the 2 names it needs"),
        ("R1 a r=3", "chip.cir:2:6: R1 has 1 of the 2 names it needs"),
        ("R1 a 0 0", "chip.cir:2:8: r=0 Ω is out of range"),
        ("R1 a 0 4k7", "chip.cir:2:8: '4k7' has digits after its suffix; write 4.7k"),
        ("R1 a 0 1k 2k", "chip.cir:2:11: '2k' is one value too many"),
        ("R1 a 0 1k tmp=1", "chip.cir:2:11: a resistor has no parameter 'tmp'; did you mean 'temp'?"),
        ("R1 a 0 1k m=0", "chip.cir:2:13: m=0 is out of range"),
        ("R1 a 0 1k m=1 m=2", "chip.cir:2:15: m is given twice"),
        ("R1 a 0 {1k", "'{' is not closed"),
        ("R1 a 0 {x}", "chip.cir:2:9: there is no parameter 'x'"),
        ("C1 a 0 1n IC=", "'IC' has no value"),
        ("C1 a 0 ()", "C1 has no value"),
        ("R1 a 0 1k\nr1 b 0 2k", "chip.cir:3:1: 'r1' is there twice, first in line 2"),
        ("D1 a 0", "chip.cir:2:7: D1 has no model"),
        ("D1 a 0 dx", "chip.cir:2:8: there is no model 'dx'"),
        (".model dx D\nD1 a 0 dx off", "chip.cir:3:11: 'off' on D1 is not supported yet"),
        (".model rx R\nD1 a 0 rx", "chip.cir:3:8: D1 is a diode, model rx is a resistor"),
        ("K1 L1 L2 0.9", "chip.cir:2:1: 'K1': coupled inductors are not supported yet"),
        ("M1 d g s b nm", "'M1': MOSFETs are not supported yet"),
        ("Q1 c b e qm", "'Q1': bipolar transistors are not supported yet"),
        ("S1 a 0 c 0 sm", "'S1': voltage-controlled switches are not supported yet"),
        ("E1 a 0 POLY(1) b 0 1 2", "chip.cir:2:8: POLY on E1 is not supported yet"),
        ("F1 a 0 POLY(1) V1 1 2", "chip.cir:2:8: POLY on F1 is not supported yet"),
        ("E1 a 0 TABLE {v(b)} = (0,0) (1,1)", "TABLE on E1 is not supported yet"),
        ("E1 a 0 b 0", "E1 has no value"),
        (
            "F1 a 0 Vsens 2\nVsense a 0 1",
            "2:8: F1 reads the current of 'Vsens', which is not there; did you mean 'V",
        ),
        ("E1 a 0 b 0 1 2", "2:14: '2' is one value too many"),
        (".model dx D\nR1 a 0 1 dx dx", "3:10: R1 is a resistor, model dx is a diode"),
        (".model rx R\nR1 a 0 1 rx rx", "3:13: 'rx' on R1 is not supported yet"),
        ("R1 = 0 1", "2:1: R1 has 0 of the 2 names it needs"),
        ("R1 a 0 =", "2:6: R1 has 1 of the 2 names it needs"),
        ("R1 a 0 1\nF1 a 0 R1 2", "'R1' (resistor) has no current of its own to read"),
    ],
)
def test_a_wrong_card_is_refused_where_it_is_wrong(card: str, message: str) -> None:
    refused(card + "\n", message)


def test_a_bad_card_shows_how_it_is_written() -> None:
    refused("R1 a 0\n", "R1 has no value", expected="Rname n1 n2 R")
    refused("E1 a 0 b 0\n", "E1 has no value", expected="Ename n+ n- c1 c2 GAIN")
    refused("D1 a 0\n", "D1 has no model", expected="Dname anode cathode MODEL")


def test_an_instance_is_cheap_to_locate() -> None:
    found = one("R1 a 0 1k\n+ tc1=1\n", "R1")
    assert found.at is not None
    assert (found.at.line, found.at.column) == (2, 1)
    assert np.isscalar(found.nodes[0])
