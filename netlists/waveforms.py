"""What stands on the card of an independent source: `[DC] value`, `AC …`, and one waveform.

    V1 a 0 DC 1 AC 1 0 PULSE(0 1 10u 1n 1n 200u 500u)
    I1 0 m PWL(0 0 50u 20u) r=0 td=1m

AC is read and left alone: there is no small-signal analysis yet. The value in op and dc analyses is that of
DC, or else that of the waveform at time 0, as in ngspice.
"""

from __future__ import annotations

import math

from eqchip.devices.circuit.waveform import KINDS, check, value_at
from eqchip.errors import InputError, nearest
from eqchip.netlists.card import Card
from eqchip.netlists.circuit import Instance, Waveform
from eqchip.netlists.level import Level, moved

#: Words of other programs' sources.
NOT_YET = frozenset(
    [
        "trnoise",
        "trrandom",
        "am",
        "external",
        "distof1",
        "distof2",
        "portnum",
        "z0",
        "pwlfile",
        "file",
        "noise",
        "pat",
    ]
)

_OPTIONS = ("r", "td")
_SHAPES = tuple(kind for kind in KINDS if kind != "dc")


def read_waveform(instance: Instance, level: Level, card: Card, start: int) -> int:
    """Give a source its waveform; return where the name=value part of the card begins."""
    tokens = card.tokens
    dc: float | None = None
    shape: Waveform | None = None
    k = start
    while k < len(tokens):
        word = tokens[k].lower()
        if word == "dc":
            k = _after_equals(card, k + 1)
            dc = level.number(card, k)
            k += 1
        elif word == "ac":
            k = _skip_ac(card, _after_equals(card, k + 1))
        elif word in _SHAPES:
            if shape is not None:
                raise InputError(f"{card.head} has two waveforms", card.where(k))
            shape, k = _read_shape(level, card, k, word)
        elif word in NOT_YET:
            raise InputError(f"{tokens[k].upper()} on {card.head} is not supported yet", card.where(k))
        elif k + 1 < len(tokens) and tokens[k + 1] == "=":
            break
        elif dc is None and shape is None and word[0] in "0123456789.+-{'":
            dc = level.number(card, k)
            k += 1
        else:
            raise InputError(
                f"'{tokens[k]}' on {card.head} is not understood",
                card.where(k),
                expected="[DC] value, AC, or one of " + " ".join(one.upper() for one in _SHAPES),
                near=nearest(word, ("dc", "ac", *_SHAPES)),
            )
    if shape is None:
        instance.waveform = Waveform("dc", (), dc or 0.0)
    else:
        value = _at_zero(shape) if dc is None else dc
        instance.waveform = Waveform(shape.kind, shape.values, value, shape.options)
    return k


def _at_zero(shape: Waveform) -> float:
    """Return the value at time 0. Nearly always it can be read off, and no kernel has to be loaded for it."""
    v = shape.values
    delayed = {"pulse": v[2] >= 0.0 if len(v) > 2 else True, "exp": v[2] >= 0.0 if len(v) > 2 else True}
    if delayed.get(shape.kind, False):
        return v[0]
    if shape.kind == "pwl" and v[0] + shape.options.get("td", 0.0) >= 0.0:
        return v[1]
    if shape.kind == "sin" and (len(v) < 4 or v[3] >= 0.0):
        return v[0] + v[1] * math.sin(math.radians(v[5] if len(v) > 5 else 0.0))
    return value_at(shape, 0.0)


def _after_equals(card: Card, k: int) -> int:
    return k + 1 if k < len(card.tokens) and card.tokens[k] == "=" else k


def _skip_ac(card: Card, k: int) -> int:
    """Pass the magnitude and phase of AC, where they are given."""
    last = k + 2
    while k < min(last, len(card.tokens)) and card.tokens[k][0] in "0123456789.+-{'":
        k += 1
    return k


def _read_shape(level: Level, card: Card, index: int, kind: str) -> tuple[Waveform, int]:
    """Read the numbers of a waveform, in parentheses or not, and r= and td= of PWL."""
    tokens = card.tokens
    k = index + 1
    closed = k < len(tokens) and tokens[k] == "("
    if closed:
        k += 1
    values: list[float] = []
    options: dict[str, float] = {}
    while k < len(tokens) and tokens[k] != ")":
        word = tokens[k].lower()
        if k + 1 < len(tokens) and tokens[k + 1] == "=":
            if kind != "pwl" or word not in _OPTIONS:
                break
            options[word], k = level.number(card, k + 2), k + 3
        elif word == ",":
            k += 1
        elif not closed and (word in ("dc", "ac") or word in _SHAPES):
            break
        else:
            values.append(level.number(card, k))
            k += 1
    if closed:
        if k >= len(tokens) or tokens[k] != ")":
            raise InputError("'(' is not closed", card.where(index + 1), expected=f"{kind.upper()}(…)")
        k += 1
    while kind == "pwl" and k + 2 < len(tokens) and tokens[k + 1] == "=" and tokens[k].lower() in _OPTIONS:
        options[tokens[k].lower()], k = level.number(card, k + 2), k + 3
    try:
        check(kind, values, options)
    except InputError as error:
        raise moved(error, card.where(index)) from None
    return Waveform(kind, tuple(values), 0.0, options), k
