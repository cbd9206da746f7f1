"""Metastable switches (Knowm): very many two-state switches, of which the part x is on.

    i = φ·v·(x/ron + (1 − x)/roff) + (1 − φ)·(sfa·e^(sfb·v) − sra·e^(−srb·v))
    dx/dt = [p_on·(1 − x) − p_off·x]/τ
    p_on = 1/(1 + e^(−(v − von)/V_T)),    p_off = 1 − 1/(1 + e^(−(v + voff)/V_T)),    V_T = kT/q

    ron, roff  Ω    von, voff  V    tau  s    phi  share of the memristive current    temp  °C    x0
    sfa, sra  A    sfb, srb  1/V    the Schottky junctions beside it (phi = 1: none)

A positive voltage turns switches on, a negative one off. At constant voltage x relaxes exponentially to
p_on/(p_on + p_off), at the rate (p_on + p_off)/τ: a closed form. That holds at 0 V too: with the usual
numbers the state is forgotten within seconds, to one half. With sfa ≠ sra a current flows at 0 V.

Source: Molter & Nugent, CNNA 2016 ("The generalized metastable switch memristor model"); parameter names as
in Xyce's level 5. Limits: the mean of infinitely many switches, so no fluctuation.
"""

from __future__ import annotations

import math

import numpy as np

from eqchip.devices.circuit.diode import exponential
from eqchip.devices.circuit.thermal import BOLTZMANN, CHARGE, TEMP, temperature
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
from eqchip.kernels import kernel

GON, GOFF, VON, VOFF, RATE, VT, PHI, SFA, SFB, SRA, SRB = range(OWN, OWN + 11)

_MOLTER = "Molter & Nugent 2016"
X0 = initial(0.0, _MOLTER)
MODEL = (
    Parameter("ron", "Ω", 500.0, "resistance all on", low=0.0, open_low=True, source=_MOLTER),
    Parameter("roff", "Ω", 1500.0, "resistance all off", low=0.0, open_low=True, source=_MOLTER),
    Parameter("von", "V", 0.27, "voltage at which half of them turn on", source=_MOLTER),
    Parameter("voff", "V", 0.27, "voltage, as a size, at which half turn off", source=_MOLTER),
    Parameter("tau", "s", 1e-4, "time constant of a switch", low=0.0, open_low=True, source=_MOLTER),
    Parameter("phi", "", 1.0, "share of the memristive current", low=0.0, high=1.0, source=_MOLTER),
    Parameter("sfa", "A", 0.0, "forward Schottky current", source=_MOLTER, aliases=("schottkyforwardalpha",)),
    Parameter("sfb", "1/V", 1.0, "its steepness", low=0.0, source=_MOLTER, aliases=("schottkyforwardbeta",)),
    Parameter("sra", "A", 0.0, "reverse Schottky current", source=_MOLTER, aliases=("schottkyreversealpha",)),
    Parameter("srb", "1/V", 1.0, "its steepness", low=0.0, source=_MOLTER, aliases=("schottkyreversebeta",)),
    TEMP,
    X0,
)


def prepare(given: Given) -> FloatArray:
    """Return the state's columns, then conductances, voltages, 1/τ, V_T and the Schottky junctions."""
    own = given.values
    on, off = 1.0 / own["ron"], 1.0 / own["roff"]
    thermal = BOLTZMANN * temperature(given) / CHARGE
    rate = 1.0 / own["tau"]
    named = [own[name] for name in ("phi", "sfa", "sfb", "sra", "srb")]
    return rows(given, np.maximum(on, off), rate, [on, off, own["von"], own["voff"], rate, thermal, *named])


@kernel
def logistic(z: float) -> tuple[float, float]:
    """Return 1/(1 + e^−z) and its derivative."""
    small = math.exp(-abs(z))
    value = (1.0 if z >= 0.0 else small) / (1.0 + small)
    return value, small / ((1.0 + small) * (1.0 + small))


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
    """Two conductances in proportion, Schottky junctions beside them, and a two-state process."""
    v = u[0] - u[1]
    x, own = inside(u, p, d)
    phi, thermal = p[PHI], p[VT]
    ohmic = x * p[GON] + (1.0 - x) * p[GOFF]
    forward, forward_by = exponential(p[SFB] * v)
    reverse, reverse_by = exponential(-p[SRB] * v)
    current = phi * v * ohmic + (1.0 - phi) * (p[SFA] * forward - p[SRA] * reverse)
    by_v = phi * ohmic + (1.0 - phi) * (p[SFA] * p[SFB] * forward_by + p[SRA] * p[SRB] * reverse_by)
    by_x = phi * v * (p[GON] - p[GOFF]) * own
    on, on_by = logistic((v - p[VON]) / thermal)
    off, off_by = logistic(-(v + p[VOFF]) / thermal)
    rate = p[RATE]
    return write(
        u,
        p,
        d,
        (current, by_v, by_x),
        (
            rate * (on * (1.0 - x) - off * x),
            rate * (on_by * (1.0 - x) + off_by * x) / thermal,
            -rate * (on + off) * own,
        ),
        i,
        q,
        g,
        c,
    )


METASTABLE = memristor(
    name="metastable switch memristor",
    text="metastable switches (Knowm), with Schottky junctions on request",
    word="mms",
    law=law,
    prepare=prepare,
    parameters=(X0, TEMP),
    model=MODEL,
    spreads=("ron", "roff", "von", "voff", "tau"),
    source="Molter & Nugent, CNNA 2016",
)
