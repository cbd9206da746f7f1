"""Rule: what devices make of the states they go through.

A rule either makes its signal of two states at the ends of phases, or adds it up step by step on the way
through the nudged phase, or is a reference that needs no nudge at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from eqchip.simulator.chip import Array, Chip, State, Weights
from eqchip.simulator.integrators.plastic import STILL

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
    """A rule as data. Which estimators it goes with is a table of the language (training.PAIRS)."""

    name: str
    text: str
    #: What signal/(distance·β) tends to as β → 0, in words; its target for every β is in the estimator.
    limit: str
    signal: Signal | None = None  # None: a reference
    path: Path | None = None  # signals of all steps of the nudged phase are added up, not that of its ends
    law: int = STILL  # how it moves θ in one waveform (integrators.plastic); STILL: it does not
    moving: bool = False  # θ moves at every step of the nudged phase, by its signal (continual)
    clamp: bool = False  # outputs are held at their targets; there is no β (chl)
    reference: Reference | None = None
    aim: Reference | None = None  # what `limit` says, where it is computed and is not dLoss/dθ
    descent: Descent | None = None  # a reference that runs the free phase itself
    local: bool = True  # False: it needs what no device can feel at its own terminals
    #: Its signal is `chip.contrast` of two ends: `chip.descend_contrast` steps θ without making it.
    in_place: bool = False
    #: Whether, live and at equilibrium, it is at any β *exactly* the slope of its estimator's target.
    exact: bool = False

    @property
    def steps(self) -> bool:
        """Whether it looks at every step of the nudged phase, not only at the ends."""
        return self.path is not None or self.moving
