"""Subcircuits: names, ports, parameters; the rules of scope against ngspice itself."""

from pathlib import Path

import pytest

from elaborated import circuit, names, one, refused, with_ngspice
from spice_runs import spice

NESTED = """\
R1 a 0 1k
X1 a b outer r=3
.subckt outer p q r=1
R1 p i {r}
Xin i q inner s={2*r}
.subckt inner p q s=5
R1 p q {s}
.ends
.ends
"""


def test_what_is_inside_is_called_by_its_way_in() -> None:
    found = circuit(NESTED)
    assert [one.name for one in found.instances] == ["R1", "X1.R1", "X1.Xin.R1"]
    assert found.nodes == ["0", "a", "b", "X1.i"]
    assert [one.values["r"] for one in found.instances] == [1000.0, 3.0, 6.0]
    assert names(found, found.instances[2].nodes) == ["X1.i", "b"]


def test_ground_is_ground_everywhere_and_global_nodes_too() -> None:
    found = circuit(".global vdd\nX1 a s\nV1 vdd 0 1\n.subckt s p\nR1 p GND 1\nR2 p VDD 1\n.ends\n")
    assert found.nodes == ["0", "a", "vdd"] or found.nodes == ["0", "a", "VDD"]


def test_a_global_bus_is_known_inside() -> None:
    found = circuit(
        ".bus w[3]\n.global w\nX1 a s\n.subckt s p\nR1 p w[1] 1\nR2 w[0:1] 0 2\nR3 w 0 1\n.ends\n"
    )
    assert names(found, found.instances[0].nodes) == ["a", "w[1]"]
    assert [one.shape for one in found.instances] == [(), (2,), (3,)]


def test_a_port_called_gnd_is_ground_as_in_ngspice() -> None:
    found = circuit("X1 a 0 s\n.subckt s p gnd\nR1 p gnd 1\n.ends\n")
    assert found.instances[0].nodes == (1, 0)


def test_parentheses_and_params_are_for_people() -> None:
    for card in ("X1 (a b) outer params: r=3", "X1 a, b outer r = 3", "X1 a b outer PARAMS: r={1+2}"):
        found = circuit(
            NESTED.replace("X1 a b outer r=3", card).replace("inner p q s=5", "inner p q PARAMS: s=5")
        )
        assert found.instances[1].values["r"] == 3.0


def test_models_and_subcircuits_are_looked_up_where_they_are_defined() -> None:
    found = circuit(
        ".model d1 D(n=2)\nX1 a s\n.subckt s p\n.model d1 D(n={k})\n.param k=3\nD1 p 0 d1\nX1 p t\n.ends\n"
        ".subckt t p\nD1 p 0 d1\n.ends\n"
    )
    assert [one.given()["n"] for one in found.instances] == [3.0, 2.0]
    assert set(found.models) == {"d1", "x1.d1"}


def test_functions_inside_see_the_parameters_of_the_place_of_use() -> None:
    found = circuit("X1 a s k=4\n.subckt s p k=1\n.func f(x) {x*k}\nR1 p 0 {f(2)}\n.ends\n")
    assert found.instances[0].values["r"] == 8.0


def test_many_uses_share_what_is_read_once() -> None:
    cards = "".join(f"X{k} a s r={k % 3 + 1}\n" for k in range(300))
    found = circuit(cards + ".subckt s p r=1\n.param q={2*r}\nR1 p 0 {q}\nB1 p 0 I={q*v(p)}\n.ends\n")
    assert [one.values["r"] for one in found.instances[::2]] == [2.0 * (k % 3 + 1) for k in range(300)]
    assert {one.program.text for one in found.instances[1::2] if one.program} == {
        f"{q}*v(p)" for q in (2, 4, 6)
    }


# Each line: a current of 1 mA into a node, whose voltage says which resistance ngspice found.
SCOPES = """\
.param r=1k g=7k
I1 0 a 1m
X1 a s1 r=2k
I2 0 b 1m
X2 b s2 p=2k
I3 0 c 1m
X3 c s3
I4 0 d 1m
X4 d s4
I5 0 e 1m
X5 e s5 r={r*2}
I6 0 f 1m
X6 f s6 r=9k
.subckt s1 a r=1.5k
.param r=3k
R1 a 0 {r}
.ends
.subckt s2 a p=1k q={p*3}
R1 a 0 {q}
.ends
.subckt s3 a
.param z={w*2}
.param w={g}
R1 a 0 {z}
.ends
.subckt s4 a
.param r=5k
X1 a t
.ends
.subckt t a
R1 a 0 {r}
.ends
.subckt s5 a r=1
R1 a 0 {r}
.ends
.subckt s6 a r=1
.subckt in a r=4k
R1 a 0 {r}
.ends
X1 a in
.ends
.op
"""


def test_scopes() -> None:
    found = circuit(SCOPES)
    values = {one.name: one.values["r"] for one in found.instances if one.name.endswith("R1")}
    assert values == {
        "X1.R1": 2000.0,  # the instance wins over a .param inside
        "X2.R1": 6000.0,  # defaults see what is given
        "X3.R1": 14000.0,  # in any order
        "X4.X1.R1": 5000.0,  # looked up where it is used
        "X5.R1": 2000.0,  # given values are those of the place of use
        "X6.X1.R1": 4000.0,  # a default hides what is around
    }


@with_ngspice
def test_scopes_are_those_of_ngspice(tmp_path: Path) -> None:
    volts = spice(SCOPES, tmp_path)[0]
    found = circuit(SCOPES)
    for instance in found.instances:
        if instance.name.endswith("R1"):
            node = found.nodes[instance.nodes[0]]  # type: ignore[index]
            assert volts[f"v({node})"][0] == pytest.approx(1e-3 * instance.values["r"], rel=1e-6)


@pytest.mark.parametrize(
    ("cards", "message"),
    [
        (
            "X1 a b amp\n.subckt ampl p q\nR1 p q 1\n.ends",
            "2:8: there is no subcircuit 'amp'; did you mean 'ampl'?",
        ),
        ("X1 a b s", "2:8: there is no subcircuit 's'"),
        ("X1", "2:1: X1 names no subcircuit"),
        ("X1 a s\n.subckt s p q\nR1 p q 1\n.ends", "2:6: X1 connects 1 nodes, s has 2 ports"),
        ("X1 a s rr=1\n.subckt s p rs=2\nR1 p 0 1\n.ends", "2:8: subcircuit s has no parameter 'rr'"),
        ("X1 a s r=1\n.subckt s p\n.param r=2\nR1 p 0 {r}\n.ends", "2:8: subcircuit s has no parameter 'r'"),
        (
            "X1 a s m=2\n.subckt s p\nR1 p 0 1\n.ends",
            "2:8: m= on X1 (several in parallel) is not supported yet",
        ),
        ("X1 a s\nx1 b s\n.subckt s p\nR1 p 0 1\n.ends", "3:1: 'x1' is there twice"),
        (
            ".subckt s p\nR1 p 0 1\n.ends\n.subckt S p\nR1 p 0 1\n.ends",
            "5:9: subcircuit S is defined twice, first in line 2",
        ),
        ("X1 a s\n.subckt s p p\nR1 p 0 1\n.ends", "3:13: port 'p' is there twice"),
        ("X1 a b s\n.subckt s p 0\nR1 p 0 1\n.ends", "2:6: port '0' of s is ground, not 'b'"),
        (
            "X1 a s\n.subckt s p\nX1 p s\n.ends",
            "subcircuits nest deeper than 64 levels: does s contain itself?",
        ),
        ("X1 a s\n.subckt s p params: k\nR1 p 0 1\n.ends", "'k' has no default"),
        ("X1 a s\n.subckt s p\n.op\nR1 p 0 1\n.ends", "4:1: .op inside a subcircuit is not supported yet"),
        (
            "X1 a s\n.subckt s p\n.model dx D\n.ends\nX2 a t\n.subckt t p\nD1 p 0 dx\n.ends",
            "8:8: there is no model 'dx'",
        ),
        (".global", ".global names no node"),
    ],
)
def test_what_does_not_fit_is_refused(cards: str, message: str) -> None:
    refused(cards + "\n", message)


def test_what_subcircuits_come_to_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eqchip.netlists.build.MOST_INSTANCES", 100)
    bomb = "X1 a s0\n" + "".join(f".subckt s{k} p\nX1 p s{k + 1}\nX2 p s{k + 1}\n.ends\n" for k in range(20))
    refused(bomb + ".subckt s20 p\nR1 p 0 1\n.ends\n", "the netlist comes to more than 100 elements")


def test_an_error_inside_points_at_the_body() -> None:
    refused("X1 a s k=0\n.subckt s p k=1\nR1 p 0 {k}\n.ends\n", "4:8: r=0 Ω is out of range")
    assert one("X1 a s\n.subckt s p\nR1 p 0 1\n.ends\n", "X1.R1").at is not None
