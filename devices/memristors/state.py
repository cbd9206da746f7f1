"""What all memristors share: a state between off and on, and how a device's equations hold it.

    x = 0  all off (least conductance)      x = 1  all on      v(NAME#x): where it is recorded

    at rest (.op, .dc, settling)    x stands at x0, whatever the voltage
    in time (.tran)                 S·dx/dt = S·f(x, v),   0 ≤ x ≤ 1

The state is the voltage of a node inside the device. Its charge is S·x and the current that leaves it
−S·f(x, v), so the time steps of every circuit move it, to the same tolerance as voltages. S (in coulombs)
sets the scale of that equation and no result: the device's current at 1 V when on, over its typical rate.

**Bounds.** Most published laws cross 0 and 1 unless a program cuts them off. Here the state is an unknown
with bounds, like the voltage of a clamped neuron: each Newton step is projected into [0, 1], and a state that
is pushed outwards stands still there. No step, however long, ends outside; no window is needed for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from eqchip.devices.family import Family, FloatArray, Given, Internal, State
from eqchip.devices.parameter import Parameter
from eqchip.devices.place import Place
from eqchip.devices.wires import WIRES
from eqchip.kernels import kernel

#: Columns of a row of values: the drive's slot comes first, then what every law keeps here.
SLOT, X0, SCALE, PULL, OWN = range(5)

#: The drive that lets a state move: 0 holds it at x0.
MOVES = "moves"

STATE = State("x", MOVES, "x0")
INSIDE = (Internal("x", "", 0),)


def initial(default: float, source: str, aliases: tuple[str, ...] = ()) -> Parameter:
    """Return the declaration of the initial state."""
    return Parameter(
        "x0",
        "",
        default,
        "state at rest and at time 0: 1 all on, 0 all off; values= of an array brings a matrix of them",
        low=0.0,
        high=1.0,
        source=source,
        aliases=aliases,
    )


def spread(parameter: Parameter, law: str = "relative") -> Parameter:
    """Return the declaration of how a parameter differs from device to device."""
    text = f"spread of {parameter.name} from device to device" + (
        "" if law == "absolute" else ", over its value"
    )
    return Parameter(
        f"{parameter.name}_dtod",
        "",
        0.0,
        text,
        low=0.0,
        place=Place.DRAWN,
        effect="dtod",
        source="Gokmen & Vlasov 2016",
        spreads=parameter.name,
        spread_law=law,
    )


def with_spreads(parameters: tuple[Parameter, ...], *names: str) -> tuple[Parameter, ...]:
    """Return a model's parameters and how those named, and the initial state, differ between devices."""
    of = {one.name: one for one in parameters}
    return *parameters, *(spread(of[name]) for name in names), spread(of["x0"], "absolute")


@kernel
def inside(u: FloatArray, p: FloatArray, d: FloatArray) -> tuple[float, float]:
    """Return the state that a law sees, and the slope of that by the state's node.

    A guess outside the bounds counts as the bound. At rest it is x0 itself: the state's equation then stands
    apart, and the circuit around is as reciprocal as the device is.
    """
    if d[int(p[SLOT])] == 0.0:
        return float(p[X0]), 0.0
    x = u[2]
    if x < 0.0:
        return 0.0, 0.0
    if x > 1.0:
        return 1.0, 0.0
    return float(x), 1.0


@kernel
def write(
    u: FloatArray,
    p: FloatArray,
    d: FloatArray,
    current: tuple[float, float, float],
    rate: tuple[float, float, float],
    i: FloatArray,
    q: FloatArray,
    g: FloatArray,
    c: FloatArray,
) -> int:
    """Fill the rows of a law: `current` and `rate` (dx/dt) with their derivatives by v and by x."""
    through, by_v, by_x = current
    i[0] = through
    i[1] = -through
    g[0, 0] = by_v
    g[0, 1] = -by_v
    g[0, 2] = by_x
    g[1, 0] = -by_v
    g[1, 1] = by_v
    g[1, 2] = -by_x
    if d[int(p[SLOT])] == 0.0:
        i[2] = p[PULL] * (u[2] - p[X0])
        g[2, 2] = p[PULL]
        return 0
    scale = p[SCALE]
    moved, rate_by_v, rate_by_x = rate
    i[2] = -scale * moved
    g[2, 0] = -scale * rate_by_v
    g[2, 1] = scale * rate_by_v
    g[2, 2] = -scale * rate_by_x
    q[2] = scale * u[2]
    c[2, 2] = scale
    return 0


def rows(given: Given, conductance: FloatArray, rate: FloatArray, own: Sequence[FloatArray]) -> FloatArray:
    """Return the columns of `prepare`: x0, the scales of its two equations, then those of the law itself.

    `conductance` is typical of the device when on (S), `rate` of dx/dt at 1 V (1/s).
    """
    return np.column_stack([given.values["x0"], conductance / rate, conductance, *own])


def memristor(
    name: str,
    text: str,
    word: str,
    law: Callable[..., int],
    prepare: Callable[[Given], FloatArray],
    parameters: tuple[Parameter, ...],
    model: tuple[Parameter, ...],
    spreads: tuple[str, ...],
    source: str,
) -> Family:
    """Return the family of a law: `word` is its type on a .model card, `spreads` what differs by device."""
    return Family(
        name=name,
        text=text,
        letters=("P",),
        terminals=("n1", "n2"),
        parameters=parameters,
        model_types=(word,),
        model_parameters=with_spreads(model, *spreads),
        wires=WIRES,
        law=law,
        prepare=prepare,
        internal=INSIDE,
        drives=(MOVES,),
        state=STATE,
        source=source,
    )
