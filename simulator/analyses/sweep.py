""".dc: operating points along one or two swept sources, each from the one before."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from eqchip.errors import InputError
from eqchip.netlists.circuit import Dc
from eqchip.simulator.analyses.columns import recording
from eqchip.simulator.analyses.operating import settled
from eqchip.simulator.equilibrium.operating_point import equilibria
from eqchip.simulator.rows import Column, Plan, Rows
from eqchip.simulator.system import System

FloatArray = NDArray[np.float64]

#: Numbers in a block of points.
BLOCK = 2_000_000


def points(start: float, stop: float, step: float) -> FloatArray:
    """Return the values of a sweep: from start in steps, not beyond stop but for rounding."""
    count = int(np.floor((stop - start) / step * (1.0 + 1e-12) + 1e-9)) + 1
    return start + step * np.arange(count, dtype=np.float64)


def dc(system: System, card: Dc) -> Iterator[Plan | Rows]:
    """Run .dc; the first sweep is the innermost."""
    chosen = recording(system)
    slots, columns = [], []
    for name, *_ in card.sweeps:
        family = system.elements(name).instance.family
        if not family.waveform:
            raise InputError(f".dc over '{name}' ({family.name}) is not supported yet", expected="a source")
        slots.append(system.slots(name))
        unit = "V" if family.branches else "A"
        columns.append(Column(name.lower(), unit))
    axis, outer = columns[0], columns[1:]
    yield Plan("dc", axis, (*outer, *chosen.columns), {"residual_unit": "A"})
    grids = np.meshgrid(*[points(*sweep[1:]) for sweep in reversed(card.sweeps)], indexing="ij")
    values = [grid.ravel() for grid in reversed(grids)]
    drives = system.drives()
    for slot, value in zip(slots, values, strict=True):
        drives[slot] = value[0]
    last = settled(system, drives).x
    size = max(1, min(1024, BLOCK // system.size))
    for first in range(0, len(values[0]), size):
        block = slice(first, min(first + size, len(values[0])))
        batch = np.tile(drives, (block.stop - first, 1))
        for slot, value in zip(slots, values, strict=True):
            batch[:, slot] = value[block, None]
        found = equilibria(system, batch, np.repeat(last, len(batch), axis=0), follow=True)
        last = found.x[-1:]
        columns_of = chosen.values(found.x[:, chosen.kept])
        for column, value in zip(outer, values[1:], strict=True):
            columns_of[column.name] = value[block]
        yield Rows(values[0][block], columns_of, float(np.max(found.violation)))
