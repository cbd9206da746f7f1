"""The costs by name, and the refusal of what is not there yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from eqchip.errors import InputError, Location, nearest
from eqchip.simulator.cost import mse

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Cost:
    """A cost of outputs (B, outputs) against targets, sample by sample."""

    name: str
    losses: Callable[[Array, Array], Array]
    slope: Callable[[Array, Array], Array]


COSTS: Mapping[str, Cost] = {"mse": Cost("mse", mse.losses, mse.slope)}
NOT_YET = ("crossentropy",)


def cost(name: str, at: Location | None = None) -> Cost:
    """Return the cost of that name."""
    found = COSTS.get(name)
    if found is None:
        if name in NOT_YET:
            raise InputError(f"cost={name} is not supported yet", at, expected="cost=mse")
        raise InputError(
            f"cost={name}: no such cost", at, expected=" | ".join(COSTS), near=nearest(name, COSTS)
        )
    return found
