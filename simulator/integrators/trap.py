"""The implicit trapezoidal rule for chips, solved by Newton's method with the chip's own Jacobian.

    q(y) − h/2·f(y) = q(x) + h/2·f(x),    f(y) = 0 at nodes without capacitance

Order 2; stable for every step (A-stable), so the step follows the accuracy wanted and not the fastest node.
It does not damp what is much faster than a step: that rings about its end, ever less, and settles late. It
is the only solver that steps chips whose nodes have no capacitance, or share one. (Transients of circuits,
`.tran`, have their own rule, trapezoidal.py, with steps that follow the error.)
"""

from __future__ import annotations

from eqchip.simulator.integrators.field import Array, Field
from eqchip.simulator.integrators.integrator import Integrator


def step(field: Field, x: Array, f: Array, length: float) -> Array:
    """Return the state after one step."""
    return field.implicit(x, f, 0.5 * length)


TRAP = Integrator(
    "trap", "implicit trapezoidal rule", order=2, step=step, own_step=0.5, evaluations=0, explicit=False
)
