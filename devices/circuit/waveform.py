"""What independent sources do in time, exactly as ngspice 39 has it.

    PULSE(v1 v2 td tr tf pw per np)  v1; from td up to v2 in tr, stays pw, down in tf; np times, each per
    SIN(vo va freq td theta phase)   vo + va·sin(2π·freq·τ + φ)·e^(−theta·τ), τ = t − td or 0
    EXP(v1 v2 td1 tau1 td2 tau2)     v1 + (v2 − v1)·[1 − e^(−(t − td1)/tau1)] from td1, and back from td2
    SFFM(vo va fc mdi fs φc φs)      vo + va·sin(2π·fc·t + φc + mdi·sin(2π·fs·t + φs))
    PWL(t1 v1 t2 v2 …) r= td=        straight lines, held outside; td later; from t = r on again and again
    DC value                         a constant

Times in s, theta in 1/s, phases in degrees. Defaults (not given, or 0): tr, tf, td1, tau1, tau2: TSTEP;
pw, per: TSTOP; np: for ever; freq, fc, fs: 1/TSTOP; td2: td1 + TSTEP; all others 0.

Source: ngspice 39 manual, chapter 4.1, and its curves, which the tests compare with.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from eqchip.devices.family import FloatArray
from eqchip.errors import InputError, Location, nearest
from eqchip.kernels import kernel
from eqchip.units import engineering

IntArray = NDArray[np.int64]

DC, PULSE, SIN, EXP, PWL, SFFM = range(6)
KINDS: dict[str, int] = {"dc": DC, "pulse": PULSE, "sin": SIN, "exp": EXP, "pwl": PWL, "sffm": SFFM}
#: How few and how many numbers each kind takes.
_COUNTS: dict[str, tuple[int, int]] = {
    "dc": (0, 1),
    "pulse": (2, 8),
    "sin": (2, 6),
    "exp": (2, 6),
    "sffm": (2, 7),
}
#: More corners than this within one run are a mistake (a period far below what can be simulated).
_MOST_CORNERS = 10_000_000


class Described(Protocol):
    """A waveform as a circuit holds it."""

    @property
    def kind(self) -> str:
        """A key of KINDS."""

    @property
    def values(self) -> tuple[float, ...]:
        """The numbers between the parentheses."""

    @property
    def dc(self) -> float:
        """Its value in op and dc analyses."""

    @property
    def options(self) -> Mapping[str, float]:
        """Of pwl: r, td."""


class Waveforms(NamedTuple):
    """The waveforms of a chip as flat arrays, defaults filled in for one TSTEP and TSTOP."""

    slots: IntArray  # where in d each value goes
    kinds: IntArray
    start: IntArray  # (waveforms + 1) into numbers
    numbers: FloatArray
    dc: FloatArray


def check(
    kind: str, values: Sequence[float], options: Mapping[str, float], at: Location | None = None
) -> None:
    """Raise the InputError that says what is wrong with a waveform."""
    if kind not in KINDS:
        raise InputError(
            f"no waveform '{kind}'", at, expected="one of: " + ", ".join(KINDS), near=nearest(kind, KINDS)
        )
    for name in options:
        if kind != "pwl" or name not in ("r", "td"):
            raise InputError(f"{kind} has no option '{name}'", at, expected="r= and td=, with pwl only")
    if kind == "pwl":
        _check_pwl(values, options, at)
        return
    low, high = _COUNTS[kind]
    if not low <= len(values) <= high:
        raise InputError(f"{kind} with {len(values)} numbers", at, expected=f"{low} to {high} of them")
    if kind == "pulse":
        for position, name in ((3, "tr"), (4, "tf"), (5, "pw"), (6, "per"), (7, "np")):
            if len(values) > position and values[position] < 0.0:
                raise InputError(
                    f"pulse with {name}={engineering(values[position], 's')}", at, expected="0 or more"
                )


def _check_pwl(values: Sequence[float], options: Mapping[str, float], at: Location | None) -> None:
    if len(values) < 2 or len(values) % 2:
        raise InputError(f"pwl with {len(values)} numbers", at, expected="pairs of a time and a value")
    times = values[::2]
    for before, after in pairwise(times):
        if after <= before:
            raise InputError(
                f"pwl goes from {engineering(before, 's')} back to {engineering(after, 's')}",
                at,
                expected="times that increase",
            )
    repeat = options.get("r", -1.0)
    if repeat >= 0.0 and not any(
        math.isclose(repeat, time, rel_tol=1e-9, abs_tol=0.0) for time in times[:-1]
    ):
        raise InputError(
            f"pwl repeats from {engineering(repeat, 's')}", at, expected="one of its times, but the last"
        )


def resolve(waveform: Described, tstep: float, tstop: float) -> list[float]:
    """Return the numbers of a waveform with every default filled in, as `value` reads them."""
    v = list(waveform.values)

    def number(position: int, default: float = 0.0) -> float:
        given = position < len(v) and v[position] != 0.0
        return float(v[position]) if given else default

    kind = KINDS[waveform.kind]
    if kind == PULSE:
        flank = number(3, tstep), number(4, tstep), number(5, tstop)
        return [v[0], v[1], number(2), *flank, number(6, tstop), number(7)]
    if kind == SIN:
        return [v[0], v[1], number(2, 1.0 / tstop), number(3), number(4), math.radians(number(5))]
    if kind == EXP:
        first = number(2, tstep)
        return [v[0], v[1], first, number(3, tstep), number(4, first + tstep), number(5, tstep)]
    if kind == SFFM:
        phases = math.radians(number(5)), math.radians(number(6))
        return [v[0], v[1], number(2, 1.0 / tstop), number(3), number(4, 1.0 / tstop), *phases]
    if kind == PWL:
        repeat = waveform.options.get("r", -1.0)
        first = -1.0
        if repeat >= 0.0:
            first = float(np.argmin(np.abs(np.asarray(v[::2]) - repeat)))
        return [waveform.options.get("td", 0.0), first, *v]
    return [v[0] if v else waveform.dc]


@kernel
def value(kind: int, n: FloatArray, time: float) -> float:
    """Return a waveform's value; `n` are the numbers that `resolve` returned."""
    if kind == PULSE:
        t = time - n[2]
        rise, fall, width, period, pulses = n[3], n[4], n[5], n[6], n[7]
        turn = 0.0
        if t > period:
            turn = math.floor(t / period)
            t -= period * turn
        if t <= 0.0 or t >= rise + width + fall or (pulses > 0.0 and turn >= pulses):
            return float(n[0])
        if t < rise:
            return float(n[0] + (n[1] - n[0]) * t / rise)
        if t <= rise + width:
            return float(n[1])
        return float(n[1] + (n[0] - n[1]) * (t - (rise + width)) / fall)
    if kind == SIN:
        t = max(time - n[3], 0.0)
        return float(n[0] + n[1] * math.sin(2.0 * math.pi * n[2] * t + n[5]) * math.exp(-t * n[4]))
    if kind == EXP:
        result = n[0]
        if time > n[2]:
            result += (n[1] - n[0]) * (1.0 - math.exp(-(time - n[2]) / n[3]))
        if time > n[4]:
            result += (n[0] - n[1]) * (1.0 - math.exp(-(time - n[4]) / n[5]))
        return float(result)
    if kind == SFFM:
        inner = n[3] * math.sin(2.0 * math.pi * n[4] * time + n[6])
        return float(n[0] + n[1] * math.sin(2.0 * math.pi * n[2] * time + n[5] + inner))
    if kind == PWL:
        return _broken_line(n, time - n[0])
    return float(n[0])


@kernel
def _broken_line(n: FloatArray, t: float) -> float:
    points = (len(n) - 2) // 2
    last = n[2 * points]
    rounding = 1e-15 * abs(t)
    if n[1] >= 0.0 and t >= last - rounding:
        # At the very end of a period the next one has begun, whatever the rounding of t says.
        first = n[2 + 2 * int(n[1])]
        period = last - first
        phase = max(t - last, 0.0) % period
        t = first + (phase if period - phase > rounding else 0.0)
    if t <= n[2]:
        return float(n[3])
    if t >= last:
        return float(n[2 * points + 1])
    left, right = 0, points - 1
    while right - left > 1:
        middle = (left + right) // 2
        if n[2 + 2 * middle] > t:
            right = middle
        else:
            left = middle
    t0, v0, t1, v1 = n[2 + 2 * left], n[3 + 2 * left], n[2 + 2 * right], n[3 + 2 * right]
    return float(v0 + (v1 - v0) * (t - t0) / (t1 - t0))


@kernel
def fill(waveforms: Waveforms, time: float, d: FloatArray) -> None:
    """Write time and the value of every source into the drives of one sample."""
    d[0] = time
    for k in range(len(waveforms.slots)):
        numbers = waveforms.numbers[waveforms.start[k] : waveforms.start[k + 1]]
        d[waveforms.slots[k]] = value(waveforms.kinds[k], numbers, time)


def table(waveforms: Sequence[Described], slots: Sequence[int], tstep: float, tstop: float) -> Waveforms:
    """Return the waveforms whose values go to `slots`, as arrays."""
    rows = [resolve(one, tstep, tstop) for one in waveforms]
    return Waveforms(
        np.asarray(slots, dtype=np.int64),
        np.array([KINDS[one.kind] for one in waveforms], dtype=np.int64),
        np.cumsum([0, *(len(row) for row in rows)]).astype(np.int64),
        np.array([number for row in rows for number in row], dtype=np.float64),
        np.array([one.dc for one in waveforms], dtype=np.float64),
    )


def value_at(waveform: Described, time: float, tstep: float = 1.0, tstop: float = 1.0) -> float:
    """Return one waveform's value at one time."""
    numbers = np.array(resolve(waveform, tstep, tstop), dtype=np.float64)
    return float(value(KINDS[waveform.kind], numbers, time))


def breakpoints(waveform: Described, tstep: float, tstop: float) -> FloatArray:
    """Return the times from 0 to tstop at which a waveform has a corner, increasing."""
    n = resolve(waveform, tstep, tstop)
    kind = KINDS[waveform.kind]
    corners = np.empty(0)
    if kind == PULSE:
        delay, rise, fall, width, period, pulses = n[2:]
        shape = np.array([0.0, rise, rise + width, rise + width + fall])
        corners = delay + _repeated(shape[shape <= period], period, tstop - delay, pulses)
    elif kind == SIN:
        corners = np.array([n[3]])
    elif kind == EXP:
        corners = np.array([n[2], n[4]])
    elif kind == PWL:
        times = np.array(n[2::2])
        corners = n[0] + times
        if n[1] >= 0.0:
            first = times[int(n[1])]
            again = _repeated(times[int(n[1]) :] - first, times[-1] - first, tstop - n[0] - times[-1], 0.0)
            corners = np.concatenate([corners, n[0] + times[-1] + again])
    return np.unique(corners[(corners >= 0.0) & (corners <= tstop)])


def _repeated(shape: FloatArray, period: float, span: float, most: float) -> FloatArray:
    """Return `shape` repeated every period within `span`, at most `most` times (0: no such limit)."""
    turns = max(0, math.floor(span / period) + 1)
    if most > 0.0:
        turns = min(turns, math.ceil(most))
    if turns * len(shape) > _MOST_CORNERS:
        raise InputError(
            f"a waveform with {turns:.3g} periods in this run",
            expected=f"at most {_MOST_CORNERS // 4:g}: a longer period, or a shorter TSTOP",
        )
    result: FloatArray = (np.arange(turns)[:, None] * period + shape).ravel()
    return result
