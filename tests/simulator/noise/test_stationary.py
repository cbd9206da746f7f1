"""The stochastic form of the theorem of 2017: averaged contrasts of a Langevin chip, against sums on a grid.

At a temperature T the stationary distribution of a phase is exp(−F/T). With F₀ = −T·ln Z the free energy,
dF₀/dβ at β = 0 is the mean cost, and d²F₀/dβdθ = d⟨cost⟩/dθ = lim (⟨∂E/∂θ⟩_β − ⟨∂E/∂θ⟩_0)/β.
Two nodes move, h and y; E = ½h² + ½y² − W₁·x·ρ(h) − W₂·ρ(h)·ρ(y) with ρ = tanh.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from elaborated import circuit
from eqchip.errors import InputError
from eqchip.simulator.chip import Settling
from eqchip.simulator.compile import compile_chip
from eqchip.simulator.learning.averaging import over_time
from eqchip.simulator.learning.estimate import estimate
from eqchip.simulator.learning.plan import Plan
from eqchip.simulator.moment import Moment
from langevin_pair import CHIP, TARGET, X, grid

FloatArray = NDArray[np.float64]


def noisy(text: str = CHIP) -> Any:
    return compile_chip(circuit(text), form="array", dtype=np.float64)


def test_the_theorem_itself_on_the_grid() -> None:
    """The contrast of means is the gradient of the mean cost, by finite differences."""
    beta, step = 1e-3, 1e-4
    contrast = (grid(beta)[0] - grid(-beta)[0]) / (2.0 * beta)
    slopes = []
    for k in range(3):
        ends = []
        for sign in (1.0, -1.0):
            w, bias = [0.8, 0.7], 0.0
            if k < 2:
                w[k] += sign * step
            else:
                bias = sign * step
            ends.append(grid(0.0, (w[0], w[1]), bias)[1])
        slopes.append((ends[0] - ends[1]) / (2.0 * step))
    assert np.allclose(contrast, slopes, rtol=1e-4)


@pytest.mark.parametrize("coupling", [0.7, 1.1])
def test_averaged_contrasts_are_those_of_the_stationary_distribution(coupling: float) -> None:
    """6 · 300 chips for 12 τ after 12: within 5 sigma, and 2 % for steps of τ/5, of what the grid has.

    At W₂ = 1.1 the energy is flat, its softest mode slow, and steps with an error of order h miss by 10 %.
    """
    one, samples = noisy(CHIP.replace("w=0.7", f"w={coupling}")), 300
    inputs, targets = np.full((samples, 1), X), np.full((samples, 1), TARGET)
    plan = Plan(
        estimator="centered",
        beta=0.8,
        free=Settling("heun", steps=120, eps=0.2),
        nudged=Settling("heun", steps=120, eps=0.2),
        average=60,
    )
    w = (0.8, coupling)
    wanted = (grid(0.8, w)[0] - grid(-0.8, w)[0]) / 1.6
    found = []
    for epoch in range(6):
        one.moment = Moment(4, "train", epoch, np.arange(samples))
        values = estimate(one, inputs, targets, plan).values
        found.append([float(values[name].ravel()[0]) for name in ("Yxh", "Yhy", "Nh")])
    mean, error = np.mean(found, axis=0), np.std(found, axis=0, ddof=1) / np.sqrt(len(found))
    assert np.all(np.abs(mean - wanted) < 5.0 * error + 0.02 * np.abs(wanted))
    assert np.all(error < 0.025 * np.abs(wanted))


def test_the_average_is_of_signals_not_of_states() -> None:
    one = noisy()
    one.moment = Moment(1, "train", 1, np.arange(4))
    inputs = np.full((4, 1), X)
    states = list(one.course(inputs, Settling("euler", steps=8, eps=0.2)))
    window = over_time(states[-3:])
    still = over_time(states[:1] * 3)
    by_hand = np.mean([one.contrast(states[0], each)["Yhy"] for each in states[-3:]], axis=0)
    assert np.allclose(one.contrast(still, window)["Yhy"], by_hand, rtol=1e-12)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rule": "stdp", "estimator": "onesided"}, "not of rule=stdp"),
        ({"free": Settling()}, "solve=equilibrium takes none"),
        ({"nudged": Settling("euler", steps=3, eps=0.5)}, "one has 3"),
    ],
)
def test_what_has_no_steps_to_average_is_refused(changes: dict[str, Any], message: str) -> None:
    phase = Settling("euler", steps=20, eps=0.5)
    given: dict[str, Any] = {"free": phase, "nudged": phase, "average": 5, **changes}
    with pytest.raises(InputError, match=message):
        Plan(**given)
