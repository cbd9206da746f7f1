"""Explicit Euler for array chips: s ← clip(s + (Δt/τ)·F), all nodes from the state before, each with its τ.

Order 1; stable while Δt is below 2τ over the largest eigenvalue of −J. Where the couplings between free nodes
are small a whole phase is one kernel (fused_euler.py). Otherwise, per step, their drives are products of
matrices, and one kernel a group does drive, projection and ρ.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.kernels import kernel
from eqchip.simulator.integrators import fused_euler
from eqchip.simulator.integrators.euler_rows import Alike, alike, alike_row
from eqchip.simulator.integrators.fused_shake import shake_of
from eqchip.simulator.node_kernels import Exact, euler
from eqchip.simulator.noise.shaking import Shaking
from eqchip.simulator.phase import Phase

Array = NDArray[Any]
FloatArray = NDArray[np.float64]


def integrate(phase: Phase, states: list[Array], steps: int, length: float) -> tuple[FloatArray, FloatArray]:
    """Move states, in place, by `steps` steps of `length` seconds; return what Phase.residual does there."""
    found = fused_euler.integrate(phase, states, steps, length)
    if found is not None:
        return found
    wiring = phase.wiring
    rho = phase.activities(states)
    drives = {group: np.empty_like(states[group]) for group in wiring.free}
    shares = {group: (length / wiring.nodes[group].tau).astype(states[group].dtype) for group in wiring.free}
    same = {group: alike(phase, group, shares[group]) for group in wiring.free}
    rises = {group: wiring.nodes[group].slope(states[group]) for group in wiring.free if same[group] is None}
    for _ in range(steps):
        for group in wiring.free:
            phase.drive(group, rho, drives[group])
        for group in wiring.free:
            nodes, law = wiring.nodes[group], same[group]
            state, drive = states[group], drives[group]
            if law is not None:
                euler_alike(law, drive, state, rho[group], nodes.exact)
            else:
                a, k = phase.a[group], phase.force(group, state)
                rise = rises[group]
                euler(nodes.law, shares[group], a, k, drive, state, rho[group], rise, nodes.exact)
    return phase.residual(states)


def shake(
    phase: Phase, states: list[Array], steps: int, length: float, shaking: Shaking, deviation: Array
) -> tuple[FloatArray, FloatArray] | None:
    """Do the same with noise, of these deviations after each step; None where it takes the plain way."""
    found = shake_of(shaking, deviation, [phase.wiring.nodes[group].size for group in phase.wiring.free])
    return None if found is None else fused_euler.integrate(phase, states, steps, length, found)


@kernel
def euler_alike(law: Alike, d: Array, s: Array, rho: Array, exact: Exact) -> None:
    """Move the states of nodes that are all alike."""
    for row in range(s.shape[0]):
        alike_row(law, d[row], s[row], rho[row], exact)
