"""A junction's numbers at its temperature, and its depletion charge.

`junction_columns` turns parameters into the row that the diode's kernels read. The scaling with
temperature is SPICE's (T_ref = 300.15 K):

    Eg(T) = 1.16 − 7.02·10⁻⁴·T²/(T + 1108)
    Vj(T) = (T/T_ref)·Vj_ref + p(T),   p(T) = −2·V_t·[1.5·ln(T/T_ref) + q·(−Eg/(2kT) + 1.1150877/(2k·T_ref))]
    Cj(T) = Cj·[1 + m·(4·10⁻⁴·(T − T_ref) − γ(T))] / [the same at T_nom],   γ = (Vj(T) − Vj_ref)/Vj_ref

The breakdown knee is moved so that the current at −bv is ibv.

Source: ngspice 39 manual, chapter 7; Vladimirescu, The SPICE Book (1994), section 3.2.
"""

from __future__ import annotations

import math

import numpy as np

from eqchip.devices.circuit.thermal import BOLTZMANN, CHARGE, temperature
from eqchip.devices.family import CELSIUS, FloatArray, Given
from eqchip.kernels import kernel

(
    SATURATION,  # A
    WIDTH,  # n·V_t, V
    GMIN,  # S
    GSERIES,  # S
    CJ0,  # F
    VJ,  # V
    MJ,
    FC,
    TRANSIT,  # s
    BREAKDOWN,  # V, where the exponential of the breakdown starts; ∞: none
    WIDTH_BREAKDOWN,  # nbv·V_t, V
    VCRIT,  # V, of greatest curvature
) = range(12)
COLUMNS = 12

_REFERENCE = 300.15  # K


def _potential(t: FloatArray) -> FloatArray:
    """Return p(T) of the docstring."""
    gap = 1.16 - 7.02e-4 * t * t / (t + 1108.0)
    arg = -gap / (2.0 * BOLTZMANN * t) + 1.1150877 / (2.0 * BOLTZMANN * _REFERENCE)
    result: FloatArray = -2.0 * BOLTZMANN * t / CHARGE * (1.5 * np.log(t / _REFERENCE) + CHARGE * arg)
    return result


def _knee(bv: float, ibv: float, saturation: float, width: float, vt: float) -> float:
    """Return where the breakdown exponential starts, so that the current at −bv is ibv.

    Solves x = bv − width·ln(ibv/Is + 1 − x/V_t) by iteration, as SPICE does.
    """
    if math.isnan(bv):
        return math.inf
    if ibv < saturation * bv / vt:
        return bv
    x = bv - width * math.log(1.0 + ibv / saturation)
    for _ in range(25):
        x = bv - width * math.log(ibv / saturation + 1.0 - x / vt)
    return x


def junction_columns(given: Given) -> FloatArray:
    """Return one row of COLUMNS numbers per element."""
    v = given.values
    t = temperature(given)
    nominal = np.where(np.isnan(v["tnom"]), given.settings.nominal, v["tnom"] + CELSIUS)
    vt = BOLTZMANN * t / CHARGE
    width = v["n"] * vt
    scale = v["area"] * v["m"]
    grow = (t / nominal - 1.0) * v["eg"] / width + v["xti"] / v["n"] * np.log(t / nominal)
    saturation = v["is"] * scale * np.exp(grow)
    reference = (v["vj"] - _potential(nominal)) * _REFERENCE / nominal
    vj = _potential(t) + t / _REFERENCE * reference
    before = 1.0 + v["mj"] * (4e-4 * (nominal - _REFERENCE) - (v["vj"] - reference) / reference)
    after = 1.0 + v["mj"] * (4e-4 * (t - _REFERENCE) - (vj - reference) / reference)
    breaks = np.where(np.isnan(v["nbv"]), v["n"], v["nbv"]) * vt
    columns = np.empty((given.count, COLUMNS))
    columns[:, SATURATION] = saturation
    columns[:, WIDTH] = width
    columns[:, GMIN] = given.settings.gmin
    columns[:, GSERIES] = np.divide(scale, v["rs"], out=np.zeros(given.count), where=v["rs"] > 0.0)
    columns[:, CJ0] = v["cjo"] * scale * after / before
    columns[:, VJ] = vj
    columns[:, MJ] = v["mj"]
    columns[:, FC] = v["fc"]
    columns[:, TRANSIT] = v["tt"]
    columns[:, BREAKDOWN] = [
        _knee(*row) for row in zip(v["bv"], v["ibv"] * v["m"], saturation, breaks, vt, strict=True)
    ]
    columns[:, WIDTH_BREAKDOWN] = breaks
    # Not below n·V_t, where a junction with a huge saturation current would have it.
    columns[:, VCRIT] = np.maximum(width * np.log(width / (math.sqrt(2.0) * saturation)), width)
    return columns


@kernel
def depletion(v: float, p: FloatArray) -> tuple[float, float]:
    """Return the depletion charge and capacitance at v; a tangent of the capacitance above fc·Vj."""
    if p[CJ0] == 0.0:
        return 0.0, 0.0
    cj0, vj, mj, fc = p[CJ0], p[VJ], p[MJ], p[FC]
    knee = fc * vj
    if v < knee:
        room = 1.0 - v / vj
        s = room**-mj
        return vj * cj0 * (1.0 - room * s) / (1.0 - mj), cj0 * s
    at_knee = vj * cj0 * (1.0 - (1.0 - fc) ** (1.0 - mj)) / (1.0 - mj)
    f2 = (1.0 - fc) ** (1.0 + mj)
    f3 = 1.0 - fc * (1.0 + mj)
    charge = at_knee + cj0 / f2 * (f3 * (v - knee) + 0.5 * mj / vj * (v * v - knee * knee))
    return charge, cj0 / f2 * (f3 + mj * v / vj)
