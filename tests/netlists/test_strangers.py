"""Netlists from strangers: any text is read or refused with an InputError, and nothing else happens."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eqchip.errors import InputError
from eqchip.netlists.card import Netlist
from eqchip.netlists.expression import Scope, evaluate, simplify
from eqchip.netlists.parameters import assignments, function, resolve_parameters
from eqchip.netlists.reader import parse, read
from eqchip.netlists.writer import write

_SIGNS = "+*;$={}()[]'\",.:/^<>?&|!\n\r\t \x00\x0b\u2028µ0\ufeff"
_WORDS = """
.subckt .ends .control .endc .include .lib .endl .end .param .func .model .title run v(a) i(V1) time a=1
a=b {a+1} f(x) 10k 4k7 1e999 diodes.lib ../x if(
"""
PIECES = [*_SIGNS, *_WORDS.split(), "\n+ ", "\n* ", "\nR1 ", "\nB1 ", "\nX1 ", "\n.param ", "\n.func "]


@contextmanager
def refusal() -> Iterator[None]:
    """Let an InputError pass whose message can be made and whose place can be found."""
    try:
        yield
    except InputError as fault:
        str(fault)


def exercise(text: str) -> None:
    """Read, write, read again, and work out every expression there is."""
    netlist = Netlist("", [])
    with refusal():
        netlist = parse(text)
    assert [card.tokens for card in parse(write(netlist)).cards] == [card.tokens for card in netlist.cards]
    scope = Scope({"a": 1.0, "b": 2.0})
    for card in netlist.cards:
        with refusal():
            if card.kind == ".func":
                function(card).body(behavioural=True)
            elif "=" in card.tokens:
                pairs = assignments(card, max(card.tokens.index("=") - 1, 0))
                for one in pairs:
                    simplify(one.parse(behavioural=True), scope)
                    evaluate(one.parse(), scope)
                resolve_parameters(pairs, scope)


@given(st.lists(st.sampled_from(PIECES), max_size=60))
def test_pieces_of_netlists_in_any_order(pieces: list[str]) -> None:
    exercise("title\n" + "".join(pieces))


@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    exercise(text)


@settings(max_examples=50)
@given(data=st.binary(max_size=200))
def test_any_bytes(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "stranger.cir"
    path.write_bytes(data)
    with refusal():
        read(path)


@settings(max_examples=200)
@given(st.randoms(use_true_random=False), st.integers(0, 11), st.integers(1, 5))
def test_reference_circuits_with_faults(source: random.Random, which: int, faults: int) -> None:
    path = sorted((Path(__file__).resolve().parent.parent / "cases").glob("*.cir"))[which]
    text = path.read_text(encoding="utf-8")[:5000]
    for _ in range(faults):
        at = source.randrange(len(text))
        text = text[:at] + source.choice(PIECES) + text[at + source.randrange(4) :]
    exercise(text)
