"""Wires of arrays: against the same network spelled out, closed forms, and refusals."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eqchip.errors import InputError
from eqchip.netlists.circuit import Circuit, Op
from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.reader import parse
from eqchip.simulator.analyses.analyse import analyse
from eqchip.simulator.manufacture import manufactured
from eqchip.simulator.rows import Rows
from eqchip.simulator.sparse import compile_sparse
from naive_wires import NaiveCrossbar

LOAD = 1e-4


def circuit(text: str) -> Circuit:
    return elaborate(parse("made by a test\n" + text + "\n.end\n", "test.cir"))


def operating_point(text: str) -> dict[str, Any]:
    """Return the recorded values of the operating point."""
    system = compile_sparse(manufactured(circuit(text)))
    found: dict[str, Any] = {}
    for one in analyse(system, Op()):
        if isinstance(one, Rows):
            found |= one.values
    return found


def crossbar(twin: NaiveCrossbar, volts: Any, more: str = "") -> str:
    """Write a crossbar as an array: every crossing's own values as .set cards."""
    rows, columns = twin.g.shape
    lines = [f".bus x[{rows}] y[{columns}]", ".model r R(r=1)"]
    lines += [f"Vx{i} x[{i}] 0 {float(volts[i])!r}" for i in range(rows)]
    lines += [f"Rl y 0 {1.0 / LOAD!r}", f"Yxy x y r rowend={twin.rowend} colend={twin.colend} {more}"]
    for i in range(rows):
        lines.append(f".set Yxy[{i},0].rdriver={float(twin.rdriver[i])!r}")
        for j in range(columns):
            lines.append(f".set Yxy[{i},{j}].r={float(1.0 / twin.g[i, j])!r}")
            lines.append(f".set Yxy[{i},{j}].rrow={float(twin.rrow[i, j])!r}")
            lines.append(f".set Yxy[{i},{j}].rcol={float(twin.rcol[i, j])!r}")
    lines += [f".set Yxy[0,{j}].rload={float(twin.rload[j])!r}" for j in range(columns)]
    lines += [".save v(y) v(Yxy.row) v(Yxy.col)", ".options reltol=1e-12 abstol=1e-18 vntol=1e-15"]
    return "\n".join(lines)


@given(
    shape=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    seed=st.integers(0, 10_000),
    rowend=st.sampled_from(["left", "right", "both"]),
    colend=st.sampled_from(["bottom", "top", "both"]),
    zeros=st.sampled_from([0.0, 0.4, 1.0]),
)
@settings(max_examples=60, deadline=None)
def test_every_node_is_that_of_the_network_spelled_out(
    shape: tuple[int, int], seed: int, rowend: str, colend: str, zeros: float
) -> None:
    random = np.random.default_rng(seed)

    def ohms(size: Any) -> Any:
        return np.where(random.random(size) < zeros, 0.0, 10.0 ** random.uniform(0, 3, size))

    g = 10.0 ** random.uniform(-6, -4, shape)
    twin = NaiveCrossbar(g, ohms(shape), ohms(shape), ohms(shape[0]), ohms(shape[1]), rowend, colend)
    volts = random.uniform(-0.5, 0.5, shape[0])
    if not any(np.any(each) for each in (twin.rrow, twin.rcol, twin.rdriver, twin.rload)):
        return
    found, wanted = operating_point(crossbar(twin, volts)), twin.solve(volts, LOAD)
    for name, kind in (("v(yxy.row)", "r"), ("v(yxy.col)", "c")):
        expected = [wanted[f"{kind}{i},{j}"] for i in range(shape[0]) for j in range(shape[1])]
        np.testing.assert_allclose(found[name][0], expected, rtol=0, atol=1e-10)
    np.testing.assert_allclose(found["v(y)"][0], [wanted[f"y{j}"] for j in range(shape[1])], atol=1e-10)


def test_wires_of_a_model_and_a_mask() -> None:
    """An array takes its wires from its model; where a mask leaves a device out, the lines go on."""
    random = np.random.default_rng(3)
    g = 10.0 ** random.uniform(-6, -4, (3, 4))
    ones = np.ones((3, 4))
    twin = NaiveCrossbar(g, 2.0 * ones, 3.0 * ones, np.full(3, 7.0), np.full(4, 9.0))
    volts = np.array([0.3, -0.2, 0.1])
    text = crossbar(twin, volts).split("\n")
    kept = [
        line for line in text if not any(word in line for word in ("].rrow", "].rcol", "rdriver", "rload"))
    ]
    kept = [line.replace("R(r=1)", "R(r=1 rrow=2 rcol=3 rdriver=7 rload=9)") for line in kept]
    found, wanted = operating_point("\n".join(kept)), twin.solve(volts, LOAD)
    np.testing.assert_allclose(found["v(y)"][0], [wanted[f"y{j}"] for j in range(4)], atol=1e-10)


def test_a_broken_line_leaves_what_is_beyond_it_to_the_columns() -> None:
    """With row 0 broken before crossing 1, nothing enters what is beyond it but through its devices."""
    text = """.bus x[2] y[2]
.model r R(r=10k)
Vx0 x[0] 0 1
Vx1 x[1] 0 0
Rl y 0 1k
Yxy x y r rrow=1 rcol=1
.set Yxy[0,1].rrow=1e15
.save v(Yxy.row) v(Yxy.col) v(y)
.options reltol=1e-12"""
    found = operating_point(text)
    row, column = found["v(yxy.row)"][0].reshape(2, 2), found["v(yxy.col)"][0].reshape(2, 2)
    assert row[0, 1] == pytest.approx(column[0, 1], abs=1e-9)  # it hangs on its device alone
    assert row[0, 0] > 0.9


def test_the_nodes_of_wires_are_recorded_where_they_are_named() -> None:
    text = ".bus x[2] y[2]\n.model r R(r=1k)\nVx x 0 1\nRl y 0 1k\nYxy x y r rrow=1\n"
    assert set(operating_point(text)) == {"v(x)", "v(y)", "i(vx)"}
    found = operating_point(text + ".save v(Yxy.row) v(Yxy.row[1][0])")
    np.testing.assert_array_equal(found["v(yxy.row)"][:, 2], found["v(yxy.row[1][0])"])


@pytest.mark.parametrize("wires", ["rdriver=5", "rcol=0"])
def test_crossings_that_share_a_node_are_recorded_all_the_same(wires: str) -> None:
    text = ".bus x[2] y[2]\n.model r R(r=1k)\nVx x 0 1\nRl y 0 1k\n.save v(x) v(Yxy.row) v(Yxy.row[1][1])\n"
    found = operating_point(text + f"Yxy x y r {wires}")
    row = found["v(yxy.row)"].reshape(2, 2)
    assert row[1, 1] == row[1, 0] == found["v(yxy.row[1][1])"]
    assert (row[0, 0] < found["v(x)"][0, 0]) == (wires == "rdriver=5")


def test_a_crossing_that_is_not_there_is_refused() -> None:
    text = ".bus x[2] y[2]\n.model r R(r=1k)\nVx x 0 1\nRl y 0 1k\nYxy x y r rrow=1\n.save v(Yxy.row[2][0])"
    with pytest.raises(InputError, match=re.escape("'v(yxy.row[2][0])' can be saved")):
        operating_point(text)


def test_wires_of_no_resistance_change_nothing() -> None:
    text = ".bus x[2] y[2]\n.model r R(r=1k)\nYxy x y r rrow=0 rdriver=0 rowend=both"
    plain = circuit(text)
    assert manufactured(plain) is plain


REFUSED = {
    "R1 a 0 1k rrow=1": "rrow= on R1: wires are those of an array",
    ".bus x[2] y[2]\n.model s synapse\nYxy x y s rrow=1": "rrow= on Yxy: a synapse has no wires",
    ".bus x[2] y[2]\n.model r R(r=1k)\nYxy x y r rrow=-1": "rrow=-1 Ω is out of range",
    ".bus x[2] y[2]\n.model r R(r=1k)\nYxy x y r rrow=1 rowend=up": "rowend=up: no such choice",
    ".bus x[2]\n.model r R(r=1k)\nYxx x x r rrow=1": "Yxx: wires of an array between a bus and itself",
    ".bus x[2] y[2]\n.model r R(r=1k)\nYxy x y r rrow=1\n.set Yxy[0,1].rdriver=3": "one number a row",
    ".bus x[2] y[2]\n.model r R(r=1k)\nYxy x y r rrow=1\n.set Yxy[1,0].rload=3": "one number a column",
}


@pytest.mark.parametrize(("text", "message"), REFUSED.items())
def test_what_has_no_meaning_is_refused(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        manufactured(circuit(text))
    assert message in str(caught.value)
    assert caught.value.at is not None
