"""`.tran … learn`: one continuous waveform in which a chip is shown samples and changes itself.

    time    0 ──── gap ──── free ──────── nudged ──── gap ──── free ──────── nudged ──── …
    inputs  ramp to the     held          held        ramp to the next sample
            sample
    nudge   off             off           β           off
    θ       still           still         moves       still

The state is never put back: capacitors carry it from one phase to the next. Time 0 is the operating point
with all inputs at 0 V (or, with uic, what .ic says), so the first gap leads to the first sample. Every border
between two phases is a point in time that steps land on, and begins two steps of TR-BDF2; there the rates of
all charges are those of the new drives, and nodes without capacitance jump to where they belong.

A row belongs to the phase that led to it, borders to the phase that ends there: the last row of a free phase
is the free state, the last of a nudged phase what the nudge made of it. In a gap `sample` is already the
next one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.entries import pack
from eqchip.netlists.circuit import Protocol, Tran
from eqchip.simulator.analyses.columns import recording
from eqchip.simulator.analyses.initial import VANISHING, begin_at, let_states_move
from eqchip.simulator.analyses.moving import Moving
from eqchip.simulator.analyses.presented import FREE, GAP, NUDGED
from eqchip.simulator.analyses.transient import Tolerances, begun, stretch
from eqchip.simulator.equilibrium.operating_point import implicit_point
from eqchip.simulator.equilibrium.solver import Solver
from eqchip.simulator.integrators.plastic import STILL, begin, leap
from eqchip.simulator.integrators.track import LONGEST, STEP, STOP, TIME, Track
from eqchip.simulator.moment import Moment
from eqchip.simulator.rows import Column, Plan, Rows
from eqchip.simulator.stimulus import Waveforms, corners, fill, set_ramps, stimulus
from eqchip.simulator.system import System

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Times closer than this part of the end of the run are one.
SAME = 1e-12


@dataclass(frozen=True, slots=True)
class Presentation:
    """One sample as the chip is shown it."""

    sample: int  # its row among those to learn from
    free: FloatArray  # drives without the nudge
    nudged: Callable[[FloatArray], FloatArray]  # the free state (unknowns) → drives with it
    factors: FloatArray  # −Δθ over what is felt, for each parameter that moves
    targets: FloatArray  # state units
    beta: float  # of its nudge, over the energy scale of the outputs
    moment: Moment | None = None  # what its noise is keyed by


@dataclass(frozen=True, slots=True)
class Lesson:
    """What is learned, from what, and how it is looked at."""

    protocol: Protocol
    law: int  # of integrators.plastic
    moving: Moving
    inputs: IntArray  # drives that ramp
    outputs: IntArray  # unknowns that answer
    presentations: Iterator[Presentation]
    #: (rows of outputs in V, targets) → columns: cost, wrong, target(y).
    marks: Callable[[FloatArray, FloatArray], Mapping[str, FloatArray]]
    columns: tuple[Column, ...]  # of the marks
    #: What devices that are not ideal do between phases: (phase that begins, sample) → whether θ changed.
    between: Callable[[int, Presentation], bool] | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)


def learning_waveform(system: System, card: Tran, lesson: Lesson) -> Iterator[Plan | Rows]:
    """Run .tran … learn; `lesson.moving.plastic.theta` are the parameters as of the last row yielded."""
    chosen, moving = recording(system), lesson.moving
    labels = (Column("phase", ""), Column("sample", ""), Column("beta", ""), *lesson.columns)
    yield Plan(
        "tran",
        Column("time", "s"),
        (*labels, *chosen.columns, *moving.columns),
        {"residual_unit": "A", "phases": "0 gap, 1 free, 2 nudged", **lesson.attributes},
    )
    kept = np.concatenate([lesson.outputs, chosen.kept])
    answers, seen = len(lesson.outputs), len(kept)

    def rows(times: FloatArray, block: FloatArray, leak: float, phase: int, shown: Presentation) -> Rows:
        marks = lesson.marks(block[:, :answers], shown.targets)
        same = np.ones(len(times))
        return Rows(
            times,
            {
                "phase": phase * same,
                "sample": shown.sample * same,
                "beta": (shown.beta if phase == NUDGED else 0.0) * same,
                **marks,
                **chosen.values(block[:, answers:seen]),
                **moving.values(block[:, seen:]),
            },
            leak,
        )

    run = _Course(system, card, lesson)
    first = True
    for number, shown in enumerate(lesson.presentations):
        for phase, end in run.phases(number):
            run.enter(phase, end, shown)
            if first and card.start <= 0.0:
                here = np.concatenate([run.track.x[kept], moving.plastic.theta[moving.plastic.kept]])
                yield rows(np.zeros(1), here[None], 0.0, phase, shown)
            first = False
            for times, block, leak in run.march(end, kept):
                yield rows(times, block, leak, phase, shown)
            if end >= card.stop:
                if phase == NUDGED and lesson.between is not None:
                    lesson.between(GAP, shown)
                return


class _Course:
    """Where the waveform stands, and how it goes on."""

    def __init__(self, system: System, card: Tran, lesson: Lesson) -> None:
        self.system, self.card, self.lesson = system, card, lesson
        self.tolerances = Tolerances.of(system)
        self.waves: Waveforms = stimulus(system, card.step, card.stop, lesson.inputs.tolist())
        self.corners = corners(system, card.step, card.stop)
        self.held = np.zeros(len(lesson.inputs))
        longest = min(card.longest or card.step, card.stop / 2.0)
        self.solver = Solver(system)
        self.track: Track = begun(system, self.solver, card, self.waves, longest, self.tolerances)
        self.solver.prepare(
            self.track.x, self.track.d, self.tolerances.control(), 2.0 / self.track.clock[STEP]
        )
        self.packed = pack(self.track), pack(lesson.moving.plastic)
        self.bare = _bare_nodes(self.track, system, lesson)

    def phases(self, number: int) -> Iterator[tuple[int, float]]:
        """Return the phases of presentation `number` and when each ends, up to the end of the run."""
        protocol, stop = self.lesson.protocol, self.card.stop
        start = number * protocol.period
        lengths = (protocol.gap, protocol.free, protocol.nudged)
        for phase, end in zip((GAP, FREE, NUDGED), start + np.cumsum(lengths), strict=True):
            last = float(end) >= stop * (1.0 - SAME)
            yield phase, stop if last else float(end)
            if last:
                return

    def enter(self, phase: int, end: float, shown: Presentation) -> None:
        """Switch the nudge, the ramps and learning for a phase that ends at `end`."""
        track, plastic = self.track, self.lesson.moving.plastic
        now = float(track.clock[TIME])
        plastic.law[0] = STILL
        changed = self.lesson.between is not None and self.lesson.between(phase, shown)
        if changed:
            plastic.theta[:] = plastic.graph.values[plastic.spots]
        if phase == GAP:
            after = shown.free[self.lesson.inputs]
            full = now + self.lesson.protocol.gap if end >= self.card.stop else end
            set_ramps(self.waves, now, full, self.held, after)
            self.held = after
        if phase == NUDGED:
            plastic.factor[:] = shown.factors
            for where in self.lesson.moving.ranges:
                plastic.size[where] = np.max(np.abs(plastic.theta[where]), initial=0.0)
            plastic.law[0] = self.lesson.law
            begin(self.packed[1], self.packed[0])
        track.d[:] = shown.nudged(track.x[:-1]) if phase == NUDGED else shown.free
        let_states_move(self.system, track.d)
        fill(self.waves, now, track.d)
        if phase != FREE or changed:  # where a gap leads to, no drive jumps
            self._settle_jumps(now)

    def _settle_jumps(self, now: float) -> None:
        """Bring the rates of all charges, and nodes that bear none, in line with new drives."""
        track, x = self.track, self.track.x[:-1].copy()
        if self.bare:
            step = VANISHING * float(track.limits[LONGEST])
            x = implicit_point(self.solver, track.d, x, track.q[:-1], step)
            plastic = self.lesson.moving.plastic
            if plastic.law[0] != STILL:
                track.trial[:-1] = x
                leap(self.packed[1], self.packed[0])
            self.solver.prepare(track.x, track.d, self.tolerances.control(), 2.0 / track.clock[STEP])
        begin_at(track, self.solver, x)

    def march(self, end: float, kept: IntArray) -> Iterator[tuple[FloatArray, FloatArray, float]]:
        """March to the end of the phase."""
        track, now, near = self.track, float(self.track.clock[TIME]), SAME * self.card.stop
        inside = self.corners[(self.corners > now + near) & (self.corners < end - near)]
        track.limits[STOP] = end
        return stretch(
            self.solver,
            track,
            self.waves,
            np.append(inside, end),
            kept,
            self.card.start,
            self.tolerances,
            self.lesson.moving.plastic,
            self.packed,
        )


def _bare_nodes(track: Track, system: System, lesson: Lesson) -> bool:
    """Say whether a node other than the inputs bears no charge: it jumps where drives do."""
    loose = track.bearing[: system.network.nodes] == 0.0
    loose[system.unknown_of_node[[node for one in system.circuit.inputs for node in one.nodes]]] = False
    return bool(np.any(loose))
