"""Stepping: one phase, step after step, by any integrator, until its steps, seconds or motion are over.

With steps or seconds every sample takes the same time. With a tolerance each sample ends with the first step
that leaves it a residual of at most `tol`; it stands still while others go on, so its answer does not depend
on its batch (adaptive steps apart, which a batch shares).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from eqchip.errors import InputError, SimulationError
from eqchip.simulator.chip import Settling, State
from eqchip.simulator.integrators import adaptive
from eqchip.simulator.integrators.field import Array, Field, FloatArray
from eqchip.simulator.integrators.integrator import Integrator
from eqchip.simulator.integrators.shaken import shaken
from eqchip.simulator.noise.shaking import Shaking


@dataclass(slots=True)
class Stand:
    """Where a batch stands after a step; x is overwritten by no later one."""

    x: Array
    seconds: float  # since the phase began; NaN for an iteration without time
    steps: Array  # (B,) taken by each sample
    durations: FloatArray  # (B,) s, of each sample's phase
    residual: FloatArray
    floor: FloatArray

    def state(self, values: Any, settling: Settling, extra: dict[str, Any]) -> State:
        """Return it as the chip says it, `values` being x in the chip's own form."""
        settled = self.residual <= np.maximum(settling.tol, self.floor)
        durations = None if math.isnan(self.seconds) else self.durations
        return State(values, self.residual, self.steps, settled, extra, self.seconds, durations)


def begun(values: Any, samples: int, extra: dict[str, Any]) -> State:
    """Return the state a phase begins with; its residual is not known."""
    unknown, none = np.full(samples, np.nan), np.zeros(samples, np.int64)
    return State(values, unknown, none, np.zeros(samples, np.bool_), extra, 0.0)


@dataclass(frozen=True, slots=True)
class Pace:
    """How a phase is stepped."""

    length: float  # of a step, s; of an adaptive integrator its first, and the spacing of what it shows
    count: int | None  # None: until the residual is small


def pace(tau: float, settling: Settling, method: Integrator, fastest: float | None = None) -> Pace:
    """Return how a phase is stepped.

    `tau` is the smallest time constant of its neurons, in which eps= counts; `fastest` that of all nodes.
    """
    if not method.physical:
        if settling.seconds:
            raise InputError(
                f"solve={method.name} has steps, and no time", expected="free_steps= nudged_steps=, or tol="
            )
        return Pace(1.0, settling.steps or None)
    if settling.steps and settling.seconds:
        raise InputError("steps and seconds both say how long a phase lasts", expected="one of them")
    fastest = tau if fastest is None else fastest
    if not fastest > 0.0:
        raise InputError(
            f"solve={method.name} needs capacitance on every node: the chip has none",
            expected="c= above 0, or solve=equilibrium",
        )
    own = method.own_step * fastest
    if settling.steps and settling.eps:
        if not tau > 0.0:
            raise InputError(
                f"solve={method.name}: no neuron has a time constant that eps= could count in",
                expected="free= nudged= in seconds, or tol=",
            )
        return Pace(settling.eps * tau, settling.steps)
    if settling.steps:
        return Pace(own, settling.steps)
    if settling.seconds:
        count = max(1, math.ceil(settling.seconds / own - 1e-9))
        return Pace(settling.seconds / count, count)
    return Pace(own, None)


def run(
    field: Field,
    x: Array,
    settling: Settling,
    method: Integrator,
    length: Pace,
    shaking: Shaking | None = None,
) -> Iterator[Stand]:
    """Yield where the batch stands after each step; θ may change between two of them."""
    x = field.begin(x)
    if shaking is not None:
        yield from _shaken(field, x, method, length, shaking)
    elif method.adaptive:
        yield from _adaptive(field, x, settling, length)
    elif length.count is None:
        yield from _until_still(field, x, settling, method, length.length)
    else:
        f = field.rates(x)
        for number in range(1, length.count + 1):
            x = method.step(field, x, f, length.length)
            f = field.rates(x)
            seconds = number * length.length if method.physical else math.nan
            if number == length.count:
                yield _together(field, x, f, number, seconds)
                return
            yield _unmeasured(x, number, seconds)
            if field.renew():
                f = field.rates(x)


def _shaken(field: Field, x: Array, method: Integrator, length: Pace, shaking: Shaking) -> Iterator[Stand]:
    """The same with noise in time; residuals are those of the currents without it."""
    pushed = shaken(field, shaking, method, length.length, length.count)
    count = length.count or 0
    for number in range(1, count + 1):
        x = pushed.step(x, number)
        seconds = number * length.length
        if number == count:
            yield _together(field, x, field.rates(x), number, seconds)
        else:
            yield _unmeasured(x, number, seconds)
            field.renew()


def _together(field: Field, x: Array, f: Array, steps: int, seconds: float) -> Stand:
    """Return the stand of samples that all have gone as far."""
    residual, floor = field.residual(x, f)
    count = len(x)
    return Stand(x, seconds, np.full(count, steps, np.int64), np.full(count, seconds), residual, floor)


def _unmeasured(x: Array, steps: int, seconds: float) -> Stand:
    """Return a stand within a step, whose residual nobody asked for."""
    count = len(x)
    unknown = np.full(count, np.nan)
    return Stand(
        x, seconds, np.full(count, steps, np.int64), np.full(count, seconds), unknown, np.zeros(count)
    )


def _until_still(
    field: Field, x: Array, settling: Settling, method: Integrator, length: float
) -> Iterator[Stand]:
    crowd = _Crowd(field, x, settling)
    f = crowd.field.rates(crowd.x)
    f = crowd.leave(f, 0, 0.0)
    number = 0
    while len(crowd.active):
        if number == settling.limit:
            raise crowd.failure(method)
        number += 1
        moved = method.step(crowd.field, crowd.x, f, length)
        crowd.x = moved
        f = crowd.field.rates(moved)
        seconds = number * length if method.physical else math.nan
        f = crowd.leave(f, number, seconds)
        yield crowd.stand(seconds)
        if len(crowd.active) and crowd.field.renew():
            f = crowd.field.rates(crowd.x)
    if number == 0:
        yield crowd.stand(0.0)


class _Crowd:
    """Samples of a batch that leave it as they come to rest."""

    def __init__(self, field: Field, x: Array, settling: Settling) -> None:
        count = len(x)
        self.field, self.x, self.settling = field, x, settling
        self.active = np.arange(count)
        self.ended = Stand(
            np.array(x),
            0.0,
            np.zeros(count, np.int64),
            np.zeros(count),
            np.full(count, np.nan),
            np.zeros(count),
        )

    def leave(self, f: Array, steps: int, seconds: float) -> Array:
        """Note where everyone stands, let go those at rest or lost, and return f of those who stay."""
        residual, floor = self.field.residual(self.x, f)
        at, ended = self.active, self.ended
        ended.x[at], ended.steps[at], ended.durations[at] = self.x, steps, seconds
        ended.residual[at], ended.floor[at] = residual, floor
        going = residual > np.maximum(self.settling.tol, floor)
        going &= np.isfinite(residual)  # what ran away will not come back
        if np.all(going):
            return f
        stay = np.flatnonzero(going)
        self.active, self.x = at[stay], self.x[stay]
        self.field = self.field.take(stay)
        return f[stay]

    def stand(self, seconds: float) -> Stand:
        """Return where everyone stands."""
        one = self.ended
        return Stand(
            one.x.copy(),
            seconds,
            one.steps.copy(),
            one.durations.copy(),
            one.residual.copy(),
            one.floor.copy(),
        )

    def failure(self, method: Integrator) -> SimulationError:
        """Return the error of a phase that does not end."""
        worst = float(np.max(self.ended.residual[self.active]))
        more = "free_steps= nudged_steps=" + (" eps=, or free= nudged=" if method.physical else "")
        return SimulationError(
            f"solve={method.name}: {len(self.active)} of {len(self.ended.x)} samples did not settle to "
            f"tol={self.settling.tol:g} in {self.settling.limit} steps; the largest |dv/dt|·τ left is "
            f"{worst:.3g} state units",
            advice=f"a larger tol, {more}, or smaller weights where it oscillates",
        )


def _adaptive(field: Field, x: Array, settling: Settling, length: Pace) -> Iterator[Stand]:
    if length.count is None:
        yield from _adaptive_until_still(field, x, settling, length.length)
        return
    # What is asked for is shown at even distances, by dense output; with seconds, at the ends of its steps.
    even = settling.steps > 0
    stop = length.count * length.length
    time, following, taken, shown = 0.0, length.length, 0, 0
    f, tolerance = field.rates(x), adaptive.tolerance_of(field, x)
    while time < stop:
        rest = stop - time
        lands = following >= rest * (1.0 - 1e-9)
        trial, following = adaptive.accepted(field, x, f, rest if lands else following, tolerance)
        lands = lands and trial.length == rest
        taken += 1
        begun, time = time, stop if lands else time + trial.length
        x, f = trial.end, trial.stages[6]
        while even and shown + 1 < length.count and (shown + 1) * length.length < time:
            shown += 1
            here = (shown * length.length - begun) / trial.length
            between = np.clip(trial.at(here), field.low, field.high)
            yield _unmeasured(between, taken, shown * length.length)
            if field.renew():  # what is left of this step belongs to a chip that is no more
                x, time = between, shown * length.length
                f = field.rates(x)
                break
        else:
            if not even or lands:
                yield _together(field, x, f, taken, time)
                if not lands and field.renew():
                    f = field.rates(x)


def _adaptive_until_still(field: Field, x: Array, settling: Settling, first: float) -> Iterator[Stand]:
    crowd = _Crowd(field, x, settling)
    f = crowd.leave(crowd.field.rates(crowd.x), 0, 0.0)
    number, time, following = 0, 0.0, first
    tolerance = adaptive.tolerance_of(field, x, settling.tol)
    while len(crowd.active):
        if number == settling.limit:
            raise crowd.failure(adaptive.ADAPTIVE)
        number += 1
        trial, following = adaptive.accepted(crowd.field, crowd.x, f, following, tolerance)
        crowd.x, time = trial.end, time + trial.length
        f = crowd.leave(trial.stages[6], number, time)
        yield crowd.stand(time)
        if len(crowd.active) and crowd.field.renew():
            f = crowd.field.rates(crowd.x)
    if number == 0:
        yield crowd.stand(0.0)
