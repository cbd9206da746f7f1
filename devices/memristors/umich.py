"""Tungsten oxide memristor of Michigan: growing filaments that diffuse away again.

    i = (1 − x)·α·(1 − e^(−β·v)) + x·γ·sinh(δ·v)
    dx/dt = λ·(η1·sinh(η2·v) − x/τ)

    alpha, gamma  A    beta, delta, eta2  1/V    lam    eta1  1/s    tau  s    x0

A positive voltage turns it on; left alone it forgets, exponentially, with the time constant τ/λ.

Source: Chang, Jo, Kim, Sheridan, Gaba & Lu, Appl. Phys. A 102 (2011) 857. Limits: the state stands still at
its bounds; no temperature.
"""

from __future__ import annotations

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

ALPHA, BETA, GAMMA, DELTA, LAM, ETA1, ETA2, TAU = range(OWN, OWN + 8)

_CHANG = "Chang 2011"
X0 = initial(0.0, _CHANG)


def _above(name: str, unit: str, default: float, text: str) -> Parameter:
    return Parameter(name, unit, default, text, low=0.0, open_low=True, source=_CHANG)


MODEL = (
    _above("alpha", "A", 5e-7, "Schottky current, off"),
    _above("beta", "1/V", 0.5, "its steepness"),
    _above("gamma", "A", 4e-6, "tunnelling current, on"),
    _above("delta", "1/V", 2.0, "its steepness"),
    _above("lam", "", 4.5, "scale of the motion"),
    _above("eta1", "1/s", 4e-3, "growth"),
    _above("eta2", "1/V", 4.0, "its steepness"),
    _above("tau", "s", 10.0, "decay"),
    X0,
)
_NAMES = ("alpha", "beta", "gamma", "delta", "lam", "eta1", "eta2", "tau")


def prepare(given: Given) -> FloatArray:
    """Return the state's columns, then the parameters as they are named."""
    own = given.values
    conductance = own["gamma"] * own["delta"]
    return rows(given, conductance, own["lam"] * (own["eta1"] + 1.0 / own["tau"]), [own[n] for n in _NAMES])


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
    """Schottky and tunnelling side by side; growth against decay."""
    v = u[0] - u[1]
    x, own = inside(u, p, d)
    e, e_by = exponential(-p[BETA] * v)
    odd, even = sinh(p[DELTA] * v)
    grow, grow_by = sinh(p[ETA2] * v)
    schottky, tunnel = p[ALPHA] * (1.0 - e), p[GAMMA] * odd
    return write(
        u,
        p,
        d,
        (
            (1.0 - x) * schottky + x * tunnel,
            (1.0 - x) * p[ALPHA] * p[BETA] * e_by + x * p[GAMMA] * p[DELTA] * even,
            own * (tunnel - schottky),
        ),
        (
            p[LAM] * (p[ETA1] * grow - x / p[TAU]),
            p[LAM] * p[ETA1] * p[ETA2] * grow_by,
            -p[LAM] * own / p[TAU],
        ),
        i,
        q,
        g,
        c,
    )


UMICH = memristor(
    name="tungsten oxide memristor",
    text="volatile tungsten oxide memristor (Michigan)",
    word="umich",
    law=law,
    prepare=prepare,
    parameters=(X0,),
    model=MODEL,
    spreads=("alpha", "gamma", "lam", "tau"),
    source="Chang et al., Appl. Phys. A 102 (2011) 857",
)
