"""Track: where a transient stands, and what every time step of it reads and writes.

The state is x with the charges q and their rates q̇ = dq/dt at the last accepted time, and two states before
it, which predict the next. A step solves F(x) = f(x) + α·q(x) + history = 0, so charge is integrated, not
C·dv/dt, and none is lost.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from eqchip.kernels import kernel
from eqchip.simulator.equilibrium.bench import ALPHA, REPIVOT, Bench
from eqchip.simulator.equilibrium.newton import newton, retune
from eqchip.simulator.network import add_product, offset

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

TIME, STEP, TIME_1, TIME_2, POINTS, RULE, TRIED, REJECTED, ERROR, NEXT_CORNER = range(10)
STOP, LONGEST, SHORTEST, RELATIVE, VOLTS, AMPERES, METHOD = range(7)
#: What the clock's RULE says of the last step tried.
ONE_STAGE, TWO_STAGES = 0.0, 1.0
#: How much the local error of a branch current without flux counts: it does not add up.
CURRENT = 0.1
#: Steps below this part of the longest do not listen to them.
SHORT_OF_CURRENTS = 1e-4


class Track(NamedTuple):
    """Arrays of length size + 1 unless said otherwise; ground stands at the end."""

    x: FloatArray  # the last accepted state, and two before it
    x_1: FloatArray
    x_2: FloatArray
    guess: FloatArray
    trial: FloatArray
    q: FloatArray  # charges at x, and their rates
    rate: FloatArray
    q_stage: FloatArray  # inside a step of two stages
    rate_stage: FloatArray
    q_new: FloatArray  # at the trial
    rate_new: FloatArray
    source_f: FloatArray
    source_q: FloatArray
    b: FloatArray
    error: FloatArray  # local error of the trial, in V and A
    peak: FloatArray  # (size) largest value so far
    bearing: FloatArray  # (size) 1: bears charge or flux; CURRENT: a plain branch current; 0: does not count
    d: FloatArray  # drives
    memory: FloatArray  # of junctions, at the trial and at the accepted state
    memory_kept: FloatArray
    clock: FloatArray  # (10) see the names above
    limits: FloatArray  # (7)


def new_track(size: int, drives: int, memory: int) -> Track:
    """Return a track at time 0 with everything zero."""
    long = [np.zeros(size + 1) for _ in range(15)]
    long += [np.zeros(size), np.zeros(size), np.zeros(drives)]
    return Track._make([*long, np.full(memory, np.nan), np.full(memory, np.nan), np.zeros(10), np.zeros(7)])


@kernel(inner=True)
def solve_at(bench: Bench, track: Track, alpha: float, q: FloatArray, rate: FloatArray) -> int:
    """Solve f(x) + α·q(x) + history = 0 for the trial at the drives `d`; `rate` holds the history.

    On return q are the charges there and `rate` = α·q + history their rates.
    """
    if bench.ws.control[ALPHA] != alpha and retune(bench, alpha) >= 0:
        return REPIVOT
    network, trial, b = bench.network, track.trial, track.b
    source_f, source_q = track.source_f, track.source_q
    offset(network, track.d, bench.at, source_f, source_q)
    for i in range(network.size):
        b[i] = source_f[i] + alpha * source_q[i] + rate[i]
    code = newton(bench, bench.newton, trial, track.d, track.memory, b)
    if code != 0:
        return code
    charge = bench.at.q
    for i in range(network.size):
        q[i] = charge[i] + source_q[i]
    add_product(network.charge_start, network.charge_index, network.charge_data, trial, q)
    for i in range(network.size):
        rate[i] += alpha * q[i]
    return 0


@kernel(inner=True)
def predict(track: Track, time: float, out: FloatArray) -> float:
    """Extrapolate the accepted states to `time`; return the factor of x‴ that this misses (0: not known)."""
    clock, x, x_1, x_2 = track.clock, track.x, track.x_1, track.x_2
    h = time - clock[TIME]
    if clock[POINTS] < 2.0:
        for i in range(len(x)):
            out[i] = x[i]
        return 0.0
    h_1 = clock[TIME] - clock[TIME_1]
    if clock[POINTS] < 3.0:
        for i in range(len(x)):
            out[i] = x[i] + h / h_1 * (x[i] - x_1[i])
        return 0.0
    h_2 = clock[TIME_1] - clock[TIME_2]
    for i in range(len(x)):
        slope = (x[i] - x_1[i]) / h_1
        bend = (slope - (x_1[i] - x_2[i]) / h_2) / (h_1 + h_2)
        out[i] = x[i] + h * (slope + (h + h_1) * bend)
    return float(h * (h + h_1) * (h + h_1 + h_2) / 6.0)


@kernel(inner=True)
def error_size(bench: Bench, track: Track) -> float:
    """Return the local error over its tolerance, the worst of the unknowns whose error counts.

    Plain branch currents may jump at a corner of a source, and the trapezoidal rule lets them ring; they
    count once that is out of sight, and never make steps very short, where they show rounding over h.
    """
    points = track.clock[POINTS]
    seen = points >= 4.0 or (points >= 2.0 and track.clock[RULE] == TWO_STAGES)
    settled = seen and track.clock[STEP] > SHORT_OF_CURRENTS * track.limits[LONGEST]
    error, bearing, peak, trial = track.error, track.bearing, track.peak, track.trial
    limits, nodes = track.limits, bench.network.nodes
    worst = 0.0
    for i in range(len(bearing)):
        if bearing[i] == 1.0 or (settled and bearing[i] != 0.0):
            floor = limits[VOLTS] if i < nodes else limits[AMPERES]
            here = bearing[i] * abs(error[i]) / (limits[RELATIVE] * max(peak[i], abs(trial[i])) + floor)
            if not here <= worst:
                worst = here
    return worst
