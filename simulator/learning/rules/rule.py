"""Rule: what devices make of two states they went through."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from eqchip.simulator.chip import Chip, State, Weights


@dataclass(frozen=True, slots=True)
class Rule:
    """A local rule as data. Which estimators it goes with is a table of the language (roles.PAIRS)."""

    name: str
    text: str
    #: (chip, first, second) → the local signal of every learnable: batch means, per unit of the energy scale.
    signal: Callable[[Chip, State, State], Weights]
    #: What signal/(distance·β) tends to as β → 0.
    limit: str
