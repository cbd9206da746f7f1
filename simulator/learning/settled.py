"""The free phase, and what every phase is held to: numbers that have not run away."""

from __future__ import annotations

import numpy as np

from eqchip.errors import SimulationError
from eqchip.simulator.chip import Array, Chip, Settling, State


def settle_free(chip: Chip, inputs: Array, settling: Settling, start: State | None = None) -> State:
    """Run the free phase and hold it to be finite."""
    return finite(chip.settle(inputs, settling, start=start), "the free phase")


def finite(state: State, phase: str) -> State:
    """Return the state, or raise when numbers have run away."""
    if not np.isfinite(state.residual).all():
        lost = int(np.count_nonzero(~np.isfinite(state.residual)))
        raise SimulationError(
            f"{phase} ran away in {lost} of {len(state.residual)} samples",
            advice="a smaller rate, a smaller eps, or |beta| below 1 (beyond it −β overcomes the leak)",
        )
    return state
