"""Threshold memristor of Pershin and Di Ventra: the resistance itself is the state.

    i = v/R,   dR/dt = β·v + ½·(α − β)·(|v + vt| − |v − vt|),   ron ≤ R ≤ roff

    so R changes at the rate α·v within ±vt, and at β·(v ∓ vt) ± α·vt beyond.   x = (roff − R)/(roff − ron)

    ron, roff  Ω    vt  V    alpha, beta  Ω/(V·s)    x0

A positive voltage turns it off. At constant voltage R moves at constant speed.

Source: Pershin & Di Ventra, arXiv:1204.2600 (Radioengineering 22 (2013) 485); Biolek, Di Ventra & Pershin,
Radioengineering 22 (2013) 945. Limits: a rate linear in the voltage, where ions have an exponential.
"""

from __future__ import annotations

import numpy as np

from eqchip.devices.family import FloatArray, Given
from eqchip.devices.memristors.state import (
    OWN,
    initial,
    inside,
    memristor,
    rows,
    write,
)
from eqchip.devices.parameter import Parameter
from eqchip.errors import InputError
from eqchip.kernels import kernel

RON, ROFF, VT, ALPHA, BETA = range(OWN, OWN + 5)

_BIOLEK = "Biolek 2013"
X0 = initial(0.5, _BIOLEK)
MODEL = (
    Parameter("ron", "Ω", 1e3, "resistance all on", low=0.0, open_low=True, source=_BIOLEK),
    Parameter("roff", "Ω", 1e4, "resistance all off, above ron", low=0.0, open_low=True, source=_BIOLEK),
    Parameter("vt", "V", 4.6, "threshold", low=0.0, source=_BIOLEK),
    Parameter("alpha", "Ω/(V·s)", 0.0, "rate within the threshold", low=0.0, source=_BIOLEK),
    Parameter("beta", "Ω/(V·s)", 1e13, "rate beyond it", low=0.0, open_low=True, source=_BIOLEK),
    X0,
)


def prepare(given: Given) -> FloatArray:
    """Return the state's columns, then resistances, the threshold and the rates."""
    own = given.values
    if np.any(own["roff"] <= own["ron"]):
        raise InputError("roff is not above ron", expected="ron < roff")
    named = [own[name] for name in ("ron", "roff", "vt", "alpha", "beta")]
    return rows(given, 1.0 / own["ron"], own["beta"] / (own["roff"] - own["ron"]), named)


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
    """Ohm's law; a resistance that moves beyond a threshold."""
    v = u[0] - u[1]
    x, own = inside(u, p, d)
    width = p[ROFF] - p[RON]
    resistance = p[ROFF] - x * width
    current = v / resistance
    within = min(max(v, -p[VT]), p[VT])
    grows = p[BETA] * (v - within) + p[ALPHA] * within
    by_v = p[ALPHA] if abs(v) < p[VT] else p[BETA]
    return write(
        u,
        p,
        d,
        (current, 1.0 / resistance, own * current * width / resistance),
        (-grows / width, -by_v / width, 0.0),
        i,
        q,
        g,
        c,
    )


PERSHIN = memristor(
    name="pershin memristor",
    text="threshold memristor with linear kinetics (Pershin, Di Ventra)",
    word="pershin",
    law=law,
    prepare=prepare,
    parameters=(X0,),
    model=MODEL,
    spreads=("ron", "roff", "vt", "beta"),
    source="Biolek, Di Ventra & Pershin, Radioengineering 22 (2013) 945",
)
