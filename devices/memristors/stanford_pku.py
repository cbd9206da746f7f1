"""Stanford-PKU RRAM: a tunnelling gap that ions close and heat speeds up.

    i = i0·e^(−gap/g0)·sinh(v/v0)
    d gap/dt = −vel0·e^(−Ea·q/kT)·sinh(γ·a0·q·v/(tox·k·T))·s
    T = tamb + rth·|v·i|          γ = gamma0 − beta·(gap/1 nm)³
    s = 0 where the field γ·|v|/tox is below fmin, 1 above 1.05·fmin, smooth between; 1 where fmin = 0

    gap between gapmin and gapmax;  x = (gapmax − gap)/(gapmax − gapmin): 1 on, 0 off

    i0 A   g0, a0, tox, gapmin, gapmax m   v0 V   vel0 m/s   ea eV   fmin V/m   rth K/W   tamb K   x0

A positive voltage closes the gap: it turns the device on, and its own heat makes that abrupt. The published
program cuts motion off at fmin in one jump, which no implicit step can solve; the ramp of 5 % replaces it.

Source: Guan, Yu & Wong, IEEE Electron Device Lett. 33 (2012) 1405; Jiang et al., SISPAD 2014, 41. With the
default numbers and 0.1 V its resistance is 542 Ω on, 218.6 kΩ off, as published. Limits: temperature follows
the power at once; the model's random term is left out: as published it is scaled by dt where a random walk
needs √dt, so it would vanish with the step.
"""

from __future__ import annotations

import math

import numpy as np

from eqchip.devices.circuit.diode import exponential
from eqchip.devices.circuit.thermal import BOLTZMANN, CHARGE
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
from eqchip.errors import InputError
from eqchip.kernels import kernel

I0, G0, V0, VEL0, EA, A0, TOX, GAMMA0, BETA, FMIN, RTH, TAMB, LEAST, MOST = range(OWN, OWN + 14)

#: k/q, volts per kelvin.
PER_KELVIN = BOLTZMANN / CHARGE
#: The field over fmin, minus 1, at which motion is switched on fully.
RAMP = 0.05
NANO = 1e-9

_JIANG = "Guan 2012, Jiang 2014"
X0 = initial(1.0, _JIANG)


def _above(name: str, unit: str, default: float, text: str, *aliases: str) -> Parameter:
    return Parameter(name, unit, default, text, low=0.0, open_low=True, source=_JIANG, aliases=tuple(aliases))


def _from(name: str, unit: str, default: float, text: str, *aliases: str) -> Parameter:
    return Parameter(name, unit, default, text, low=0.0, source=_JIANG, aliases=tuple(aliases))


MODEL = (
    _above("i0", "A", 1e-3, "current scale", "i_0"),
    _above("g0", "m", 2.5e-10, "gap over which the current falls by e", "g_0"),
    _above("v0", "V", 0.25, "voltage scale of the current", "v_0"),
    _above("vel0", "m/s", 10.0, "attempt speed", "vel_0", "nu0"),
    _from("ea", "eV", 0.6, "activation energy", "e_a"),
    _above("a0", "m", 2.5e-10, "distance of two sites", "a_0"),
    _above("tox", "m", 1.2e-8, "thickness of the oxide", "t_ox"),
    _above("gamma0", "", 16.0, "local enhancement of the field", "gamma_0", "gam0"),
    _from("beta", "", 0.8, "how the enhancement falls with the gap"),
    _from("fmin", "V/m", 0.0, "field below which nothing moves; 0: no such field", "f_min"),
    _from("rth", "K/W", 2.1e3, "thermal resistance", "r_th"),
    _above("tamb", "K", 298.0, "temperature around it", "t0", "t_0"),
    _from("gapmin", "m", 2e-10, "gap all on", "gap_min"),
    _above("gapmax", "m", 1.7e-9, "gap all off", "gap_max"),
    X0,
)
_NAMES = ("i0", "g0", "v0", "vel0", "ea", "a0", "tox", "gamma0", "beta", "fmin", "rth", "tamb")


def prepare(given: Given) -> FloatArray:
    """Return the state's columns, then the parameters as they are named, and the limits of the gap."""
    own = given.values
    least, most = own["gapmin"], own["gapmax"]
    if np.any(least >= most):
        raise InputError("gapmax is not above gapmin", expected="gapmin < gapmax")
    conductance = own["i0"] / own["v0"] * np.exp(-least / own["g0"])
    # The speed at 1 V and at a middle gap, of a hot device: 1000 K.
    hot = 1000.0 * PER_KELVIN
    reach = own["gamma0"] * own["a0"] / own["tox"]
    speed = own["vel0"] * np.exp(np.clip((reach - own["ea"]) / hot, -60.0, 60.0)) / (most - least)
    return rows(given, conductance, speed, [*(own[name] for name in _NAMES), least, most])


@kernel
def ramp(field: float, least: float) -> tuple[float, float]:
    """Return how much a field moves, from 0 at `least` to 1, and its derivative by the field."""
    if least == 0.0 or field >= least * (1.0 + RAMP):
        return 1.0, 0.0
    if field <= least:
        return 0.0, 0.0
    way = (field / least - 1.0) / RAMP
    return way * way * (3.0 - 2.0 * way), 6.0 * way * (1.0 - way) / (RAMP * least)


@kernel
def conduction(v: float, gap: float, p: FloatArray) -> tuple[float, float, float]:
    """Return the current and its derivatives by the voltage and by the gap."""
    size = p[I0] * math.exp(-gap / p[G0])
    odd, even = sinh(v / p[V0])
    return size * odd, size * even / p[V0], -size * odd / p[G0]


@kernel
def closing(
    v: float, gap: float, current: tuple[float, float, float], p: FloatArray
) -> tuple[float, float, float]:
    """Return −d gap/dt and its derivatives by the voltage and by the gap."""
    i, i_by_v, i_by_gap = current
    power = v * i  # never negative
    kt = PER_KELVIN * (p[TAMB] + p[RTH] * power)
    kt_by_v = PER_KELVIN * p[RTH] * (i + v * i_by_v)
    kt_by_gap = PER_KELVIN * p[RTH] * v * i_by_gap
    nanometres = gap / NANO
    gamma = p[GAMMA0] - p[BETA] * nanometres**3
    gamma_by_gap = -3.0 * p[BETA] * nanometres**2 / NANO
    barrier = p[EA] / kt
    lever = p[A0] / (p[TOX] * kt)
    lift = gamma * lever * v
    up, up_by = exponential(lift - barrier)
    down, down_by = exponential(-lift - barrier)
    odd = 0.5 * (up - down)
    by_lift = 0.5 * (up_by + down_by)
    by_barrier = -0.5 * (up_by - down_by)
    lift_by_v = gamma * lever - lift * kt_by_v / kt
    lift_by_gap = gamma_by_gap * lever * v - lift * kt_by_gap / kt
    by_v = by_lift * lift_by_v - by_barrier * barrier * kt_by_v / kt
    by_gap = by_lift * lift_by_gap - by_barrier * barrier * kt_by_gap / kt
    field = abs(gamma * v) / p[TOX]
    share, share_by = ramp(field, p[FMIN])
    sign = 1.0 if gamma * v >= 0.0 else -1.0
    share_by_v = share_by * sign * gamma / p[TOX]
    share_by_gap = share_by * sign * gamma_by_gap * v / p[TOX]
    speed = p[VEL0]
    return (
        speed * odd * share,
        speed * (by_v * share + odd * share_by_v),
        speed * (by_gap * share + odd * share_by_gap),
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
    """Tunnelling over a gap, and the motion of the gap at its own temperature."""
    v = u[0] - u[1]
    x, own = inside(u, p, d)
    width = p[MOST] - p[LEAST]
    gap = p[MOST] - x * width
    current = conduction(v, gap, p)
    speed, by_v, by_gap = closing(v, gap, current, p)
    gap_by_x = -width * own
    return write(
        u,
        p,
        d,
        (current[0], current[1], current[2] * gap_by_x),
        (speed / width, by_v / width, by_gap * gap_by_x / width),
        i,
        q,
        g,
        c,
    )


STANFORD_PKU = memristor(
    name="stanford-pku memristor",
    text="filamentary RRAM with a tunnelling gap and heat (Stanford-PKU)",
    word="stanford",
    law=law,
    prepare=prepare,
    parameters=(X0,),
    model=MODEL,
    spreads=("i0", "g0", "vel0", "ea", "gamma0"),
    source="Jiang et al., SISPAD 2014, 41",
)
