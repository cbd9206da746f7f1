"""Independent sources.

    V n+ n- value    v(n+) − v(n-) = value;  i(V) flows from n+ through the source to n-
    I n+ n- value    value flows from n+ through the source to n-: out of node n-

So a source that delivers power has a negative i(V). The value is a drive: waveforms fill it in time
(waveform.py), `.dc` sweeps it, data set it.

Source: V and I elements of the ngspice 39 manual, chapter 4. Limits: no series resistance, no noise source.
"""

from __future__ import annotations

import numpy as np

from eqchip.devices.circuit.resistor import MULTIPLICITY
from eqchip.devices.family import Family, FloatArray, Given
from eqchip.kernels import kernel


def prepare_voltage(given: Given) -> FloatArray:
    """Return no columns: the value is a drive."""
    return np.empty((given.count, 0))


def prepare_current(given: Given) -> FloatArray:
    """Return one column: how many in parallel."""
    return given.values["m"][:, None]


@kernel
def voltage_law(
    u: FloatArray,
    p: FloatArray,
    d: FloatArray,
    m: FloatArray,
    i: FloatArray,
    q: FloatArray,
    g: FloatArray,
    c: FloatArray,
) -> int:
    """u0 − u1 = d; u2 leaves node 0 and enters node 1."""
    i[0] = u[2]
    i[1] = -u[2]
    i[2] = u[0] - u[1] - d[int(p[0])]
    g[0, 2] = 1.0
    g[1, 2] = -1.0
    g[2, 0] = 1.0
    g[2, 1] = -1.0
    return 0


@kernel
def current_law(
    u: FloatArray,
    p: FloatArray,
    d: FloatArray,
    m: FloatArray,
    i: FloatArray,
    q: FloatArray,
    g: FloatArray,
    c: FloatArray,
) -> int:
    """The driven current leaves node 0 and enters node 1."""
    current = p[1] * d[int(p[0])]
    i[0] = current
    i[1] = -current
    return 0


VOLTAGE_SOURCE = Family(
    name="voltage source",
    text="independent voltage source",
    letters=("V",),
    terminals=("n+", "n-"),
    parameters=(),
    law=voltage_law,
    prepare=prepare_voltage,
    branches=1,
    drives=("value",),
    affine=True,
    waveform=True,
    delivers=True,
    source="ngspice 39 manual, V element",
)

CURRENT_SOURCE = Family(
    name="current source",
    text="independent current source",
    letters=("I",),
    terminals=("n+", "n-"),
    parameters=(MULTIPLICITY,),
    law=current_law,
    prepare=prepare_current,
    drives=("value",),
    affine=True,
    waveform=True,
    delivers=True,
    source="ngspice 39 manual, I element",
)
