"""Ranges of `--vary NAME=RANGE`: which values a name takes.

    a,b,c           these values: numbers (10k) or words
    lo:hi:n         n values, evenly from lo to hi, both included
    lo:hi:n:log     n values, each the same factor above the one before

Distributions (normal, uniform, lognormal) are refused by name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from eqchip.errors import InputError
from eqchip.simulator.studies.point import Value
from eqchip.units import parse_number

_FORMS = "a,b,c or low:high:n or low:high:n:log"
_DRAWN = re.compile(r"(normal|uniform|lognormal)\s*\(", re.IGNORECASE)
#: Values of one axis at most.
MOST = 100_000


def axes(given: Sequence[str]) -> dict[str, list[Value]]:
    """Read `NAME=RANGE` options into axes, in their order."""
    found: dict[str, list[Value]] = {}
    for one in given:
        name, equals, text = one.partition("=")
        name, text = name.strip(), text.strip()
        if not equals or not name or not text:
            raise InputError(
                f"--vary {one}: not a range", expected="NAME=RANGE, such as train.beta=0.1:1:4:log"
            )
        if name.lower() in (known.lower() for known in found):
            raise InputError(f"--vary {name} is given twice", expected="one range for each name")
        found[name] = values(name, text)
    return found


def spread_out(given: Mapping[str, object]) -> dict[str, list[Value]]:
    """Return axes given from Python: a range as text, a list of values, or one value."""
    found: dict[str, list[Value]] = {}
    for name, value in given.items():
        if isinstance(value, str):
            found[name] = values(name, value)
        elif isinstance(value, Sequence | np.ndarray):
            found[name] = [one if isinstance(one, str) else float(one) for one in value]
        elif isinstance(value, int | float):
            found[name] = [float(value)]
        else:
            raise InputError(f"vary {name}: a {type(value).__name__} is no range", expected=_FORMS)
    return found


def values(name: str, text: str) -> list[Value]:
    """Return the values of one range."""
    if _DRAWN.match(text):
        raise InputError(f"--vary {name}={text}: distributions are not supported yet", expected=_FORMS)
    if ":" not in text:
        words = [word.strip() for word in text.split(",")]
        if not all(words):
            raise InputError(f"--vary {name}={text}: a value is missing", expected=_FORMS)
        return [_value(word) for word in words]
    parts = [part.strip() for part in text.split(":")]
    if len(parts) not in (3, 4) or (len(parts) == 4 and parts[3].lower() != "log"):
        raise InputError(f"--vary {name}={text}: not a range", expected=_FORMS)
    low, high, number = (_number(name, text, part) for part in parts[:3])
    if number != round(number) or not 1 <= number <= MOST:
        raise InputError(f"--vary {name}={text}: {parts[2]} values", expected=f"a number from 1 to {MOST}")
    if len(parts) == 3:
        return [float(value) for value in np.linspace(low, high, int(number))]
    if low * high <= 0.0:
        raise InputError(
            f"--vary {name}={text}: a logarithmic range from {parts[0]} to {parts[1]}",
            expected="two ends of one sign, neither of them 0",
        )
    return [float(value) for value in np.geomspace(low, high, int(number))]


def _value(word: str) -> Value:
    try:
        return parse_number(word)
    except ValueError:
        return word


def _number(name: str, text: str, part: str) -> float:
    try:
        return parse_number(part)
    except ValueError:
        raise InputError(f"--vary {name}={text}: '{part}' is not a number", expected=_FORMS) from None
