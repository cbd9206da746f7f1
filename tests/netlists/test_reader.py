"""Text to Netlist: the title, subcircuits, what is skipped and what is refused."""

import gc
from pathlib import Path

import numpy as np
import pytest

from eqchip.errors import InputError
from eqchip.netlists.reader import parse, read


def heads(text: str) -> list[str]:
    return [card.head for card in parse(text).cards]


def test_the_first_line_is_the_title_even_when_it_looks_like_a_card() -> None:
    found = parse("R0 1 0 1k\nR1 1 0 2k\n.end\n")
    assert found.title == "R0 1 0 1k"
    assert [card.head for card in found.cards] == ["R1"]
    assert [note for _, note in found.notes] == [
        "the first line is the title of a netlist: it is not read as a card"
    ]


@pytest.mark.parametrize(
    "title", ["* crossbar", "EP01 RC leaky integrator, step and leak", "a chip of 3 neurons", ""]
)
def test_a_title_is_a_title(title: str) -> None:
    found = parse(f"{title}\nR1 1 0 2k\n")
    assert found.title == title
    assert found.notes == []


def test_a_title_card_wins() -> None:
    assert parse("first\n.title The second\nR1 a 0 1\n").title == "The second"


def test_bodies_of_subcircuits_nest() -> None:
    found = parse("t\n.subckt a x\nR1 x 0 1\n.SUBCKT b y\nR2 y 0 1\n.ends B\nX1 x b\n.ends\nX2 n a\n")
    outer, x2 = found.cards
    assert x2.head == "X2"
    assert [card.head for card in outer.body] == ["R1", ".SUBCKT", "X1"]
    assert [card.head for card in outer.body[1].body] == ["R2"]


def test_a_byte_order_mark_is_no_character() -> None:
    assert parse("\ufefftitle\nR1 a 0 1\n").title == "\ufefftitle".removeprefix("\ufeff")


def test_output_cards_are_skipped_with_a_note() -> None:
    found = parse("t\nR1 a 0 1\n.probe v(a)\n.four 1k v(a)\n.print tran v(a)\n.end\n", "chip.cir")
    assert [card.head for card in found.cards] == ["R1", ".print"]
    assert [(at.line, note) for at, note in found.notes] == [
        (3, ".probe was skipped: it only asks for output"),
        (4, ".four was skipped: it only asks for output"),
    ]


def test_a_control_block_that_only_shows_is_skipped() -> None:
    found = parse(
        "t\nR1 a 0 1\n.op\n.control\nset filetype=ascii\nrun\necho it's {done\nplot v(a)\n.endc\n.end\n"
    )
    assert [card.head for card in found.cards] == ["R1", ".op"]
    assert [note for _, note in found.notes] == ["the .control block was skipped: it only asks for output"]


def test_quotes_count_again_after_a_control_block() -> None:
    with pytest.raises(InputError, match=r"netlist:5:8: '\{' is not closed"):
        parse("t\n.control\nrun\n.endc\nR1 a 0 {1\n")


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("", "1:1", "the netlist is empty"),
        (" \n\n", "1:1", "the netlist is empty"),
        ("t\nR1 a 0 1\n.tarn 1u 1m\n", "3:1", "unknown card '.tarn'; did you mean '.tran'?"),
        ("t\n.ac dec 10 1 1k\n", "2:1", ".ac is not supported yet"),
        ("t\n.step R1 1 2 1\n", "2:1", ".step is not supported yet"),
        ("t\n.noise v(a) V1 dec 1 1 2\n", "2:1", ".noise is not supported yet"),
        ("t\n.tf v(a) V1\n", "2:1", ".tf is not supported yet"),
        ("t\n.MEAS tran x max v(a)\n", "2:1", ".meas is not supported yet"),
        ("t\n.if (a)\n", "2:1", ".if is not supported yet"),
        ("t\n.ends\n", "2:1", ".ends without .subckt"),
        ("t\n.subckt a x\nR1 x 0 1\n.end\n", "2:1", "the subcircuit 'a' has no .ends"),
        ("t\n.subckt a x\n.ends b\n", "3:7", ".ends ends 'b'"),
        ("t\n.subckt\n.ends\n", "2:1", ".subckt has no name"),
        ("t\n.control\nrun\n", "2:1", ".control has no .endc"),
        ("t\n.endc\n", "2:1", ".endc without .control"),
        ("t\n.endl\n", "2:1", ".endl without .lib"),
        ("t\n.control\nrun\ntran 1u 1m\n.endc\n", "4:1", "'tran' in a .control block could change an answer"),
        ("t\n.control\nset temp=50\n.endc\n", "3:1", "'set' in a .control block could change an answer"),
        ("t\n.control\nalter R1=5\n.endc\n", "3:1", "'alter' in a .control block could change an answer"),
        ("t\nR1 a 0 1\n.end\n* comment\n\nR2 a 0 1\n", "6:1", "'R2' stands after .end"),
        ("t\n1R a 0 1\n", "2:1", "'1R' begins no card"),
        ("t\n(R1) a 0 1\n", "2:1", "'(' begins no card"),
        ("t\nÄ1 a 0 1\n", "2:1", "'Ä1' begins no card"),
        ("t\nR1 a\0 0 1\n", "2:5", "a NUL byte: this is not text"),
    ],
)
def test_a_mistake_is_pointed_at(text: str, place: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(text, "chip.cir")
    assert str(caught.value).startswith(f"chip.cir:{place}: {message}")


def test_subcircuits_nest_no_deeper_than_fifty_levels() -> None:
    text = "t\n" + "".join(f".subckt s{k} a\n" for k in range(60))
    with pytest.raises(InputError, match="subcircuits nest deeper than 50 levels"):
        parse(text)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"t\nR1 a 0 1k\nR2 a 0 2k \xb5\n", r"chip.cir:3:11: the byte 0xb5 is not UTF-8"),
        ("t\nR1 ä 0 1\n".encode("latin-1"), r"chip.cir:2:4: the byte 0xe4 is not UTF-8"),
        ("t\nR1 a 0 1\n".encode("utf-16"), r"chip.cir:1:1: the file is UTF-16"),
        (b"t\nR1 \x00 0 1\n", r"chip.cir:2:4: a NUL byte: this is not text"),
    ],
)
def test_what_is_not_text_is_refused(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "chip.cir"
    path.write_bytes(data)
    with pytest.raises(InputError, match=message):
        read(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing\.cir' does not exist"):
        read(tmp_path / "nothing.cir")
    with pytest.raises(InputError, match="is a folder"):
        read(tmp_path)


def test_a_file_is_read_with_its_text_kept(tmp_path: Path) -> None:
    path = tmp_path / "chip.cir"
    path.write_bytes(b"\xef\xbb\xbftitle \r\nR1 a 0 1k\r\n.end")
    found = read(path)
    assert found.title == "title"
    assert found.file == str(path)
    assert found.cards[0].scope == str(tmp_path)
    assert found.cards[0].where(2).column == 8


def test_the_reference_circuits_are_read(cases: Path) -> None:
    paths = sorted(cases.glob("*.cir"))
    assert len(paths) == 12
    for path in paths:
        found = read(path)
        assert found.notes == []
        with np.load(path.with_suffix(".npz"), allow_pickle=False) as stored:
            names = " ".join(
                str(one).lower() for key in stored for one in np.ravel(stored[key])[:500] if "name" in key
            )
        for card in found.cards:
            if card.kind == "v":
                assert f"i({card.head.lower()})" in names


def test_the_number_of_cards_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eqchip.netlists.reader.MOST_CARDS", 10)
    with pytest.raises(InputError, match="more than 10 cards"):
        parse("t\n" + "R1 a 0 1\n" * 11)


def test_reading_leaves_the_garbage_collector_as_it_was() -> None:
    assert gc.isenabled()
    with pytest.raises(InputError):
        parse("t\n.ends\n")
    assert gc.isenabled()
    gc.disable()
    try:
        parse("t\nR1 a 0 1\n")
        assert not gc.isenabled()
    finally:
        gc.enable()
