"""Noise in time around any explicit integrator of fixed steps.

    x ← clip(step of f + c  +  √q·ξ),   q = D/2λ·(1 − a²)

λ is what a node owes to itself (its leak and live nudge), and a is what the integrator's step leaves of a
deviation of 1 by that leak alone: 1 − λh for Euler, e^{−λh} for exponential Euler. So the variance of a node
at rest is right at every step length at which the step is stable; correlations through couplings are right
to the order of the integrator. c, 1/f noise and traps, stands still for the length of a step.

The noise is additive: Itô's and Stratonovich's integral are the same.
"""

from __future__ import annotations

import numpy as np

from eqchip.errors import InputError
from eqchip.simulator.integrators.field import Array, Field, FloatArray, projected
from eqchip.simulator.integrators.integrator import Integrator
from eqchip.simulator.noise.ornstein_uhlenbeck import white_step
from eqchip.simulator.noise.shaking import Shaking


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


class Leaking(Around):
    """Nothing but the leak of each unknown, and no bounds."""

    def __init__(self, field: Field) -> None:
        super().__init__(field)
        self.low, self.high = np.array(-np.inf), np.array(np.inf)

    def rates(self, x: Array) -> Array:
        """Return −λx."""
        return np.asarray(-self.field.leak() * x)


class Shaken(Around):
    """A field with what pushes it for the length of a step, and what shakes it at the end of one."""

    def __init__(self, field: Field, shaking: Shaking, method: Integrator, length: float) -> None:
        super().__init__(field)
        self.shaking, self.method, self.length = shaking, method, length
        self.pushed: Array | None = None
        leak = np.asarray(field.leak(), dtype=np.float64)
        kept = method.step(Leaking(field), np.ones((1, len(leak))), -leak[None], length)[0]
        density = shaking.intensity.density
        self.deviation = white_step(density, leak, kept, length)
        if np.any((np.abs(kept) >= 1.0) & (leak > 0.0) & (density > 0.0)):
            raise InputError(
                f"solve={method.name}: a step of {np.max(leak * length):.3g} time constants of a node is not "
                "stable, so noise has no variance there",
                expected="a smaller eps, or solve=expeuler",
            )

    def step(self, x: Array, number: int) -> Array:
        """Return the state after one step; steps are counted from 1."""
        slow = self.shaking.push()
        self.pushed = None if slow is None else slow.astype(x.dtype)
        x = self.method.step(self, x, self.rates(x), self.length)
        x += (self.deviation * self.shaking.white(number)).astype(x.dtype)
        if slow is not None:
            self.shaking.advance(number, self.length)
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


def takes_noise(method: Integrator) -> bool:
    """Say whether an integrator can be shaken: explicit steps of fixed length, through time."""
    return method.explicit and method.physical and not method.adaptive


def refused(solve: str) -> InputError:
    """Return the error of a solver that knows no noise in time."""
    return InputError(
        f"solve={solve} takes no noise in time (thermal, langevin, flicker, telegraph of the neurons)",
        expected="solve=euler, expeuler, heun or rk4; or the noise switched off (--ideal)",
    )
