"""March: the time loop of a transient, one kernel from one full buffer of rows to the next.

Steps follow the local error, land on every corner of a source exactly and are repeated smaller where the
error or Newton's method demands it. After a corner two steps of TR-BDF2 come first: they need no past.
Parameters that learn move along with the state (plastic.py).
"""

from __future__ import annotations

from typing import Any

from numba import types

from eqchip.entries import Entry, call, unpack
from eqchip.kernels import kernel
from eqchip.simulator.equilibrium.bench import NOT_CONVERGED, NOT_FINITE, REPIVOT, Bench
from eqchip.simulator.integrators.plastic import STILL, TURNS, Plastic, aim, follow, keep, place
from eqchip.simulator.integrators.track import (
    ERROR,
    LONGEST,
    METHOD,
    NEXT_CORNER,
    ONE_STAGE,
    POINTS,
    REJECTED,
    RELATIVE,
    RULE,
    SHORTEST,
    STEP,
    STOP,
    TIME,
    TIME_1,
    TIME_2,
    TRIED,
    TWO_STAGES,
    FloatArray,
    IntArray,
    Track,
    error_size,
)
from eqchip.simulator.integrators.trapezoidal import trapezoidal
from eqchip.simulator.integrators.trbdf2 import GAMMA, first_stage, second_stage
from eqchip.simulator.outcome import Outcome
from eqchip.simulator.stimulus import Waveforms, fill

DONE = int(Outcome.DONE)
BUFFER_FULL = int(Outcome.BUFFER_FULL)
STEP_TOO_SMALL = int(Outcome.STEP_TOO_SMALL)
TRAPEZOIDAL, TRBDF2 = 0.0, 1.0

#: A step stays as it is between these factors, because each change costs a factorisation; how it may grow.
KEEP, WORTH, GROW = 0.95, 1.25, 2.0
#: What a corner and a failed Newton leave of a step.
AFTER_CORNER, AFTER_FAILURE = 0.1, 0.125


def _attempt(packed: Any, packed_track: Any, packed_waves: Any, packed_plastic: Any, again: int) -> int:
    """Try one step, by the rule that is due; `again` from where it led the last time."""
    bench, track = unpack(packed, Bench), unpack(packed_track, Track)
    waves, plastic = unpack(packed_waves, Waveforms), unpack(packed_plastic, Plastic)
    clock = track.clock
    end = clock[TIME] + clock[STEP]
    moving = plastic.law[0] != STILL
    if track.limits[METHOD] == TRAPEZOIDAL and clock[POINTS] >= 3.0:
        clock[RULE] = ONE_STAGE
        fill(waves, end, track.d)
        if moving:
            place(plastic, 1.0)
        return trapezoidal(bench, track, again)
    clock[RULE] = TWO_STAGES
    fill(waves, clock[TIME] + GAMMA * clock[STEP], track.d)
    if moving:
        place(plastic, GAMMA)
    code = first_stage(bench, track)
    if code != DONE:
        return code
    fill(waves, end, track.d)
    if moving:
        place(plastic, 1.0)
    return second_stage(bench, track, bench.ws.w)


def _coupled(packed: Any, packed_track: Any, packed_waves: Any, packed_plastic: Any, attempt: int) -> int:
    """Try one step in which parameters move, again until they and the state agree."""
    bench, track = unpack(packed, Bench), unpack(packed_track, Track)
    waves, plastic = unpack(packed_waves, Waveforms), unpack(packed_plastic, Plastic)
    aim(plastic, track)
    memory, kept = track.memory, track.memory_kept
    for turn in range(TURNS):
        code = call(attempt, (bench, track, waves, plastic, turn))
        if code != DONE or follow(plastic, track, track.limits[RELATIVE], turn):
            return code
        for k in range(len(memory)):
            memory[k] = kept[k]
    return NOT_CONVERGED


_WORD, _INTS = types.int64, types.CPointer(types.int64)
_STEP = _WORD(_INTS, _INTS, _INTS, _INTS, _WORD)
#: Tries one step; the same where parameters move, which most circuits never compile.
ATTEMPT, COUPLED = Entry(_attempt, _STEP), Entry(_coupled, _STEP)


@kernel(inner=True)
def _accept(track: Track, time: float) -> None:
    """Move on to the trial."""
    clock, x, x_1, x_2, trial, peak = track.clock, track.x, track.x_1, track.x_2, track.trial, track.peak
    q, q_new, rate, rate_new = track.q, track.q_new, track.rate, track.rate_new
    memory, kept = track.memory, track.memory_kept
    for i in range(len(x)):
        x_2[i] = x_1[i]
        x_1[i] = x[i]
        x[i] = trial[i]
        q[i] = q_new[i]
        rate[i] = rate_new[i]
    for i in range(len(peak)):
        peak[i] = max(peak[i], abs(x[i]))
    for k in range(len(memory)):
        kept[k] = memory[k]
    clock[TIME_2] = clock[TIME_1]
    clock[TIME_1] = clock[TIME]
    clock[TIME] = time
    clock[POINTS] = min(clock[POINTS] + 1.0, 4.0)


@kernel
def march(
    packed: IntArray,
    packed_track: IntArray,
    packed_plastic: IntArray,
    packed_waves: IntArray,
    attempt: int,
    coupled: int,
    corners: FloatArray,
    kept: IntArray,
    times: FloatArray,
    rows: FloatArray,
    start: float,
) -> tuple[int, int]:
    """Step on until the end, a failure, or as many steps as `rows` has room for.

    A row per accepted time from `start` on: the kept unknowns, then the kept parameters. `attempt` and
    `coupled` are the addresses of the entries above. Steps before `start` count too: who waits can stop.

    Returns an outcome and how many rows were written.
    """
    bench = unpack(packed, Bench)
    track = unpack(packed_track, Track)
    plastic = unpack(packed_plastic, Plastic)
    moving, theta, recorded = plastic.law[0] != STILL, plastic.theta, plastic.kept
    clock, limits = track.clock, track.limits
    memory, memory_kept = track.memory, track.memory_kept
    x = track.x
    taken = written = 0
    stop, longest, shortest = limits[STOP], limits[LONGEST], limits[SHORTEST]
    while clock[TIME] < stop:
        if taken == len(times):
            return BUFFER_FULL, written
        corner = corners[int(clock[NEXT_CORNER])]
        wanted = min(clock[STEP], longest)
        rest = corner - clock[TIME]
        lands = wanted >= rest * (1.0 - 1e-9)
        clock[STEP] = rest if lands else (0.5 * rest if wanted > 0.5 * rest else wanted)
        clock[TRIED] += 1.0
        if moving:
            code = call(coupled, (packed, packed_track, packed_waves, packed_plastic, attempt))
        else:
            code = call(attempt, (packed, packed_track, packed_waves, packed_plastic, 0))
        if code == REPIVOT:
            clock[STEP] = wanted
            return REPIVOT, written
        h = clock[STEP]
        clock[ERROR] = error_size(bench, track) if code == DONE else -1.0
        if code != DONE or not clock[ERROR] <= 1.0:
            clock[REJECTED] += 1.0
            for k in range(len(memory)):
                memory[k] = memory_kept[k]
            if code == DONE and clock[ERROR] == clock[ERROR]:
                clock[STEP] = h * max(0.1, 0.9 * clock[ERROR] ** (-1.0 / 3.0))
                clock[POINTS] = 1.0 if clock[RULE] == ONE_STAGE else clock[POINTS]
            else:
                clock[STEP] = h * AFTER_FAILURE
            if clock[STEP] < shortest:
                return (code if code in (NOT_CONVERGED, NOT_FINITE) else STEP_TOO_SMALL), written
            continue
        _accept(track, corner if lands else clock[TIME] + h)
        taken += 1
        if moving:
            keep(plastic)
        growth = 0.9 * max(clock[ERROR], 1e-9) ** (-1.0 / 3.0)
        if lands:
            clock[NEXT_CORNER] += 1.0
            clock[POINTS] = 1.0
            clock[STEP] = max(AFTER_CORNER * min(wanted, h * GROW), 2.0 * shortest)
        elif growth < KEEP or growth > WORTH:
            clock[STEP] = h * min(growth, GROW)
        else:
            clock[STEP] = h
        if clock[TIME] >= start:
            times[written] = clock[TIME]
            for k in range(len(kept)):
                rows[written, k] = x[kept[k]]
            for k in range(len(recorded)):
                rows[written, len(kept) + k] = theta[recorded[k]]
            written += 1
    return DONE, written
