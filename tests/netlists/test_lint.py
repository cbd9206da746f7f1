"""Lint: every fault it knows, found in a netlist that has it and not in one that has not."""

from pathlib import Path

import pytest

from eqchip.netlists.chips import chip_names, find_chip
from eqchip.netlists.lint import Finding, lint
from eqchip.netlists.reader import parse, read

SOUND = "V1 a 0 1\nR1 a b 1k\nR2 b 0 1k\n.op\n"


def findings(cards: str) -> list[Finding]:
    return lint(parse("title\n" + cards, "chip.cir"))


def said(cards: str) -> list[str]:
    return [f"{one.location.line} {one.severity}: {one.message}" for one in findings(cards)]


def test_a_sound_netlist_has_no_faults() -> None:
    assert said(SOUND) == []


@pytest.mark.parametrize("name", chip_names())
def test_what_ships_has_no_faults(name: str) -> None:
    assert lint(read(find_chip(name))) == []


def test_every_error_is_found_not_only_the_first() -> None:
    assert said("R1 a 0\nR2 a 0 1\nC1 a\nD1 a 0 dx\n.tran 1\n") == [
        "2 error: R1 has no value; expected Rname n1 n2 R",
        "4 error: C1 has 1 of the 2 names it needs; expected Cname n1 n2 C",
        "5 error: there is no model 'dx'; expected .model dx TYPE(…)",
        "6 error: .tran needs TSTEP and TSTOP; expected "
        ".tran TSTEP TSTOP [TSTART [TMAX]] [UIC] [learn | noise]",
    ]


@pytest.mark.parametrize(
    ("cards", "fault"),
    [
        ("C1 b c 1p\nR3 c d 1\nR4 d c 1\n", "6 warning: c, d have no path for direct current to ground"),
        ("I1 0 c 1\nC1 c 0 1p\n", "6 warning: c has no path for direct current to ground"),
        ("G1 c 0 a 0 1\nC1 c 0 1p\n", "6 warning: c has no path for direct current to ground"),
        ("R3 b c 1\n", "6 warning: c has one connection only"),
        (".bus h[3]\nRh h 0 1\n", "7 warning: h[0], h[1], h[2] have one connection only"),
        (
            ".bus h[9]\nRh h 0 1\n",
            "7 warning: h[0], h[1], h[2], h[3], h[4] and 4 more have one connection only",
        ),
        ("R3 b b 1\n", "6 warning: R3 has both ends on one node"),
        ("V2 a 0 1\n", "6 error: V2 closes a loop of voltage sources"),
        ("E1 b a b 0 1\nH1 b 0 V1 1\n", "7 error: H1 closes a loop of voltage sources"),
        ("L1 a 0 1\n", "6 warning: L1 closes a loop of voltage sources and inductors"),
        (".model dx D\n", "6 warning: model dx is not used"),
        (".param k=1\n", "6 warning: parameter k is not used"),
        (".func f(x) {x}\n", "6 warning: function f is not used"),
        (".subckt s p\nR1 p 0 1\n.ends\n", "6 warning: subcircuit s is not used"),
        (".bus h[3]\n", "6 warning: bus h[3] is not used"),
        ("R3 b 0 1M\n", "6 warning: '1M' is milli, as m is; a million is MEG"),
        ("R3 b 0 2.5MOhm\n", "6 warning: '2.5MOhm' is milli, as m is; a million is MEG"),
        ("C3 b 0 1F\n", "6 warning: '1F' is femto, as f is; one farad is 1"),
        (".options noacct\n", "6 note: .options noacct was skipped: it changes no answer"),
    ],
)
def test_a_fault_is_found_where_it_is(cards: str, fault: str) -> None:
    assert fault in said(SOUND + cards)


@pytest.mark.parametrize(
    "cards",
    [
        "L1 b c 1\nR3 c 0 1\n",  # an inductor is a path
        "D1 b c dx\nD2 c 0 dx\n.model dx D\n",
        "E1 c 0 b 0 2\nR3 c 0 1\n",
        ".param k=1\nR3 b 0 {k}\n",
        ".param k=1 j={k}\nR3 b 0 j\n",
        ".param k=1\nB1 b 0 I=k*v(a)\n",
        ".func f(x) {x}\nB1 b 0 I={f(v(a))}\n",
        "R3 b 0 1MEG\nR4 b 0 1mil\nR5 b 0 1m\nC1 b 0 1f\nC2 b 0 1pF\n",
        ".bus h[2]\nRa h b 1\nRb h 0 1\n",
        ".model rx R(r=1)\n.bus h[2] g[2]\nYhg h g rx\nRh h 0 1\n",
    ],
)
def test_what_is_sound_is_left_alone(cards: str) -> None:
    assert said(SOUND + cards) == []


def test_what_learning_lacks() -> None:
    chip = (
        ".bus x[1] y[1]\n.model s synapse\n.model c neuron(activation=tanh)\nYxy x y s\nNy y c\n"
        ".input x\n.output y\n"
    )
    learn = ".learn Yxy rate=1\n.train beta=1\n"
    assert "10 warning: Yxy learns, but there is no .nudge to learn from" in said(
        chip + learn + ".data xor\n"
    )
    assert "10 warning: Yxy learns, but there is no .data card" in said(chip + learn + ".nudge y\n")
    assert any("y is nudged, but there is no .learn" in one for one in said(chip + ".nudge y\n"))
    assert any("there is nothing to do" in one for one in said(chip))


def test_the_models_of_a_chip_are_looked_at_even_when_an_error_stops_the_rest() -> None:
    assert said("R1 a 0\n.model dx D\n") == [
        "2 error: R1 has no value; expected Rname n1 n2 R",
        "3 warning: model dx is not used",
    ]


def test_a_large_netlist_is_looked_through(tmp_path: Path) -> None:
    ladder = "V1 n0 0 1\n" + "".join(f"R{k} n{k} n{k + 1} 1\nC{k} n{k + 1} 0 1p\n" for k in range(3000))
    assert said(ladder + ".op\n") == []


@pytest.mark.parametrize(
    ("model", "card", "noted"),
    [
        ("is=1f n=2", ".tran 1n 10n noise", True),
        ("is=1f n=2 thermal=300", ".op", True),
        ("is=1f n=1", ".tran 1n 10n noise", False),
        ("is=1f n=2", ".tran 1n 10n", False),
        ("is=1f n=2 thermal=0", ".tran 1n 10n noise", False),
    ],
)
def test_noise_beyond_equilibrium_is_noted_once_a_model(model: str, card: str, noted: bool) -> None:
    found = said(
        f".model dio d({model})\n{SOUND.removesuffix('.op' + chr(10))}D1 b 0 dio\nD2 b 0 dio\n{card}\n"
    )
    text = (
        "6 note: D1 has n=2: at zero bias its noise is 2 times thermal noise, so at rest no network with it"
    )
    assert found == ([f"{text} is at one temperature"] if noted else [])
