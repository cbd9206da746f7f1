"""Rule: what devices make of the states they go through.

A rule either makes its signal of two states at the ends of phases, or adds it up step by step on the way
through the nudged phase, or is a reference that needs no nudge at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from eqchip.simulator.chip import Array, Chip, State, Weights

#: (chip, one state, a later one) → the local signal of every learnable: batch means, per unit of the energy
#: scale; over distance·β it estimates dLoss/dθ.
Signal = Callable[[Chip, State, State], Weights]
#: (chip, the states of a phase) → the last of them, and the signals of all steps added up.
Path = Callable[[Chip, Iterator[State]], tuple[State, Weights]]
#: (chip, free state, inputs, targets, plan) → dLoss/dθ.
Reference = Callable[[Chip, State, Array, Array, Any], Weights]
#: (chip, inputs, targets, plan, start) → the end of a free phase that it runs itself, dLoss/dθ.
Descent = Callable[[Chip, Array, Array, Any, State | None], tuple[State, Weights]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as data. Which estimators it goes with is a table of the language (roles.PAIRS)."""

    name: str
    text: str
    #: What signal/(distance·β) tends to as β → 0, in words; its target for every β is in the estimator.
    limit: str
    signal: Signal | None = None  # None: a reference
    steps: bool = False  # the signals of all steps of the nudged phase are added up, not that of its ends
    moving: bool = False  # θ moves at every step of the nudged phase (continual)
    clamp: bool = False  # outputs are held at their targets; there is no β (chl)
    reference: Reference | None = None
    aim: Reference | None = None  # what `limit` says, where it is computed and is not dLoss/dθ
    descent: Descent | None = None  # a reference that runs the free phase itself
    local: bool = True  # False: it needs what no device can feel at its own terminals
    #: Whether, live and at equilibrium, it is at any β *exactly* the slope of its estimator's target.
    exact: bool = False
    path: Path | None = None  # the sum over steps by a shorter way than one signal after the other


def follow(chip: Chip, rule: Rule, states: Iterator[State]) -> tuple[State, Weights]:
    """Return the last of the states of a phase, and the signals of all its steps added up."""
    if rule.path is not None:
        return rule.path(chip, states)
    assert rule.signal is not None
    before, total = next(states), Weights()
    for after in states:
        step = rule.signal(chip, before, after)
        total = {name: total[name] + value for name, value in step.items()} if total else step
        before = after
    return before, total
