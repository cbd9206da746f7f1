""".tran: the time course, adaptive steps, trapezoidal (method=trap) or TR-BDF2 (method=trbdf2 or gear)."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eqchip.entries import pack
from eqchip.errors import SimulationError
from eqchip.netlists.circuit import Tran
from eqchip.simulator.analyses.columns import Recording, recording
from eqchip.simulator.analyses.initial import (
    AWAY,
    FIRST,
    begin_at,
    given_state,
    jump,
    let_states_move,
    operating_state,
)
from eqchip.simulator.cost.waveform_energy import WaveformEnergy
from eqchip.simulator.equilibrium.bench import ALPHA, VIOLATION, Control
from eqchip.simulator.equilibrium.solver import NO_NUMBER, Solver
from eqchip.simulator.integrators.march import ATTEMPT, COUPLED, TRAPEZOIDAL, TRBDF2, march
from eqchip.simulator.integrators.plastic import Plastic, nothing_plastic
from eqchip.simulator.integrators.track import (
    AMPERES,
    LONGEST,
    METHOD,
    NEXT_CORNER,
    RELATIVE,
    SHORTEST,
    STEP,
    STOP,
    TIME,
    VOLTS,
    Track,
    new_track,
)
from eqchip.simulator.outcome import Outcome
from eqchip.simulator.rows import Column, Plan, Rows
from eqchip.simulator.stimulus import Waveforms, corners, drives_at, fill, stimulus
from eqchip.simulator.system import System

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Numbers in a block of rows; and the seconds it should take: an interrupt waits for its end, and loses it.
BLOCK = 1_000_000
PACE = 0.25
#: Local error allowed in a step at trtol = 7, over reltol: the sum over a time constant then stays below it.
SHARE = 0.1
#: Newton's tolerance over reltol and vntol.
FINER = 1e-3
#: The shortest step over the longest.
SHORT = 1e-11


@dataclass(frozen=True, slots=True)
class Tolerances:
    """What `.options` says of accuracy."""

    reltol: float
    abstol: float
    vntol: float
    trtol: float
    iterations: float
    method: float

    @classmethod
    def of(cls, system: System) -> Tolerances:
        """Read the options of a circuit."""
        options = system.circuit.options
        word = str(options.get("method", "trap"))
        return cls(
            reltol=float(options.get("reltol", 1e-3)),
            abstol=float(options.get("abstol", 1e-12)),
            vntol=float(options.get("vntol", 1e-6)),
            trtol=float(options.get("trtol", 7.0)),
            iterations=max(float(options.get("itl4", 10.0)), 4.0),
            method=TRAPEZOIDAL if word == "trap" else TRBDF2,
        )

    def control(self) -> Control:
        """Return how Newton runs within a step."""
        return Control(
            limit=2 * int(self.iterations),
            # However coarse the steps may be, each is solved properly.
            relative=FINER * min(self.reltol, 1e-3),
            volts=FINER * min(self.vntol, 1e-6),
            amperes=FINER * min(self.abstol, 1e-9),
            leak=0.0,
            reuse=True,
            verify=False,
        )


def tran(system: System, card: Tran, energy: WaveformEnergy | None = None) -> Iterator[Plan | Rows]:
    """Run .tran; `energy` takes every row with all its unknowns."""
    chosen = recording(system)
    yield Plan("tran", Column("time", "s"), chosen.columns, {"residual_unit": "A"})
    longest = card.longest or min(card.step, (card.stop - card.start) / 50.0)
    longest = min(longest, card.stop / 2.0)
    tolerances = Tolerances.of(system)
    waves = stimulus(system, card.step, card.stop)
    stops = corners(system, card.step, card.stop)
    stops = stops[np.diff(stops, append=np.inf) > 1e-12 * card.stop]
    stops = stops[stops > 1e-12 * card.stop]
    solver = Solver(system)
    track = begun(system, solver, card, waves, longest, tolerances)
    solver.prepare(track.x, track.d, tolerances.control(), 2.0 / track.clock[STEP])
    every = chosen.kept if energy is None else np.arange(system.size)
    if card.start <= 0.0:
        yield _rows(chosen, np.zeros(1), track.x[None, chosen.kept], 0.0)
        if energy is not None:
            energy.add(np.zeros(1), track.x[None, every].copy(), track.d[None].copy())
    track.limits[STOP] = card.stop
    still = nothing_plastic(system.network.varying)
    for times, rows, leak in stretch(solver, track, waves, stops, every, card.start, tolerances, still):
        if energy is not None:
            drives = np.empty((len(times), len(track.d)))
            drives_at(waves, track.d, times, drives)
            energy.add(times, rows, drives)
            rows = rows[:, chosen.kept]
        yield _rows(chosen, times, rows, leak)


def paced(room: int, most: int, seconds: float) -> int:
    """Return how many rows the next block has, after one of `room` rows took so many seconds."""
    return min(most, max(1, int(room * min(PACE / max(seconds, 1e-9), 4.0))))


def stretch(
    solver: Solver,
    track: Track,
    waves: Waveforms,
    stops: FloatArray,
    kept: IntArray,
    start: float,
    tolerances: Tolerances,
    plastic: Plastic,
    packed: tuple[IntArray, IntArray] | None = None,
) -> Iterator[tuple[FloatArray, FloatArray, float]]:
    """March from where the track is to its STOP, the last of `stops`; yield times, rows and the worst leak.

    Rows are of the times from `start` on: the kept unknowns, then the kept parameters. `packed`: track and
    plastic as kernels read them, where they were packed before.
    """
    system, longest = solver.system, float(track.limits[LONGEST])
    track.clock[NEXT_CORNER] = 0.0
    width = len(kept) + len(plastic.kept)
    packed_track, packed_plastic = packed or (pack(track), pack(plastic))
    packed_waves = pack(waves)
    attempt, coupled = ATTEMPT.address, COUPLED.address if len(plastic.theta) else 0
    most = max(32, min(4096, BLOCK // max(width, 1)))
    room = 32
    failed_at, failures = -1.0, 0
    jumped_at, tries = -np.inf, 0
    while True:
        times, rows = np.empty(room), np.empty((room, width))
        begun = time.monotonic()
        code, written = march(
            solver.packed,
            packed_track,
            packed_plastic,
            packed_waves,
            attempt,
            coupled,
            stops,
            kept,
            times,
            rows,
            max(start, 0.0),
        )
        room = paced(room, most, time.monotonic() - begun)
        if written:
            leak = float(solver.ws.found[VIOLATION])
            yield times[:written], rows[:written], leak if np.isfinite(leak) else 0.0
        if code == Outcome.DONE:
            return
        now = float(track.clock[TIME])
        lost = solver.not_finite()
        if code == Outcome.REPIVOT and lost:
            # No pivot order helps where a slope is no number; a shorter step may.
            track.memory[:] = track.memory_kept
            track.clock[STEP] *= 0.125
            if track.clock[STEP] < track.limits[SHORTEST]:
                raise _failure(system, track, Outcome.NOT_FINITE, lost)
            solver.ws.valid[0] = 0.0
        elif code == Outcome.REPIVOT:
            failures = failures + 1 if now == failed_at else 1
            failed_at = now
            track.memory[:] = track.memory_kept
            solver.alpha = float(solver.ws.control[ALPHA])
            if failures > 3:
                track.clock[STEP] *= 0.125
            solver.repivot(track.x, track.d)
            if failures > 6:
                raise _failure(system, track, Outcome.SINGULAR)
        elif code == Outcome.NOT_CONVERGED:
            plastic.graph.values[plastic.spots] = plastic.theta
            tries = tries + 1 if now - jumped_at < longest else 0
            while tries < len(AWAY) and not jump(track, solver, waves, tries):
                tries += 1
            if tries >= len(AWAY):
                raise _failure(system, track, Outcome.NOT_CONVERGED)
            jumped_at = float(track.clock[TIME])
            solver.prepare(track.x, track.d, tolerances.control(), 2.0 / track.clock[STEP])
            if track.clock[TIME] >= start:
                here = np.zeros((1, width))
                here[0] = np.concatenate([track.x[kept], plastic.theta[plastic.kept]])
                yield track.clock[TIME : TIME + 1].copy(), here, 0.0
        elif code != Outcome.BUFFER_FULL:
            raise _failure(system, track, Outcome(code), lost)


def begun(
    system: System,
    solver: Solver,
    card: Tran,
    waves: Waveforms,
    longest: float,
    tolerances: Tolerances,
) -> Track:
    """Return the track at time 0."""
    track = new_track(system.size, len(system.rest), system.memory)
    track.d[:] = system.rest
    fill(waves, 0.0, track.d)
    begin = track.d.copy()
    x = given_state(system, solver, begin, longest) if card.uic else operating_state(system, begin)
    let_states_move(system, track.d)
    begin_at(track, solver, x)
    share = SHARE * tolerances.trtol / 7.0
    track.limits[LONGEST] = longest
    track.limits[SHORTEST] = SHORT * longest
    track.limits[RELATIVE] = share * tolerances.reltol
    track.limits[VOLTS] = share * tolerances.vntol
    track.limits[AMPERES] = share * tolerances.abstol
    track.limits[METHOD] = tolerances.method
    track.clock[STEP] = FIRST * longest
    track.clock[NEXT_CORNER] = 0.0
    return track


def _rows(chosen: Recording, times: FloatArray, rows: FloatArray, leak: float) -> Rows:
    return Rows(times, chosen.values(rows), leak)


def _failure(system: System, track: Track, outcome: Outcome, lost: Sequence[str] = ()) -> SimulationError:
    """Return the error that says at what time, and which unknowns were hardest, or `lost` their numbers."""
    said = {
        Outcome.NOT_CONVERGED: "Newton's method found no next step",
        Outcome.NOT_FINITE: NO_NUMBER,
        Outcome.SINGULAR: "the matrix stays singular",
        Outcome.STEP_TOO_SMALL: "the local error stays above its tolerance at the shortest step",
    }[outcome]
    size = system.size
    scale = track.limits[RELATIVE] * np.maximum(track.peak, 1e-300) + track.limits[VOLTS]
    with np.errstate(invalid="ignore"):
        if outcome is Outcome.STEP_TOO_SMALL:
            miss = np.abs(track.error[:size]) / scale * track.bearing
        else:
            miss = np.abs(track.trial[:size] - track.x[:size]) / np.maximum(track.peak, 1e-12)
    order = np.argsort(-np.nan_to_num(miss, nan=np.inf, posinf=np.inf), kind="stable")[:3]
    time = float(track.clock[TIME])
    return SimulationError(
        f"{said}: stopped at t = {time:.6g} s",
        advice=outcome.advice,
        nodes=list(lost) or [system.names[i] for i in order],
        time=time,
    )
