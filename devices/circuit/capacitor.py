"""Capacitor.

    q = C·(v1 − v2),   C = m·c·(1 + tc1·ΔT + tc2·ΔT²),   ΔT = T − T_nom

    c  F    tc1  1/K    tc2  1/K²    ic  V, at time 0 with uic    m  how many in parallel

It holds charge; the engine integrates that charge, so none is lost to step errors of C(v)·dv/dt.

Source: C element of the ngspice 39 manual, chapter 3.3. Limits: constant capacitance, no leakage.
"""

from __future__ import annotations

from dataclasses import replace

from eqchip.devices.circuit.resistor import MULTIPLICITY
from eqchip.devices.circuit.thermal import TC1, TC2, TEMP, factor
from eqchip.devices.family import Family, FloatArray, Given
from eqchip.devices.parameter import Parameter
from eqchip.kernels import kernel

_MANUAL = "ngspice 39 manual"
CAPACITANCE = Parameter("c", "F", None, "capacitance", required=True, source=_MANUAL)


def prepare(given: Given) -> FloatArray:
    """Return one column: the capacitance in farads."""
    return (given.values["m"] * given.values["c"] * factor(given))[:, None]


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
    """q = C·(u0 − u1)."""
    charge = p[0] * (u[0] - u[1])
    q[0] = charge
    q[1] = -charge
    c[0, 0] = p[0]
    c[0, 1] = -p[0]
    c[1, 0] = -p[0]
    c[1, 1] = p[0]
    return 0


@kernel
def energy(u: FloatArray, p: FloatArray) -> float:
    """No current flows at equilibrium: it adds nothing to the co-content."""
    return 0.0


CAPACITOR = Family(
    name="capacitor",
    text="linear capacitor",
    letters=("C",),
    terminals=("n1", "n2"),
    parameters=(
        CAPACITANCE,
        TC1,
        TC2,
        TEMP,
        MULTIPLICITY,
        Parameter("ic", "V", None, "initial voltage, for uic", source=_MANUAL),
    ),
    model_types=("c", "cap"),
    model_parameters=(replace(CAPACITANCE, required=False), TC1, TC2),
    law=law,
    prepare=prepare,
    linear=True,
    ic=True,
    energy=energy,
    source="ngspice 39 manual, C element",
)
