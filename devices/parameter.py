"""Parameter: one declaration that everything reads.

`.model` cards, instances, `.train`, `--set`, study files, Python, `eqchip models` and the docs all read
the same declaration, so a parameter cannot be spelled, bounded or explained twice.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from eqchip.devices.place import Place
from eqchip.errors import InputError, Location, nearest
from eqchip.units import engineering

Value = float | str

#: Names of parameters that a message lists.
_MOST = 24


@dataclass(frozen=True, slots=True)
class Parameter:
    """A named quantity of a device, a model, a training or a protocol.

    `default` None means that the parameter must be given, or that its absence has a meaning which
    `text` states. `low` and `high` bound a number, inclusive unless `open_low` (then value > low).
    `words` lists the bare words an enumerated parameter takes, `aliases` other names it answers to.
    `nonzero` refuses 0; `hint` is added to what a message says would be right.

    A parameter whose place is not the law belongs to an imperfection: its `effect`, by default its own name,
    which `--ideal` and `--only` know; its default is the ideal. `spreads` names the parameter of which this
    one is the spread from device to device, drawn once a chip; `spread_law` says how (manufacture.py).
    `named` are words that a number may be given by: stuck=on.
    """

    name: str
    unit: str
    default: Value | None
    text: str
    low: float = -math.inf
    high: float = math.inf
    open_low: bool = False
    place: Place = Place.LAW
    source: str = "eqchip"
    words: tuple[str, ...] = ()
    integer: bool = False
    required: bool = False
    nonzero: bool = False
    aliases: tuple[str, ...] = ()
    hint: str = ""
    effect: str = ""
    spreads: str = ""
    spread_law: str = "relative"  # relative | absolute | lognormal
    named: tuple[tuple[str, float], ...] = ()

    @property
    def imperfection(self) -> str:
        """The imperfection it belongs to; "" for a parameter of the ideal device."""
        if self.place is Place.LAW:
            return ""
        return self.effect or self.name

    @property
    def enumerated(self) -> bool:
        """Whether the value is one of a list of words."""
        return bool(self.words)

    def meaning(self, word: str) -> float | None:
        """Return the number a word stands for; None: it is no such word."""
        return dict(self.named).get(word.lower())

    def range_text(self) -> str:
        """Say what is allowed, for messages and tables."""
        if self.words:
            return " | ".join(self.words)
        kind = " | ".join([word for word, _ in self.named] + ["an integer" if self.integer else "a number"])
        if self.nonzero:
            kind += " other than 0"
        low, high = engineering(self.low, self.unit), engineering(self.high, self.unit)
        if math.isinf(self.low) and math.isinf(self.high):
            return kind
        if math.isinf(self.high):
            return f"{kind} {'above' if self.open_low else 'of at least'} {low}"
        if math.isinf(self.low):
            return f"{kind} of at most {high}"
        return (
            f"{kind} {'above' if self.open_low else 'from'} {low} {'up ' if self.open_low else ''}to {high}"
        )

    def check(self, value: Value, at: Location | None = None) -> Value:
        """Return the value as it is stored, or raise the InputError that says what would be right."""
        if self.words:
            word = value.lower() if isinstance(value, str) else f"{value:g}"
            if word not in self.words:
                raise InputError(
                    f"{self.name}={value if isinstance(value, str) else word}: no such choice",
                    at,
                    expected=self.range_text(),
                    near=nearest(word, self.words),
                )
            return word
        if isinstance(value, str):
            meant = self.meaning(value)
            if meant is not None:
                return meant
            near = nearest(value, [word for word, _ in self.named])
            raise InputError(f"{self.name}={value}: not a number", at, expected=self.range_text(), near=near)
        inside = self.low < value if self.open_low else self.low <= value
        if self.nonzero and value == 0.0:
            inside = False
        inside = inside and math.isfinite(value)  # 1e400 is none
        if not (inside and value <= self.high) or (self.integer and value != round(value)):
            expected = self.range_text() + (f"; {self.hint}" if self.hint else "")
            raise InputError(
                f"{self.name}={engineering(value, self.unit)} is out of range", at, expected=expected
            )
        return value


def by_name(parameters: Iterable[Parameter]) -> dict[str, Parameter]:
    """Index declarations by name; an alias leads to the same declaration."""
    listed = tuple(parameters)
    named = {parameter.name: parameter for parameter in listed}
    for parameter in listed:
        for alias in parameter.aliases:
            named.setdefault(alias, parameter)
    return named


def find(
    parameters: Mapping[str, Parameter],
    name: str,
    owner: str,
    at: Location | None = None,
    others: Callable[[str], Sequence[str]] | None = None,
) -> Parameter:
    """Return the declaration called `name`, or raise the InputError that names the nearest one.

    `others` tells which devices have a parameter of that name.
    """
    found = parameters.get(name.lower())
    if found is None:
        names = list(parameters)
        known = ", ".join(names[:_MOST]) or "no parameters"
        if len(names) > _MOST:
            known += f" … ({len(names)} in all: eqchip models)"
        where = others(name) if others is not None else ()
        has = f"{owner} has no parameter '{name}'" + (f": {_listed(where)} it" if where else "")
        raise InputError(has, at, expected=f"one of: {known}", near=nearest(name, parameters))
    return found


def _listed(names: Sequence[str]) -> str:
    """Return `a has`, `a and b have`, `a, b and 4 others have`."""
    if len(names) == 1:
        return f"{names[0]} has"
    if len(names) > 3:
        names = [*names[:2], f"{len(names) - 2} others"]
    return f"{', '.join(names[:-1])} and {names[-1]} have"
