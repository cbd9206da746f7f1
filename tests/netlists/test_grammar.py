"""How expressions are read, held against ngspice's own two readers."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqchip.errors import InputError
from eqchip.netlists.card import Card
from eqchip.netlists.expression import Scope, evaluate, parse_expression
from eqchip.netlists.formula import Chain, Current, Number, Prefix, Time, Voltage, text
from spice_runs import spice

# What ngspice reads alike in parameters and in B sources.
_ALIKE = """
-2^2 2^-1 2^3^2 2**3**2 -2**2 (-2)^2 (-2)^3 2*-3 2--3 1-2-3 8/4/2 !0 1<2<3 1&&0||1 1>2?3:4 0?1:0?2:3
2^0.5 -2^0.5 -3-2 2*3^2 6/2*3 1+2<4 1?2:3+4 0||0 !1+1 -1?2:3 -2^-2 -3^2*2 !0^2 2*!0 1<2?5:6 2^!0
3-2+1 -(2)^2 !!3 1>2||3>2 (-2^2) 3*(-2^2) max(-2^2,-9) min(9,-2^2) 1?(0?1:2):3 0?1:1?2:3
0?1:0?2:1?4:5 1?2:0?3:4 1+1?2:3 1>2==1 3<=2!=1 1&&2==2 1||1==0 0&&1||1 1||1&&0 0||1&&0 !0&&0
2>1&&1>2 (1>2?3:4)+1 -pow(2,2)^2 5/2 1<>1 1.5u 2meg 1e3k 10kohm .5 5. +3 pow(pow(2,2),2) 1e-3meg
-sqrt(4) 0^0
"""
# What it reads differently.
_APART = """
2*-2^2 1<-2^2 1?-2^2:3 0?1:-2^2 --2^2 +-2^2 2+-2^2 3--2^2 2^-1^2 2^-3^2 !2^0 !2*3 1==2>1 2==1<1
1!=2<0
"""
ALIKE = _ALIKE.split()
APART = [*_APART.split(), "- -2^2"]


def ours(source: str, behavioural: bool) -> float:
    node = parse_expression(source, behavioural=behavioural)
    return evaluate(node, Scope(), behavioural=behavioural)


@pytest.mark.ngspice
@pytest.mark.parametrize("behavioural", [False, True], ids=["parameters", "sources"])
def test_expressions_mean_what_ngspice_means(behavioural: bool, tmp_path: Path) -> None:
    lines = ["Rload n0 0 1", ".op"]
    for k, source in enumerate(ALIKE + APART):
        lines.append(f"B{k} n{k} 0 V={{{source}}}" if behavioural else f"V{k} n{k} 0 {{{source}}}")
    found = spice("\n".join(lines), tmp_path)[0]
    for k, source in enumerate(ALIKE + APART):
        assert ours(source, behavioural) == pytest.approx(found[f"v(n{k})"][0], rel=1e-9, abs=1e-30), source


def test_the_two_readers_differ_where_ngspice_differs() -> None:
    assert [ours("2*-2^2", behavioural) for behavioural in (False, True)] == [8.0, -8.0]
    assert [ours("1==2>1", behavioural) for behavioural in (False, True)] == [0.0, 1.0]
    assert all(ours(one, False) == ours(one, True) for one in ALIKE)
    assert all(ours(one, False) != ours(one, True) for one in APART if one != "!2*3")


def test_a_sum_of_thousands_of_terms_is_one_level() -> None:
    node = parse_expression("+".join(f"v(x{k})*0.5" for k in range(3000)), behavioural=True)
    assert isinstance(node, Chain)
    assert len(node.operands) == 3000


def test_voltages_currents_and_time_keep_their_names() -> None:
    def leaf(source: str) -> object:
        return parse_expression(source, behavioural=True)

    at = parse_expression("1").at
    assert leaf("V(Out+, x1.n[3])") == Voltage("Out+", "x1.n[3]", at)
    assert leaf("v(3)") == Voltage("3", None, at)
    assert leaf("I(Vx)") == Current("Vx", at)
    assert leaf("TIME") == Time(at)
    assert leaf("'-(1k)'") == Prefix("-", Number(1000.0, at), at)


@pytest.mark.parametrize(
    ("source", "message", "column"),
    [
        ("1+", "the expression ends too early", 3),
        ("", "the expression ends too early", 1),
        ("(1+2", "the expression ends too early", 5),
        ("1+2)", "')' closes nothing", 4),
        ("{1+2)", "')' closes nothing", 5),
        ("1=1", "'=' does not compare", 2),
        ("a b", "'b' cannot stand here", 3),
        ("2+*3", "'*' cannot stand here", 3),
        ("1 # 2", "'#' means nothing in an expression", 3),
        ("4k7", "digits after its suffix; write 4.7k", 1),
        ("2*1x", "neither a scale", 3),
        ("2+1e400", "'1e400' is too large a number", 3),
        ("1mil", "ngspice reads mil as 1e-3 in an expression", 1),
        ("1?2", "the expression ends too early", 4),
        ("1?2+3 4", "'4' cannot stand here", 7),
        ("1?0?1:2:3", "a choice within a choice", 4),
        ("max(1,2", "the expression ends too early", 8),
        ("v(a", "'(' is not closed", 2),
        ("2*v(a,b,c)", "'v(a,b,c)' is not understood", 3),
        ("v()", "'v()' is not understood", 1),
        ("i(a,b)", "'i(a,b)' is not understood", 1),
        ("(" * 200 + "1", "nests deeper than 100 levels", 101),
    ],
)
def test_a_mistake_is_pointed_at(source: str, message: str, column: int) -> None:
    with pytest.raises(InputError) as caught:
        parse_expression(source)
    assert message in str(caught.value)
    assert caught.value.at is not None
    assert caught.value.at.column == column


def test_a_remainder_is_refused_where_ngspice_has_none() -> None:
    assert ours("7%4", False) == 3.0
    with pytest.raises(InputError, match="'%' means nothing in an expression here"):
        parse_expression("7%4", behavioural=True)


def test_a_mistake_in_a_card_is_pointed_at_in_its_line() -> None:
    card = Card("R1", ["a", "0", "{2*(1+}"], "R1 a 0 {2*(1+}", "chip.cir", 7)
    with pytest.raises(InputError) as caught:
        parse_expression(card.tokens[2], card, 2)
    assert str(caught.value).splitlines()[:3] == [
        "chip.cir:7:14: '}' closes nothing",
        "  R1 a 0 {2*(1+}",
        "               ^",
    ]


def test_deep_trees_without_brackets_are_bounded_too() -> None:
    source = "1"
    for _ in range(40):
        source = f"({source}^2*3+4<5==1&&1||0)"
    with pytest.raises(InputError, match="nests deeper than 100 levels"):
        parse_expression(source, behavioural=True)


def test_length_is_bounded() -> None:
    with pytest.raises(InputError, match="more than 200,000"):
        parse_expression("1+" * 150_000 + "1")


@given(st.text(alphabet="0123456789.eEkuM+-*/^<>=!&|?:(),{} abvixtime%'#µ", max_size=60), st.booleans())
def test_any_text_is_read_or_refused(source: str, behavioural: bool) -> None:
    try:
        node = parse_expression(source, behavioural=behavioural)
    except InputError:
        return
    assert text(node)
