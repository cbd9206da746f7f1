"""Junction diode: SPICE's level 1 model.

Current, v = v(anode′) − v(cathode), V_t = kT/q, n·V_t ≡ w:

    i = Is·(e^(v/w) − 1)                    v ≥ −3w
    i = −Is·(1 + (3w/(e·v))³)               −Vb ≤ v < −3w      (a cubic that never quite reaches −Is)
    i = −Is·e^(−(Vb + v)/(nbv·V_t))         v < −Vb            (only if bv is given)

plus gmin·v across the junction, and rs from the anode to anode′ (a node of its own where rs > 0). Charge:

    q = TT·i_junction + ∫ Cj(v) dv,   Cj = Cj0·(1 − v/Vj)^−m  for v < fc·Vj, its tangent above

in closed form, so that integrating charge loses none. Is, Vj and Cj0 depend on temperature as in SPICE:

    Is(T) = Is·exp[(T/T_nom − 1)·Eg/w + (Xti/n)·ln(T/T_nom)]

Newton's junction voltage is limited (`limit`); the law is then the tangent at the limited voltage.

Source: ngspice 39 manual, chapter 7 (level 1), and its curves, which the tests compare with; limiting
after Nagel (1975), ERL-M520. Limits: no side wall, tunnel or recombination current, no high injection.
"""

from __future__ import annotations

import math

from eqchip.devices.circuit.junction import (
    BREAKDOWN,
    GMIN,
    GSERIES,
    SATURATION,
    TRANSIT,
    VCRIT,
    WIDTH,
    WIDTH_BREAKDOWN,
    depletion,
    junction_columns,
)
from eqchip.devices.circuit.junction_parameters import INSTANCE, MODEL
from eqchip.devices.circuit.thermal import BOLTZMANN, CHARGE
from eqchip.devices.family import Family, FloatArray, Given, Internal
from eqchip.devices.noise import THERMAL, Noise
from eqchip.devices.wires import WIRES
from eqchip.kernels import kernel

#: Exponents above this go on as a straight line: no overflow far from a solution.
LARGEST_EXPONENT = 100.0


def prepare(given: Given) -> FloatArray:
    """Return the columns of junction.py for each element."""
    return junction_columns(given)


@kernel
def exponential(x: float) -> tuple[float, float]:
    """Return eˣ and its derivative, continued as a straight line above LARGEST_EXPONENT."""
    if x > LARGEST_EXPONENT:
        top = math.exp(LARGEST_EXPONENT)
        return top * (1.0 + x - LARGEST_EXPONENT), top
    e = math.exp(x)
    return e, e


@kernel
def junction(v: float, p: FloatArray) -> tuple[float, float]:
    """Return the current of the junction (without gmin) and its derivative."""
    width = p[WIDTH]
    if v >= -3.0 * width:
        e, by_x = exponential(v / width)
        return p[SATURATION] * (e - 1.0), p[SATURATION] * by_x / width
    if v >= -p[BREAKDOWN]:
        a = 3.0 * width / (math.e * v)
        cube = a * a * a
        return -p[SATURATION] * (1.0 + cube), 3.0 * p[SATURATION] * cube / v
    e, by_x = exponential(-(p[BREAKDOWN] + v) / p[WIDTH_BREAKDOWN])
    return -p[SATURATION] * e, p[SATURATION] * by_x / p[WIDTH_BREAKDOWN]


@kernel
def exponential_area(x: float) -> float:
    """Return ∫₀ˣ of the continued exponential."""
    if x > LARGEST_EXPONENT:
        over = x - LARGEST_EXPONENT
        return math.exp(LARGEST_EXPONENT) * (1.0 + over + 0.5 * over * over) - 1.0
    return math.expm1(x)


@kernel
def junction_energy(v: float, p: FloatArray) -> float:
    """Return ∫₀ᵛ i dv of the junction (without gmin)."""
    saturation = float(p[SATURATION])
    width = float(p[WIDTH])
    knee = -3.0 * width
    if v >= knee:
        return saturation * (width * exponential_area(v / width) - v)
    area = width * math.expm1(-3.0) - knee
    cube = (3.0 * width / math.e) ** 3
    lower = min(max(v, -float(p[BREAKDOWN])), knee)
    area -= lower - knee - 0.5 * cube * (1.0 / (lower * lower) - 1.0 / (knee * knee))
    if v < lower:
        wide = float(p[WIDTH_BREAKDOWN])
        area += wide * exponential_area(-(p[BREAKDOWN] + v) / wide)
    return saturation * area


@kernel
def limited_step(new: float, old: float, width: float, critical: float) -> float:
    """Return how far a junction may go from `old` towards `new`: logarithmically, where it conducts."""
    if new > critical and abs(new - old) > 2.0 * width:
        if old > 0.0:
            step = (new - old) / width
            if step > 0.0:
                return old + width * (2.0 + math.log(step - 2.0))
            return old - width * (2.0 + math.log(2.0 - step))
        return width * math.log(new / width)
    if new < 0.0:
        return max(new, -old - 1.0 if old > 0.0 else 2.0 * old - 1.0)
    return new


@kernel
def limit(v: float, p: FloatArray, m: FloatArray) -> float:
    """Return the junction voltage at which Newton linearises, given that of its last iteration in m[0].

    With no last iteration it starts where SPICE does, at the critical voltage (of greatest curvature),
    unless it is told to start below.
    """
    if m[0] == math.inf:
        return v
    if math.isnan(m[0]):
        return float(p[VCRIT]) if v == 0.0 or v > p[VCRIT] else v
    if v < min(0.0, 10.0 * p[WIDTH_BREAKDOWN] - p[BREAKDOWN]):
        bent = limited_step(-(v + p[BREAKDOWN]), -(m[0] + p[BREAKDOWN]), p[WIDTH_BREAKDOWN], p[VCRIT])
        return -(bent + float(p[BREAKDOWN]))
    return limited_step(v, m[0], p[WIDTH], p[VCRIT])


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
    """Series resistance u0 → u2, junction u2 → u1; the tangent at the limited junction voltage."""
    asked = u[2] - u[1]
    v = limit(asked, p, m)
    if m[0] != math.inf:
        m[0] = v
    current, conductance = junction(v, p)
    charge, capacitance = depletion(v, p)
    charge += p[TRANSIT] * current
    capacitance += p[TRANSIT] * conductance
    current += p[GMIN] * v
    conductance += p[GMIN]
    current += conductance * (asked - v)
    charge += capacitance * (asked - v)
    through = p[GSERIES] * (u[0] - u[2])
    i[0] = through
    i[1] = -current
    i[2] = current - through
    q[1] = -charge
    q[2] = charge
    g[0, 0] = p[GSERIES]
    g[0, 2] = -p[GSERIES]
    g[1, 1] = conductance
    g[1, 2] = -conductance
    g[2, 0] = -p[GSERIES]
    g[2, 1] = -conductance
    g[2, 2] = conductance + p[GSERIES]
    c[1, 1] = capacitance
    c[1, 2] = -capacitance
    c[2, 1] = -capacitance
    c[2, 2] = capacitance
    return 0 if v == asked else 1


@kernel
def energy(u: FloatArray, p: FloatArray) -> float:
    """Co-content: ½·g_s·(u0 − u2)² + ∫ i dv of the junction + ½·gmin·v²."""
    v = u[2] - u[1]
    drop = u[0] - u[2]
    ohmic = 0.5 * (p[GSERIES] * drop * drop + p[GMIN] * v * v)
    return float(ohmic) + junction_energy(v, p)


@kernel
def density(u: FloatArray, p: FloatArray, t: FloatArray, out: FloatArray) -> None:
    """2kT·gs of the series resistance, q(I + 2Is) of the junction (noise.py)."""
    for e in range(len(out)):
        current, _ = junction(u[e, 2] - u[e, 1], p[e])
        out[e, 0] = 2.0 * BOLTZMANN * t[e] * p[e, GSERIES]
        out[e, 1] = CHARGE * max(current + 2.0 * p[e, SATURATION], 0.0) if t[e] > 0.0 else 0.0


DIODE = Family(
    name="diode",
    text="junction diode (SPICE level 1)",
    letters=("D",),
    terminals=("anode", "cathode"),
    parameters=INSTANCE,
    model_types=("d",),
    model_parameters=(*MODEL, THERMAL),
    wires=WIRES,
    law=law,
    prepare=prepare,
    internal=(Internal("anode'", "rs", 0),),
    memory=1,
    ic=True,
    energy=energy,
    noise=Noise(((0, 2), (2, 1)), density, constant=False, excess="n"),
    source="ngspice 39 manual, chapter 7",
)
