from __future__ import annotations

import math

import pytest

from eqchip.devices.parameter import Parameter, by_name, find
from eqchip.errors import InputError, Location

LEAK = Parameter("gleak", "S", 1e-6, "leak", 0.0, open_low=True)
FC = Parameter("fc", "", 0.5, "knee", 0.0, 0.95)
BITS = Parameter("bits", "", 8, "resolution", 1, 16, integer=True)
DRIVE = Parameter("drive", "", "energy", "drive", words=("energy", "direct"))
R = Parameter("r", "Ω", None, "resistance", nonzero=True, hint="a wire is a 0 V source", aliases=("res",))
TOP = Parameter("top", "V", 1.0, "upper", high=2.0)


@pytest.mark.parametrize(
    ("parameter", "value", "message", "expected"),
    [
        (LEAK, 0.0, "gleak=0 S is out of range", "a number above 0 S"),
        (LEAK, -1e-6, "gleak=-1 µS is out of range", "a number above 0 S"),
        (LEAK, math.nan, "gleak=nan S is out of range", "a number above 0 S"),
        (LEAK, math.inf, "gleak=inf S is out of range", "a number above 0 S"),
        (FC, 1.0, "fc=1 is out of range", "a number from 0 to 0.95"),
        (BITS, 2.5, "bits=2.5 is out of range", "an integer from 1 to 16"),
        (BITS, 17.0, "bits=17 is out of range", "an integer from 1 to 16"),
        (TOP, 2.5, "top=2.5 V is out of range", "a number of at most 2 V"),
        (R, 0.0, "r=0 Ω is out of range", "a number other than 0; a wire is a 0 V source"),
        (DRIVE, "enregy", "drive=enregy: no such choice; did you mean 'energy'", "energy | direct"),
        (DRIVE, 3.0, "drive=3: no such choice", "energy | direct"),
        (LEAK, "fast", "gleak=fast: not a number", "a number above 0 S"),
    ],
)
def test_what_is_out_of_range_is_told_with_its_place(parameter, value, message: str, expected: str) -> None:
    with pytest.raises(InputError) as raised:
        parameter.check(value, Location("a.cir", 4, 2))
    text = str(raised.value)
    assert text.startswith(f"a.cir:4:2: {message}")
    assert text.endswith(f"expected {expected}")


@pytest.mark.parametrize(
    ("parameter", "value", "stored"),
    [
        (LEAK, 1e-9, 1e-9),
        (FC, 0.0, 0.0),
        (FC, 0.95, 0.95),
        (BITS, 8.0, 8.0),
        (DRIVE, "DIRECT", "direct"),
        (R, -50.0, -50.0),
        (Parameter("self", "", "0", "x", words=("0", "1")), 1.0, "1"),
    ],
)
def test_what_is_right_is_stored(parameter, value, stored) -> None:
    assert parameter.check(value) == stored


def test_names_are_found_whatever_their_case_and_by_alias() -> None:
    known = by_name([LEAK, R])
    assert find(known, "GLEAK", "neuron") is LEAK
    assert find(known, "res", "resistor") is R


def test_an_unknown_name_is_refused_with_the_nearest_and_the_list() -> None:
    with pytest.raises(InputError, match="neuron has no parameter 'glaek'; did you mean 'gleak'") as raised:
        find(by_name([LEAK, FC]), "glaek", "neuron")
    assert "expected one of: gleak, fc" in str(raised.value)
    with pytest.raises(InputError, match="expected one of: no parameters"):
        find({}, "x", "voltage source")


def test_an_alias_never_hides_a_declared_name() -> None:
    m = Parameter("m", "", 1.0, "parallel")
    mj = Parameter("mj", "", 0.5, "grading", aliases=("m",))
    assert by_name([mj, m])["m"] is m
