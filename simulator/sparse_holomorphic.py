"""Complex phases of a sparse chip: there are none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from eqchip.errors import InputError
from eqchip.simulator.chip import Array, Nudge, State, Weights
from eqchip.simulator.sparse_frame import SparseFrame


class SparseHolomorphic(SparseFrame):
    """What a sparse chip says to a complex nudge."""

    def continuation(
        self, inputs: Array, nudge: Nudge, free: State, turns: Sequence[complex]
    ) -> Iterator[tuple[State, Weights]]:
        """Refuse: the laws of devices are written for real voltages."""
        del inputs, nudge, free, turns
        raise InputError(
            "estimator=holomorphic needs a chip in the array form; this one is sparse"
            + (f": {self.reason}" if self.reason else ""),
            expected="arrays of synapses between neurons with analytic activations; or another estimator",
        )
