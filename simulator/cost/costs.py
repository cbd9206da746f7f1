"""The costs by name, and what solvers ask of one: losses, slopes, a bound of the curvature."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from eqchip.errors import InputError, Location, nearest
from eqchip.netlists.circuit import Circuit
from eqchip.simulator.cost import crossentropy, mse

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Cost:
    """A cost of outputs (B, outputs) against targets, sample by sample."""

    name: str
    losses: Callable[[Array, Array], Array]
    slope: Callable[[Array, Array], Array]
    bend: Callable[[Array], Array]  # ∂²C/∂y² (B, outputs, outputs) of outputs
    check: Callable[[Array], None]  # refuses targets that it has no meaning for
    #: m of a spring that is at least as stiff: ∂²C/∂y² ⪯ m.
    curvature: float
    #: Whether it *is* that spring: m·y − ∂C/∂y does not depend on y.
    quadratic: bool


COSTS: Mapping[str, Cost] = {
    one.name: one
    for one in (
        Cost("mse", mse.losses, mse.slope, mse.bend, mse.check, 1.0, True),
        Cost(
            "crossentropy",
            crossentropy.losses,
            crossentropy.slope,
            crossentropy.bend,
            crossentropy.check,
            0.5,
            False,
        ),
    )
}


def cost(name: str, at: Location | None = None) -> Cost:
    """Return the cost of that name."""
    found = COSTS.get(name)
    if found is None:
        raise InputError(
            f"cost={name}: no such cost", at, expected=" | ".join(COSTS), near=nearest(name, COSTS)
        )
    return found


def cost_of(circuit: Circuit, name: str = "") -> Cost:
    """Return the cost of that name; without one, that of the circuit's .nudge cards."""
    return cost(name or (circuit.nudges[0].cost if circuit.nudges else "mse"))
