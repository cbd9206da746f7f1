"""Trapezoidal rule on charges, second order:

    q₁ − q₀ = h·(q̇₀ + q̇₁)/2,   q̇ = −f     so  α = 2/h,  history = −α·q₀ − q̇₀

The local error is h³/12·x‴, estimated from what the quadratic prediction missed. It keeps no damping for very
fast modes: after a corner, or where a step had to be repeated, TR-BDF2 takes over for two steps.
"""

from __future__ import annotations

from eqchip.kernels import kernel
from eqchip.simulator.equilibrium.bench import Bench
from eqchip.simulator.integrators.track import STEP, TIME, Track, predict, solve_at


@kernel(inner=True)
def trapezoidal(bench: Bench, track: Track, again: int) -> int:
    """Try one step of the clock's length; the drives already are those of its end.

    `again`: the trial is already near, as it was solved with slightly other parameters.
    """
    h = track.clock[STEP]
    alpha = 2.0 / h
    missed = predict(track, track.clock[TIME] + h, track.guess)
    q, rate, rate_new = track.q, track.rate, track.rate_new
    trial, guess, error = track.trial, track.guess, track.error
    for i in range(len(q)):
        if again == 0:
            trial[i] = guess[i]
        rate_new[i] = -alpha * q[i] - rate[i]
    code = solve_at(bench, track, alpha, track.q_new, rate_new)
    share = h * h * h / 12.0
    share /= missed + share
    for i in range(len(q)):
        error[i] = share * (trial[i] - guess[i])
    return code
