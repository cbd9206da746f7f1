"""sinh that does not overflow far from a solution."""

from __future__ import annotations

import math

from eqchip.devices.circuit.diode import exponential
from eqchip.kernels import kernel

#: Below this size the difference of two exponentials would lose digits.
SMALL = 1.0


@kernel
def sinh(x: float) -> tuple[float, float]:
    """Return sinh x and its derivative, continued as straight lines where it would overflow."""
    if abs(x) < SMALL:
        return math.sinh(x), math.cosh(x)
    up, up_by = exponential(x)
    down, down_by = exponential(-x)
    return 0.5 * (up - down), 0.5 * (up_by + down_by)
