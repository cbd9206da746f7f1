"""Text to cards: comments, continuations, places."""

from pathlib import Path

import pytest

from eqchip.errors import InputError
from eqchip.netlists.card import Card
from eqchip.netlists.lines import cards, physical_lines
from spice_runs import spice


def read(text: str) -> list[list[str]]:
    return [[card.head, *card.tokens] for card in cards(physical_lines(text), "chip.cir")]


def card(text: str) -> Card:
    (found,) = cards(physical_lines(text), "chip.cir")
    return found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("R1 a 0 10k", ["R1", "a", "0", "10k"]),
        ("\tR1  a\t0 10k  ", ["R1", "a", "0", "10k"]),
        ("R1 a 0 10k ; ohm", ["R1", "a", "0", "10k"]),
        ("R1 a 0 10k;ohm", ["R1", "a", "0", "10k"]),
        ("R1 a 0 10k // ohm", ["R1", "a", "0", "10k"]),
        ("R1 a 0 10k $ ohm", ["R1", "a", "0", "10k"]),
        ("R1 a 0 10k $ohm", ["R1", "a", "0", "10k"]),
        ("R1 a$1 0 10k", ["R1", "a$1", "0", "10k"]),
        ("R1 a 0\n+ 10k", ["R1", "a", "0", "10k"]),
        ("R1 a 0\n* between\n\n   * again\n ; and again\n+10k", ["R1", "a", "0", "10k"]),
        ("R1 a ; first\n  + 0 $ second\n+ 10k // third", ["R1", "a", "0", "10k"]),
        ("V1 a 0 PULSE(0 1, 1n)", ["V1", "a", "0", "PULSE", "(", "0", "1", ",", "1n", ")"]),
        ("B1 a 0 V={2*(v(b) + {c})}", ["B1", "a", "0", "V", "=", "{2*(v(b) + {c})}"]),
        ("R1 a 0 '2 * r' tc1 = 1m", ["R1", "a", "0", "'2 * r'", "tc1", "=", "1m"]),
        ('.include "my diodes.lib"', [".include", '"my diodes.lib"']),
        (".set Yxh[3,5].stuck=on", [".set", "Yxh[3,5].stuck", "=", "on"]),
        ("Rleak h[0:391] 0 1k", ["Rleak", "h[0:391]", "0", "1k"]),
    ],
)
def test_a_card_is_cut_into_words(text: str, words: list[str]) -> None:
    assert read(text) == [words]


def test_lines_end_as_on_any_system() -> None:
    assert read("R1 a 0 1\r\nR2 b 0 2\rR3 c 0 3\n") == [
        [f"R{k}", "abc"[k - 1], "0", str(k)] for k in (1, 2, 3)
    ]


def test_other_separators_end_no_line() -> None:
    assert len(read("R1 a 0 1\u2028R2 b 0 2\x0cR3 c 0 3")) == 1


@pytest.mark.ngspice
def test_ngspice_cuts_the_same_comments_and_continuations(tmp_path: Path) -> None:
    text = """V1 a 0 1 $no blank after
V2 b 0 2 $ 5
V3 c 0 3; 5
V4 d 0 4 // 5
V5 e 0
+ 5
   * indented comment
V6 f 0
* in between

+ 6
   V7 g 0
  + 7
V8 h$1 0 8
.op"""
    found = spice(text, tmp_path)[0]
    sources = [one for one in cards(physical_lines(text), "") if one.kind == "v"]
    assert len(sources) == 8
    for one in sources:
        assert found[f"v({one.tokens[0]})"][0] == float(one.tokens[2])


def test_words_know_their_line_and_column() -> None:
    found = card("  R1 a ; first\n* comment\n +  0   10k $ last\n+ tc1 = 1m")
    places = [(found.where(k).line, found.where(k).column, found.where(k).width) for k in range(-1, 6)]
    assert places == [(1, 3, 2), (1, 6, 1), (3, 5, 1), (3, 9, 3), (4, 3, 3), (4, 7, 1), (4, 9, 2)]
    assert found.where(2).excerpt() == "   +  0   10k $ last\n          ^^^"
    assert found.where(2, 1).column == 10
    assert found.where(99).line == 4


def test_the_rest_of_a_card_is_as_written() -> None:
    assert card("B1 a 0 V = v(b) *2\n+ +1").rest(4) == "v(b) *2 +1"


def test_lines_are_counted_from_where_they_begin() -> None:
    (found,) = cards(["* title", "R1 a 0 1"], "chip.cir", first=10)
    assert found.line == 11


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("+ R1 a 0 1", "'+' has no card to go on with", "1:1"),
        ("* only a comment\n  + 1", "'+' has no card to go on with", "2:3"),
        ("R1 a 0 {2*a", "'{' is not closed", "1:8"),
        ("R1 a 0 {1+{2+{3}}}", "'{' is not closed, or holds more than two levels", "1:8"),
        ("R1 a 0 2*a}", "'}' closes nothing", "1:11"),
        ("R1 a 0\n+ '2*a", "the quote is not closed", "2:3"),
        ('.include "a.lib', "the quote is not closed", "1:10"),
        ("R1 x[3 0 1", "'[' is not closed, or holds a blank", "1:5"),
        ("R1 x3] 0 1", "']' closes nothing", "1:6"),
        ("V1 a 0 SIN(0 1", "'(' is not closed", "1:11"),
        ("V1 a 0 SIN 0 1)", "')' closes nothing", "1:15"),
    ],
)
def test_what_does_not_match_is_pointed_at(text: str, message: str, place: str) -> None:
    with pytest.raises(InputError) as caught:
        read(text)
    assert str(caught.value).startswith(f"chip.cir:{place}: {message}")


def test_a_card_of_many_lines_is_joined_once() -> None:
    """Quadratic joining would take minutes for this one."""
    found = card("R1 a" + "\n+ 1" * 100_000)
    assert len(found.tokens) == 100_001
    assert found.where(100_000).line == 100_001
