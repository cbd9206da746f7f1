"""Plastic: parameters that move while time flows, by the differential law of their rule.

    contrast, STDP    dθ/dt = −factor · d(∂E/∂θ)/dt            factor = rate/β
    vector field      dθ/dt = −factor · (∂f/∂θ)ᵀ dv/dt

Over a step from v₀ to v₁ the first is integrated exactly, Δθ = −factor·[∂E/∂θ(v₁) − ∂E/∂θ(v₀)], so that all
steps of a nudge together make the contrast of its end points, whatever their lengths; the second by the
midpoint, ∂f/∂θ at (v₀ + v₁)/2. θ stays within its bounds at every step.

**Coupling with v.** During a step θ runs on a straight line to where it is expected at the end: on the
parabola through the last values; right after a corner of the sources, at rest. When the step is solved the
law says where θ really ends; what misses by more than the tolerance of a step is solved again with that. So v
feels θ as it is to second order, as the integrators are, and θ₁ belongs to v₁ to that tolerance.

What a device feels comes from its own family, through the dispatcher: no rule here knows a synapse.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

from eqchip.devices.dispatch import signals, slopes
from eqchip.devices.graph import Graph
from eqchip.entries import Entry, call, unpack
from eqchip.kernels import kernel
from eqchip.simulator.integrators.track import POINTS, STEP, TIME, TIME_1, TIME_2, Track

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: How weights move.
STILL, CONTRAST, FIELD = range(3)
#: How often a step is solved before it is tried shorter.
TURNS = 6


class Plastic(NamedTuple):
    """The parameters that move, one number for each unless said otherwise."""

    graph: Graph  # the elements they belong to, among others
    law: IntArray  # (1) STILL, CONTRAST or FIELD
    address: int  # of the entry that asks the devices
    elements: IntArray  # the element of each, in the graph
    spots: IntArray  # where θ stands in the graph's values
    kept: IntArray  # those that are recorded
    theta: FloatArray  # at the last accepted time, and two before it
    theta_1: FloatArray
    theta_2: FloatArray
    end: FloatArray  # where the step that is tried leads
    led: FloatArray  # where the law led the last time it was asked, and by how much that missed
    missed: FloatArray
    factor: FloatArray  # −Δθ over what is felt
    low: FloatArray
    high: FloatArray
    size: FloatArray  # the largest |θ| of its array: what a miss is measured by
    felt: FloatArray  # at the last accepted time, and at the trial
    felt_now: FloatArray
    point: FloatArray  # (unknowns + 1) where the devices are asked
    change: FloatArray  # (unknowns + 1) how far v moved
    answers: FloatArray  # (elements of the graph)


def nothing_plastic(graph: Graph) -> Plastic:
    """Return what stands for no parameter that moves."""
    none = np.zeros(0, dtype=np.int64)
    return plastic_of(graph, none, none, none, 0)


def plastic_of(graph: Graph, elements: IntArray, spots: IntArray, kept: IntArray, unknowns: int) -> Plastic:
    """Return the parameters at these places of a graph, at rest."""
    theta = graph.values[spots]
    count = len(theta)
    moving = count > 0
    return Plastic(
        graph=graph,
        law=np.array([STILL], dtype=np.int64),
        address=_FEEL.address if moving else 0,
        elements=elements,
        spots=spots,
        kept=kept,
        theta=theta,
        theta_1=theta.copy(),
        theta_2=theta.copy(),
        end=theta.copy(),
        led=np.zeros(count),
        missed=np.zeros(count),
        factor=np.zeros(count),
        low=np.full(count, -np.inf),
        high=np.full(count, np.inf),
        size=np.abs(theta),
        felt=np.zeros(count),
        felt_now=np.zeros(count),
        point=np.zeros(unknowns + 1),
        change=np.zeros(unknowns + 1),
        answers=np.zeros(len(graph.rows) if moving else 0),
    )


def _feel(packed: Any) -> int:
    """Set felt_now: ∂E/∂θ at `point`, or (∂f/∂θ)ᵀ·`change` there."""
    plastic = unpack(packed, Plastic)
    elements, felt_now, answers = plastic.elements, plastic.felt_now, plastic.answers
    if plastic.law[0] == CONTRAST:
        signals(plastic.graph, plastic.point, answers)
    else:
        slopes(plastic.graph, plastic.point, plastic.change, answers)
    for k in range(len(elements)):
        felt_now[k] = answers[elements[k]]
    return 0


_FEEL = Entry(_feel, types.int64(types.CPointer(types.int64)))


@kernel
def begin(packed: IntArray, packed_track: IntArray) -> None:
    """Let the parameters move from here on: what is felt now is what later states are held against."""
    plastic, track = unpack(packed, Plastic), unpack(packed_track, Track)
    point, change, x = plastic.point, plastic.change, track.x
    felt, felt_now = plastic.felt, plastic.felt_now
    for i in range(len(point)):
        point[i] = x[i]
        change[i] = 0.0
    call(plastic.address, (packed,))
    for k in range(len(felt)):
        felt[k] = felt_now[k]


@kernel
def leap(packed: IntArray, packed_track: IntArray) -> None:
    """Let the parameters feel a jump from the state to the trial, in no time."""
    plastic, track = unpack(packed, Plastic), unpack(packed_track, Track)
    theta, end = plastic.theta, plastic.end
    for k in range(len(theta)):
        end[k] = theta[k]
    follow(plastic, track, np.inf, 0)
    keep(plastic)


@kernel(inner=True)
def aim(plastic: Plastic, track: Track) -> None:
    """Expect where θ is at the end of the step."""
    clock, low, high = track.clock, plastic.low, plastic.high
    theta, theta_1, theta_2, end = plastic.theta, plastic.theta_1, plastic.theta_2, plastic.end
    h, points = clock[STEP], clock[POINTS]
    h_1, h_2 = clock[TIME] - clock[TIME_1], clock[TIME_1] - clock[TIME_2]
    for k in range(len(theta)):
        to = theta[k]
        if points >= 2.0:
            slope = (theta[k] - theta_1[k]) / h_1
            if points >= 3.0:
                bend = (slope - (theta_1[k] - theta_2[k]) / h_2) / (h_1 + h_2)
                slope += (h + h_1) * bend
            to += h * slope
        end[k] = min(max(to, low[k]), high[k])


@kernel(inner=True)
def place(plastic: Plastic, share: float) -> None:
    """Put θ where it is after this share of the step."""
    values, spots, theta, end = plastic.graph.values, plastic.spots, plastic.theta, plastic.end
    for k in range(len(theta)):
        values[spots[k]] = theta[k] + share * (end[k] - theta[k])


@kernel(inner=True)
def follow(plastic: Plastic, track: Track, relative: float, turn: int) -> bool:
    """Set the end to where the law leads with the trial; return whether it was expected there.

    Where it was not, and again at the next `turn`, the end to be tried mixes the last two answers so that
    their misses cancel best (Anderson acceleration of depth 1): strong coupling converges as well.
    """
    theta, end, low, high = plastic.theta, plastic.end, plastic.low, plastic.high
    factor, size, felt, felt_now = plastic.factor, plastic.size, plastic.felt, plastic.felt_now
    point, change, x, trial = plastic.point, plastic.change, track.x, track.trial
    field = plastic.law[0] == FIELD
    for i in range(len(point)):
        point[i] = 0.5 * (x[i] + trial[i]) if field else trial[i]
        change[i] = trial[i] - x[i]
    call(plastic.address, (plastic,))
    led, missed = plastic.led, plastic.missed
    expected = True
    over = under = 0.0
    for k in range(len(theta)):
        moved = felt_now[k] if field else felt_now[k] - felt[k]
        to = min(max(theta[k] - factor[k] * moved, low[k]), high[k])
        miss = to - end[k]
        if not abs(miss) <= relative * max(size[k], abs(to)):
            expected = False
        turned = miss - missed[k]
        over += miss * turned
        under += turned * turned
        missed[k] = miss
        end[k] = to
    share = over / under if turn > 0 and under > 0.0 else 0.0
    for k in range(len(theta)):
        to = end[k]
        if not expected:
            end[k] = min(max(to - share * (to - led[k]), low[k]), high[k])
        led[k] = to
    return expected


@kernel(inner=True)
def keep(plastic: Plastic) -> None:
    """Move on to the end of the step."""
    theta, theta_1, theta_2, end = plastic.theta, plastic.theta_1, plastic.theta_2, plastic.end
    felt, felt_now = plastic.felt, plastic.felt_now
    values, spots = plastic.graph.values, plastic.spots
    for k in range(len(theta)):
        theta_2[k] = theta_1[k]
        theta_1[k] = theta[k]
        theta[k] = end[k]
        felt[k] = felt_now[k]
        values[spots[k]] = end[k]
