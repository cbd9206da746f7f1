"""One estimate of the gradient: the free phase, the nudged phases, and what the devices felt.

This is all that happens to a batch before the weights change; training, `eqchip check` and the tests run it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from eqchip.errors import SimulationError
from eqchip.simulator.chip import Array, Chip, Nudge, Settling, State, Weights
from eqchip.simulator.learning.plan import Plan


@dataclass(frozen=True, slots=True)
class Estimate:
    """What one batch gave."""

    free: State
    nudged: tuple[State, ...]
    betas: tuple[float, ...]  # of each nudged phase
    outputs: Array  # of the free state
    values: Weights  # the estimate of dLoss/dθ, by learnable


def settle_free(chip: Chip, inputs: Array, settling: Settling, start: State | None = None) -> State:
    """Run the free phase and hold it to be finite."""
    return finite(chip.settle(inputs, settling, start=start), "the free phase")


def estimate(
    chip: Chip, inputs: Array, targets: Array, plan: Plan, sign: float = 1.0, start: State | None = None
) -> Estimate:
    """Return the estimate of dLoss/dθ on a batch; `sign` is the draw of a random-sign estimator."""
    method, rule, _ = plan.methods()
    beta = sign * plan.beta
    free = settle_free(chip, inputs, plan.free, start)
    outputs = chip.outputs(free)
    anchor = outputs if plan.kind == "frozen" else None
    betas = method.betas(beta)
    nudged = tuple(
        finite(
            chip.settle(inputs, plan.nudged, Nudge(targets, each, anchor), start=free),
            f"the phase nudged by β = {each:g}",
        )
        for each in betas
    )
    states = (free, *nudged)
    assert rule.signal is not None
    signal = rule.signal(chip, states[method.first], states[method.second])
    distance = method.distance * beta
    return Estimate(free, nudged, betas, outputs, {name: value / distance for name, value in signal.items()})


def finite(state: State, phase: str) -> State:
    """Return the state, or raise when numbers have run away."""
    if not np.all(np.isfinite(state.residual)):
        lost = int(np.count_nonzero(~np.isfinite(state.residual)))
        raise SimulationError(
            f"{phase} ran away in {lost} of {len(state.residual)} samples",
            advice="a smaller rate, a smaller eps, or |beta| below 1 (beyond it −β overcomes the leak)",
        )
    return state
