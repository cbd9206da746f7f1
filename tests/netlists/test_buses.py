"""Buses, and elements and arrays on them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elaborated import circuit, names, one, refused


def test_an_element_on_a_bus_is_an_array_of_elements() -> None:
    found = circuit(".bus h[500]\nRleak h 0 1k\n")
    leak = found.instances[0]
    assert leak.shape == (500,)
    assert leak.values == {"r": 1000.0}
    assert leak.nodes[1] == 0
    assert names(found, leak.nodes[0])[:2] == ["h[0]", "h[1]"]
    assert len(found.nodes) == 501
    assert list(found.buses) == ["h"]


@given(st.integers(1, 40), st.data())
def test_a_range_includes_both_ends(size: int, data: st.DataObject) -> None:
    low = data.draw(st.integers(0, size - 1))
    high = data.draw(st.integers(low, size - 1))
    found = circuit(f".bus x[{size}]\nR1 x[{low}:{high}] 0 1\nR2 x[{high}] 0 1\nR3 x 0 1\n")
    part, single, whole = found.instances
    assert names(found, part.nodes[0]) == [f"x[{k}]" for k in range(low, high + 1)]
    assert part.shape == (high - low + 1,)
    assert single.shape == ()
    assert names(found, single.nodes[0]) == [f"x[{high}]"]
    assert whole.count == size


def test_without_bus_brackets_are_part_of_a_name() -> None:
    found = circuit("R1 x[3] 0 1\n")
    assert found.nodes == ["0", "x[3]"]
    assert found.instances[0].shape == ()


def test_sizes_may_be_expressions_and_buses_may_come_last() -> None:
    found = circuit("R1 a b 1\n.param n=3\n.bus a[{2*n}] b[n+3]\n")
    assert found.instances[0].shape == (6,)


def test_scalars_are_repeated_and_buses_go_in_step() -> None:
    found = circuit(".bus a[3] b[3]\nR1 a b 1\nE1 a 0 b 0 2\nB1 b 0 I={v(a)*v(b)}\nV1 a 0 2\nF1 b 0 V1 3\n")
    resistor, amplifier, behavioural, source, mirror = found.instances
    assert names(found, resistor.nodes[0]) == ["a[0]", "a[1]", "a[2]"]
    assert names(found, resistor.nodes[1]) == ["b[0]", "b[1]", "b[2]"]
    assert names(found, amplifier.controls[0]) == ["b[0]", "b[1]", "b[2]"]
    assert [one.shape for one in found.instances] == [(3,)] * 5
    assert names(found, behavioural.controls[0]) == ["a[0]", "a[1]", "a[2]"]
    assert source.waveform is not None
    assert mirror.controls == ("V1",)


def test_one_controlling_source_may_serve_a_bus() -> None:
    assert one(".bus a[3]\nV1 x 0 1\nF1 a 0 V1 2\n", "F1").shape == (3,)


def test_a_subcircuit_on_a_bus_is_one_a_node() -> None:
    found = circuit(
        ".bus h[3] g[3]\nX1 h g amp k=4\n.subckt amp in out k=2\n"
        "E1 o 0 in 0 {k}\nVs o out 0\nF1 0 in Vs {1/k}\n.ends\n"
    )
    amplifier, sense, back = found.instances
    assert [one.shape for one in found.instances] == [(3,)] * 3
    assert names(found, amplifier.nodes[0]) == ["X1.o[0]", "X1.o[1]", "X1.o[2]"]
    assert names(found, amplifier.controls[0]) == ["h[0]", "h[1]", "h[2]"]
    assert names(found, sense.nodes[1]) == ["g[0]", "g[1]", "g[2]"]
    assert back.controls == ("X1.Vs",)


def test_a_port_may_be_a_bus() -> None:
    found = circuit(".bus h[3]\nX1 h s\n.subckt s p\n.bus p[3] q[2]\nR1 p 0 1\nR2 q p[0:1] 1\n.ends\n")
    assert [one.shape for one in found.instances] == [(3,), (2,)]
    assert names(found, found.instances[1].nodes[0]) == ["X1.q[0]", "X1.q[1]"]


def test_an_array_stands_between_rows_and_columns() -> None:
    found = circuit(".bus x[784] h[500]\n.model syn synapse()\nYxh x h syn dir=forward w=0.5\n")
    array = found.instances[0]
    assert array.shape == (784, 500)
    assert array.values == {"dir": "forward", "w": 0.5}
    assert [len(np.asarray(nodes)) for nodes in array.nodes] == [784, 500]
    assert array.count == 392_000


def test_a_single_node_is_a_row_of_one() -> None:
    assert one(".bus h[5]\n.model syn synapse\nYb b h syn\n", "Yb").shape == (1, 5)


def test_a_crossbar_of_resistors_is_an_array_too() -> None:
    found = one(".bus x[2] h[3]\n.model rx R(r=10k)\nYxh x h rx\n", "Yxh")
    assert found.shape == (2, 3)
    assert found.given() == {"r": 1e4}


@pytest.mark.parametrize(
    ("cards", "message"),
    [
        (".bus a[3] b[2]\nR1 a b 1", "3:6: R1: 'b' has 2 nodes, 'a' has 3"),
        (".bus a[3] b[2]\nR1 a[0:1] b[1] 1\nE1 a 0 b 0 1", "4:8: E1: 'b' has 2 nodes, 'a' has 3"),
        (".bus a[3]\nR1 a[3] 0 1", "3:4: 'a[3]': bus a has 3 nodes"),
        (".bus a[3]\nR1 a[1:3] 0 1", "3:4: 'a[1:3]': bus a has 3 nodes"),
        (".bus a[3]\nR1 a[2:1] 0 1", "3:4: 'a[2:1]' runs backwards"),
        (".bus a[3]\nR1 a[x] 0 1", "3:4: 'a[x]' is no part of bus a"),
        (".bus abc[3]\nR1 abd[0:1] 0 1", "3:4: there is no bus 'abd'; did you mean 'abc'?"),
        (".bus a", "2:6: 'a' is not a bus"),
        (".bus", ".bus names no bus"),
        (".bus a[0]", "2:6: a bus of 0 nodes"),
        (".bus a[2.5]", "a bus of 2.5 nodes"),
        (".bus a[n]", "2:6: there is no parameter 'n'"),
        (".bus a[1e9]", "2:6: a bus of 1e+09 nodes"),
        (".bus a[3] A[2]", "2:11: bus A is declared twice"),
        (".bus a[3]\nV1 a 0 1\n.bus b[2]\nF1 b 0 V1 1", "5:8: F1 is 2 elements, 'V1' is 3"),
        (
            ".bus h[3] g[2]\nX1 h g s\n.subckt s a b\nR1 a b 1\n.ends",
            "3:6: X1: 'g' has 2 nodes, another bus has 3",
        ),
        (
            ".bus h[3]\nX1 h s\n.subckt s p\n.bus p[2]\nR1 p 0 1\n.ends",
            "bus p[2] is a port, and is connected to 3",
        ),
        ("X1 h s\n.subckt s p\n.bus p[2]\nR1 p 0 1\n.ends", "bus p[2] is a port, and is connected to 1 node"),
        (
            ".bus h[3]\nX1 h s\n.subckt s p\n.bus q[2]\nR1 p q 1\n.ends",
            "itself on a bus is not supported yet",
        ),
        (
            ".bus h[3]\nX1 h s\n.subckt s p\nY1 p q m\n.ends\n.model m synapse",
            "itself on a bus is not supported yet",
        ),
        (".bus x[2]\nYa x x", "3:1: Ya has 2 words"),
        ("Y1 n1 0 n2 0 ymod", "Y as a lossy line, as in ngspice, is not supported"),
        (
            ".bus x[2]\n.model c neuron\nYa x x c",
            "4:8: Ya: a neuron does not stand between a row and a column",
        ),
        (".bus x[2] h[2]\n.model s synapse\nYa x h s kernel=3", "4:10: kernel= on Ya is not supported yet"),
        (
            ".bus x[2] h[2]\n.model s synapse\nYa x h s dri=forward",
            "4:10: Ya (synapse) has no parameter 'dri'",
        ),
        (".bus x[2] h[2]\n.model s synapse\nYa x h s dir=up", "dir=up: no such choice"),
        (".bus x[2] h[2]\n.model s synapse\nYa x h s w=1 w=2", "4:14: w is given twice"),
        (".bus x[2] h[2]\n.model s synapse\nYa x h s self=1", "self= on Ya, which couples two buses"),
        (
            ".bus x[4]\n.model s synapse\nYa x[0:2] x[1:3] s",
            "'x[0:2]' and 'x[1:3]' share some nodes but not all",
        ),
        (".bus x[2] h[2]\n.model r R\nYa x h r", "Ya has no value"),
        (".bus x[90000] h[90000]\n.model s synapse\nYa x h s", "Ya has more than 2,000,000,000 devices"),
        (".bus h[2]\n.model c neuron\nNa h c\nNb h[1] c", "5:1: node h[1] has two neurons, Na and Nb"),
        (".model c neuron\nNa 0 c", "Na is a neuron on ground"),
    ],
)
def test_what_does_not_fit_is_refused(cards: str, message: str) -> None:
    error = refused(cards + "\n", message)
    assert error.at is not None


@pytest.mark.parametrize("diagonal", ["", " self=1"])
@pytest.mark.parametrize("direction", ["", " dir=tied", " dir=forward", " dir=backward"])
def test_a_bus_with_itself_has_a_device_a_pair_or_one_each_way(direction: str, diagonal: str) -> None:
    found = circuit(f".bus h[5]\n.model s synapse\nYa h h s{direction}{diagonal}\n").instance("ya")
    assert found is not None
    places = set(zip(*(axis.tolist() for axis in found.places()), strict=True))
    tied = direction in ("", " dir=tied")
    assert found.paired is tied
    wanted = {(i, j) for i in range(5) for j in range(5) if (i <= j or not tied) and (i != j or diagonal)}
    assert places == wanted


def test_nodes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eqchip.netlists.level.MOST_NODES", 10)
    assert len(circuit(".bus a[9]\n").nodes) == 10
    refused(".bus a[5] b[5]\n", "2:11: the netlist comes to more than 10 nodes")
    refused("".join(f"R{k} n{k} 0 1\n" for k in range(11)), "11:1: the netlist comes to more than 10 nodes")


def test_a_lossy_line_is_refused_by_name() -> None:
    error = refused("Y1 n1 0 n2 0 ymod\n", "Y1 has 5 words")
    assert "lossy line" in (error.expected or "")
