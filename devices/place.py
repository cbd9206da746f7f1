"""Where in a chip an imperfection acts.

A value travels drawn → programmed → stored → read → wire → node → converter → phase clock. Every
imperfection declares one place; both forms of a chip run the places in this order and no solver asks
whether a given imperfection exists. `law` is the place of parameters that are the ideal device itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any, Protocol

import numpy as np


class Place(Enum):
    """The stations of a value, in the order they are passed."""

    LAW = "law"
    DRAWN = "drawn"
    PROGRAMMED = "programmed"
    STORED = "stored"
    READ = "read"
    WIRE = "wire"
    NODE = "node"
    CONVERTER = "converter"
    CLOCK = "clock"


class Imperfection(Protocol):
    """One way in which a value at one place differs from the ideal."""

    @property
    def name(self) -> str:
        """The parameter that switches it, as `eqchip models` lists it."""

    @property
    def place(self) -> Place:
        """Where it acts."""

    def apply(self, values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Return what the values become; an array of the same shape."""


class Places:
    """The imperfections of one array of devices, by place."""

    def __init__(self, imperfections: Iterable[Imperfection] = ()) -> None:
        self.by_place: dict[Place, list[Imperfection]] = {}
        for imperfection in imperfections:
            self.by_place.setdefault(imperfection.place, []).append(imperfection)

    def __bool__(self) -> bool:
        return bool(self.by_place)

    def names(self) -> list[str]:
        """Return the names of the imperfections, in the order in which they act."""
        return [one.name for place in Place for one in self.by_place.get(place, ())]

    def at(self, place: Place, values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Pass `values` through every imperfection of `place`; unchanged (not copied) when there is none."""
        for imperfection in self.by_place.get(place, ()):
            values = imperfection.apply(values)
        return values
