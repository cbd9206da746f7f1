"""`.protocol` and `.tran … learn`: what they say, and what does not go together."""

from __future__ import annotations

import pytest

from eqchip.errors import InputError
from eqchip.netlists.circuit import Protocol, Tran
from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.lint import lint
from eqchip.netlists.reader import parse

CARDS = {
    "bus": ".bus x[2] h[3] y[1]",
    "syn": ".model syn synapse()",
    "cell": ".model cell neuron()",
    "Yxh": "Yxh x h syn",
    "Yhy": "Yhy h y syn",
    "Nh": "Nh h cell",
    "Ny": "Ny y cell",
    "input": ".input x",
    "output": ".output y decode=threshold",
    "nudge": ".nudge y",
    "learn": ".learn Yxh rate=0.1",
    "data": ".data xor",
    "train": ".train rule=stdp estimator=random beta=0.5",
    "protocol": ".protocol free=20u nudged=8u gap=1u",
    "tran": ".tran 0.5u 100u learn",
}


def netlist(**changed: str) -> str:
    cards = {**CARDS, **changed}
    return "\n".join(["test", *(card for card in cards.values() if card), ".end", ""])


def place(**changed: str) -> str:
    """Return the line number of the one card that changed."""
    (name,) = changed
    return str(list(CARDS).index(name) + 2)


def test_the_clock_and_the_card_of_the_waveform() -> None:
    circuit = elaborate(parse(netlist(), "test.cir"))
    assert circuit.protocol == Protocol(free=20e-6, nudged=8e-6, gap=1e-6)
    assert circuit.protocol.period == pytest.approx(29e-6)
    assert circuit.analyses == [Tran(0.5e-6, 100e-6, learn=True)]
    assert lint(parse(netlist(), "test.cir")) == []


def test_learn_stands_after_the_times_beside_uic_in_either_order() -> None:
    for tail in ("10u 0.1u uic learn", "10u 0.1u learn UIC"):
        circuit = elaborate(parse(netlist(tran=f".tran 0.5u 100u {tail}"), "test.cir"))
        assert circuit.analyses == [Tran(0.5e-6, 100e-6, 10e-6, 0.1e-6, uic=True, learn=True)]


def test_set_changes_the_clock() -> None:
    circuit = elaborate(parse(netlist(), "test.cir"), {"protocol.free": "30u", "protocol.gap": 2e-6})
    assert circuit.protocol == Protocol(free=30e-6, nudged=8e-6, gap=2e-6)
    written = netlist(tran=".tran 0.5u 100u learn\n.set protocol.nudged=4u")
    assert elaborate(parse(written, "test.cir")).protocol == Protocol(free=20e-6, nudged=4e-6, gap=1e-6)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("protocol.fre", "1u", "did you mean 'free'?"),
        ("protocol.free", "0.1u", "free=100 ns is shorter than TSTEP=500 ns"),
        ("protocol.free", "0", "free"),
        ("protocol.y.free", "1u", "does not name a setting"),
        ("train.rule", "continual", "rule=continual does not say how weights move in time"),
        ("train.estimator", "onesided", ""),
    ],
)
def test_what_is_set_is_checked_as_what_is_written(name: str, value: str, message: str) -> None:
    def read() -> None:
        elaborate(parse(netlist(), "test.cir"), {name: value})

    if not message:
        read()
        return
    with pytest.raises(InputError) as caught:
        read()
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("changed", "column", "message"),
    [
        ({"protocol": ""}, "", "a learning waveform needs a card .protocol"),
        ({"nudge": ""}, "", "a learning waveform needs a card .nudge"),
        ({"learn": ""}, "", "a learning waveform needs a card .learn"),
        ({"data": ""}, "", "a learning waveform needs a card .data"),
        ({"train": ""}, "", "a learning waveform needs a card .train"),
        ({"tran": ".tran 0.5u 100u"}, "15:1", ".protocol has no use without a learning waveform"),
        ({"tran": ".tran 0.5u 100u lern"}, "", "lern"),
        ({"tran": ".tran 0.5u 100u learn 3u"}, "23", "'3u' on .tran is one word too many"),
        ({"tran": ".tran 9u 100u learn"}, "15:20", "nudged=8 µs is shorter than TSTEP=9 µs"),
        ({"tran": ".tran 2u 100u learn"}, "15:30", "gap=1 µs is shorter than TSTEP=2 µs"),
        ({"tran": ".tran 1u 9u learn\n.tran 1u 9u learn"}, "17:13", "a netlist has one learning waveform"),
        ({"protocol": ".protocol free=20u nudged=8u"}, "29", ".protocol has no gap"),
        ({"protocol": ".protocol"}, "10", ".protocol has no free"),
        ({"protocol": ".protocol free=20u nudged=8u gap=0"}, "34", "gap"),
        ({"protocol": ".protocol free=20u nudged=-8u gap=1u"}, "27", "nudged"),
        ({"protocol": ".protocol fre=20u nudged=8u gap=1u"}, "11", "did you mean 'free'?"),
        ({"protocol": ".protocol free=1u free=2u"}, "19", "free is given twice"),
        ({"protocol": ".protocol free_steps=20"}, "11", "the phases of a waveform last seconds, not steps"),
        ({"protocol": CARDS["protocol"] + "\n" + CARDS["protocol"]}, "16:1", "there are two .protocol cards"),
        ({"train": ".train rule=contrast beta=0.5"}, "1", "estimator=centered, the default, takes more than"),
        ({"train": ".train estimator=centered"}, "8", "estimator=centered takes more than one nudge"),
        ({"train": ".train rule=continual estimator=random"}, "8", "rule=continual does not say how"),
        (
            {"learn": ".learn Yxh rate=1 momentum=0.9"},
            "19",
            ".learn Yxh momentum= is of training off the chip",
        ),
        ({"learn": ".learn Yxh rate=1 decay=0.1"}, "19", ".learn Yxh decay= is of training off the chip"),
        ({"tran": ".tran 1u 9u learn\n.save w(Yxg)"}, "17:9", "there is no 'Yxg' that learns; did you mean"),
        ({"tran": ".tran 1u 9u learn\n.save w(Yhy)"}, "17:9", "there is no 'Yhy' that learns"),
        ({"tran": ".tran 1u 9u learn\n.save w(Yxh[2,0])"}, "17:9", "Yxh has 2 × 3 elements"),
        ({"tran": ".tran 1u 9u learn\n.save w(Yxh[0])"}, "17:9", "Yxh has 2 × 3 elements"),
        ({"tran": ".tran 1u 9u learn\n.save z(Yxh)"}, "17:7", "v(node), i(source), w(array) or x(memristor)"),
        (
            {"protocol": "", "tran": ".tran 1u 9u\n.save w(Yxh)"},
            "16:9",
            "w(Yxh) changes in a learning waveform only",
        ),
    ],
)
def test_what_is_wrong_is_said_where_it_stands(changed: dict[str, str], column: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        elaborate(parse(netlist(**changed), "test.cir"))
    said = str(caught.value)
    assert message in said
    assert said.startswith("test.cir:")
    if ":" in column:
        assert said.startswith(f"test.cir:{column}:")
    elif column:
        assert said.startswith(f"test.cir:{place(**changed)}:{column}:")


@pytest.mark.parametrize(
    ("card", "column", "message"),
    [
        (".protocol free=8V nudged=8u gap=1u", 16, "free=8V: a duration in V"),
    ],
)
def test_seconds_that_are_none_are_refused(card: str, column: int, message: str) -> None:
    text = netlist(protocol=card)
    with pytest.raises(InputError) as found:
        elaborate(parse(text, "test.cir"))
    assert message in str(found.value)
    assert f":{column}:" in str(found.value)
    assert found.value.expected is not None


def test_seconds_of_set_are_seconds() -> None:
    with pytest.raises(InputError, match=r"set protocol\.free: free=8V: a duration in V"):
        elaborate(parse(netlist(), "test.cir"), {"protocol.free": "8V"})
    circuit = elaborate(parse(netlist(), "test.cir"), {"protocol.free": "8us"})
    assert circuit.protocol is not None
    assert circuit.protocol.free == pytest.approx(8e-6)


def test_a_waveform_without_a_nudge_is_noted() -> None:
    """As where seconds were written for microseconds: the free phase alone may also be what is wanted."""
    notes = elaborate(parse(netlist(protocol=".protocol free=8 nudged=8u gap=1u"), "test.cir")).notes
    assert "the waveform ends at 100 µs, before its first nudge at 8 s" in notes[-1][1]
    assert not elaborate(parse(netlist(protocol=".protocol free=20u nudged=8 gap=1u"), "test.cir")).notes
