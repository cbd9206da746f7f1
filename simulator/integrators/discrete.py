"""Prototypical dynamics: every neuron takes at once what drives it. An iteration, without a time in seconds.

    s ← ρ(ΣWs + b)                      s ← ρ(ΣWs + b) + β(t − s)   at a nudged output

What s is here are *activities*. The chip keeps what stands behind them: a neuron with a smooth activation the
sum itself, u ← ΣWρ(u) + b, of which ρ(u) is read; one with a linear or clamped activation the activity,
s = ρ(s). Both are the same iteration. A smooth activation starts from ρ(0), which is 0 for tanh. After a
nudge a clamped output is put back into its interval.

It is s + f(s) with f = ρ(d) + k − a·s of its field (a = 1 + β, k = βt under a live nudge), so it needs direct
drive: under energy drive ρ′ would weigh the sum. Fixed points are those of the chip in continuous time with
drive=direct, but for a clamped output under a nudge, which is clamped before it is nudged.

Source: Ernoult et al., NeurIPS 32 (2019), section 3.2: primitive function Φ = ½Σ s·W·s, s ← ∂Φ/∂s.
"""

from __future__ import annotations

from eqchip.simulator.integrators.field import Array, Field, projected
from eqchip.simulator.integrators.integrator import Integrator


def step(field: Field, x: Array, f: Array, length: float) -> Array:
    """Return the state after one step; its length is 1."""
    return projected(field, x + f)


DISCRETE = Integrator(
    "discrete",
    "prototypical dynamics s ← ρ(Ws)",
    order=0,
    step=step,
    own_step=1.0,
    evaluations=1,
    physical=False,
)
