from __future__ import annotations

import math

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from eqchip.units import SCALE, UNITS, engineering, parse_number, parse_quantity, spell


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1.0),
        ("-2.5", -2.5),
        ("+.5", 0.5),
        ("1.", 1.0),
        ("1e3", 1e3),
        ("1E-3", 1e-3),
        ("10k", 10e3),
        ("10K", 10e3),
        ("1meg", 1e6),
        ("1MEG", 1e6),
        ("1Meg", 1e6),
        ("1m", 1e-3),
        ("1M", 1e-3),  # M is milli in SPICE
        ("1mil", 25.4e-6),
        ("3u", 3e-6),
        ("3µ", 3e-6),
        ("3μ", 3e-6),
        ("3n", 3e-9),
        ("3p", 3e-12),
        ("3f", 3e-15),
        ("1F", 1e-15),  # femto, as SPICE has it
        ("2g", 2e9),
        ("2t", 2e12),
        ("1e3k", 1e6),
        ("1MOHM", 1e-3),
        ("1MEGohm", 1e6),
        ("1kOhm", 1e3),
        ("1kΩ", 1e3),
        ("3pF", 3e-12),
        ("5V", 5.0),
        ("5mV", 5e-3),
        ("10uS", 10e-6),
        ("10us", 10e-6),
        ("1Hz", 1.0),
        ("1kHz", 1e3),
        ("1A", 1.0),
        ("1uA", 1e-6),
        ("2H", 2.0),
        ("25deg", 25.0),
    ],
)
def test_numbers_as_circuit_people_write_them(text: str, value: float) -> None:
    assert parse_number(text) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("1", ""),
        ("1k", ""),
        ("1uS", "S"),
        ("1us", "s"),
        ("3pF", "F"),
        ("1f", ""),
        ("1kohm", "Ω"),
        ("2mA", "A"),
    ],
)
def test_the_unit_is_told_apart_from_the_scale(text: str, unit: str) -> None:
    assert parse_quantity(text)[1] == unit


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1e400", r"'1e400' is too large a number"),
        ("1e308k", r"'1e308k' is too large a number"),
        ("4k7", r"has digits after its suffix; write 4\.7k"),
        ("1R5", "neither a scale"),
        ("1x", "ends in 'x', which is neither a scale"),
        ("1a", "ngspice 39 reads 1, 46 reads 1e-18"),
        ("abc", "'abc' is not a number"),
        ("", "'' is not a number"),
        ("--1", "is not a number"),
        ("1e", "neither a scale"),
        ("1kk", "neither a scale"),
        ("1 k", "neither a scale"),
        ("1volt5", "neither a scale"),
        ("nan", "is not a number"),
        ("inf", "is not a number"),
    ],
)
def test_what_spice_misreads_silently_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_quantity(text)
    with pytest.raises(ValueError, match=message):
        parse_number(text)


@given(st.floats(allow_nan=False, allow_infinity=False))
@example(0.0)
@example(-0.0)
@example(5e-324)
@example(1e22)
def test_spelling_and_reading_a_number_gives_it_back(value: float) -> None:
    again = parse_number(spell(value))
    assert again == value
    assert math.copysign(1.0, again) == math.copysign(1.0, value)


_TAILS = sorted(set(UNITS) - {"f", "farad"})  # a lone f is femto


@given(st.sampled_from(sorted(SCALE)), st.sampled_from(_TAILS), st.floats(0.1, 999.0))
def test_every_scale_goes_with_every_unit(scale: str, unit: str, digits: float) -> None:
    assume(scale + unit != "a")  # refused: ampere or atto?
    value, symbol = parse_quantity(f"{digits!r}{scale}{unit}")
    assert value == pytest.approx(digits * SCALE[scale], rel=1e-15)
    assert symbol == UNITS[unit]


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (10e3, "Ω", "10 kΩ"),
        (3.2e-6, "s", "3.2 µs"),
        (0.0, "V", "0 V"),
        (1e-20, "A", "0.01 aA"),
        (999.96, "V", "1 kV"),
        (-4.7e-12, "F", "-4.7 pF"),
        (25.0, "°C", "25 °C"),
        (1234.5, "", "1234"),
        (math.inf, "V", "inf V"),
        (1e15, "Hz", "1000 THz"),
    ],
)
def test_values_for_people(value: float, unit: str, text: str) -> None:
    assert engineering(value, unit) == text


@given(st.floats(1e-17, 1e14), st.booleans())
def test_engineering_keeps_four_digits(size: float, negative: bool) -> None:
    value = -size if negative else size
    mantissa, unit = engineering(value, "V").split()
    prefix = unit[:-1]
    powers = {"a": -18, "f": -15, "p": -12, "n": -9, "µ": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12}
    assert float(mantissa) * 10.0 ** powers[prefix] == pytest.approx(value, rel=6e-4)
