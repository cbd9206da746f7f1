""".op: one operating point, and the guesses and initial values other analyses begin with."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from eqchip.simulator.analyses.columns import recording
from eqchip.simulator.equilibrium.operating_point import Equilibria, equilibria
from eqchip.simulator.rows import Plan, Rows
from eqchip.simulator.system import System

FloatArray = NDArray[np.float64]


def settled(system: System, drives: FloatArray, holds: dict[int, float] | None = None) -> Equilibria:
    """Find one operating point, from the .nodeset guesses; `holds` ties circuit nodes to voltages (.ic)."""
    tied = _unknowns(system, holds or {})
    start = None
    if guesses := _unknowns(system, system.circuit.guesses):
        start = np.zeros((1, system.size))
        start[0, list(guesses)] = list(guesses.values())
        start = equilibria(system, drives[None], start, holds=guesses | tied).x
    return equilibria(system, drives[None], start, holds=tied or None)


def _unknowns(system: System, volts: dict[int, float]) -> dict[int, float]:
    return {int(system.unknown_of_node[node]): value for node, value in volts.items() if node}


def op(system: System) -> Iterator[Plan | Rows]:
    """Run .op."""
    chosen = recording(system)
    yield Plan("op", None, chosen.columns, {"residual_unit": "A"})
    found = settled(system, system.drives())
    yield Rows(np.zeros(1), chosen.values(found.x[:, chosen.kept]), float(found.violation[0]))
