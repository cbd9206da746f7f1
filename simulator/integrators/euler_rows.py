"""One Euler step of a row of nodes that are all alike and not nudged: numbers instead of arrays, ρ′ from ρ.

The plain way and the fused one (array_euler.py, fused_euler.py) both step by it. Other nodes go by
node_kernels.euler_row.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from eqchip.devices.node_law import HARDSIGMOID, LINEAR, RELU, SIGMOID, TANH
from eqchip.kernels import kernel
from eqchip.simulator.node_kernels import Exact
from eqchip.simulator.phase import Phase
from eqchip.simulator.single_precision import exp_between, exp_negative

Array = NDArray[Any]


class Alike(NamedTuple):
    """The law of nodes that are all alike, in the dtype of their states."""

    code: int
    energy: bool
    slope: Any
    shift: Any
    low: Any
    high: Any
    step: Any  # Δt/τ


def alike(phase: Phase, group: int, share: Array) -> Alike | None:
    """Return the law of a group whose nodes are all alike and not nudged, or None; `share` is their Δt/τ."""
    law = phase.wiring.nodes[group].law
    if law.code not in (LINEAR, HARDSIGMOID, RELU, SIGMOID, TANH):
        return None
    if group in phase.nudged or any(
        np.any(one != one[0]) for one in (law.slope, law.shift, law.low, law.high, share)
    ):
        return None
    return Alike(law.code, law.energy, law.slope[0], law.shift[0], law.low[0], law.high[0], share[0])


@kernel(fastmath=frozenset({"contract"}))
def alike_row(law: Alike, pull: Array, x: Array, r: Array, exact: Exact) -> None:
    """Move x by step·(−x + ρ′·pull) and put it back into its interval; r is ρ(x) before and after."""
    one, two = x.dtype.type(1), x.dtype.type(2)
    zero = x.dtype.type(0)
    slope, shift, low, high, step = law.slope, law.shift, law.low, law.high, law.step
    if law.energy and law.code == SIGMOID:
        for j in range(len(x)):
            f = slope * r[j] * (one - r[j]) * pull[j] - x[j]
            x[j] = min(max(x[j] + step * f, low), high)
            z = slope * (shift - x[j])
            r[j] = one / (one + (exp_between(z) if exact is None else math.exp(z)))
        return
    if law.energy and law.code == TANH:
        for j in range(len(x)):
            f = slope * (one - r[j] * r[j]) * pull[j] - x[j]
            x[j] = min(max(x[j] + step * f, low), high)
    else:
        for j in range(len(x)):
            x[j] = min(max(x[j] + step * (pull[j] - x[j]), low), high)
            r[j] = x[j]
    if law.code == SIGMOID:
        for j in range(len(x)):
            z = slope * (shift - x[j])
            r[j] = one / (one + (exp_between(z) if exact is None else math.exp(z)))
    elif law.code == TANH:
        for j in range(len(x)):
            z = slope * (x[j] - shift)
            m = exp_negative(-two * abs(z)) - one if exact is None else math.expm1(-two * abs(z))
            r[j] = (-m if z >= zero else m) / (two + m)
