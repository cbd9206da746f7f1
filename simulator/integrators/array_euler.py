"""Explicit Euler for array chips: s ← clip(s + (Δt/τ)·F), all nodes from the state before, each with its
own τ.

Order 1; stable while Δt is below 2τ over the largest eigenvalue of −J. One kernel a group and step does
the drive, the projection and ρ.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.simulator.node_kernels import activities, euler
from eqchip.simulator.phase import Phase

Array = NDArray[Any]


def integrate(phase: Phase, states: list[Array], steps: int, length: float) -> None:
    """Move states, in place, by `steps` steps of `length` seconds."""
    wiring = phase.wiring
    rho = phase.activities(states)
    rises, drives, shares = {}, {}, {}
    for group in wiring.free:
        nodes, state = wiring.nodes[group], states[group]
        rises[group], drives[group] = np.empty_like(state), np.empty_like(state)
        none = np.empty((0, nodes.size), state.dtype)
        activities(nodes.law, state, none, rises[group], none, nodes.exact)
        shares[group] = (length / nodes.tau).astype(state.dtype)
    for _ in range(steps):
        for group in wiring.free:
            phase.drive(group, rho, drives[group])
        for group in wiring.free:
            nodes = wiring.nodes[group]
            euler(
                nodes.law,
                shares[group],
                phase.a[group],
                phase.k[group],
                drives[group],
                states[group],
                rho[group],
                rises[group],
                nodes.exact,
            )
