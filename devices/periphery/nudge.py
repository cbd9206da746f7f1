"""Nudge: what pulls an output towards its target.

    E += β·scale·½·(y − t)²,   y = v₊/vunit₊ − v₋/vunit₋  (v₋: ground, or the other node of an output pair)
    i = ± β·scale/vunit·(y − t)

    live (mode 0):    y follows the voltage, a spring
    frozen (mode 1):  y is the anchor, the output of the free state: a constant current

scale = gleak·vunit² of this output's neuron, or `.options gunit` times vunit² where nothing leaks. β (over
that scale), target and anchor (state units) and mode are drives: training sets them per sample, and β = 0
switches it off.

Source: Scellier & Bengio, Front. Comput. Neurosci. 11:24 (2017), equation 4 (½ in the cost).
Limits: squared error only; no gain, sign or output-impedance error yet.
"""

from __future__ import annotations

import numpy as np

from eqchip.devices.family import Family, FloatArray, Given
from eqchip.devices.node_law import COLUMNS, GLEAK, VUNIT
from eqchip.kernels import kernel

BETA, TARGET, ANCHOR, MODE = range(4)
LIVE, FROZEN = 0.0, 1.0
_PLUS = 4  # drives come first in the row, then the node laws
_MINUS = _PLUS + COLUMNS
_FALLBACK = _MINUS + COLUMNS


def prepare(given: Given) -> FloatArray:
    """Return one column: the conductance that scales it where the output node has no leak."""
    return np.full((given.count, 1), given.settings.gunit)


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
    """i = ∂E/∂v at both nodes; no derivative where frozen."""
    beta = d[int(p[BETA])]
    if beta == 0.0:
        return 0
    plus = p[_PLUS + VUNIT]
    minus = p[_MINUS + VUNIT]
    leak = p[_PLUS + GLEAK]
    scale = beta * (leak if leak > 0.0 else p[_FALLBACK]) * plus * plus
    live = d[int(p[MODE])] == LIVE
    y = u[0] / plus - u[1] / minus if live else d[int(p[ANCHOR])]
    pull = scale * (y - d[int(p[TARGET])])
    i[0] = pull / plus
    i[1] = -pull / minus
    if live:
        g[0, 0] = scale / (plus * plus)
        g[0, 1] = -scale / (plus * minus)
        g[1, 0] = -scale / (plus * minus)
        g[1, 1] = scale / (minus * minus)
    return 0


NUDGE = Family(
    name="nudge",
    text="the force of the cost on an output",
    letters=(),
    terminals=("plus", "minus"),
    parameters=(),
    law=law,
    prepare=prepare,
    drives=("beta", "target", "anchor", "mode"),
    reads_nodes=True,
    delivers=True,
    source="Scellier & Bengio, Front. Comput. Neurosci. 11:24 (2017)",
)
