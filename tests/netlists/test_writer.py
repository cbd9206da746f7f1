"""Netlists that are written read back the same, places aside."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqchip.netlists.card import Card, Netlist
from eqchip.netlists.reader import parse, read
from eqchip.netlists.writer import line, write


def plain(cards: object) -> list[object]:
    """Cards without their places."""
    return [(card.head, card.tokens, plain(card.body)) for card in cards]  # type: ignore[attr-defined]


def same(netlist: Netlist) -> Netlist:
    again = parse(write(netlist))
    assert again.title == netlist.title
    assert plain(again.cards) == plain(netlist.cards)
    assert write(again) == write(netlist)
    return again


def card(text: str) -> Card:
    return parse("t\n" + text).cards[0]


words = st.text("abcxyz0123456789_.:+-*/<>!?&|^#@$", min_size=1, max_size=8).filter(
    lambda one: "//" not in one and one[0] != "$"
)
indexed = st.tuples(st.sampled_from(["x", "Yxh", "h.n"]), st.integers(0, 9), st.integers(0, 9)).map(
    lambda parts: f"{parts[0]}[{parts[1]}:{parts[2]}].s"
)
formulas = st.text("abv()+-*/ 12.,?:<>=_", max_size=30).filter(lambda one: "//" not in one)
kept = st.one_of(
    formulas.map(lambda one: "{" + one + "}"),
    formulas.map(lambda one: "{" + one + "{a}" + one + "}").filter(lambda one: "//" not in one),
    formulas.map(lambda one: "'" + one + "'"),
    formulas.map(lambda one: '"' + one + '"'),
)
token = st.one_of(words, words, indexed, kept, st.just("="), st.just(","))
tokens = st.recursive(
    st.lists(token, max_size=8),
    lambda inner: st.tuples(inner, inner, inner).map(
        lambda three: [*three[0], "(", *three[1], ")", *three[2]]
    ),
    max_leaves=4,
)
names = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,6}", fullmatch=True)
dots = st.sampled_from([".param", ".model", ".tran", ".SET", ".Train", ".data"])
elements = st.tuples(names | dots, tokens).map(lambda two: Card(two[0], two[1], "", "", 0))


def subcircuit(inner: st.SearchStrategy[Card]) -> st.SearchStrategy[Card]:
    return st.tuples(names, tokens, st.lists(inner, max_size=4)).map(
        lambda three: Card(".subckt", [three[0], *three[1]], "", "", 0, body=three[2])
    )


netlists = st.builds(
    lambda title, cards: Netlist(title.rstrip(), cards),
    st.text("abc *+.-RVX01 ()'{", max_size=40),
    st.lists(st.recursive(elements, subcircuit, max_leaves=4), max_size=5),
)


@given(netlists)
def test_any_netlist_reads_back_the_same(netlist: Netlist) -> None:
    same(netlist)


def test_reference_circuits_read_back_the_same(cases: Path) -> None:
    for path in sorted(cases.glob("*.cir")):
        same(read(path))


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("R1   a\t0   10k ; ohm", "R1 a 0 10k"),
        ("V1 a 0 PULSE ( 0 1 , 2 )", "V1 a 0 PULSE(0 1, 2)"),
        (".model d D ( Is = 1e-8  N=1.8 )", ".model d D(Is=1e-8 N=1.8)"),
        ("R1 (a 0) { 2 * r }", "R1 (a 0) { 2 * r }"),
        ("B1 a 0 V = v(b)*2 + 1", "B1 a 0 V=v(b) *2 + 1"),
        (".bus x[784]   h[500]", ".bus x[784] h[500]"),
        ("R1 a 0\n* comment\n+ 10k", "R1 a 0 10k"),
    ],
)
def test_spacing_is_canonical(written: str, canonical: str) -> None:
    assert line(card(written)) == canonical


def test_long_cards_go_on() -> None:
    source = card("V1 a 0 PWL(" + " ".join(f"{k}u {k}" for k in range(200)) + ")")
    written = write(Netlist("t", [source])).split("\n")
    assert len(written) > 10
    assert all(one.startswith("+ ") and len(one) <= 100 for one in written[2:-2])
    assert parse("\n".join(written)).cards[0].tokens == source.tokens


def test_bodies_are_indented_and_closed_by_name() -> None:
    text = "t\n.subckt a x\n  .subckt b y\n    R1 y 0 1k\n  .ends b\n  X1 x b\n.ends a\n.end\n"
    assert write(parse(text.replace("  ", ""))) == text


def test_a_dollar_sign_in_a_word_begins_no_comment() -> None:
    found = same(parse("t\nR1 a$1 0 {x}$y ($z)\n"))
    assert found.cards[0].tokens == ["a$1", "0", "{x}", "$y", "(", "$z", ")"]


def test_included_files_are_written_out(tmp_path: Path) -> None:
    (tmp_path / "a.lib").write_text("R2 a 0 1\n", encoding="utf-8")
    (tmp_path / "chip.cir").write_text("t\n.include a.lib\nR1 a 0 1\n", encoding="utf-8")
    assert write(read(tmp_path / "chip.cir")) == "t\nR2 a 0 1\nR1 a 0 1\n.end\n"


def test_a_title_of_several_lines_becomes_one() -> None:
    assert write(Netlist("two\nlines", [])) == "two lines\n.end\n"
