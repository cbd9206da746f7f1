"""Finite differences: the slope of a function of the chip along one parameter, by changing it.

Central differences at h and 2h, extrapolated (Richardson): error O(h⁴) plus what is left of settling over
h. A pair of a symmetric array (`Y h h`) moves as the one value it is. Where a chip has several equilibria, or
units at a bound, a change may carry it to another branch or over a kink, and the slopes at h and 2h differ.
`steady` sees that, tries shorter changes, and gives no slope rather than a wrong one.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from eqchip.simulator.chip import Array, Chip, Settling, State
from eqchip.simulator.cost.costs import Cost
from eqchip.simulator.learning.estimate import settle_free

Index = tuple[int, ...]
STEP = 1e-3
#: Changes that are tried one after the other; how alike slopes at h and 2h are; rounding of a loss.
SHORTER, ALIKE, FLOOR = (STEP, 1e-4, 1e-5), 1e-3, 1e-13


def derivative(chip: Chip, function: Callable[[], float], name: str, index: Index, h: float = STEP) -> float:
    """Return d function/dθ[index]; θ is as before afterwards."""
    near, far = _slopes(chip, function, name, index, h)
    return (4.0 * near - far) / 3.0


def steady(chip: Chip, function: Callable[[], float], name: str, index: Index) -> float | None:
    """Return the derivative where it does not depend on how far θ moves; None on a jump or a kink."""
    for h in SHORTER:
        near, far = _slopes(chip, function, name, index, h)
        span, measure = _span(chip, name, index)
        if abs(near - far) <= ALIKE * max(abs(near), abs(far)) + FLOOR / h * measure / span:
            return (4.0 * near - far) / 3.0
    return None


def _slopes(
    chip: Chip, function: Callable[[], float], name: str, index: Index, h: float
) -> tuple[float, float]:
    """Return the central differences over h and 2h spans, per measure of θ; θ is as before afterwards."""
    before = chip.parameters()[name]
    span, measure = _span(chip, name, index)
    indices = [index, index[::-1]] if is_symmetric(chip, name) else [index]

    def at(step: float) -> float:
        values = np.array(before, dtype=np.float64)
        for one in indices:
            values[one] = before[one] + step * h * span
        chip.write({name: values})
        return function()

    try:
        near = (at(1.0) - at(-1.0)) / (2.0 * h)
        far = (at(2.0) - at(-2.0)) / (4.0 * h)
    finally:
        chip.write({name: before})
    return near * measure / span, far * measure / span


def _span(chip: Chip, name: str, index: Index) -> tuple[float, float]:
    """Return what a change of 1 means for θ, and what its gradient is counted in.

    Both are 1 for weights and biases, and gunit for a conductance; one below that moves by parts of itself.
    """
    measure = next(one.measure for one in chip.learnables if one.name == name)
    size = abs(float(chip.parameters()[name][index])) if measure != 1.0 else 1.0
    return (min(size, measure) or measure), measure


def loss_slopes(
    chip: Chip,
    inputs: Array,
    targets: Array,
    cost: Cost,
    picks: list[tuple[str, Index]],
    tol: float = 1e-12,
) -> list[float | None]:
    """Return dLoss/dθ of some parameters (means over samples), on the branch of the present equilibria."""
    start = settle_free(chip, inputs, Settling(tol=tol))
    return [
        steady(chip, lambda: mean_loss(chip, inputs, targets, cost, start, tol), name, index)
        for name, index in picks
    ]


def mean_loss(
    chip: Chip, inputs: Array, targets: Array, cost: Cost, start: State | None, tol: float
) -> float:
    """Return the mean cost of the free equilibria."""
    free = settle_free(chip, inputs, Settling(tol=tol), start)
    return float(np.mean(cost.losses(chip.outputs(free), targets)))


def pick(chip: Chip, count: int, random: np.random.Generator) -> list[tuple[str, Index]]:
    """Draw about `count` parameters, from every learnable in turn; none at its bounds or on a diagonal."""
    chosen: list[tuple[str, Index]] = []
    values = chip.parameters()
    learnables = chip.learnables
    for turn in range(max(count, len(learnables))):
        one = learnables[turn % len(learnables)]
        index = tuple(int(random.integers(size)) for size in one.shape)
        theta = float(values[one.name][index])
        reach = 2.0 * STEP * _span(chip, one.name, index)[0]
        inside = one.low + reach <= theta <= one.high - reach
        if inside and not (is_symmetric(chip, one.name) and index[0] == index[1]):
            chosen.append((one.name, index))
    return chosen


def is_symmetric(chip: Chip, name: str) -> bool:
    """Say whether an array couples its nodes among themselves, both ways: a pair is one parameter then."""
    found = chip.circuit.instance(name)
    return found is not None and found.paired
