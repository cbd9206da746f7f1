"""Every law on one measurement, best first by Akaike's criterion."""

from __future__ import annotations

from eqchip.simulator.fitting.fit import Fit, fit
from eqchip.simulator.fitting.laws import LAWS
from eqchip.simulator.fitting.response import Response

#: The law that says what the noises are to each other while laws are compared.
FIRST = "softbounds"
#: How many of the best are then fitted with noises of their own.
AGAIN = 2


def compare(response: Response) -> list[Fit]:
    """Fit every law and return the fits, the one to prefer first.

    A table has 22 numbers more than others: data that a law explains will not prefer it.
    """
    first = fit(response, FIRST)
    fits = [first, *(fit(response, name, first.ratio) for name in LAWS if name != FIRST)]
    fits.sort(key=_criterion)
    for place in range(AGAIN):
        if fits[place] is not first:
            fits[place] = min(fits[place], fit(response, fits[place].law), key=_criterion)
    return sorted(fits, key=_criterion)


def _criterion(one: Fit) -> float:
    return one.criterion
