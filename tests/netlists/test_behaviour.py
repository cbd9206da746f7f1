"""B sources, and E and G with a formula, as programs over their controls."""

import math

import numpy as np
import pytest

from elaborated import circuit, names, one, refused
from eqchip.devices.circuit.behavioural import measure
from eqchip.devices.circuit.stack_machine import run
from eqchip.netlists.circuit import Instance


def value(instance: Instance, controls: list[float], time: float = 0.0) -> float:
    """Run a program as the kernel does."""
    assert instance.program is not None
    code = np.array(instance.program.code)
    depth, count = measure(code)
    assert count <= len(controls)
    slope = np.empty((depth, max(count, 1)))
    return float(run(code, 0, len(code), np.array(controls), count, time, np.empty(depth), slope))


def test_a_voltage_has_a_branch_and_a_current_none() -> None:
    assert one("B1 a 0 V={1}\n", "B1").family.branches == 1
    assert one("B1 a 0 I={1}\n", "B1").family.branches == 0


@pytest.mark.parametrize(
    ("formula", "wanted"),
    [
        ("2*v(x)+v(y)", 2 * 0.3 + 0.7),
        ("v(x,y)", 0.3 - 0.7),
        ("v(x)-v(gnd)", 0.3),
        ("-v(x)^2", -0.09),
        ("k*tanh(v(x)/v(y))", 3 * math.tanh(0.3 / 0.7)),
        ("v(x) > 0.5 ? 1 : time", 1e-3),
        ("f(v(x), 2)", 0.3 * 2 + 1),
        ("min(v(x),v(y))+max(v(x),v(y))", 1.0),
        ("limit(v(y), 0, 0.5)", 0.5),
        ("pwl(v(x), 0, 0, 1, 10)", 3.0),
        ("v(x) && !v(y)", 0.0),
        ("if(v(x) < v(y), v(x), v(y))", 0.3),
    ],
)
def test_a_formula_is_what_it_says(formula: str, wanted: float) -> None:
    cards = f".param k=3\n.func f(a,b) {{a*b+1}}\nB1 o 0 V={{{formula}}}\nR1 x y 1\nR2 x 0 1\n"
    found = circuit(cards)
    source = found.instances[0]
    volts = {"x": 0.3, "y": 0.7}
    controls = [volts[name] for name in names(found, source.controls)] if source.controls else []
    assert value(source, controls, 1e-3) == pytest.approx(wanted, rel=1e-14)


def test_braces_are_not_needed() -> None:
    assert value(one("B1 a 0 I = 2 * v(a) + 1\n", "B1"), [3.0]) == 7.0


def test_a_control_is_listed_once() -> None:
    assert len(one("B1 a 0 V={v(b)*v(b)+v(b,c)+i(V1)*i(v1)}\nV1 b c 1\n", "B1").controls) == 3


def test_a_current_is_that_of_the_source_as_it_is_spelled() -> None:
    found = one("B1 a 0 V={i(vSENSE)}\nVsense b 0 1\n", "B1")
    assert found.controls == ("Vsense",)
    assert found.program is not None
    assert found.program.controls == ("Vsense",)


def test_names_in_a_subcircuit_are_its_own() -> None:
    found = circuit("X1 a 0 s\nR1 a 0 1\n.subckt s p q\nB1 p q I={v(i)+i(Vs)+v(p)}\nVs i q 1\n.ends\n")
    assert [
        names(found, one) if not isinstance(one, str) else one for one in found.instances[0].controls
    ] == [
        ["X1.i"],
        "X1.Vs",
        ["a"],
    ]


@pytest.mark.parametrize("card", ["E1 a 0 VALUE={2*v(b)}", "E1 a 0 vol='2*v(b)'", "E1 a 0 VALUE {2*v(b)}"])
def test_e_with_a_formula_is_a_voltage(card: str) -> None:
    found = one(f"{card}\nR1 b 0 1\n", "E1")
    assert found.family.branches == 1
    assert value(found, [4.0]) == 8.0


@pytest.mark.parametrize("card", ["G1 a 0 VALUE={2*v(b)}", "G1 a 0 cur='2*v(b)'"])
def test_g_with_a_formula_is_a_current(card: str) -> None:
    found = one(f"{card}\nR1 b 0 1\n", "G1")
    assert found.family.branches == 0
    assert value(found, [4.0]) == 8.0


@pytest.mark.parametrize(
    ("card", "message"),
    [
        ("B1 a 0", "2:7: B1 has no expression"),
        ("B1 a 0 V=", "2:10: B1 has no expression"),
        ("B1 a 0 {v(a)}", "2:8: '{v(a)}' on B1 is not understood"),
        ("B1 a 0 W={v(a)}", "2:8: 'W' on B1 is not understood"),
        ("B1 a 0 V={v(a)+}", "chip.cir:2:16:"),
        ("B1 a 0 V={v(aa)}\nR1 ab 0 1", "2:11: no element connects to node 'aa'; did you mean 'a'?"),
        ("B1 a 0 V={i(R1)}\nR1 a 0 1", "2:11: 'R1' (resistor) has no current of its own to read"),
        ("B1 a 0 V={i(V2)}\nV1 a 0 1", "2:11: B1 reads the current of 'V2', which is not there"),
        ("B1 a 0 V={gain*v(a)}", "2:11: there is no parameter 'gain'"),
        ("B1 a 0 V={ddt(v(a))}", "ddt() is not supported yet"),
        ("B1 a 0 I={agauss(1,1,1)}", "draws a random number in ngspice"),
        ("B1 a 0 V={v(a) % 2}", "chip.cir:2:"),
        ("G1 a 0 VOL={1}", "2:8: VOL on G1 is not supported yet"),
        ("E1 a 0 LAPLACE {v(a)} = {1/s}", "2:8: LAPLACE on E1 is not supported yet"),
        (".bus h[3] g[2]\nB1 h 0 I={v(g)}", "3:1: B1 names buses of 2 and 3 nodes"),
    ],
)
def test_a_wrong_formula_is_refused_where_it_is_wrong(card: str, message: str) -> None:
    refused(card + "\n", message)
