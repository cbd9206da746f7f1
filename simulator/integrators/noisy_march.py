"""Noisy march: steps of fixed lengths in which white currents flow, trapezoidal on charges.

    q₁ − q₀ = h·(q̇₀ + q̇₁)/2 + h·c + K·√(D h)·ξ,   q̇ = −f(x)

ξ are standard normals, c currents that stand still for the step. For a linear circuit, q = Cx and f = Gx, a
covariance Σ stays as it is exactly where GΣC + CΣGᵀ = KDKᵀ: Lyapunov's equation of the circuit itself, so
every stationary covariance is right at every h (the identity (1 + A)Σ(1 + A)ᵀ − (1 − A)Σ(1 − A)ᵀ =
2(AΣ + ΣAᵀ)). Of the spectrum, what belongs at ω stands at (2/h)·atan(ωh/2). Weak order 2 where D is
constant; where it depends on voltages it is that at x₀: Itô's integral, weak order 1.

Source: Kloeden & Platen, Numerical Solution of Stochastic Differential Equations (1992).
Limits: h far above the time constant of a node: its steps alternate and forget slowly, |1 − z/2|/(1 + z/2).
"""

from __future__ import annotations

from eqchip.entries import unpack
from eqchip.kernels import kernel
from eqchip.simulator.equilibrium.bench import Bench
from eqchip.simulator.integrators.track import TIME, FloatArray, IntArray, Track, solve_at
from eqchip.simulator.outcome import Outcome
from eqchip.simulator.stimulus import Waveforms, fill

DONE = int(Outcome.DONE)


@kernel
def noisy_march(
    packed: IntArray,
    packed_track: IntArray,
    packed_waves: IntArray,
    times: FloatArray,
    lengths: FloatArray,
    pushes: FloatArray,
    first: int,
    kept: IntArray,
    rows: FloatArray,
) -> tuple[int, int]:
    """Step to each of `times` from the one numbered `first` on, in steps of `lengths`.

    `pushes` (steps, size): 2·(c + K·√(D/h)·ξ) of each step, in A; `rows` (steps, kept) is filled.
    Returns an outcome and the number of the step that is next.
    """
    bench = unpack(packed, Bench)
    track = unpack(packed_track, Track)
    waves = unpack(packed_waves, Waveforms)
    network = bench.network
    x, trial, q, q_new, rate, history = track.x, track.trial, track.q, track.q_new, track.rate, track.rate_new
    memory, memory_kept, held = track.memory, track.memory_kept, network.held
    for k in range(first, len(times)):
        alpha = 2.0 / lengths[k]
        fill(waves, times[k], track.d)
        for i in range(network.size):
            trial[i] = x[i]
            history[i] = -alpha * q[i] - rate[i] - pushes[k, i]
        code = solve_at(bench, track, alpha, q_new, history)
        if code != DONE:
            for j in range(len(memory)):
                memory[j] = memory_kept[j]
            return code, k
        for i in range(network.size):
            x[i] = trial[i]
            q[i] = q_new[i]
            rate[i] = history[i]
        for j in range(len(held)):
            i = held[j]
            if x[i] <= network.low[i] or x[i] >= network.high[i]:
                rate[i] = 0.0  # a bound takes what flows there
        for j in range(len(memory)):
            memory_kept[j] = memory[j]
        track.clock[TIME] = times[k]
        for j in range(len(kept)):
            rows[k, j] = x[kept[j]]
    return DONE, len(times)
