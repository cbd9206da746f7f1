"""Softmax nudge: what pulls an output of a bus under cross-entropy.

    E += β·scale·(−Σ t·log p),   p = softmax(y) over all outputs of the bus,   y = v/vunit
    i_k = β·scale/vunit_k·(p_k − t_k)

    live (mode 0):    p follows the voltages of all outputs, which are its controls
    frozen (mode 1):  p_k is the anchor, that of the free state: a constant current

scale, β, target, anchor and mode are as in nudge.py; the volts of a state unit of each control come as its
program. All the outputs' forces together have a symmetric Jacobian, β·scale·(diag p − ppᵀ).

Source: Laborieux et al., Frontiers in Neuroscience 15 (2021), eq. 15. Limits: single nodes against ground, no
pairs.
"""

from __future__ import annotations

import math

import numpy as np

from eqchip.devices.family import Family, FloatArray, Given
from eqchip.devices.node_law import COLUMNS, GLEAK, VUNIT
from eqchip.devices.periphery.nudge import ANCHOR, BETA, LIVE, MODE, TARGET
from eqchip.kernels import kernel

_PLUS = 4  # drives come first in the row, then the node laws of both terminals
_FALLBACK = _PLUS + 2 * COLUMNS
_UNITS = _FALLBACK + 2  # after the number of controls


def prepare(given: Given) -> list[FloatArray]:
    """Return rows: what scales it where the output has no leak, how many controls, their state units."""
    return [
        np.concatenate([[given.settings.gunit, len(units)], np.asarray(units, dtype=np.float64)])
        for units in given.programs
    ]


@kernel
def law(
    u: FloatArray,
    p: FloatArray,
    d: FloatArray,
    m: FloatArray,
    i: FloatArray,
    q: FloatArray,
    g: FloatArray,
    c: FloatArray,
) -> int:
    """i = ∂E/∂v at the output; its derivatives by the voltages of all outputs."""
    beta = d[int(p[BETA])]
    if beta == 0.0:
        return 0
    plus = p[_PLUS + VUNIT]
    leak = p[_PLUS + GLEAK]
    scale = beta * (leak if leak > 0.0 else p[_FALLBACK]) * plus
    count = int(p[_FALLBACK + 1])
    if d[int(p[MODE])] != LIVE:
        pull = scale * (d[int(p[ANCHOR])] - d[int(p[TARGET])])
        i[0] = pull
        i[1] = -pull
        return 0
    own = u[0] / plus
    most = own
    for k in range(count):
        most = max(most, u[2 + k] / p[_UNITS + k])
    total = 0.0
    for k in range(count):
        total += math.exp(u[2 + k] / p[_UNITS + k] - most)
    share = math.exp(own - most) / total
    pull = scale * (share - d[int(p[TARGET])])
    i[0] = pull
    i[1] = -pull
    g[0, 0] = scale * share / plus
    g[1, 0] = -g[0, 0]
    for k in range(count):
        bend = -scale * share * math.exp(u[2 + k] / p[_UNITS + k] - most) / total / p[_UNITS + k]
        g[0, 2 + k] = bend
        g[1, 2 + k] = -bend
    return 0


SOFTMAX_NUDGE = Family(
    name="softmax nudge",
    text="the force of cross-entropy on an output",
    letters=(),
    terminals=("plus", "minus"),
    parameters=(),
    law=law,
    prepare=prepare,
    controls=-1,
    control_kind="expression",
    drives=("beta", "target", "anchor", "mode"),
    reads_nodes=True,
    delivers=True,
    source="Laborieux et al., Frontiers in Neuroscience 15 (2021)",
)
