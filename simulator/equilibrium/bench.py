"""Bench: all that a solve reads and writes, packed for kernels as one array.

A Control says how a solve is to be done; the workspace keeps it as numbers, beside what a solve leaves.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from eqchip.simulator.linear.scheme import Scheme, refill_cost, solve_cost
from eqchip.simulator.network import Evaluation, Network
from eqchip.simulator.outcome import Outcome

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

DONE = int(Outcome.DONE)
NOT_CONVERGED = int(Outcome.NOT_CONVERGED)
NOT_FINITE = int(Outcome.NOT_FINITE)
REPIVOT = int(Outcome.REPIVOT)

#: Steps that shrink less than this from one to the next ask for a new factorisation: when one is cheap, and
#: when it costs as much as many iterations.
SHRINK_CHEAP, SHRINK_DEAR, DEAR = 0.0, 0.5, 20.0


class Control(NamedTuple):
    """When an iteration has converged, and when it has failed."""

    limit: int  # iterations
    relative: float  # of a step, to the largest voltage (or current)
    volts: float
    amperes: float
    leak: float  # A, the violation of Kirchhoff's law above which a further pass is made
    reuse: bool  # whether an old factorisation may serve
    verify: bool  # whether the whole residual is computed at the end


LIMIT, RELATIVE, VOLTS, AMPERES, LEAK, REUSE, VERIFY, ALPHA, SHRINK = range(9)
ITERATIONS, VIOLATION, LAST_STEP, FAILED = range(4)


class Workspace(NamedTuple):
    """Room for a solve, and what it leaves behind."""

    r: FloatArray  # (size + 1) constant part of the residual
    w: FloatArray  # (size)
    t: FloatArray  # (core) right-hand side
    delta: FloatArray  # (core) step
    total: FloatArray  # (core) sum of steps
    pinned: FloatArray  # (held) 1 where a bound holds
    valid: FloatArray  # (1) 1 when the core's factors belong to the present constant part
    control: FloatArray  # (9) a Control, α, and how much steps must shrink
    found: FloatArray  # (4) iterations, KCL violation in A, last step over its tolerance, failed position


class Bench(NamedTuple):
    """All that a solve reads and writes; kernels get it packed."""

    network: Network
    scheme: Scheme
    at: Evaluation
    ws: Workspace
    newton: int  # address of the entry below


def workspace(network: Network, scheme: Scheme) -> Workspace:
    """Return room for solving a network by a scheme."""
    core = scheme.core.size
    control = np.zeros(9)
    control[SHRINK] = SHRINK_DEAR if refill_cost(scheme) > DEAR * solve_cost(scheme) else SHRINK_CHEAP
    return Workspace(
        r=np.zeros(network.size + 1),
        w=np.zeros(network.size),
        t=np.zeros(core),
        delta=np.zeros(core),
        total=np.zeros(core),
        pinned=np.zeros(len(network.held)),
        valid=np.zeros(1),
        control=control,
        found=np.zeros(4),
    )


def set_control(ws: Workspace, control: Control, alpha: float) -> None:
    """Write how the next solves are to be done."""
    ws.control[:ALPHA] = control
    ws.control[ALPHA] = alpha
