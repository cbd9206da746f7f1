"""Compare a circuit's analyses with ngspice, column by column.

ngspice runs the flat form of the same circuit at tight tolerances (exchange.ngspice.TIGHT); a transient is
interpolated linearly at its time points. Differences are reported over the largest voltage (or current).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.errors import SimulationError
from eqchip.netlists.flatten import flat_spice
from eqchip.simulator.exchange import ngspice
from eqchip.simulator.exchange.raw import PLOT_NAMES, Plot
from eqchip.simulator.exchange.tables import flat_columns
from eqchip.simulator.loaded import LoadedChip
from eqchip.simulator.manufacture import manufactured
from eqchip.simulator.run import Part
from eqchip.simulator.simulating import simulate
from eqchip.simulator.stores import programmed

Array = NDArray[Any]


#: Below these an answer is nothing: SPICE's vntol and abstol.
FLOORS = {"v": 1e-6, "i": 1e-12}
UNITS = {"v": "V", "i": "A"}


@dataclass(frozen=True, slots=True)
class Comparison:
    """Voltages, or currents, of one analysis beside ngspice's."""

    analysis: str
    quantity: str  # v | i
    compared: int  # columns both have
    difference: float  # the largest, over the largest voltage (or current)
    column: str  # where it is
    absolute: float  # that difference in V or A
    missing: tuple[str, ...]  # columns that only eqchip has
    tight: bool  # whether ngspice ran at tight tolerances, or could not

    def describe(self) -> str:
        """Say it in one line."""
        what = {"v": "voltage", "i": "current"}[self.quantity] + ("" if self.compared == 1 else "s")
        if not self.compared:
            return f"{self.analysis}: no {what} to compare"
        how = "" if self.tight else " (ngspice at the netlist's tolerances: it fails at tight ones)"
        where = f", {self.absolute:.2g} {UNITS[self.quantity]} at {self.column}" if self.absolute else ""
        return (
            f"{self.analysis}: {self.compared} {what} within {self.difference:.2g} of the largest{where}{how}"
        )

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return asdict(self)


def compare(chip: LoadedChip, limit: float | None = 600.0) -> list[Comparison]:
    """Run a chip's analyses here and in ngspice; one comparison for each."""
    folder = Path(chip.circuit.file).parent if chip.circuit.file else None
    # A missing program is noticed before anything is computed.
    circuit = programmed(manufactured(chip.circuit))
    text = flat_spice(circuit)
    try:
        plots, tight = ngspice.run(text, tight=True, limit=limit, folder=folder), True
    except ngspice.NgspiceFailed:
        if ngspice.available() is None:
            raise
        # At tight tolerances its transients may run out of step size.
        plots, tight = ngspice.run(text, limit=limit, folder=folder), False
    run = simulate(chip)
    # ngspice answers kind by kind, whatever the order of the cards.
    waiting: dict[str, list[Plot]] = {}
    for plot in plots:
        waiting.setdefault(plot.name.lower(), []).append(plot)
    found: list[Comparison] = []
    for name, part in run.parts.items():
        same = waiting.get(PLOT_NAMES[part.trace.plan.kind].lower())
        if not same:
            raise SimulationError(
                f"ngspice did not answer {name}; it has " + ", ".join(plot.name for plot in plots),
                advice="eqchip export CHIP --to spice, and ngspice on the result",
            )
        found += _compare(name, part, same.pop(0), tight)
    return found


def _compare(name: str, part: Part, plot: Plot, tight: bool) -> list[Comparison]:
    axis = part.trace.plan.axis
    ours = {key: values for key, values in flat_columns(part.trace) if "(" in key}
    theirs = {key if "(" in key else f"v({key})": values for key, values in plot.columns.items()}
    at = next(iter(plot.columns.values())) if axis is not None else None
    found = []
    for quantity, floor in FLOORS.items():
        pairs = [
            (key, _at(part, values, at, theirs[key]), theirs[key])
            for key, values in ours.items()
            if key.startswith(f"{quantity}(") and key in theirs
        ]
        size = max((float(np.max(np.abs(one))) for _, *both in pairs for one in both), default=0.0)
        apart, column = max(
            ((float(np.max(np.abs(mine - other))), key) for key, mine, other in pairs), default=(0.0, "")
        )
        missing = tuple(key for key in ours if key.startswith(f"{quantity}(") and key not in theirs)
        if pairs or missing:
            share = apart / max(size, floor)
            found.append(Comparison(name, quantity, len(pairs), share, column, apart, missing, tight))
    return found


def _at(part: Part, values: Array, at: Array | None, other: Array) -> Array:
    """Return our values at ngspice's points."""
    if part.trace.plan.kind == "tran" and at is not None:
        return np.interp(at, part.axis, values)
    if values.shape != other.shape:
        raise SimulationError(
            f"ngspice has {other.shape[0]} points, eqchip {values.shape[0]}",
            advice="an odd step of the sweep?",
        )
    return values
