"""Yakopcic's memristor: a sinh that the state scales, moved beyond two thresholds by exponentials.

    i = a1·x·sinh(b·v)  v ≥ 0,    a2·x·sinh(b·v)  v < 0
    dx/dt = eta·g(v)·f(x)
    g =  ap·(e^v − e^vp)        v > vp
        −an·(e^−v − e^vn)       v < −vn
         0                      between
    f = 1                                                                   away from the end it moves to
        e^(−alphap·(x − xp))·[(xp − x)/(1 − xp) + 1]       eta·v > 0,  x ≥ xp
        e^( alphan·(x + xn − 1))·x/(1 − xn)                eta·v ≤ 0,  x ≤ 1 − xn

    a1, a2  A    b  1/V    vp, vn  V    ap, an  1/s    alphap, alphan    xp, xn  in [0, 1)    eta  ±1    x0

A positive voltage turns it on (eta = 1). f is zero at the end a state moves to, so no end is ever crossed.
Between the thresholds nothing moves.

Source: Yakopcic, Taha, Subramanyam, Pino & Rogers, IEEE Electron Device Lett. 32 (2011) 1436, and IEEE Trans.
CAD 32 (2013) 1201; parameter names as in the SPICE subcircuits and Xyce's level 3. Limits: a fit, not
physics: e^v has a voltage scale of 1 V at any temperature; no current flows at x = 0.
"""

from __future__ import annotations

import math

from eqchip.devices.circuit.diode import exponential
from eqchip.devices.family import FloatArray, Given
from eqchip.devices.memristors.hyperbolic import sinh
from eqchip.devices.memristors.state import (
    OWN,
    initial,
    inside,
    memristor,
    rows,
    write,
)
from eqchip.devices.parameter import Parameter
from eqchip.kernels import kernel

A1, A2, B, VP, VN, AP, AN, ALPHAP, ALPHAN, XP, XN, ETA = range(OWN, OWN + 12)

_YAKOPCIC = "Yakopcic 2013"
X0 = initial(0.11, _YAKOPCIC, ("xo",))


def _above(name: str, unit: str, default: float, text: str) -> Parameter:
    return Parameter(name, unit, default, text, low=0.0, open_low=True, source=_YAKOPCIC)


def _from(name: str, unit: str, default: float, text: str, high: float = math.inf) -> Parameter:
    return Parameter(name, unit, default, text, low=0.0, high=high, source=_YAKOPCIC)


MODEL = (
    _above("a1", "A", 0.17, "current scale, v ≥ 0"),
    _above("a2", "A", 0.17, "current scale, v < 0"),
    _above("b", "1/V", 0.05, "how much the current bends"),
    _from("vp", "V", 0.16, "threshold of positive voltages"),
    _from("vn", "V", 0.15, "threshold of negative voltages, as a size"),
    _from("ap", "1/s", 4e3, "speed at positive voltages"),
    _from("an", "1/s", 4e3, "speed at negative voltages"),
    _from("alphap", "", 1.0, "how fast motion dies out beyond xp"),
    _from("alphan", "", 5.0, "how fast motion dies out below 1 − xn"),
    _from("xp", "", 0.3, "state above which growing slows down", 0.999),
    _from("xn", "", 0.5, "falling slows down below 1 − xn", 0.999),
    Parameter(
        "eta", "", 1.0, "1: positive voltages turn it on; −1: off", -1.0, 1.0, nonzero=True, source=_YAKOPCIC
    ),
    X0,
)
_NAMES = ("a1", "a2", "b", "vp", "vn", "ap", "an", "alphap", "alphan", "xp", "xn", "eta")


def prepare(given: Given) -> FloatArray:
    """Return the state's columns, then the parameters as they are named."""
    own = given.values
    fastest = own["ap"] + own["an"] + 1e-9
    return rows(given, own["a1"] * own["b"], fastest, [own[name] for name in _NAMES])


@kernel
def push(v: float, p: FloatArray) -> tuple[float, float]:
    """Return g(v) and its derivative."""
    if v > p[VP]:
        e, slope = exponential(v)
        return p[AP] * (e - math.exp(p[VP])), p[AP] * slope
    if v < -p[VN]:
        e, slope = exponential(-v)
        return -p[AN] * (e - math.exp(p[VN])), p[AN] * slope
    return 0.0, 0.0


@kernel
def brake(x: float, grows: bool, p: FloatArray) -> tuple[float, float]:
    """Return f(x) and its derivative."""
    if grows:
        if x < p[XP]:
            return 1.0, 0.0
        dies = math.exp(-p[ALPHAP] * (x - p[XP]))
        left = (1.0 - x) / (1.0 - p[XP])
        return dies * left, -dies * (p[ALPHAP] * left + 1.0 / (1.0 - p[XP]))
    if x > 1.0 - p[XN]:
        return 1.0, 0.0
    dies = math.exp(p[ALPHAN] * (x + p[XN] - 1.0))
    left = x / (1.0 - p[XN])
    return dies * left, dies * (p[ALPHAN] * left + 1.0 / (1.0 - p[XN]))


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
    """The state scales a sinh of the voltage."""
    v = u[0] - u[1]
    x, own = inside(u, p, d)
    size = p[A1] if v >= 0.0 else p[A2]
    odd, even = sinh(p[B] * v)
    speed, by_v = push(v, p)
    speed *= p[ETA]
    by_v *= p[ETA]
    f, f_by_x = brake(x, p[ETA] * v > 0.0, p)
    return write(
        u,
        p,
        d,
        (size * x * odd, size * x * p[B] * even, own * size * odd),
        (speed * f, by_v * f, speed * f_by_x * own),
        i,
        q,
        g,
        c,
    )


YAKOPCIC = memristor(
    name="yakopcic memristor",
    text="threshold memristor with a sinh current (Yakopcic)",
    word="yakopcic",
    law=law,
    prepare=prepare,
    parameters=(X0,),
    model=MODEL,
    spreads=("a1", "a2", "vp", "vn", "ap", "an"),
    source="Yakopcic et al., IEEE Trans. CAD 32 (2013) 1201",
)
