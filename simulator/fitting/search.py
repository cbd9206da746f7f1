"""Least squares over all devices at once, and over what the two noises are to each other.

Every device has numbers of its own; they share the ratio ρ of the variances of reading and step
(prediction.py). Derivatives are taken in one pass: a set of numbers for each of them runs beside the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares, minimize_scalar

from eqchip.simulator.fitting.laws import Law
from eqchip.simulator.fitting.prediction import Innovations, Stack, innovations

Array = NDArray[Any]

#: Devices searched together; the first of these say what ρ is.
TOGETHER = 12
#: Powers of ten between which ρ is looked for; below the first it is 0.
RATIOS = (-2.0, 5.0)
#: Steps and tolerance of the search while ρ is looked for.
_ROUGH = (8, 1e-4)


@dataclass(frozen=True, slots=True)
class Found:
    """The numbers of some devices (devices, numbers), their covariance, and what they leave unexplained."""

    raw: Array
    covariance: Array  # (devices, numbers, numbers)
    left: Innovations
    ratio: float

    @property
    def variance(self) -> float:
        """The variance of one step, in device units squared."""
        return float(np.mean(self.left.errors**2 / self.left.variances))

    @property
    def misfit(self) -> float:
        """−2 ln of the likelihood, but for a constant: N·ln σ² + Σ ln S."""
        count = self.left.errors.size
        return count * float(np.log(max(self.variance, 1e-300))) + float(np.log(self.left.variances).sum())


class _Problem:
    """Least squares of one group of devices: `owner` says which of them each train belongs to."""

    def __init__(self, law: Law, data: Stack, owner: Array, p_max: float, ratio: float) -> None:
        self.law, self.data, self.owner, self.p_max, self.ratio = law, data, owner, p_max, ratio
        self.devices = int(owner.max()) + 1
        self.numbers = len(law.raw)
        self.common = list(law.common)
        self.own = [k for k in range(self.numbers) if k not in law.common]
        self._last: tuple[Array, Array, Array] | None = None

    def run(self, sets: Array) -> Innovations:
        """Return the innovations of sets of numbers, (sets, devices, numbers)."""
        raw = np.moveaxis(sets, 2, 0)[:, :, self.owner]
        return innovations(self.law.step(raw, self.p_max), len(sets), self.data, self.ratio)

    def residuals(self, flat: Array) -> Array:
        """Return e/√S of one set."""
        return self._at(flat)[0]

    def jacobian(self, flat: Array) -> Array:
        """Return their derivatives by the numbers of all devices."""
        return self._at(flat)[1]

    def _at(self, flat: Array) -> tuple[Array, Array]:
        """Return both: they take little longer than one, and are asked for in turn at one place."""
        if self._last is None or not np.array_equal(self._last[0], flat):
            self._last = (flat.copy(), *self._both(flat))
        return self._last[1], self._last[2]

    def _both(self, flat: Array) -> tuple[Array, Array]:
        # A number of every device is moved at once, as no device feels another's.
        here = self.unpacked(flat)
        nudge = 1e-6 * np.maximum(1.0, np.abs(here))
        nudge[:, self.common] = nudge[:1, self.common]
        sets = np.repeat(here[None], self.numbers + 1, axis=0)
        for k in range(self.numbers):
            sets[k + 1, :, k] += nudge[:, k]
        scaled = self._scaled(self.run(sets))
        of = self._owners()
        out = np.zeros((scaled.shape[1], flat.size))
        rows = np.arange(scaled.shape[1])
        for place, k in enumerate(self.common):
            out[:, place] = (scaled[k + 1] - scaled[0]) / nudge[0, k]
        for place, k in enumerate(self.own):
            column = len(self.common) + of * len(self.own) + place
            out[rows, column] = (scaled[k + 1] - scaled[0]) / nudge[of, k]
        return scaled[0], out

    def packed(self, numbers: Array) -> Array:
        """Return numbers (devices, numbers) as one vector: the common ones first."""
        return np.concatenate([numbers[:, self.common].mean(axis=0), numbers[:, self.own].ravel()])

    def unpacked(self, flat: Array) -> Array:
        """Return a vector as (devices, numbers)."""
        numbers = np.empty((self.devices, self.numbers))
        numbers[:, self.common] = flat[: len(self.common)]
        numbers[:, self.own] = flat[len(self.common) :].reshape(self.devices, len(self.own))
        return numbers

    def _scaled(self, found: Innovations) -> Array:
        scaled: Array = found.errors / np.sqrt(found.variances)
        return scaled

    def _owners(self) -> Array:
        """Return which device each residual belongs to, in the order of `innovations`."""
        there = self.data.there[:, 1:]
        return np.concatenate([self.owner[there[:, k]] for k in range(there.shape[1])])

    def solve(self, begin: Array, most: int = 40, tolerance: float = 1e-7) -> Found:
        """Search from `begin`, (devices, numbers)."""
        low = np.repeat(np.array(self.law.low)[None], self.devices, axis=0)
        high = np.repeat(np.array(self.law.high)[None], self.devices, axis=0)
        inside = 1e-6 * (high - low)
        done = least_squares(
            self.residuals,
            self.packed(np.clip(begin, low + inside, high - inside)),
            self.jacobian,
            bounds=(self.packed(low), self.packed(high)),
            x_scale="jac",
            xtol=tolerance,
            ftol=tolerance,
            max_nfev=most,
        )
        raw = self.unpacked(done.x)
        left = self.run(raw[None])
        return Found(raw, self._covariance(done.x, left), left, self.ratio)

    def _covariance(self, flat: Array, left: Innovations) -> Array:
        """Return the covariance of each device's numbers."""
        variance = float(np.mean(left.errors**2 / left.variances))
        jacobian = self.jacobian(flat)
        whole = variance * np.linalg.pinv(jacobian.T @ jacobian, rcond=1e-12)
        first = len(self.common)
        found = np.empty((self.devices, self.numbers, self.numbers))
        for one in range(self.devices):
            places = np.empty(self.numbers, dtype=np.int64)
            places[self.common] = np.arange(first)
            places[self.own] = first + one * len(self.own) + np.arange(len(self.own))
            found[one] = whole[np.ix_(places, places)]
        return found


def search(law: Law, data: Stack, owner: Array, begin: Array, p_max: float, ratio: float | None) -> Found:
    """Return the numbers of a group of devices; ρ is looked for unless it is given."""
    if ratio is not None:
        return _Problem(law, data, owner, p_max, ratio).solve(begin)
    best = _Problem(law, data, owner, p_max, 0.0).solve(begin, *_ROUGH)

    def misfit(power: float) -> float:
        nonlocal best
        found = _Problem(law, data, owner, p_max, 10.0**power).solve(best.raw, *_ROUGH)
        if found.misfit < best.misfit:
            best = found
        return found.misfit

    minimize_scalar(misfit, bounds=RATIOS, method="bounded", options={"maxiter": 9, "xatol": 0.1})
    return _Problem(law, data, owner, p_max, best.ratio).solve(best.raw)
