"""Inductor.

    v1 − v2 = d(L·i_L)/dt,   i_L flows from node 1 through the inductor to node 2,   L = l/m

    l  H    ic  A, current at time 0 of a transient with uic    m  how many in parallel

The branch current is an unknown; its row holds i = v1 − v2 and the flux q = −L·i_L, so that i + dq/dt = 0.
At DC it is a wire.

Source: L element of the ngspice 39 manual, chapter 3.3. Limits: no coupling (K), no series resistance.
"""

from __future__ import annotations

from eqchip.devices.circuit.resistor import MULTIPLICITY
from eqchip.devices.family import Family, FloatArray, Given
from eqchip.devices.parameter import Parameter
from eqchip.kernels import kernel

_MANUAL = "ngspice 39 manual"


def prepare(given: Given) -> FloatArray:
    """Return one column: the inductance in henries."""
    return (given.values["l"] / given.values["m"])[:, None]


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
    """u0 − u1 − d(L·u2)/dt = 0; u2 leaves node 0 and enters node 1."""
    i[0] = u[2]
    i[1] = -u[2]
    i[2] = u[0] - u[1]
    q[2] = -p[0] * u[2]
    g[0, 2] = 1.0
    g[1, 2] = -1.0
    g[2, 0] = 1.0
    g[2, 1] = -1.0
    c[2, 2] = -p[0]
    return 0


INDUCTOR = Family(
    name="inductor",
    text="linear inductor",
    letters=("L",),
    terminals=("n1", "n2"),
    parameters=(
        Parameter("l", "H", None, "inductance", required=True, source=_MANUAL),
        MULTIPLICITY,
        Parameter("ic", "A", None, "initial current, for uic", source=_MANUAL),
    ),
    law=law,
    prepare=prepare,
    branches=1,
    linear=True,
    ic=True,
    source="ngspice 39 manual, L element",
)
