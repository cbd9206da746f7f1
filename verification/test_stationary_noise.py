"""Averaged contrasts of a Langevin chip whose energy is nearly flat (W₂ = 1.1), against sums over a grid.

What errors of the step are like (integrators/shaken.py): Euler's is of order h, Heun's of h². Long phases, so
that the slow mode forgets where it began: it relaxes at 0.17/τ. A quarter of an hour.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from elaborated import circuit
from eqchip.simulator.chip import Settling
from eqchip.simulator.compile import compile_chip
from eqchip.simulator.learning.estimate import estimate
from eqchip.simulator.learning.plan import Plan
from eqchip.simulator.moment import Moment
from langevin_pair import CHIP, TARGET, X, grid

FloatArray = NDArray[np.float64]

WEIGHTS = (0.8, 1.1)
EPOCHS, SAMPLES = 12, 2000


def contrasts(solve: str, eps: float) -> tuple[FloatArray, FloatArray]:
    """Return the contrasts over the grid's, less 1, and their standard errors."""
    one = compile_chip(circuit(CHIP.replace("w=0.7", "w=1.1")), form="array", dtype=np.float64)
    inputs, targets = np.full((SAMPLES, 1), X), np.full((SAMPLES, 1), TARGET)
    phase = Settling(solve, steps=round(50.0 / eps), eps=eps)
    plan = Plan(estimator="centered", beta=0.8, free=phase, nudged=phase, average=round(25.0 / eps))
    wanted = (grid(0.8, WEIGHTS)[0] - grid(-0.8, WEIGHTS)[0]) / 1.6
    found = []
    for epoch in range(EPOCHS):
        one.moment = Moment(4, "train", epoch, np.arange(SAMPLES))
        values = estimate(one, inputs, targets, plan).values
        found.append([float(values[name].ravel()[0]) for name in ("Yxh", "Yhy", "Nh")])
    shares = np.array(found) / wanted
    return np.mean(shares, axis=0) - 1.0, np.std(shares, axis=0, ddof=1) / np.sqrt(EPOCHS)


@pytest.mark.parametrize(("solve", "eps", "share"), [("heun", 0.1, 0.005), ("heun", 0.05, 0.002)])
def test_steps_of_second_order_meet_the_grid(solve: str, eps: float, share: float) -> None:
    missed, error = contrasts(solve, eps)
    print(solve, eps, missed, error)
    assert np.all(np.abs(missed) < 4.5 * error + share)


def test_eulers_error_is_of_the_order_of_the_step() -> None:
    """What is missed at h = 0.2 halves at 0.1, and is not there at h = 0.2 of Heun's."""
    coarse, error = contrasts("euler", 0.2)
    fine, finer = contrasts("euler", 0.1)
    print(coarse, error, fine, finer)
    assert np.all(np.abs(coarse - 2.0 * fine) < 4.5 * np.hypot(error, 2.0 * finer) + 0.01)
