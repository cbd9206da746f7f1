"""One estimate of the gradient: the free phase, the nudged phases, and what the devices felt.

This is all that happens to a batch before the weights change; training, `eqchip check` and the tests run it.
θ is afterwards what it was before, even where the rule moves it on the way.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from eqchip.simulator.chip import Array, Chip, Nudge, State, Weights
from eqchip.simulator.learning.averaging import averaged
from eqchip.simulator.learning.estimators.estimator import Estimator
from eqchip.simulator.learning.plan import Plan
from eqchip.simulator.learning.rules.rule import Rule
from eqchip.simulator.learning.settled import finite as finite
from eqchip.simulator.learning.settled import settle_free as settle_free


@dataclass(frozen=True, slots=True)
class Estimate:
    """What one batch gave."""

    free: State
    nudged: tuple[State, ...]
    betas: tuple[complex, ...]  # of each nudged phase; infinite where the outputs were held at their targets
    outputs: Array  # of the free state
    values: Weights  # the estimate of dLoss/dθ, by learnable
    #: Where a rule that moves θ during the nudged phase has left it: the next θ, in place of a step.
    moved: Weights | None = None
    #: Two states whose contrast over this distance is the estimate, in place of `values` not made.
    ends: tuple[State, State, float] | None = None


def estimate(
    chip: Chip,
    inputs: Array,
    targets: Array,
    plan: Plan,
    sign: float = 1.0,
    start: State | None = None,
    share: float = 1.0,
    ends_do: bool = False,
) -> Estimate:
    """Return the estimate of dLoss/dθ on a batch.

    `sign` is the draw of a random-sign estimator; `share` what a schedule leaves of the rates, for rules
    that move θ on the way. With `ends_do`, a contrast is left to be made where θ moves: the states do.
    """
    method, rule, cost = plan.methods()
    cost.check(targets)
    if rule.descent is not None:
        free, values = rule.descent(chip, inputs, targets, plan, start)
        return Estimate(finite(free, "the free phase"), (), (), chip.outputs(free), values)
    if plan.average:
        return _averaged(chip, inputs, targets, plan, sign, start)
    if _together(plan, method, rule):
        betas = method.betas(sign * plan.beta)
        nudges = tuple(Nudge(targets, each, cost=plan.cost) for each in betas)
        states = chip.phases(inputs, plan.free, plan.nudged, nudges, start)
        finite(states[0], "the free phase")
        for state, nudge in zip(states[1:], nudges, strict=True):
            finite(state, _named(nudge))
        return _found(chip, states, method, rule, betas, sign * plan.beta, ends_do)
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
    if method.circle:
        return _around(chip, inputs, plan, Nudge(targets, beta, anchor, plan.cost), free)
    distance = method.distance * beta
    if rule.steps:
        (nudge,) = nudges  # their estimators have one nudged phase, that begins at the free state
        factors = {one.name: share * one.rate / distance for one in chip.learnables} if rule.moving else {}
        ended, signal, moved = _walk(chip, inputs, plan, rule, nudge, free, factors)
        return Estimate(free, (ended,), betas, outputs, _over(signal, distance), moved)
    nudged = tuple(
        finite(chip.settle(inputs, plan.nudged, nudge, start=free), _named(nudge)) for nudge in nudges
    )
    return _found(chip, (free, *nudged), method, rule, betas, beta, ends_do)


def _together(plan: Plan, method: Estimator, rule: Rule) -> bool:
    """Say whether all phases are known before the first is run, and only their ends are asked for."""
    return plan.kind == "live" and not (rule.reference or rule.clamp or rule.steps or method.circle)


def _found(
    chip: Chip,
    states: tuple[State, ...],
    method: Estimator,
    rule: Rule,
    betas: tuple[float, ...],
    beta: float,
    ends_do: bool,
) -> Estimate:
    """Return the estimate that lies between two of the states."""
    free, *nudged = states
    assert rule.signal is not None
    first, second, distance = states[method.first], states[method.second], method.distance * beta
    outputs = chip.outputs(free)
    if ends_do and rule.in_place:
        return Estimate(free, tuple(nudged), betas, outputs, {}, ends=(first, second, distance))
    values = _over(rule.signal(chip, first, second), distance)
    return Estimate(free, tuple(nudged), betas, outputs, values)


def _averaged(
    chip: Chip, inputs: Array, targets: Array, plan: Plan, sign: float, start: State | None
) -> Estimate:
    """Return the estimate of signals averaged over the ends of phases."""
    method, rule, _ = plan.methods()
    assert rule.signal is not None
    free, window = averaged(chip, inputs, plan.free, None, start, plan.average)
    outputs = chip.outputs(finite(free, "the free phase"))
    anchor = outputs if plan.kind == "frozen" else None
    betas, states, windows = method.betas(sign * plan.beta), [free], [window]
    for each in betas:
        nudge = Nudge(targets, each, anchor, plan.cost)
        ended, window = averaged(chip, inputs, plan.nudged, nudge, free, plan.average)
        states.append(finite(ended, _named(nudge)))
        windows.append(window)
    signal = rule.signal(chip, windows[method.first], windows[method.second])
    values = _over(signal, method.distance * sign * plan.beta)
    return Estimate(free, tuple(states[1:]), betas, outputs, values)


def _around(chip: Chip, inputs: Array, plan: Plan, nudge: Nudge, free: State) -> Estimate:
    """Return the estimate from complex phases around the free state."""
    circle = plan.methods()[0].circle
    turns, betas = tuple(turn for turn, _ in circle), tuple(turn * nudge.beta for turn, _ in circle)
    states, values = [], Weights()
    for (_, weight), (state, signal) in zip(
        circle, chip.continuation(inputs, nudge, free, turns), strict=True
    ):
        states.append(state)
        part = {name: np.real(weight * value) for name, value in signal.items()}
        values = {name: values[name] + value for name, value in part.items()} if values else part
    return Estimate(free, tuple(states), betas, chip.outputs(free), values)


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
        assert rule.path is not None
        ended, total = rule.path(chip, states)
        return finite(ended, _named(nudge)), total, None
    assert rule.signal is not None
    before, condition = chip.parameters(), chip.condition()
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
        chip.restore(condition)
    return finite(ended, _named(nudge)), total, moved


def _named(nudge: Nudge) -> str:
    return f"the phase nudged by β = {nudge.beta:g}"


def _over(signal: Weights, distance: float) -> Weights:
    return {name: value / distance for name, value in signal.items()}
