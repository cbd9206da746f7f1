"""TR-BDF2 on charges: a trapezoidal stage to γh, then BDF2 over both; second order and L-stable.

    γ = 2 − √2 makes both stages share one matrix:  α = (2 + √2)/h
    stage     q̇_γ = α·(q_γ − q₀) − q̇₀
    end       q̇₁ = α·q₁ − [q_γ/(γ(1−γ)) − q₀·(1−γ)/γ]/h

The embedded third-order estimate of the local error in charge,

    e = 2κh·[q̇₀/γ − q̇_γ/(γ(1−γ)) + q̇₁/(1−γ)],   κ = (−3γ² + 4γ − 2)/(12(2−γ)),

goes through the step's own matrix, J δ = α·e, which turns it into volts and lets stiff parts not frighten it.
It needs no past, so it also restarts after every corner of a source.

Source: Bank et al., IEEE Trans. Comput.-Aided Des. 4 (1985) 436; Hosea & Shampine, Appl. Numer. Math. 20
(1996) 21.
"""

from __future__ import annotations

import math

from eqchip.kernels import kernel
from eqchip.simulator.equilibrium.bench import Bench
from eqchip.simulator.integrators.track import STEP, TIME, FloatArray, Track, predict, solve_at
from eqchip.simulator.linear.factors import solve

GAMMA = 2.0 - math.sqrt(2.0)
ALPHA_H = 2.0 + math.sqrt(2.0)
KAPPA = (-3.0 * GAMMA**2 + 4.0 * GAMMA - 2.0) / (12.0 * (2.0 - GAMMA))
_STAGE = 1.0 / (GAMMA * (1.0 - GAMMA))
_START = (1.0 - GAMMA) / GAMMA


@kernel(inner=True)
def first_stage(bench: Bench, track: Track) -> int:
    """Solve the trapezoidal stage; the drives are those at t + γh."""
    h = track.clock[STEP]
    alpha = ALPHA_H / h
    predict(track, track.clock[TIME] + GAMMA * h, track.trial)
    q, rate, rate_stage = track.q, track.rate, track.rate_stage
    for i in range(len(q)):
        rate_stage[i] = -alpha * q[i] - rate[i]
    return solve_at(bench, track, alpha, track.q_stage, rate_stage)


@kernel(inner=True)
def second_stage(bench: Bench, track: Track, scratch: FloatArray) -> int:
    """Solve the BDF2 stage and estimate the error; the drives are those at t + h."""
    h = track.clock[STEP]
    alpha = ALPHA_H / h
    q, rate, q_stage, rate_stage = track.q, track.rate, track.q_stage, track.rate_stage
    rate_new, error, x, trial = track.rate_new, track.error, track.x, track.trial
    for i in range(len(q)):
        rate_new[i] = (_START * q[i] - _STAGE * q_stage[i]) / h
        trial[i] = x[i] + (trial[i] - x[i]) / GAMMA
    code = solve_at(bench, track, alpha, track.q_new, rate_new)
    if code != 0:
        return code
    scale = alpha * 2.0 * KAPPA * h
    for i in range(len(q)):
        error[i] = scale * (rate[i] / GAMMA - _STAGE * rate_stage[i] + rate_new[i] / (1.0 - GAMMA))
    solve(bench.scheme, error, scratch, error)
    return 0
