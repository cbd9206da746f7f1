"""Ohmic resistor.

    i = g·(v1 − v2),   g = m / (r·(1 + tc1·ΔT + tc2·ΔT²)),   ΔT = T − T_nom

    r  Ω    tc1  1/K    tc2  1/K²    m  how many in parallel

Its co-content is ½·g·(v1 − v2)², so what it learns from is ½·(v1 − v2)², the derivative by g.
A negative resistance is legal (networks with amplifiers use it); such a chip is not passive.

Source: R element of the ngspice 39 manual, chapter 3.3. Limits: no self-heating.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from eqchip.devices.circuit.thermal import BOLTZMANN, TC1, TC2, TEMP, factor
from eqchip.devices.family import Family, FloatArray, Given, Learning
from eqchip.devices.noise import THERMAL, Noise
from eqchip.devices.parameter import Parameter
from eqchip.devices.place import Place
from eqchip.devices.wires import WIRES
from eqchip.errors import InputError
from eqchip.kernels import kernel

MULTIPLICITY = Parameter(
    "m", "", 1.0, "how many of it are in parallel", low=0.0, open_low=True, source="ngspice 39 manual"
)
RESISTANCE = Parameter(
    "r",
    "Ω",
    None,
    "resistance",
    nonzero=True,
    required=True,
    hint="a wire is a 0 V source, or one node name instead of two",
    source="ngspice 39 manual",
)
CONDUCTANCE = Parameter(
    "g", "S", None, "conductance, what an array of it learns; where it is given, r is not used"
)
RESISTANCE_SPREAD = Parameter(
    "r_dtod",
    "",
    0.0,
    "spread of r from device to device, relative",
    low=0.0,
    place=Place.DRAWN,
    effect="resistor_mismatch",
    source="Gokmen & Vlasov 2016",
    spreads="r",
)


def prepare(given: Given) -> FloatArray:
    """Return one column: the conductance in siemens."""
    conductance = given.values["g"]
    with np.errstate(divide="ignore"):
        nominal = np.where(np.isnan(conductance), given.values["r"], 1.0 / conductance)
    resistance = nominal * factor(given)
    if np.any(resistance == 0.0):
        raise InputError(
            "a resistance of 0 Ω at this temperature", expected="a wire: a 0 V source, or one node name"
        )
    return (given.values["m"] / resistance)[:, None]


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
    """i = g·(u0 − u1)."""
    current = p[0] * (u[0] - u[1])
    i[0] = current
    i[1] = -current
    g[0, 0] = p[0]
    g[0, 1] = -p[0]
    g[1, 0] = -p[0]
    g[1, 1] = p[0]
    return 0


@kernel
def energy(u: FloatArray, p: FloatArray) -> float:
    """E = ½·g·(u0 − u1)², in watts (a co-content of currents)."""
    drop = u[0] - u[1]
    return float(0.5 * p[0] * drop * drop)


@kernel
def signal(u: FloatArray, p: FloatArray) -> float:
    """∂E/∂g = ½·(u0 − u1)²."""
    drop = u[0] - u[1]
    return float(0.5 * drop * drop)


@kernel
def slope(u: FloatArray, p: FloatArray, out: FloatArray) -> None:
    """∂i/∂g = ±(u0 − u1)."""
    out[0] = u[0] - u[1]
    out[1] = u[1] - u[0]


@kernel
def density(u: FloatArray, p: FloatArray, t: FloatArray, out: FloatArray) -> None:
    """D = 2kTg (noise.py)."""
    for e in range(len(out)):
        out[e, 0] = 2.0 * BOLTZMANN * t[e] * abs(p[e, 0])


RESISTOR = Family(
    name="resistor",
    text="ohmic resistor; on a crossbar a trainable conductance",
    letters=("R",),
    terminals=("n1", "n2"),
    parameters=(RESISTANCE, TC1, TC2, TEMP, MULTIPLICITY, CONDUCTANCE, RESISTANCE_SPREAD, THERMAL),
    model_types=("r", "res"),
    model_parameters=(replace(RESISTANCE, required=False), TC1, TC2, CONDUCTANCE, RESISTANCE_SPREAD, THERMAL),
    wires=WIRES,
    law=law,
    prepare=prepare,
    linear=True,
    energy=energy,
    learning=Learning("g", 0, signal, slope),
    noise=Noise(((0, 1),), density, constant=True),
    source="ngspice 39 manual, R element",
)
