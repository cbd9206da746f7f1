"""Small chips that learn, for tests of references and theorems: one netlist with holes in it."""

from __future__ import annotations

from typing import Any

import numpy as np

from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.reader import parse
from eqchip.simulator.chip import Chip
from eqchip.simulator.compile import compile_chip

#: Name → (neurons of h, neurons of y, options of Yxh, further cards).
KINDS = {
    "tanh": ("activation=tanh", "activation=tanh", "", ""),
    "clamped": ("activation=hardsigmoid bias=0.4", "activation=hardsigmoid bias=0.3", "", ""),
    "scales": (
        "activation=tanh gleak=3u vunit=0.2 c=2p",
        "activation=sigmoid gleak=0.5u vunit=1.5",
        "gunit=2u",
        "",
    ),
    "within": ("activation=tanh", "activation=softplus", "", "Yhh h h syn\n.learn Yhh rate=0.1\n"),
    "skip": (
        "activation=sigmoid slope=4 shift=0.5",
        "activation=linear",
        "",
        "Yxy x y syn\n.learn Yxy rate=0.1\n",
    ),
    "direct": ("activation=tanh drive=direct", "activation=linear", "", ""),
    "curved": (
        "activation=tanh drive=direct",
        "activation=hardsigmoid bias=0.4",
        "",
        "Yhh h h small dir=forward\n",
    ),
}
#: Those with an energy.
RECIPROCAL = ("tanh", "clamped", "scales", "within", "skip")


def chip(kind: str, form: str = "array", dtype: Any = np.float64, cost: str = "mse") -> Chip:
    """Return a chip x[3] h[4] y[2] of that kind."""
    hidden, output, options, more = KINDS[kind]
    text = f"""{kind}
.bus x[3] h[4] y[2]
.model syn synapse(init=uniform spread=0.6)
.model small synapse(init=uniform spread=0.1)
.model first synapse(init=uniform spread=0.9 {options})
.model hidden neuron({hidden})
.model last neuron({output})
Yxh x h first
Yhy h y syn
Nh h hidden
Ny y last
{more}.input x
.output y
.nudge y cost={cost}
.learn Yxh rate=0.1
.learn Yhy rate=0.1
.learn Nh rate=0.1
.learn Ny rate=0.1
.train seed=3
.end
"""
    return compile_chip(elaborate(parse(text, "chip.cir")), form, dtype)


def samples(count: int = 4) -> tuple[Any, Any]:
    """Return inputs and targets."""
    random = np.random.default_rng(5)
    return random.uniform(-1, 1, (count, 3)), np.eye(2)[random.integers(0, 2, count)]
