"""Window: up to which β a nudged state is the free one, moved a little.

Theorems of β → 0 speak of one branch of equilibria, on which the state moves by β·δ, and of one set of units
at their bounds. Beyond some β a chip with several equilibria jumps to another, or one that is nearly unstable
bends away; and a clamped unit reaches its bound or leaves it, where the state has a kink. Errors then stop
following a power of β, whatever the estimator.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eqchip.errors import SimulationError
from eqchip.simulator.chip import Nudge, Settling
from eqchip.simulator.learning.theorems.theorem import Ground

FloatArray = NDArray[np.float64]

#: Residual of the nudged states; change of displacement/β from one β to the next that is no small move.
TOL, BENT = 1e-14, 0.5
#: The smallest β that is looked at: below it, rounding over β would be taken for a bend.
LEAST = 1e-6


@dataclass(frozen=True, slots=True)
class Window:
    """The largest β of a sweep below which nothing has happened; None: it happens at the smallest."""

    bounds: float | None  # no unit has reached or left a bound
    branch: float | None  # the displacement over β has changed by less than half

    @property
    def limit(self) -> float:
        """The largest β at which nothing has happened; 0: none."""
        return min(self.bounds or 0.0, self.branch or 0.0)


def window(ground: Ground, betas: Sequence[float]) -> Window:
    """Look at the nudged equilibria over β, on both sides where the estimator nudges to both."""
    chip, plan = ground.chip, ground.plan
    method = plan.methods()[0]
    signs = {float(np.sign(factor * draw)) for factor in method.factors for draw in method.draws} or {1.0}
    anchor = chip.outputs(ground.free) if plan.kind == "frozen" else None
    held = chip.linearised(ground.free, ground.inputs).held
    limits: dict[str, list[float | None]] = {"bounds": [], "branch": []}
    for sign in sorted(signs):
        last: dict[str, float | None] = {"bounds": None, "branch": None}
        open_, before = {"bounds", "branch"}, None
        for beta in (one for one in betas if one >= LEAST):
            nudge = Nudge(ground.targets, sign * beta, anchor, plan.cost)
            try:
                state = chip.settle(ground.inputs, Settling(tol=TOL), nudge, ground.free)
            except SimulationError:
                break
            moved = chip.displacement(ground.free, state) / beta
            if np.any(chip.linearised(state, ground.inputs, nudge).held != held):
                open_.discard("bounds")
            if before is not None and _bent(before, moved):
                open_.discard("branch")
            before = moved
            last.update(dict.fromkeys(open_, beta))
            if not open_:
                break
        for name, one in last.items():
            limits[name].append(one)
    return Window(*(_least(limits[name]) for name in ("bounds", "branch")))


def _bent(before: FloatArray, after: FloatArray) -> bool:
    size = np.linalg.norm(before, axis=1)
    apart = np.linalg.norm(after - before, axis=1)
    return bool(np.any(apart > BENT * np.maximum(size, 1e-6 * np.max(size, initial=0.0))))


def _least(found: list[float | None]) -> float | None:
    return None if any(one is None for one in found) else min(one for one in found if one is not None)
