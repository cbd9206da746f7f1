"""Linear ion drift: the memristor of HP.

    i = v/R,   R = ron·x + roff·(1 − x)
    dx/dt = μ·ron/D²·i·f(x)                  f: a window (windows.py), 1 without

    ron, roff  Ω    mu  m²/(V·s) mobility    d  m thickness    window, p, j    x0

A positive current turns it on. Without a window x is linear in the charge that flowed: x = x0 + (μ·ron/D²)·Q.
With the flux φ = ∫v dt it has a closed form: (roff − ron)·x²/2 − roff·x + (μ·ron/D²)·φ is constant.

Source: Strukov, Snider, Stewart & Williams, Nature 453 (2008) 80. Limits: no threshold, so every read
disturbs it; nothing holds the state but the absence of current; a teaching model.
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
from eqchip.devices.memristors.windows import HEIGHT, POWER, WINDOW, WINDOWS, window
from eqchip.devices.parameter import Parameter
from eqchip.kernels import kernel

RON, ROFF, RATE, KIND, P, J = range(OWN, OWN + 6)

_STRUKOV = "Strukov 2008"
X0 = initial(0.5, _STRUKOV)
MODEL = (
    Parameter("ron", "Ω", 100.0, "resistance all on", low=0.0, open_low=True, source=_STRUKOV),
    Parameter("roff", "Ω", 16e3, "resistance all off", low=0.0, open_low=True, source=_STRUKOV),
    Parameter("mu", "m²/(V·s)", 1e-14, "mobility of the dopants", low=0.0, open_low=True, source=_STRUKOV),
    Parameter("d", "m", 1e-8, "thickness of the film", low=0.0, open_low=True, source=_STRUKOV),
    WINDOW,
    POWER,
    HEIGHT,
    X0,
)


def prepare(given: Given) -> FloatArray:
    """Return the state's columns, then ron, roff, μ·ron/D², the window with its exponent and height."""
    own = given.values
    rate = own["mu"] * own["ron"] / own["d"] ** 2
    kind = np.full(given.count, float(WINDOWS.index(given.words["window"])))
    return rows(
        given,
        1.0 / own["ron"],
        rate / own["ron"],
        (own["ron"], own["roff"], rate, kind, own["p"], own["j"]),
    )


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
    """Ohm's law, and a drift in proportion to the current."""
    v = u[0] - u[1]
    x, own = inside(u, p, d)
    resistance = p[RON] * x + p[ROFF] * (1.0 - x)
    current = v / resistance
    by_x = own * current * (p[ROFF] - p[RON]) / resistance
    f, f_by_x = window(p[KIND], x, current > 0.0, p[P], p[J])
    rate = p[RATE]
    return write(
        u,
        p,
        d,
        (current, 1.0 / resistance, by_x),
        (rate * current * f, rate * f / resistance, rate * (by_x * f + current * f_by_x * own)),
        i,
        q,
        g,
        c,
    )


LINEAR_DRIFT = memristor(
    name="linear drift memristor",
    text="linear ion drift (HP) with a choice of windows",
    word="hp",
    law=law,
    prepare=prepare,
    parameters=(X0,),
    model=MODEL,
    spreads=("ron", "roff", "mu", "d"),
    source="Strukov et al., Nature 453 (2008) 80",
)
