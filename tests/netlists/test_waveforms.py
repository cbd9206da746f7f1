"""The cards of independent sources."""

import math

import pytest

from elaborated import one, refused
from eqchip.netlists.circuit import Waveform


@pytest.mark.parametrize(
    ("rest", "waveform"),
    [
        ("", Waveform("dc", (), 0.0)),
        ("5", Waveform("dc", (), 5.0)),
        ("DC 5", Waveform("dc", (), 5.0)),
        ("DC=5", Waveform("dc", (), 5.0)),
        ("{a}", Waveform("dc", (), 2.0)),
        ("5 AC 1", Waveform("dc", (), 5.0)),
        ("AC 1 90 DC 5", Waveform("dc", (), 5.0)),
        ("PULSE(1 2 1u)", Waveform("pulse", (1.0, 2.0, 1e-6), 1.0)),
        ("pulse 1 2 1u", Waveform("pulse", (1.0, 2.0, 1e-6), 1.0)),
        ("PULSE (1, 2, {a})", Waveform("pulse", (1.0, 2.0, 2.0), 1.0)),
        ("3 PULSE(1 2)", Waveform("pulse", (1.0, 2.0), 3.0)),
        ("PULSE(1 2) DC 3 AC 1", Waveform("pulse", (1.0, 2.0), 3.0)),
        ("EXP(1 2 1u)", Waveform("exp", (1.0, 2.0, 1e-6), 1.0)),
        ("PWL(0 3 1m 4) r=0 td=1u", Waveform("pwl", (0.0, 3.0, 1e-3, 4.0), 3.0, {"r": 0.0, "td": 1e-6})),
        ("PWL(0 3 1m 4 r=0)", Waveform("pwl", (0.0, 3.0, 1e-3, 4.0), 3.0, {"r": 0.0})),
        ("PWL(-1 0 1 4)", Waveform("pwl", (-1.0, 0.0, 1.0, 4.0), 2.0)),
    ],
)
def test_a_source_has_a_value_and_a_waveform(rest: str, waveform: Waveform) -> None:
    assert one(f".param a=2\nV1 x 0 {rest}\n", "V1").waveform == waveform


@pytest.mark.parametrize(
    ("rest", "value"),
    [
        ("SIN(1 2 1k 0 0 30)", 1 + 2 * math.sin(math.radians(30))),
        ("SIN(1 2 1k 1m 0 30)", 1 + 2 * math.sin(math.radians(30))),
        ("SIN(1 2 1k -0.25m)", 3.0),
        ("SFFM(1 2 1k 0 1k)", 1.0),
        ("PULSE(1 2 -1m 2m 1 1 9)", 1.5),
        ("EXP(1 2 -1 1 9 9)", 2 - math.exp(-1)),
    ],
)
def test_without_dc_it_is_the_waveform_at_time_zero(rest: str, value: float) -> None:
    found = one(f"V1 x 0 {rest}\n", "V1").waveform
    assert found is not None
    assert found.dc == pytest.approx(value, rel=1e-12)


def test_a_current_source_has_a_multiplicity_after_its_waveform() -> None:
    found = one("I1 x 0 DC 1m m=3\n", "I1")
    assert found.values == {"m": 3.0}
    assert found.waveform == Waveform("dc", (), 1e-3)


@pytest.mark.parametrize(
    ("rest", "message"),
    [
        ("TRNOISE(1 1 1)", "2:8: TRNOISE on V1 is not supported yet"),
        ("DC 1 TRRANDOM(1 1)", "2:13: TRRANDOM on V1 is not supported yet"),
        ("PULS(0 1)", "2:8: 'PULS' on V1 is not understood; did you mean 'pulse'?"),
        ("PULSE(0 1", "2:13: '(' is not closed"),
        ("PULSE(0)", "2:8: pulse with 1 numbers"),
        ("PWL(0 0 1)", "2:8: pwl with 3 numbers"),
        ("SIN(0 1) PULSE(0 1)", "2:17: V1 has two waveforms"),
        ("1 2", "2:10: '2' on V1 is not understood"),
        ("1 m=2", "2:10: a voltage source has no parameter 'm'"),
        ("PULSE(0 1 r=0)", "'(' is not closed"),
        ("DC", "2:10: V1 ends where a number belongs"),
        ("PWL(0 0 1 1) r=", "'r'"),
        ("PWL(0 0 1 1) x=1", "2:21: a voltage source has no parameter 'x'"),
        ("DC (1)", "2:11: '(' is not a number"),
    ],
)
def test_a_wrong_source_is_refused(rest: str, message: str) -> None:
    refused(f"V1 x 0 {rest}\n", message)
