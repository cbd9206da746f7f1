"""The functions and constants of expressions, meaning what ngspice 39 means by them.

ngspice reads expressions in two places with two readers, and they differ: in parameters `pow` is the
power and `pwr` takes the absolute value of its base; in B sources it is `pow` that takes the absolute
value, and `pwr(x, y)` is sgn(x)·|x|^y. In both, `x^y` is |x|^y, `log` is the natural logarithm, `nint`
rounds halves to even, and `int` towards zero.

Source: each value compared with ngspice 39.3 (tests/netlists/test_functions.py).
Limits: what draws random numbers in ngspice (`gauss`, `limit` with two arguments …) is refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

#: Read only where the netlist has no parameter of that name.
CONSTANTS: dict[str, float] = {
    "pi": math.pi,
    "e": math.e,
    "boltz": 1.380649e-23,
    "echarge": 1.602176634e-19,
    "planck": 6.62607015e-34,
    "kelvin": -273.15,
    "c": 299792458.0,
}

#: Functions that draw a number in ngspice.
RANDOM = frozenset({"agauss", "gauss", "aunif", "unif"})

#: Other spellings of one function.
SAME: dict[str, str] = {"log": "ln", "arctan": "atan"}


@dataclass(frozen=True, slots=True)
class Builtin:
    """A function: how many arguments it takes, its value, and its value in a B source where that differs."""

    apply: Callable[..., float]
    least: int = 1
    most: int = 1
    in_source: Callable[..., float] | None = None

    def call(self, arguments: list[float], behavioural: bool) -> float:
        """Return the value; ValueError or OverflowError where there is none."""
        if behavioural and self.in_source is not None:
            return float(self.in_source(*arguments))
        return float(self.apply(*arguments))


def power(base: float, exponent: float) -> float:
    """|base|^exponent."""
    if base == 0.0 and exponent < 0.0:
        raise ValueError("zero has no negative power")
    return math.pow(abs(base), exponent)


def _plain_power(base: float, exponent: float) -> float:
    if base == 0.0 and exponent < 0.0:
        raise ValueError("zero has no negative power")
    if base < 0.0 and not exponent.is_integer():
        raise ValueError(f"a negative number has no power {exponent:g}")
    return math.pow(base, exponent)


def _signed_power(base: float, exponent: float) -> float:
    return math.copysign(power(base, exponent), base)


def sign(x: float) -> float:
    """Return -1, 0 or 1."""
    return float((x > 0.0) - (x < 0.0))


def broken_line(x: float, *points: float) -> float:
    """Return the line through (x1, y1), (x2, y2) …; its first and last piece go on beyond the ends."""
    xs, ys = points[::2], points[1::2]
    last = len(xs) - 2
    k = next((k for k in range(last) if x < xs[k + 1]), last)
    return ys[k] + (ys[k + 1] - ys[k]) * (x - xs[k]) / (xs[k + 1] - xs[k])


def _defined(function: Callable[[float], float], valid: Callable[[float], bool], domain: str) -> Builtin:
    """Return a function that says which arguments it takes when it gets another."""

    def apply(x: float) -> float:
        if not valid(x):
            raise ValueError(f"is defined for {domain}, not for {x:g}")
        return function(x)

    return Builtin(apply)


BUILTINS: dict[str, Builtin] = {
    "abs": Builtin(abs),
    "acos": _defined(math.acos, lambda x: -1 <= x <= 1, "-1 to 1"),
    "acosh": _defined(math.acosh, lambda x: x >= 1, "1 and above"),
    "asin": _defined(math.asin, lambda x: -1 <= x <= 1, "-1 to 1"),
    "asinh": Builtin(math.asinh),
    "atan": Builtin(math.atan),
    "atanh": _defined(math.atanh, lambda x: -1 < x < 1, "numbers between -1 and 1"),
    "ceil": Builtin(math.ceil),
    "cos": Builtin(math.cos),
    "cosh": Builtin(math.cosh),
    "exp": Builtin(math.exp),
    "floor": Builtin(math.floor),
    "int": Builtin(math.trunc),
    "limit": Builtin(lambda x, low, high: min(max(x, low), high), 3, 3),
    "ln": _defined(math.log, lambda x: x > 0, "numbers above 0"),
    "log10": _defined(math.log10, lambda x: x > 0, "numbers above 0"),
    "max": Builtin(max, 2, 2),
    "min": Builtin(min, 2, 2),
    "nint": Builtin(round),
    "pow": Builtin(_plain_power, 2, 2, in_source=power),
    "pwl": Builtin(broken_line, 5, 2001),
    "pwr": Builtin(power, 2, 2, in_source=_signed_power),
    "sgn": Builtin(sign),
    "sin": Builtin(math.sin),
    "sinh": Builtin(math.sinh),
    "sqrt": _defined(math.sqrt, lambda x: x >= 0, "0 and above"),
    "tan": Builtin(math.tan),
    "tanh": Builtin(math.tanh),
    "u": Builtin(lambda x: 0.5 * (1.0 + sign(x))),
    "u2": Builtin(lambda x: min(max(x, 0.0), 1.0)),
    "uramp": Builtin(lambda x: max(x, 0.0)),
}

#: Written as something else before they are evaluated (spellings.py).
REWRITTEN = ("if", "ternary_fcn", "table", "sqr")

#: Truth and order, and the arithmetic that is not `power`.
OPERATORS: dict[str, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "%": math.fmod,
    "^": power,
    "<": lambda a, b: float(a < b),
    "<=": lambda a, b: float(a <= b),
    ">": lambda a, b: float(a > b),
    ">=": lambda a, b: float(a >= b),
    "==": lambda a, b: float(a == b),
    "!=": lambda a, b: float(a != b),
    "&&": lambda a, b: float(a != 0.0 and b != 0.0),
    "||": lambda a, b: float(a != 0.0 or b != 0.0),
}
