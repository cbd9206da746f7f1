"""Analysis cards: .op, .dc SOURCE START STOP …, .tran TSTEP TSTOP [TSTART [TMAX]] [UIC] [learn | noise]."""

from __future__ import annotations

import math

from eqchip.errors import InputError, nearest
from eqchip.netlists.build import Build
from eqchip.netlists.card import Card
from eqchip.netlists.circuit import Dc, Op, Tran

MOST_POINTS = 50_000_000
MOST_STEPS = 1_000_000_000

_DC = ".dc SOURCE START STOP STEP [SOURCE2 START2 STOP2 STEP2]"
_TRAN = ".tran TSTEP TSTOP [TSTART [TMAX]] [UIC] [learn | noise]"


def read_op(build: Build, card: Card) -> None:
    """Read .op."""
    if card.tokens:
        raise InputError(f"'{card.tokens[0]}' on .op is not understood", card.where(0), expected=".op alone")
    build.circuit.analyses.append(Op())


def read_dc(build: Build, card: Card) -> None:
    """Read .dc; the first sweep is the innermost."""
    tokens = card.tokens
    if len(tokens) not in (4, 8):
        at = card.where(len(tokens) if len(tokens) < 8 else 8)
        raise InputError(f".dc has {len(tokens)} words", at, expected=_DC)
    sweeps: list[tuple[str, float, float, float]] = []
    for k in range(0, len(tokens), 4):
        start, stop, step = (build.top.number(card, k + j) for j in (1, 2, 3))
        if step == 0.0:
            raise InputError("a step of 0", card.where(k + 3), expected="a step from START towards STOP")
        if (stop - start) * step < 0.0:
            raise InputError(
                f"steps of {step:g} do not lead from {start:g} to {stop:g}",
                card.where(k + 3),
                expected="a step from START towards STOP",
            )
        if abs((stop - start) / step) > MOST_POINTS:
            raise InputError(f"a sweep of more than {MOST_POINTS:,} points", card.where(k + 3))
        sweeps.append((_source(build, card, k), start, stop, step))
    if math.prod(abs((stop - start) / step) + 1.0 for _, start, stop, step in sweeps) > MOST_POINTS:
        raise InputError(f"a sweep of more than {MOST_POINTS:,} points", card.where(3))
    if len(sweeps) == 2 and sweeps[0][0] == sweeps[1][0]:
        raise InputError(f"{sweeps[0][0]} is swept twice", card.where(4), expected="two sources")
    build.circuit.analyses.append(Dc(tuple(sweeps)))


def _source(build: Build, card: Card, index: int) -> str:
    name = card.tokens[index]
    found = build.instances.get(name.lower())
    if found is None:
        if name.lower() == "temp":
            raise InputError(".dc over temp is not supported yet", card.where(index))
        known = [one.name for one in build.circuit.instances if one.family.waveform]
        raise InputError(
            f"there is no source '{name}'",
            card.where(index),
            expected="the name of a V or I source",
            near=nearest(name, known),
        )
    if not found.family.waveform:
        raise InputError(
            f".dc over '{found.name}' ({found.family.name}) is not supported yet",
            card.where(index),
            expected="the name of a V or I source",
        )
    return found.name


def read_tran(build: Build, card: Card) -> None:
    """Read .tran."""
    numbers: list[float] = []
    uic = False
    learn = noise = -1  # the places of these words
    for k, token in enumerate(card.tokens):
        word = token.lower()
        if word == "uic":
            uic = True
        elif word == "learn":
            learn = k
        elif word == "noise":
            noise = k
        elif uic or learn >= 0 or noise >= 0 or len(numbers) == 4:
            raise InputError(f"'{token}' on .tran is one word too many", card.where(k), expected=_TRAN)
        else:
            numbers.append(build.top.number(card, k))
    if len(numbers) < 2:
        raise InputError(".tran needs TSTEP and TSTOP", card.where(len(card.tokens)), expected=_TRAN)
    step, stop = numbers[0], numbers[1]
    start = numbers[2] if len(numbers) > 2 else 0.0
    longest = numbers[3] if len(numbers) > 3 else None
    if step <= 0.0:
        raise InputError(f"TSTEP is {step:g}", card.where(0), expected="a time above 0")
    if stop <= 0.0:
        raise InputError(f"TSTOP is {stop:g}", card.where(1), expected="a time above 0")
    if not 0.0 <= start < stop:
        raise InputError(
            f"TSTART is {start:g}", card.where(2), expected=f"a time from 0 to below TSTOP={stop:g}"
        )
    if longest is not None and longest < 0.0:
        raise InputError(f"TMAX is {longest:g}", card.where(3), expected="a time above 0")
    if stop / (longest or step) > MOST_STEPS:
        raise InputError(
            f"a transient of more than {MOST_STEPS:,} steps",
            card.where(3 if longest else 0),
            expected=f"a step of at least {stop / MOST_STEPS:g}",
        )
    if learn >= 0 and noise >= 0:
        raise InputError(
            "a waveform that learns cannot be noisy yet",
            card.where(noise),
            expected="learn or noise; .train with noisy devices trains beside noise",
        )
    at = card.where(max(learn, noise)) if max(learn, noise) >= 0 else card.where()
    build.circuit.analyses.append(Tran(step, stop, start, longest or None, uic, learn >= 0, noise >= 0, at))
