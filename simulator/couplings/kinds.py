"""The kinds of coupling there are, by the key a family of devices names (`Family.coupling`).

`KINDS` holds plain arrays; the other tables say what becomes of a kind when a bus is coupled to itself, when
devices are missing, and when both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from eqchip.simulator.couplings.coupling import Coupling, Ends
from eqchip.simulator.couplings.dense import Dense
from eqchip.simulator.couplings.masked import Masked, MaskedPairs
from eqchip.simulator.couplings.symmetric import Symmetric

Kind = Callable[[Ends], Coupling]

KINDS: Mapping[str, Kind] = {"dense": Dense}
MASKED: Mapping[str, Kind] = {"dense": Masked}
PAIRED: Mapping[str, Kind] = {"dense": Symmetric}
MASKED_PAIRED: Mapping[str, Kind] = {"dense": MaskedPairs}


def kind_of(name: str, paired: bool, ends: Ends) -> Kind:
    """Return what makes a coupling; `paired`: a bus with itself, one device a pair."""
    if ends.mask is None:
        return (PAIRED if paired else KINDS)[name]
    return (MASKED_PAIRED if paired else MASKED)[name]
