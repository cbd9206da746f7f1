"""A chip that every integrator can step, and where another program says it goes."""

from functools import cache
from typing import Any

import numpy as np
from scipy.integrate import solve_ivp

from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.reader import parse
from eqchip.simulator.chip import Chip
from eqchip.simulator.compile import compile_chip
from eqchip.simulator.integrators.methods import INTEGRATORS
from naive_arrays import NaiveArrays

FORMS = ("array", "sparse")
PHYSICAL = tuple(name for name, one in INTEGRATORS.items() if one.physical)
EXPLICIT = tuple(name for name in PHYSICAL if INTEGRATORS[name].explicit)

CHIP = """chip
.bus x[2] h[4] y[3]
.model syn synapse(init=uniform spread=0.9)
.model cell neuron({cell})
.model out neuron({out})
Yxh x h syn
Yhh h h syn
Yhy h y syn
Nh h cell
Ny y out
{more}.input x
.output y
.nudge y
.learn Yxh rate=0.1
.learn Yhy rate=0.1
.learn Nh rate=0.1
.end
"""
SMOOTH = "activation=sigmoid slope=2 shift=0.2 bias=0.3"
OUT = "activation=tanh gleak=3u vunit=0.5 c=1.3p bias=0.1"


def made(form: str, cell: str = SMOOTH, out: str = OUT, more: str = "", dtype: Any = np.float64) -> Chip:
    text = CHIP.format(cell=cell, out=out, more=more)
    return compile_chip(elaborate(parse(text, "chip.cir")), form, dtype)


smooth = cache(made)


def inputs(samples: int = 3) -> Any:
    return np.random.default_rng(0).uniform(-1, 1, (samples, 2))


@cache
def truth(seconds: float, beta: float) -> Any:
    """Return v(y) after some seconds, by another program from device laws in plain Python."""
    chip = smooth("array")
    twin, data = NaiveArrays(chip.circuit), inputs()
    ends = []
    for row in data:
        v = np.zeros(len(chip.circuit.nodes))
        v[chip.circuit.buses["x"]] = row
        c = np.array([twin.neuron(n).c for n in range(len(v))])

        def rate(_: float, v: Any, c: Any = c) -> Any:
            force = twin.current(v) + (twin.nudge(v, np.ones(3), beta) if beta else 0.0)
            return np.where(c > 0.0, force / np.where(c > 0.0, c, 1.0), 0.0)

        found = solve_ivp(rate, (0.0, seconds), v, method="DOP853", rtol=3e-14, atol=1e-16)
        ends.append(found.y[chip.circuit.buses["y"], -1])
    return np.array(ends)
