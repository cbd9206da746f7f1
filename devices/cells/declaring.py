"""What declarations of memory devices share: works that they cite, and a short way to declare a number."""

from __future__ import annotations

import math

from eqchip.devices.parameter import Parameter
from eqchip.devices.place import Place

NAMES = "Rasch et al. 2021"
PULSES = "Gokmen & Vlasov 2016"
LABELS = "Chen, Peng & Yu 2018"
PCM = "Nandakumar et al. 2019"
PAIRS = "Burr et al. 2015"
TRAPS = "Machlup 1954"
TOOL = "CrossSim 3.2"


def one(
    name: str,
    default: float | None,
    text: str,
    low: float = -math.inf,
    high: float = math.inf,
    *,
    unit: str = "",
    place: Place = Place.LAW,
    effect: str = "",
    source: str = NAMES,
    integer: bool = False,
    open_low: bool = False,
    named: tuple[tuple[str, float], ...] = (),
) -> Parameter:
    """Return a parameter that is a number, by default of the device itself and named as Rasch et al. do."""
    return Parameter(
        name,
        unit,
        default,
        text,
        low,
        high,
        open_low,
        place,
        source,
        integer=integer,
        effect=effect,
        named=named,
    )
