"""The kinds of coupling there are, by the key a family of devices names (`Family.coupling`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from eqchip.simulator.couplings.coupling import Coupling, Ends
from eqchip.simulator.couplings.dense import Dense
from eqchip.simulator.couplings.symmetric import Symmetric

KINDS: Mapping[str, Callable[[Ends], Coupling]] = {"dense": Dense}

#: What becomes of a kind when a bus is coupled to itself.
LOOPED: Mapping[str, Callable[[Ends], Coupling]] = {"dense": Symmetric}
