"""One implicit stage of a sparse chip, by Newton's method of the circuit solver:

    i(y) + α·q(y) + history = 0,    α = 1/h′,    history = −α·q(x) − f(x)    h′ the half step, f = −i

and i(y) = 0 in rows without charge or flux: these have no past. Charges are balanced, not C·Δv, so a
capacitance that depends on its voltage loses none.
"""

from __future__ import annotations

import numpy as np

from eqchip.entries import unpack
from eqchip.errors import SimulationError
from eqchip.kernels import kernel
from eqchip.simulator.equilibrium.bench import REPIVOT, Bench, Control
from eqchip.simulator.equilibrium.newton import newton
from eqchip.simulator.equilibrium.solver import solver_of
from eqchip.simulator.integrators.field import Array, FloatArray
from eqchip.simulator.network import offset
from eqchip.simulator.system import System, padded

#: How a stage is solved: to rounding, as far as Newton's last step shows.
CONTROL = Control(limit=60, relative=1e-9, volts=1e-12, amperes=1e-15, leak=1e-12, reuse=False, verify=True)
#: The half step over τ within which a state jumps to where nodes without capacitance must be.
AT_ONCE = 1e-12


def solve(system: System, drives: FloatArray, x: FloatArray, history: FloatArray, alpha: float) -> FloatArray:
    """Return y for every sample."""
    if not len(x):
        return x
    solver = solver_of(system)
    points, past = padded(x), padded(history)
    found = np.zeros(len(x))
    memory = system.fresh_memory(len(x))
    solver.prepare(points[0], drives[0], CONTROL, alpha)
    first, again = 0, 0
    while (stopped := _solve(solver.packed, points, drives, memory, past, alpha, first, found)) < len(x):
        again = again + 1 if stopped == first else 1
        if again > 2:
            found[stopped] = REPIVOT
            break
        points[stopped, :-1] = x[stopped]
        solver.repivot(points[stopped], drives[stopped])
        first = stopped
    if np.any(found != 0.0) or not np.all(np.isfinite(points)):
        raise SimulationError(
            "solve=trap: Newton's method did not solve a step", advice="a smaller eps, or solve=equilibrium"
        )
    return points[:, :-1].copy()


@kernel
def _solve(
    packed: Array,
    x: FloatArray,
    d: FloatArray,
    memory: FloatArray,
    history: FloatArray,
    alpha: float,
    first: int,
    found: FloatArray,
) -> int:
    """Solve every sample from `first` on; return how many are done."""
    bench = unpack(packed, Bench)
    size = bench.network.size
    b = np.empty(size + 1)
    q = np.empty(size + 1)
    for sample in range(first, len(x)):
        offset(bench.network, d[sample], bench.at, b, q)
        for i in range(size):
            b[i] += alpha * q[i] + history[sample, i]
        code = newton(packed, bench.newton, x[sample], d[sample], memory[sample], b)
        if code == REPIVOT:
            return sample
        found[sample] = code
    return len(x)
