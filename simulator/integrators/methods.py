"""The integrators there are, by the names that `solve=` gives them."""

from __future__ import annotations

from collections.abc import Mapping

from eqchip.errors import InputError, nearest
from eqchip.simulator.integrators.adaptive import ADAPTIVE
from eqchip.simulator.integrators.discrete import DISCRETE
from eqchip.simulator.integrators.euler import EULER
from eqchip.simulator.integrators.expeuler import EXPEULER
from eqchip.simulator.integrators.heun import HEUN
from eqchip.simulator.integrators.integrator import Integrator
from eqchip.simulator.integrators.rk4 import RK4
from eqchip.simulator.integrators.shaken import refused, takes_noise
from eqchip.simulator.integrators.trap import TRAP

INTEGRATORS: Mapping[str, Integrator] = {
    one.name: one for one in (EULER, EXPEULER, HEUN, RK4, ADAPTIVE, TRAP, DISCRETE)
}


def integrator(name: str) -> Integrator:
    """Return the integrator of that name."""
    if name not in INTEGRATORS:
        raise InputError(
            f"solve={name}: no such solver",
            expected="equilibrium | " + " | ".join(INTEGRATORS),
            near=nearest(name, (*INTEGRATORS, "equilibrium")),
        )
    return INTEGRATORS[name]


def refuse_noise(solve: str) -> None:
    """Raise where a solver knows no noise in time."""
    if solve not in INTEGRATORS or not takes_noise(INTEGRATORS[solve]):
        raise refused(solve)
