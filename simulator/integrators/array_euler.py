"""Explicit Euler for array chips: s ← clip(s + (Δt/τ)·F), all nodes from the state before, each with its τ.

Order 1; stable while Δt is below 2τ over the largest eigenvalue of −J. One kernel a group and step does the
drive, the projection and ρ. Where all nodes of a group are alike and none is nudged, their numbers are
passed as numbers, not as arrays, and ρ′ is had from ρ: a quarter of the time.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from eqchip.devices.node_law import HARDSIGMOID, LINEAR, RELU, SIGMOID, TANH
from eqchip.kernels import kernel
from eqchip.simulator.node_kernels import Exact, euler
from eqchip.simulator.nodes import Nodes
from eqchip.simulator.phase import Phase
from eqchip.simulator.single_precision import exp_negative

Array = NDArray[Any]
FloatArray = NDArray[np.float64]


class Alike(NamedTuple):
    """The law of nodes that are all alike, in the dtype of their states."""

    code: int
    energy: bool
    slope: Any
    shift: Any
    low: Any
    high: Any
    step: Any  # Δt/τ


def integrate(phase: Phase, states: list[Array], steps: int, length: float) -> tuple[FloatArray, FloatArray]:
    """Move states, in place, by `steps` steps of `length` seconds; return what Phase.residual does there."""
    wiring = phase.wiring
    rho = phase.activities(states)
    drives = {group: np.empty_like(states[group]) for group in wiring.free}
    shares = {group: (length / wiring.nodes[group].tau).astype(states[group].dtype) for group in wiring.free}
    alike = {group: _alike(phase, group, shares[group]) for group in wiring.free}
    rises = {group: wiring.nodes[group].slope(states[group]) for group in wiring.free if alike[group] is None}
    for _ in range(steps):
        for group in wiring.free:
            phase.drive(group, rho, drives[group])
        for group in wiring.free:
            nodes, same = wiring.nodes[group], alike[group]
            state, drive = states[group], drives[group]
            if same is not None:
                euler_alike(same, drive, state, rho[group], nodes.exact)
            else:
                a, k = phase.a[group], phase.k[group]
                rise = rises[group]
                euler(nodes.law, shares[group], a, k, drive, state, rho[group], rise, nodes.exact)
    return phase.residual(states)


def _alike(phase: Phase, group: int, share: Array) -> Alike | None:
    """Return the law of a group whose nodes are all alike and not nudged, or None."""
    nodes: Nodes = phase.wiring.nodes[group]
    law = nodes.law
    if law.code not in (LINEAR, HARDSIGMOID, RELU, SIGMOID, TANH):
        return None
    if group in phase.nudged or any(
        np.any(one != one[0]) for one in (law.slope, law.shift, law.low, law.high, share)
    ):
        return None
    return Alike(law.code, law.energy, law.slope[0], law.shift[0], law.low[0], law.high[0], share[0])


@kernel
def euler_alike(law: Alike, d: Array, s: Array, rho: Array, exact: Exact) -> None:
    """Move s by step·(−s + ρ′·d) and put it back into its interval; rho is ρ(s) before and after."""
    one, two = s.dtype.type(1), s.dtype.type(2)
    zero = s.dtype.type(0)
    slope, shift, low, high, step = law.slope, law.shift, law.low, law.high, law.step
    for row in range(s.shape[0]):
        x, r, pull = s[row], rho[row], d[row]
        if law.energy and law.code == SIGMOID:
            for j in range(len(x)):
                f = slope * r[j] * (one - r[j]) * pull[j] - x[j]
                x[j] = min(max(x[j] + step * f, low), high)
        elif law.energy and law.code == TANH:
            for j in range(len(x)):
                f = slope * (one - r[j] * r[j]) * pull[j] - x[j]
                x[j] = min(max(x[j] + step * f, low), high)
        else:
            for j in range(len(x)):
                x[j] = min(max(x[j] + step * (pull[j] - x[j]), low), high)
        if law.code == SIGMOID:
            for j in range(len(x)):
                z = slope * (x[j] - shift)
                e = exp_negative(-abs(z)) if exact is None else math.exp(-abs(z))
                r[j] = (one if z >= zero else e) / (one + e)
        elif law.code == TANH:
            for j in range(len(x)):
                z = slope * (x[j] - shift)
                m = exp_negative(-two * abs(z)) - one if exact is None else math.expm1(-two * abs(z))
                r[j] = (-m if z >= zero else m) / (two + m)
        else:
            for j in range(len(x)):
                r[j] = x[j]
