"""Backpropagation through time: dLoss/dθ by reverse mode through the last K steps of the free phase.

    s_{t+1} = F(x, s_t, θ_t = θ),   t = T − K … T − 1      K = nudged_steps, x the static input

    ∇(t) = dLoss/dθ_{T−t},  t = 1 … K                      their sum over t is the truncated gradient

Loss is the mean cost at s_T. The steps are those the chip takes, its projections among them; the chip runs
them backwards in its own form (`through_time`). Only the K + 1 states of the window are stored. It needs all
of the chip at once and a memory of its states: the yardstick that the updates of equilibrium propagation are
held against, step by step, and a rule to train with beside it.

Source: Ernoult, Grollier, Querlioz, Bengio & Scellier, NeurIPS 32 (2019), §2.2 and appendix A.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from eqchip.errors import InputError
from eqchip.simulator.chip import Array, Chip, State, Weights


def last_states(chip: Chip, inputs: Array, plan: Any, start: State | None = None) -> list[State]:
    """Run a free phase and return the states its last K steps begin with, and its end: K + 1."""
    steps = window(plan)
    before = plan.free.steps - steps
    if not before:
        return list(chip.course(inputs, plan.free, None, start))
    begun = chip.settle(inputs, replace(plan.free, steps=before), start=start)
    course = list(chip.course(inputs, replace(plan.free, steps=steps), None, begun))
    for state in course:  # they count from the beginning of the phase
        state.iterations = state.iterations + begun.iterations
        state.seconds += begun.seconds
        if state.durations is not None and begun.durations is not None:
            state.durations = state.durations + begun.durations
    return course


def window(plan: Any) -> int:
    """Return K, the steps that are run backwards."""
    if not plan.free.steps or not plan.nudged.steps:
        raise InputError(
            f"rule=bptt runs steps of the free phase backwards: solve={plan.free.solve} without free_steps= "
            "and nudged_steps= has none of a fixed number",
            expected="solve=euler | expeuler | discrete free_steps= nudged_steps=",
        )
    return min(int(plan.nudged.steps), int(plan.free.steps))


def gradient(chip: Chip, course: Sequence[State], targets: Array, plan: Any) -> Weights:
    """Return dLoss/dθ through the steps of a course, the mean over the samples."""
    unrolled = chip.through_time(course, plan.free, targets, plan.cost)
    return unrolled.weights(1, unrolled.steps)
