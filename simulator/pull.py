"""Pull: the force of a cost that is no spring, on the outputs of an array chip.

    F = −a·s + r·d + k,   a = 1 + m·β₊,   k = m·β₊·s − β·∂cost/∂y(s)

Together a and k are −s − β·∂cost/∂y at *these* states, whatever m is: explicit steps are exact. With k held,
a block solve goes to the lowest point of a spring that touches E + β·cost from above (β₊ = max(β, 0), m no
less than the cost's curvature; −cost is concave already), so it takes the energy down, and repeated
solves end where F is 0.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.simulator.cost.costs import Cost

Array = NDArray[Any]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Pull:
    """Which nodes of one group are pulled, where to, how hard."""

    cost: Cost
    group: int
    places: IntArray  # of the outputs in the group, in the order of the targets
    targets: Array  # (B, outputs)
    beta: FloatArray  # of each output, over the energy scale of its own node

    @property
    def spring(self) -> FloatArray:
        """Return m·β₊, what `a` has beyond 1."""
        return np.asarray(self.cost.curvature * np.maximum(self.beta, 0.0))

    def take(self, rows: Any) -> Pull:
        """Return the pull on some samples."""
        return replace(self, targets=self.targets[rows])

    def refresh(self, states: Array, k: Array) -> None:
        """Bring k of the group up to date at its states."""
        y = states[:, self.places]
        k[:, self.places] = self.spring * y - self.beta * self.cost.slope(y, self.targets)

    def bend(self, states: Array) -> FloatArray:
        """Return ∂k/∂s among the outputs, (B, outputs, outputs)."""
        y = states[:, self.places].astype(np.float64)
        bent = -self.beta[:, None] * self.cost.bend(y)
        index = np.arange(len(self.places))
        bent[:, index, index] += self.spring
        return np.asarray(bent)
