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
from eqchip.simulator.run import Part
from eqchip.simulator.simulating import simulate
from eqchip.simulator.weights import with_weights

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One analysis beside ngspice's."""

    analysis: str
    compared: int  # columns both have
    difference: float  # the largest, over the largest voltage (or current)
    column: str  # where it is
    absolute: float  # that difference in V or A
    missing: tuple[str, ...]  # columns of voltages that only eqchip has
    tight: bool  # whether ngspice ran at tight tolerances, or could not

    def describe(self) -> str:
        """Say it in one line."""
        if not self.compared:
            return f"{self.analysis}: nothing to compare"
        how = "" if self.tight else " (ngspice at the netlist's tolerances: it fails at tight ones)"
        unit = "A" if self.column.startswith("i(") else "V"
        return (
            f"{self.analysis}: {self.compared} quantities differ by at most {self.difference:.2g} of the "
            f"largest, {self.absolute:.2g} {unit} at {self.column}{how}"
        )

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return asdict(self)


def compare(chip: LoadedChip, limit: float | None = 600.0) -> list[Comparison]:
    """Run a chip's analyses here and in ngspice; one comparison for each."""
    folder = Path(chip.circuit.file).parent if chip.circuit.file else None
    # A missing program is noticed before anything is computed.
    circuit = with_weights(chip.circuit)
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
    found = []
    for name, part in run.parts.items():
        same = waiting.get(PLOT_NAMES[part.trace.plan.kind].lower())
        if not same:
            raise SimulationError(
                f"ngspice did not answer {name}; it has " + ", ".join(plot.name for plot in plots),
                advice="eqchip export CHIP --to spice, and ngspice on the result",
            )
        found.append(_compare(name, part, same.pop(0), tight))
    return found


def _compare(name: str, part: Part, plot: Plot, tight: bool) -> Comparison:
    ours = dict(flat_columns(part.trace))
    axis = part.trace.plan.axis
    if axis is not None:
        ours.pop(axis.name)
    theirs = {key if "(" in key else f"v({key})": values for key, values in plot.columns.items()}
    at = next(iter(plot.columns.values())) if axis is not None else None
    found: list[tuple[float, float, str]] = []
    sizes: dict[str, float] = {}
    pairs: list[tuple[str, Array, Array]] = []
    for key, values in ours.items():
        other = theirs.get(key)
        if other is None:
            continue
        mine = _at(part, values, at, other)
        pairs.append((key, mine, other))
        kind = key[:1]
        sizes[kind] = max(sizes.get(kind, 0.0), float(np.max(np.abs(other))), float(np.max(np.abs(mine))))
    for key, mine, other in pairs:
        apart = float(np.max(np.abs(mine - other)))
        found.append((apart / sizes[key[:1]] if sizes[key[:1]] else 0.0, apart, key))
    worst = max(found, default=(0.0, 0.0, ""))
    missing = tuple(key for key in ours if key not in theirs and key.startswith("v("))
    return Comparison(name, len(pairs), worst[0], worst[2], worst[1], missing, tight)


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
