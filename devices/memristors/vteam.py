"""VTEAM: a state with a threshold voltage, between two resistances.

    w is between 0 and woff (m);  here x = 1 − w/woff: 1 on, 0 off

    dw/dt = koff·(v/voff − 1)^alphaoff·f      v > voff > 0       (resistance grows)
          = kon·(v/von − 1)^alphaon·f         v < von < 0        (kon < 0: resistance falls)
          = 0                                 between
    i = v/R,   R = ron + (roff − ron)·(1 − x)      iv=linear
               R = ron·(roff/ron)^(1 − x)          iv=exponential

    ron, roff  Ω    kon, koff  m/s    von, voff  V    alphaon, alphaoff ≥ 1    woff  m (that is woff − won)
    iv    window, p, j (windows.py)    x0

A positive voltage turns it off. Between the thresholds nothing moves: reads below them disturb nothing.
Constant voltage without a window moves w at constant speed: a closed form.

Source: Kvatinsky, Ramadan, Friedman & Kolodny, IEEE Trans. Circuits Syst. II 62 (2015) 786; the default
values are those in common use. Limits: kinetics a power of the voltage, where ions have an exponential; no
temperature, no current threshold.
"""

from __future__ import annotations

import math

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

RON, ROFF, KON, KOFF, VON, VOFF, AON, AOFF, BENT, KIND, P, J = range(OWN, OWN + 12)

_KVATINSKY = "Kvatinsky 2015"
X0 = initial(0.5, _KVATINSKY, ("xo",))


def _above(name: str, unit: str, default: float, text: str, *aliases: str) -> Parameter:
    return Parameter(
        name, unit, default, text, low=0.0, open_low=True, source=_KVATINSKY, aliases=tuple(aliases)
    )


MODEL = (
    _above("ron", "Ω", 50.0, "resistance all on", "r_on"),
    _above("roff", "Ω", 1e3, "resistance all off", "r_off"),
    Parameter("kon", "m/s", -10.0, "speed of w below von", high=0.0, source=_KVATINSKY, aliases=("k_on",)),
    Parameter("koff", "m/s", 5e-4, "speed of w above voff", low=0.0, source=_KVATINSKY, aliases=("k_off",)),
    Parameter(
        "von",
        "V",
        -0.2,
        "threshold of turning on",
        high=0.0,
        nonzero=True,
        source=_KVATINSKY,
        aliases=("v_on",),
    ),
    _above("voff", "V", 0.02, "threshold of turning off", "v_off"),
    Parameter(
        "alphaon", "", 3.0, "exponent of turning on", low=1.0, source=_KVATINSKY, aliases=("alpha_on",)
    ),
    Parameter(
        "alphaoff", "", 1.0, "exponent of turning off", low=1.0, source=_KVATINSKY, aliases=("alpha_off",)
    ),
    _above("woff", "m", 3e-9, "how far w goes from all on to all off", "w_off", "xoff"),
    Parameter(
        "iv", "", "linear", "how the resistance follows w", words=("linear", "exponential"), source=_KVATINSKY
    ),
    WINDOW,
    POWER,
    HEIGHT,
    X0,
)


def prepare(given: Given) -> FloatArray:
    """Return the state's columns, then resistances, speeds in 1/s, thresholds, exponents and the window."""
    own = given.values
    kon, koff = own["kon"] / own["woff"], own["koff"] / own["woff"]
    fastest = np.maximum(np.maximum(-kon, koff), 1e-9)
    count = given.count
    return rows(
        given,
        1.0 / own["ron"],
        fastest,
        (
            own["ron"],
            own["roff"],
            kon,
            koff,
            own["von"],
            own["voff"],
            own["alphaon"],
            own["alphaoff"],
            np.full(count, float(given.words["iv"] == "exponential")),
            np.full(count, float(WINDOWS.index(given.words["window"]))),
            own["p"],
            own["j"],
        ),
    )


@kernel
def drift(v: float, p: FloatArray) -> tuple[float, float]:
    """Return dx/dt without a window, and its derivative by v."""
    if v > p[VOFF]:
        over = v / p[VOFF] - 1.0
        speed = -p[KOFF] * over ** p[AOFF]
        return speed, speed * p[AOFF] / (over * p[VOFF])
    if v < p[VON]:
        over = v / p[VON] - 1.0
        speed = -p[KON] * over ** p[AON]
        return speed, speed * p[AON] / (over * p[VON])
    return 0.0, 0.0


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
    """Ohm's law, and a motion beyond the thresholds."""
    v = u[0] - u[1]
    x, own = inside(u, p, d)
    if p[BENT] == 0.0:
        resistance = p[RON] + (p[ROFF] - p[RON]) * (1.0 - x)
        falls = p[ROFF] - p[RON]
    else:
        stretch = math.log(p[ROFF] / p[RON])
        resistance = p[RON] * math.exp(stretch * (1.0 - x))
        falls = stretch * resistance
    current = v / resistance
    speed, by_v = drift(v, p)
    f, f_by_x = window(p[KIND], x, speed > 0.0, p[P], p[J])
    return write(
        u,
        p,
        d,
        (current, 1.0 / resistance, own * current * falls / resistance),
        (speed * f, by_v * f, speed * f_by_x * own),
        i,
        q,
        g,
        c,
    )


VTEAM = memristor(
    name="vteam memristor",
    text="threshold memristor (VTEAM)",
    word="vteam",
    law=law,
    prepare=prepare,
    parameters=(X0,),
    model=MODEL,
    spreads=("ron", "roff", "kon", "koff", "von", "voff"),
    source="Kvatinsky et al., IEEE Trans. Circuits Syst. II 62 (2015) 786",
)
