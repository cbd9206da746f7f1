"""Shake: white noise at the end of every step of a fused phase, drawn as noise/shaking.py draws it.

    x ← clip(clip(step of f) + √q·ξ),   then ρ(x) anew

Only noise that is the same wherever a state stands, and anew in each step: what pushes slowly, kicks by
voltages or is shared among nodes takes the plain way.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from eqchip.devices.random import row_of_normals
from eqchip.kernels import kernel
from eqchip.simulator.integrators.fused_layout import BEGIN, END, TILE, Fused
from eqchip.simulator.noise.shaking import WHITE, Shaking

Array = NDArray[Any]
IntArray = NDArray[np.int64]


class Shake(NamedTuple):
    """What the kernel reads of the noise of one phase; no samples where there is none."""

    deviation: Array  # (nodes) √q
    starts: IntArray  # of each group: which draw of a row its first node takes
    first: int  # the key
    second: int
    samples: IntArray  # (B) their numbers


def quiet(dtype: Any) -> Shake:
    """Return no noise."""
    return Shake(np.zeros(0, dtype), np.zeros(0, np.int64), 0, 0, np.zeros(0, np.int64))


def shake_of(shaking: Shaking, deviation: Array, sizes: list[int]) -> Shake | None:
    """Return the noise of a phase whose free groups have these sizes; None where it takes the plain way."""
    how = shaking.intensity
    if how.slow or how.coupled is not None or how.kicks is not None or how.at is not None:
        return None
    ends = np.cumsum([0, *sizes])
    order = np.arange(ends[-1]) if how.order is None else how.order
    if any(np.any(np.diff(order[b:e]) != 1) for b, e in pairwise(ends)):
        return None
    starts = np.ascontiguousarray(order[ends[:-1]], np.int64)
    return Shake(deviation, starts, int(shaking.key[0]), int(shaking.key[1]), shaking.samples)


@kernel(inner=True, fastmath=frozenset({"contract"}))
def kick(fused: Fused, shake: Shake, begin: int, rows: int, step: int, z: Array, x: Array) -> None:
    """Shake a tile of states at the end of a step, counted from 1; `z` has room for one sample."""
    for row in range(rows):
        row_of_normals(z, shake.first, shake.second, shake.samples[begin + row], step, WHITE)
        for g in range(len(fused.groups)):
            low, high = fused.groups[g, BEGIN], fused.groups[g, END]
            wide = high - low
            here, law = rows * low + row * wide, TILE * low
            states, draws = x[here : here + wide], z[shake.starts[g] : shake.starts[g] + wide]
            deviation = shake.deviation[low:high]
            least, most = fused.low[law : law + wide], fused.high[law : law + wide]
            for j in range(wide):
                states[j] = min(max(states[j] + deviation[j] * draws[j], least[j]), most[j])
