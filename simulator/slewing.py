"""Slewing: neurons whose amplifiers cannot move their node faster than so many volts a second.

    dv/dt = f                where |f| ≤ slew        ±slew elsewhere

Equilibria are where they were; it takes longer to get there, the further the longer, and what is nudged for a
fixed time moves less where a nudge is strong.

Source: the slew rate of an operational amplifier, as data sheets define it. Limits: explicit steps in time
alone (euler, expeuler, heun, rk4, adaptive); an implicit stage would have to find who slews.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.errors import InputError
from eqchip.netlists.circuit import Circuit
from eqchip.simulator.spread import in_shape

FloatArray = NDArray[np.float64]


def slew_rates(circuit: Circuit) -> FloatArray | None:
    """Return the slew rate of every node, V/s, infinite where there is no limit; None: nowhere is one."""
    found = np.full(len(circuit.nodes), np.inf)
    for one in circuit.instances:
        if "slew" not in one.family.all_parameters():
            continue
        nodes = np.atleast_1d(np.asarray(one.nodes[0], dtype=np.int64))
        given = np.broadcast_to(np.asarray(in_shape(circuit, one).get("slew", 0.0), np.float64), nodes.shape)
        found[nodes] = np.where(given > 0.0, given, np.inf)
    return found if np.any(np.isfinite(found)) else None


def refuse_slew(solve: str) -> InputError:
    """Return what is said of a solver that knows no slew rate."""
    return InputError(
        f"solve={solve} knows no slew rate",
        expected="solve=euler, expeuler, heun, rk4 or adaptive, or no slew= of a neuron",
    )


def slewed(rates: NDArray[Any], limit: NDArray[Any]) -> NDArray[Any]:
    """Return rates (B, n) within their limits (n), in place."""
    return np.clip(rates, -limit, limit, out=rates)
