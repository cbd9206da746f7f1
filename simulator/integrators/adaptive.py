"""Dormand and Prince's embedded pair of orders 5 and 4, with error control and dense output.

    k₁ … k₆ explicit stages, x₁ = x + h·Σ bᵢkᵢ (order 5), k₇ = f(x₁)
    error = h·Σ eᵢkᵢ, the difference to the embedded solution of order 4
    x(t + θh) = x + h·Σ pᵢ(θ)kᵢ, a continuous solution of order 4 from the same stages

A step is accepted when no unknown of any sample of the batch has an error above tolerance·max(1, |s|), s in
state units; tolerance = reltol/1000 of `.options` (1e-6 unless set), or tol/10 where a phase ends by a
smaller tol, and never below what the precision of the chip can show. The next step is 0.9·error^(−1/5) times
as long, at most 5 times and at least a fifth. As the state comes to rest, steps grow until the stability of
the pair (3.3τ on the real axis) holds them. All samples of a batch share the steps, so their answers depend
on the batch within the tolerance. States are put back into their intervals after every stage; the corner
where a bound is reached costs a few short steps.

Source: Dormand & Prince, J. Comput. Appl. Math. 6 (1980) 19; continuous solution: Shampine, Math. Comput. 46
(1986) 135, as in Hairer, Nørsett & Wanner, Solving ODEs I, section II.6.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from eqchip.errors import SimulationError
from eqchip.simulator.integrators.field import Array, Field, projected
from eqchip.simulator.integrators.integrator import Integrator

_STAGES = (
    (1 / 5,),
    (3 / 40, 9 / 40),
    (44 / 45, -56 / 15, 32 / 9),
    (19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729),
    (9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656),
    (35 / 384, 0.0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84),
)
_ERROR = (71 / 57600, 0.0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40)
_DENSE = (
    -12715105075 / 11282082432,
    0.0,
    87487479700 / 32700410799,
    -10690763975 / 1880347072,
    701980252875 / 199316789632,
    -1453857185 / 822651844,
    69997945 / 29380423,
)

#: Tolerance over `.options reltol`, and over tol=; its floor over the rounding of the chip's precision.
FINER, CLOSER, FLOOR = 1e-3, 0.1, 32.0
#: How a step may change; the part of the best one that is taken; the shortest over the smallest τ.
GROW, SHRINK, SAFETY, SHORTEST = 5.0, 0.2, 0.9, 1e-9


@dataclass(slots=True)
class Trial:
    """One step tried: from x, of `length`, to `end`."""

    x: Array
    length: float
    end: Array
    stages: list[Array]  # k₁ … k₇; the last is f(end)

    def at(self, share: float) -> Array:
        """Return the state after a part of the step, between 0 and 1 (Hairer's form, order 4)."""
        rest = 1.0 - share
        rise = self.end - self.x
        bend = self.length * self.stages[0] - rise
        back = rise - self.length * self.stages[6] - bend
        more = self.length * _combined(_DENSE, self.stages)
        return np.asarray(self.x + share * (rise + rest * (bend + share * (back + rest * more))))


def _combined(weights: tuple[float, ...], stages: list[Array]) -> Array:
    total = weights[0] * stages[0]
    for weight, stage in zip(weights[1:], stages[1:], strict=False):
        if weight:
            total += weight * stage
    return total


def attempt(field: Field, x: Array, f: Array, length: float) -> Trial:
    """Try a step."""
    stages = [f]
    end = x
    for weights in _STAGES:
        end = projected(field, x + length * _combined(weights, stages))
        stages.append(field.rates(end))
    return Trial(x, length, end, stages)


def error_of(field: Field, trial: Trial, tolerance: float) -> float:
    """Return the largest error of a step over its tolerance."""
    wrong = np.abs(trial.length * _combined(_ERROR, trial.stages))
    scale = np.maximum(field.state_unit, np.abs(trial.end))
    return float(np.max(wrong / (tolerance * scale), initial=0.0))


def tolerance_of(field: Field, x: Array, tol: float = np.inf) -> float:
    """Return the error allowed a step, over max(1, |s|), in a phase that ends by `tol`."""
    return float(max(min(FINER * field.reltol, CLOSER * tol), FLOOR * np.finfo(x.dtype).eps))


def accepted(field: Field, x: Array, f: Array, length: float, tolerance: float) -> tuple[Trial, float]:
    """Return a step that holds the tolerance, of `length` at most, and how long the next may be."""
    while True:
        with np.errstate(over="ignore", invalid="ignore"):
            trial = attempt(field, x, f, length)
            error = error_of(field, trial, tolerance)
        factor = SAFETY * error**-0.2 if error > 0.0 else GROW
        if error <= 1.0:
            return trial, length * min(max(factor, SHRINK), GROW)
        length *= max(factor, SHRINK) if np.isfinite(error) else SHRINK
        if not length > SHORTEST * field.tau:
            raise SimulationError(
                "solve=adaptive: the step became too small; states run away or jump",
                advice="smaller weights, or solve=trap",
            )


def step(field: Field, x: Array, f: Array, length: float) -> Array:
    """Return the state after one step of a given length, whatever its error."""
    return attempt(field, x, f, length).end


ADAPTIVE = Integrator(
    "adaptive",
    "Dormand-Prince 5(4), steps by the error",
    order=5,
    step=step,
    own_step=0.1,
    evaluations=6,
    adaptive=True,
)
