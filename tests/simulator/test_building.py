"""Circuits built without text take the same road as netlists."""

import numpy as np
import pytest

import eqchip
from eqchip.errors import InputError


def test_a_learning_waveform_is_built_by_calls() -> None:
    c = eqchip.Circuit("wave").bus(x=2, y=1).model("cell", "neuron").model("syn", "synapse")
    c.array("Yxy", "x", "y", "syn").neurons("Ny", "y", "cell").input("x").output("y", decode="threshold")
    c.nudge("y").learn("Yxy", 0.1).data("xor").train(rule="stdp", estimator="onesided", beta=0.5)
    c.protocol("4u", "2u", "1u").tran("0.5u", "21u", learn=True)
    assert str(c).splitlines()[-3:] == [".protocol free=4u nudged=2u gap=1u", ".tran 0.5u 21u learn", ".end"]
    run = eqchip.simulate(c)
    assert len(set(run["sample"])) == 3
    assert np.any(run.weights["Yxy"] != run["w(yxy)"][0].reshape(2, 1))


def test_calls_write_the_cards_they_stand_for() -> None:
    c = eqchip.Circuit("all of it")
    c.bus(x=2, h=3).parameter(r="2k").options(reltol=1e-6)
    c.voltage("V1", "in", 0, 1.5, "SIN(0 1 1k)").current("I1", 0, "a", "1m")
    c.resistor("R1", "in", "a", "{r}", tc1=1e-3).capacitor("C1", "a", 0, 1e-9, ic=0.5)
    c.inductor("L1", "a", "b", "1m").diode("D1", "b", 0, "dd").vcvs("E1", "c", 0, "a", "b", 2)
    c.vccs("G1", "c", 0, "a", 0, 1e-3).cccs("F1", "c", 0, "V1", 2).ccvs("H1", "d", 0, "V1", 50)
    c.behavioural("B1", "e", 0, v="2*v(a)").initial(a=0.5).op().dc("V1", 0, 1, 0.1)
    c.tran(1e-6, 1e-3, longest=1e-6, uic=True).save("v(a)", "i(v1)").card(".model dd D")
    assert str(c).splitlines() == [
        "* all of it",
        ".bus x[2] h[3]",
        ".param r=2k",
        ".options reltol=1e-06",
        "V1 in 0 DC 1.5 SIN(0 1 1k)",
        "I1 0 a DC 1m",
        "R1 in a {r} tc1=0.001",
        "C1 a 0 1e-09 ic=0.5",
        "L1 a b 1m",
        "D1 b 0 dd",
        "E1 c 0 a b 2",
        "G1 c 0 a 0 0.001",
        "F1 c 0 V1 2",
        "H1 d 0 V1 50",
        "B1 e 0 V={2*v(a)}",
        ".ic v(a)=0.5",
        ".op",
        ".dc V1 0 1 0.1",
        ".tran 1e-06 0.001 0 1e-06 uic",
        ".save v(a) i(v1)",
        ".model dd D",
        ".end",
    ]
    assert len(c.chip().circuit.instances) == 11


def test_a_built_divider_divides() -> None:
    c = eqchip.Circuit("divider").voltage("V1", "in", 0, 5).resistor("R1", "in", "out", "1k")
    c.resistor("R2", "out", 0, 4e3).op()
    assert float(eqchip.simulate(c)["v(out)"]) == pytest.approx(4.0)
    assert repr(c) == "<circuit divider: 4 cards>"


def test_a_built_chip_learns_like_the_one_that_ships() -> None:
    c = eqchip.Circuit("xor").bus(x=2, h=10, y=1).model("syn", "synapse", init="glorot")
    text = eqchip.load("xor").netlist.text
    for line in text.splitlines()[1:]:
        if line.startswith((".model  cell", ".data", ".train", ".input")):
            c.card(line)
    c.array("Yxh", "x", "h", "syn").array("Yhy", "h", "y", "syn").neurons("Nh", "h", "cell")
    c.neurons("Ny", "y", "cell").output("y", decode="threshold").nudge("y", cost="mse")
    for name in ("Yxh", "Nh", "Yhy", "Ny"):
        c.learn(name, eqchip.load("xor").circuit.learns[0].rate)
    built = eqchip.train(c.chip().set({"train.epochs": 3}))
    shipped = eqchip.train(eqchip.load("xor").set({"train.epochs": 3}))
    assert np.array_equal(built.weights["Yxh"], shipped.weights["Yxh"])


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda c: c.resistor("X1", "a", "b", 1), "'X1' does not begin with R"),
        (lambda c: c.card("R1 a 0 1\nR2 a 0 1"), "a card is one line"),
        (lambda c: c.behavioural("B1", "a", 0), "B1 is a voltage or a current"),
        (lambda c: c.behavioural("B1", "a", 0, v="1", i="1"), "expected one of v= and i="),
        (lambda c: c.resistor("R1", "a", 0, "1x").op().chip().circuit, r"c:2:8: .*1x"),
    ],
)
def test_mistakes_are_refused(act: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        act(eqchip.Circuit("c"))  # type: ignore[operator]
