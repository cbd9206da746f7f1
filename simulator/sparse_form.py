"""SparseChip: a chip as a sparse circuit. Any topology and any device; every synapse is an element of its
own. Equilibria come from Newton's method, local signals and adjoints from the devices' own laws.
"""

from __future__ import annotations

from eqchip.simulator.sparse_backward import SparseBackward
from eqchip.simulator.sparse_holomorphic import SparseHolomorphic
from eqchip.simulator.sparse_linear import SparseLinear
from eqchip.simulator.sparse_power import SparsePower
from eqchip.simulator.sparse_settling import SparseSettling


class SparseChip(SparseSettling, SparseBackward, SparseHolomorphic, SparseLinear, SparsePower):
    """The sparse form of a chip."""

    form = "sparse"
