"""Prove: the theorems by their names, tried one after the other on a few samples of a chip."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from eqchip.errors import InputError, nearest
from eqchip.simulator.chip import Array, Chip, Settling
from eqchip.simulator.learning.plan import Plan
from eqchip.simulator.learning.settled import settle_free
from eqchip.simulator.learning.theorems import reciprocity, second_phase, through_time
from eqchip.simulator.learning.theorems.theorem import Ground, Theorem

THEOREMS: Mapping[str, Callable[[Ground], Theorem]] = {
    second_phase.NAME: second_phase.second_phase,
    through_time.NAME: through_time.through_time,
    reciprocity.NAME: reciprocity.reciprocity,
}

#: Residual that equilibria are settled to, in state units; samples looked at, and fewer of large chips.
TOL = 1e-14
SAMPLES, FEW, LARGE = 8, 3, 800


def selected(names: Sequence[str]) -> tuple[str, ...]:
    """Return the theorems of those names, all for none; a name that is none is refused."""
    for name in names:
        if name not in THEOREMS:
            raise InputError(
                f"there is no theorem '{name}'", expected=" | ".join(THEOREMS), near=nearest(name, THEOREMS)
            )
    return tuple(dict.fromkeys(names)) or tuple(THEOREMS)


def ground_of(chip: Chip, inputs: Array, targets: Array, plan: Plan) -> Ground:
    """Return a chip at its free equilibrium on some of the samples."""
    few = slice(0, SAMPLES)
    free = settle_free(chip, inputs[few], Settling(tol=TOL))
    held = chip.linearised(free, inputs[few]).held
    if held.shape[1] > LARGE:
        few = slice(0, FEW)
        free = settle_free(chip, inputs[few], Settling(tol=TOL))
        held = held[few]
    return Ground(
        chip,
        inputs[few],
        targets[few],
        plan,
        free,
        chip.reciprocity(free),
        chip.stability(free)[0],
        float(np.mean(held)),
    )


def prove(ground: Ground, names: Sequence[str] = ()) -> Iterator[Theorem]:
    """Yield what is found about each theorem."""
    for name in selected(names):
        yield THEOREMS[name](ground)
