"""Numbers as circuit people write them: `10k`, `3pF`, `1MEGohm`; and back.

SPICE suffixes: t g meg k mil m u n p f, case-insensitive, so `M` is milli and `MEG` is 1e6. A unit
may follow (`10kOhm`, `3pF`). What SPICE silently misreads is refused here instead: `4k7` (SPICE: 4000),
`1x` (SPICE: 1), `1a` (1 in ngspice 39, 1e-18 in 46).
"""

from __future__ import annotations

import math
import re

SCALE = {
    "": 1.0,
    "t": 1e12,
    "g": 1e9,
    "meg": 1e6,
    "k": 1e3,
    "mil": 25.4e-6,
    "m": 1e-3,
    "u": 1e-6,
    "µ": 1e-6,  # micro sign
    "μ": 1e-6,  # Greek mu
    "n": 1e-9,
    "p": 1e-12,
    "f": 1e-15,
}

#: Unit tails that may follow a number, lower case → the symbol we print.
UNITS = {
    "": "",
    "v": "V",
    "volt": "V",
    "volts": "V",
    "a": "A",
    "amp": "A",
    "amps": "A",
    "ohm": "Ω",
    "ohms": "Ω",
    "ω": "Ω",
    "s": "s",
    "sec": "s",
    "h": "H",
    "hz": "Hz",
    "f": "F",
    "farad": "F",
    "w": "W",
    "j": "J",
    "c": "C",
    "siemens": "S",
    "mho": "S",
    "deg": "°C",
}

# `meg` and `mil` before `m`; a lone trailing `f` is femto, as in SPICE.
_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(.*)", re.DOTALL)
_SUFFIX = re.compile(r"(t|g|meg|mil|k|m|u|µ|μ|n|p|f)?(.*)", re.IGNORECASE | re.DOTALL)
#: Powers of ten as they are written; mil is none.
_EXPONENT = {
    suffix: f"e{round(math.log10(scale))}" for suffix, scale in SCALE.items() if suffix not in ("", "mil")
}

# What nearly every number of a netlist looks like, read without the second pattern.
_PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\Z")


def _scaled(digits: str, suffix: str) -> float:
    """Return the float nearest to what is written: 10u is 1e-5, which 10 · 1e-6 is not."""
    exponent = _EXPONENT.get(suffix)
    if exponent is None or "e" in digits or "E" in digits:
        return float(digits) * SCALE[suffix]
    return float(digits + exponent)


def parse_quantity(text: str) -> tuple[float, str]:
    """Read a number with an optional suffix and unit; return its value in SI and the unit's symbol.

    Raises ValueError, saying what is wrong, when `text` is not such a number.
    """
    value, unit = _quantity(text)
    if math.isinf(value):
        raise ValueError(f"'{text}' is too large a number")
    return value, unit


def _quantity(text: str) -> tuple[float, str]:
    if _PLAIN.match(text):
        return float(text), ""
    found = _NUMBER.match(text)
    if not found:
        raise ValueError(f"'{text}' is not a number")
    digits, tail = found.groups()
    suffix, unit = _SUFFIX.match(tail).groups()  # type: ignore[union-attr]  # matches the empty string
    suffix = (suffix or "").lower()
    if tail == "a":
        raise ValueError(f"'{text}': ngspice 39 reads {digits}, 46 reads {digits}e-18; write A for ampere")
    if unit == "S":  # siemens; a lower-case s is seconds
        return _scaled(digits, suffix), "S"
    if unit.lower() in UNITS:
        return _scaled(digits, suffix), UNITS[unit.lower()]
    if tail.lower() in UNITS:  # '1Hz', '5V': a unit whose first letter is not a suffix
        return float(digits), UNITS[tail.lower()]
    if re.match(r"\d", unit):
        raise ValueError(f"'{text}' has digits after its suffix; write {digits}.{unit}{suffix}")
    raise ValueError(f"'{text}' ends in '{tail}', which is neither a scale (t g meg k m u n p f) nor a unit")


def parse_number(text: str) -> float:
    """Read a number as SPICE does, in SI; ValueError when it is not one."""
    if _PLAIN.match(text) and not math.isinf(value := float(text)):
        return value
    return parse_quantity(text)[0]


def spell(value: float) -> str:
    """Write a number so that reading it gives the same float again."""
    text = repr(float(value))
    return text[:-2] if text.endswith(".0") else text


_PREFIXES = {-18: "a", -15: "f", -12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T"}


def engineering(value: float, unit: str = "", digits: int = 4) -> str:
    """Write a value for people: `10 kΩ`, `3.2 µs`."""
    if value == 0 or not math.isfinite(value) or unit in ("", "%", "°C"):
        return f"{value:.{digits}g} {unit}".rstrip()
    power = min(12, max(-18, 3 * math.floor(math.log10(abs(value)) / 3)))
    mantissa = float(f"{value / 10.0**power:.{digits}g}")
    if abs(mantissa) >= 1000 and power < 12:  # rounding carried over
        power += 3
        mantissa /= 1000
    return f"{mantissa:.{digits}g} {_PREFIXES[power]}{unit}"
