"""Linear controlled sources.

    E n+ n- c+ c- gain    v(n+) − v(n-) = gain·(v(c+) − v(c-))
    G n+ n- c+ c- gain    gain·(v(c+) − v(c-)) flows from n+ through the source to n-
    F n+ n- Vname gain    gain·i(Vname) flows from n+ through the source to n-
    H n+ n- Vname gain    v(n+) − v(n-) = gain·i(Vname)

    gain: E and F without unit, G in S, H in Ω

None of them is reciprocal: there is no energy that a circuit with one minimises.

Source: E, G, F, H elements of the ngspice 39 manual, chapter 4.2.
Limits: linear; POLY and TABLE are B sources.
"""

from __future__ import annotations

from eqchip.devices.circuit.resistor import MULTIPLICITY
from eqchip.devices.family import Family, FloatArray, Given
from eqchip.devices.parameter import Parameter
from eqchip.kernels import kernel

_MANUAL = "ngspice 39 manual"


def prepare_gain(given: Given) -> FloatArray:
    """Return one column: the gain."""
    return given.values["gain"][:, None]


def prepare_current_gain(given: Given) -> FloatArray:
    """Return one column: the gain of all that are in parallel."""
    return (given.values["gain"] * given.values["m"])[:, None]


@kernel
def vcvs_law(
    u: FloatArray,
    p: FloatArray,
    d: FloatArray,
    m: FloatArray,
    i: FloatArray,
    q: FloatArray,
    g: FloatArray,
    c: FloatArray,
) -> int:
    """u0 − u1 = gain·(u3 − u4), branch current u2."""
    i[0] = u[2]
    i[1] = -u[2]
    i[2] = u[0] - u[1] - p[0] * (u[3] - u[4])
    g[0, 2] = 1.0
    g[1, 2] = -1.0
    g[2, 0] = 1.0
    g[2, 1] = -1.0
    g[2, 3] = -p[0]
    g[2, 4] = p[0]
    return 0


@kernel
def vccs_law(
    u: FloatArray,
    p: FloatArray,
    d: FloatArray,
    m: FloatArray,
    i: FloatArray,
    q: FloatArray,
    g: FloatArray,
    c: FloatArray,
) -> int:
    """i = gain·(u2 − u3)."""
    current = p[0] * (u[2] - u[3])
    i[0] = current
    i[1] = -current
    g[0, 2] = p[0]
    g[0, 3] = -p[0]
    g[1, 2] = -p[0]
    g[1, 3] = p[0]
    return 0


@kernel
def cccs_law(
    u: FloatArray,
    p: FloatArray,
    d: FloatArray,
    m: FloatArray,
    i: FloatArray,
    q: FloatArray,
    g: FloatArray,
    c: FloatArray,
) -> int:
    """i = gain·u2, u2 the controlling branch current."""
    i[0] = p[0] * u[2]
    i[1] = -p[0] * u[2]
    g[0, 2] = p[0]
    g[1, 2] = -p[0]
    return 0


@kernel
def ccvs_law(
    u: FloatArray,
    p: FloatArray,
    d: FloatArray,
    m: FloatArray,
    i: FloatArray,
    q: FloatArray,
    g: FloatArray,
    c: FloatArray,
) -> int:
    """u0 − u1 = gain·u3, branch current u2, u3 the controlling branch current."""
    i[0] = u[2]
    i[1] = -u[2]
    i[2] = u[0] - u[1] - p[0] * u[3]
    g[0, 2] = 1.0
    g[1, 2] = -1.0
    g[2, 0] = 1.0
    g[2, 1] = -1.0
    g[2, 3] = -p[0]
    return 0


def _gain(unit: str, text: str) -> Parameter:
    return Parameter("gain", unit, None, text, required=True, source=_MANUAL)


VCVS = Family(
    name="voltage-controlled voltage source",
    text="linear voltage amplifier",
    letters=("E",),
    terminals=("n+", "n-"),
    parameters=(_gain("", "voltage gain"),),
    law=vcvs_law,
    prepare=prepare_gain,
    branches=1,
    controls=2,
    control_kind="nodes",
    linear=True,
    delivers=True,
    source="ngspice 39 manual, E element",
)

VCCS = Family(
    name="voltage-controlled current source",
    text="linear transconductance",
    letters=("G",),
    terminals=("n+", "n-"),
    parameters=(_gain("S", "transconductance"), MULTIPLICITY),
    law=vccs_law,
    prepare=prepare_current_gain,
    controls=2,
    control_kind="nodes",
    linear=True,
    delivers=True,
    source="ngspice 39 manual, G element",
)

CCCS = Family(
    name="current-controlled current source",
    text="linear current amplifier",
    letters=("F",),
    terminals=("n+", "n-"),
    parameters=(_gain("", "current gain"), MULTIPLICITY),
    law=cccs_law,
    prepare=prepare_current_gain,
    controls=1,
    control_kind="current",
    linear=True,
    delivers=True,
    source="ngspice 39 manual, F element",
)

CCVS = Family(
    name="current-controlled voltage source",
    text="linear transresistance",
    letters=("H",),
    terminals=("n+", "n-"),
    parameters=(_gain("Ω", "transresistance"),),
    law=ccvs_law,
    prepare=prepare_gain,
    branches=1,
    controls=1,
    control_kind="current",
    linear=True,
    delivers=True,
    source="ngspice 39 manual, H element",
)
