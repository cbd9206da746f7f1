"""ArrayChip: a chip as couplings between groups of nodes.

All physics is in nodes and couplings; see node_kernels.py for the equation.
"""

from __future__ import annotations

from eqchip.simulator.array_backward import ArrayBackward
from eqchip.simulator.array_holomorphic import ArrayHolomorphic
from eqchip.simulator.array_linear import ArrayLinear
from eqchip.simulator.array_phases import ArrayPhases
from eqchip.simulator.array_power import ArrayPower


class ArrayChip(ArrayPhases, ArrayBackward, ArrayHolomorphic, ArrayLinear, ArrayPower):
    """The array form of a chip."""

    form = "array"
    reason = ""  # why it is not the array form
