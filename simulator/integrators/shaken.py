"""Noise in time around any explicit integrator of fixed steps.

    x ← clip(step of f + c  +  √q·ξ),   q = D/2λ·(1 − a²)

λ is what a node owes to itself (its leak and live nudge), and a is what the integrator's step leaves of a
deviation of 1 by that leak alone: 1 − λh for Euler, e^{−λh} for exponential Euler. So the variance of a node
at rest is right at every step length at which the step is stable. Around Heun's and Runge and Kutta's steps
half of the noise comes before and half after, √q·ξ twice with q = D/2λ·(1 − a²)/(1 + a²). c, 1/f noise and
traps, stands still for the length of a step.

Through couplings there is an error of the step. In a linear chip with leaks of 1, take a mode that relaxes at
the rate α (both over τ) and has the variance T/α; with m what a step leaves of it, noise keeps it at

    euler       (1 − a²)/(1 − m²)·T, m = 1 − αh              an error of (α − 1)·h/2
    expeuler    the same with 1 − e^{−h} in place of h
    heun, rk4   (1 − a²)/(1 + a²)·(1 + m²)/(1 − m²)·T        (α² − 1)·h²/2 and (α² − 1)·h²/3

So soft modes of strongly coupled chips, α ≪ 1, are 5 % too narrow with euler at h = 0.1, 0.5 % with heun.
(All of the noise after Heun's step would make that (α − 1)·h, 10 %.)

Where white noise is shared (+i at one end of a resistor, −i at the other) the same holds for matrices: with
M what a step of the linear network leaves and Σ its stationary covariance, the step gets a noise of
covariance Σ − MΣMᵀ. What depends on the voltages (junctions) kicks with the strength it has where the step
begins: Itô's integral. All else is additive: Itô's and Stratonovich's integral are the same.
"""

from __future__ import annotations

import numpy as np

from eqchip.errors import InputError
from eqchip.simulator.integrators.field import Array, Field, FloatArray, projected
from eqchip.simulator.integrators.integrator import Integrator
from eqchip.simulator.noise.ornstein_uhlenbeck import split_step, white_step
from eqchip.simulator.noise.shaking import BEFORE, Coupled, Shaking


class Around:
    """A field seen through something that changes its rates."""

    def __init__(self, field: Field) -> None:
        self.field = field
        self.tau, self.reltol = field.tau, field.reltol
        self.low, self.high, self.state_unit = field.low, field.high, field.state_unit

    def rates(self, x: Array) -> Array:
        """Return f(x)."""
        return self.field.rates(x)

    def leak(self) -> Array:
        """Return the leak of every unknown, 1/s."""
        return self.field.leak()

    def begin(self, x: Array) -> Array:
        """Return x: what takes noise has a capacitance on every node."""
        return x

    def implicit(self, x: Array, f: Array, half: float) -> Array:
        """Solve one implicit stage."""
        return self.field.implicit(x, f, half)

    def residual(self, x: Array, f: Array) -> tuple[FloatArray, FloatArray]:
        """Return the residual without noise."""
        return self.field.residual(x, f)

    def renew(self) -> bool:
        """Take up what was written to θ since."""
        return self.field.renew()

    def take(self, rows: Array) -> Field:
        """Return the field of some samples."""
        return self.field.take(rows)


class Relaxing(Around):
    """dx/dt = −A·x with leaks as given, and no bounds; A as a matrix, or its diagonal."""

    def __init__(self, field: Field, a: FloatArray, leak: FloatArray) -> None:
        super().__init__(field)
        self.a, self.own = a, leak
        self.low, self.high = np.array(-np.inf), np.array(np.inf)

    def rates(self, x: Array) -> Array:
        """Return −A·x."""
        return np.asarray(-self.a * x if self.a.ndim == 1 else -x @ self.a.T)

    def leak(self) -> Array:
        """Return the leak of every unknown, 1/s."""
        return self.own


class Shaken(Around):
    """A field with what pushes it for the length of a step, and what shakes it at the end of one."""

    def __init__(self, field: Field, shaking: Shaking, method: Integrator, length: float) -> None:
        super().__init__(field)
        self.shaking, self.method, self.length = shaking, method, length
        self.precision = field.low.dtype
        self.pushed: Array | None = None
        coupled = shaking.intensity.coupled
        self.mixing = None if coupled is None else self._mixing(coupled)
        self.split = coupled is None and method.order >= 2  # steps of first order gain nothing by it
        self.deviation = self._deviation() if coupled is None else np.zeros(0)

    def _deviation(self) -> FloatArray:
        """Return √q of every unknown, of one kick where a step has two."""
        density, length = self.shaking.intensity.density, self.length
        leak = self._leak()
        alone = Relaxing(self.field, leak, leak)
        kept = self.method.step(alone, np.ones((1, len(leak))), -leak[None], length)[0]
        if np.any((np.abs(kept) >= 1.0) & (leak > 0.0) & (density > 0.0)):
            raise unstable(self.method.name, float(np.max(leak * length)))
        kick = split_step if self.split else white_step
        return kick(density, leak, kept, length).astype(self.precision)

    def _leak(self) -> FloatArray:
        at = self.shaking.intensity.at
        return np.asarray(self.field.leak() if at is None else self.field.leak()[at], dtype=np.float64)

    def _among(self, moved: Array, x: Array) -> Array:
        """Return what is said of the unknowns that move for all of them, as x is."""
        at = self.shaking.intensity.at
        if at is None:
            return moved.astype(x.dtype, copy=False)
        out = np.zeros_like(x)
        out[:, at] = moved
        return out

    def _mixing(self, coupled: Coupled) -> FloatArray:
        """Return B with BBᵀ = Σ − MΣMᵀ: with it the step keeps the covariance Σ."""
        same = np.eye(len(coupled.rates))
        relaxing = Relaxing(self.field, coupled.rates, self._leak())
        kept = self.method.step(relaxing, same, relaxing.rates(same), self.length).T
        fresh = coupled.stationary - kept @ coupled.stationary @ kept.T
        size, turn = np.linalg.eigh(0.5 * (fresh + fresh.T))
        if np.min(size, initial=0.0) < -1e-9 * np.max(np.abs(coupled.stationary), initial=0.0):
            fastest = float(np.max(np.abs(np.linalg.eigvals(coupled.rates))))
            raise unstable(self.method.name, fastest * self.length)
        return np.asarray(turn * np.sqrt(np.maximum(size, 0.0)))

    def step(self, x: Array, number: int) -> Array:
        """Return the state after one step; steps are counted from 1."""
        shaking, kicks = self.shaking, self.shaking.intensity.kicks
        slow = shaking.push()
        self.pushed = None if slow is None else self._among(slow, x)
        if self.split:
            x = projected(self.field, x + self._among(self.deviation * shaking.white(number, BEFORE), x))
        begun = x
        x = self.method.step(self, x, self.rates(x), self.length)
        normal = shaking.white(number)
        x += self._among(self.deviation * normal if self.mixing is None else normal @ self.mixing.T, x)
        if kicks is not None:
            x += np.sqrt(self.length) * kicks(begun, shaking.kicks(number, kicks.count))
        if slow is not None:
            shaking.advance(number, self.length)
        return projected(self.field, x)

    def rates(self, x: Array) -> Array:
        """Return f(x) + c."""
        f = self.field.rates(x)
        return f if self.pushed is None else f + self.pushed


def shaken(field: Field, shaking: Shaking, method: Integrator, length: float, count: int | None) -> Shaken:
    """Return a field that noise shakes, or raise where its steps cannot take it."""
    if not takes_noise(method):
        raise refused(method.name)
    if count is None:
        raise InputError(
            "tol= waits until a phase is still, and noise in time never is",
            expected="free_steps= nudged_steps= eps=, or free= nudged= in seconds",
        )
    return Shaken(field, shaking, method, length)


def unstable(solve: str, constants: float) -> InputError:
    """Return the error of steps too long for the integrator."""
    return InputError(
        f"solve={solve}: a step of {constants:.3g} time constants of a node is not stable, so noise has no "
        "variance there",
        expected="a smaller eps, or solve=expeuler",
    )


def takes_noise(method: Integrator) -> bool:
    """Say whether an integrator can be shaken: explicit steps of fixed length, through time."""
    return method.explicit and method.physical and not method.adaptive


def refused(solve: str) -> InputError:
    """Return the error of a solver that knows no noise in time."""
    return InputError(
        f"solve={solve} takes no noise in time (thermal, langevin, flicker, telegraph of the neurons)",
        expected="solve=euler, expeuler, heun or rk4; or the noise switched off (--ideal)",
    )
