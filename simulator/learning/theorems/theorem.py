"""Theorem: what one statement says, whether this chip meets its conditions, and what was measured."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.simulator.chip import Array, Chip, Settling, State
from eqchip.simulator.learning.plan import Plan
from eqchip.simulator.rows import Column, Rows
from eqchip.simulator.rows import Plan as TablePlan

FloatArray = NDArray[np.float64]

#: Largest ‖J − Jᵀ‖/‖J‖ that is rounding.
SYMMETRIC = 1e-9
#: A statement about β → 0 holds where the error falls below this.
AGREES = 1e-5


@dataclass(frozen=True, slots=True)
class Ground:
    """What every theorem starts from: a chip at its free equilibrium, on a few samples."""

    chip: Chip
    inputs: Array
    targets: Array
    plan: Plan
    free: State  # settled to rounding
    reciprocity: float
    stability: float
    held: float  # share of the nodes that stand at a bound

    @property
    def symmetric(self) -> bool:
        """Whether J is its own transpose."""
        return self.reciprocity < SYMMETRIC

    def silence(self) -> str:
        """Say why no error enters the chip, where none does."""
        outputs = self.chip.outputs(self.free)
        if np.any(self.plan.methods()[2].slope(outputs, self.targets)):
            return "the outputs that miss their targets stand at a bound: no error passes through them"
        return "the outputs are their targets: there is no error"

    def nudged(self, solve: str, most: int) -> Settling:
        """Return a nudged phase as the plan has it, by another solver, of no more than so many steps."""
        given = self.plan.nudged
        return Settling(solve, tol=given.tol, steps=min(given.steps or most, most), eps=given.eps)


@dataclass(frozen=True, slots=True)
class Theorem:
    """What a check found about one statement."""

    name: str
    statement: str
    applies: bool  # whether the chip meets the conditions
    why: str  # which condition it misses; or at what strength the statement stands
    holds: bool | None  # None: it does not apply, or nothing could be measured
    measured: str = ""  # what was found, in one line
    numbers: dict[str, Any] = field(default_factory=dict)
    table: tuple[TablePlan, Rows] | None = None  # for a record, and its picture

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "statement": self.statement,
            "applies": self.applies,
            "why": self.why,
            "holds": self.holds,
            "measured": self.measured,
            **self.numbers,
        }


def short(value: float | None) -> str:
    """Return a number for a line of text."""
    return "–" if value is None else f"{value:.2g}"


def with_slope(error: float | None, slope: float | None) -> str:
    """Return an error, and the power of β that it falls with."""
    return short(error) if slope is None else f"{short(error)} (∝ β^{slope:.2f})"


def table(
    theorem: str, axis: str, values: FloatArray, columns: dict[str, FloatArray], facts: dict[str, Any]
) -> tuple[TablePlan, Rows]:
    """Return what a record keeps of a theorem; None among facts becomes NaN."""
    made = tuple(Column(name, "", 0 if one.ndim == 1 else one.shape[1]) for name, one in columns.items())
    return TablePlan(theorem, Column(axis, ""), made, _plain(facts)), Rows(values, columns)


def _plain(facts: dict[str, Any]) -> dict[str, Any]:
    def number(value: Any) -> Any:
        if isinstance(value, list | tuple):
            return [number(one) for one in value]
        return math.nan if value is None else value

    return {name: number(value) for name, value in facts.items()}
