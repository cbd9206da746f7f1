"""One estimate of the gradient: the free phase, the nudged phases, and what the devices felt.

This is all that happens to a batch before the weights change; training, `eqchip check` and the tests run it.
θ is afterwards what it was before, even where the rule moves it on the way.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from eqchip.simulator.chip import Array, Chip, Nudge, State, Weights
from eqchip.simulator.learning.plan import Plan
from eqchip.simulator.learning.rules.rule import Rule, follow
from eqchip.simulator.learning.settled import finite as finite
from eqchip.simulator.learning.settled import settle_free as settle_free


@dataclass(frozen=True, slots=True)
class Estimate:
    """What one batch gave."""

    free: State
    nudged: tuple[State, ...]
    betas: tuple[float, ...]  # of each nudged phase; infinite where the outputs were held at their targets
    outputs: Array  # of the free state
    values: Weights  # the estimate of dLoss/dθ, by learnable
    #: Where a rule that moves θ during the nudged phase has left it: the next θ, in place of a step.
    moved: Weights | None = None


def estimate(
    chip: Chip,
    inputs: Array,
    targets: Array,
    plan: Plan,
    sign: float = 1.0,
    start: State | None = None,
    share: float = 1.0,
) -> Estimate:
    """Return the estimate of dLoss/dθ on a batch.

    `sign` is the draw of a random-sign estimator; `share` what a schedule leaves of the rates, for rules
    that move θ on the way.
    """
    method, rule, cost = plan.methods()
    cost.check(targets)
    if rule.descent is not None:
        free, values = rule.descent(chip, inputs, targets, plan, start)
        return Estimate(finite(free, "the free phase"), (), (), chip.outputs(free), values)
    free = settle_free(chip, inputs, plan.free, start)
    outputs = chip.outputs(free)
    if rule.reference is not None:
        return Estimate(free, (), (), outputs, rule.reference(chip, free, inputs, targets, plan))
    assert rule.signal is not None
    if rule.clamp:
        nudge = Nudge(targets, cost=plan.cost, clamp=True)
        held = finite(chip.settle(inputs, plan.nudged, nudge, free), "the clamped phase")
        return Estimate(free, (held,), (math.inf,), outputs, rule.signal(chip, free, held))
    beta = sign * plan.beta
    betas = method.betas(beta)
    anchor = outputs if plan.kind == "frozen" else None
    nudges = tuple(Nudge(targets, each, anchor, plan.cost) for each in betas)
    distance = method.distance * beta
    if rule.steps:
        (nudge,) = nudges  # their estimators have one nudged phase, that begins at the free state
        factors = {one.name: share * one.rate / distance for one in chip.learnables} if rule.moving else {}
        ended, signal, moved = _walk(chip, inputs, plan, rule, nudge, free, factors)
        return Estimate(free, (ended,), betas, outputs, _over(signal, distance), moved)
    nudged = tuple(
        finite(chip.settle(inputs, plan.nudged, nudge, start=free), _named(nudge)) for nudge in nudges
    )
    states = (free, *nudged)
    signal = rule.signal(chip, states[method.first], states[method.second])
    return Estimate(free, nudged, betas, outputs, _over(signal, distance))


def _walk(
    chip: Chip,
    inputs: Array,
    plan: Plan,
    rule: Rule,
    nudge: Nudge,
    free: State,
    factors: Mapping[str, float],
) -> tuple[State, Weights, Weights | None]:
    """Return the end of a nudged phase, the signals of its steps added up, and θ where it was moved."""
    states = chip.course(inputs, plan.nudged, nudge, free)
    if not rule.moving:
        ended, total = follow(chip, rule, states)
        return finite(ended, _named(nudge)), total, None
    assert rule.signal is not None
    before = chip.parameters()
    try:
        ended, total = next(states), Weights()
        for after in states:
            step = rule.signal(chip, ended, after)
            chip.descend(step, factors)
            total = {name: total[name] + value for name, value in step.items()} if total else step
            ended = after
        moved = chip.parameters()
    finally:
        chip.write(before)
    return finite(ended, _named(nudge)), total, moved


def _named(nudge: Nudge) -> str:
    return f"the phase nudged by β = {nudge.beta:g}"


def _over(signal: Weights, distance: float) -> Weights:
    return {name: value / distance for name, value in signal.items()}
