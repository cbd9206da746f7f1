"""Many pulses in one draw, for steps that are affine in the value: constant, linear, soft bounds, pmax.

A pulse takes w to w + c + s·w + ξ. With r = 1 + s, n pulses in a row take it, exactly, to a normal with

    mean      w + (c + s·w)·(rⁿ − 1)/s                 → w + n·c            as s → 0
    variance  σ²·(r²ⁿ − 1)/(r² − 1)                    → n·σ²               additive: ξ ~ N(0, σ²)

With multiplicative noise, ξ = σ·(c + s·w)·ξ′, the distance d to the fixed point −c/s is multiplied by
1 + s + s·σ·ξ′ in each pulse. Mean and variance, d²·r²ⁿ·((1 + s²σ²/r²)ⁿ − 1), are exact; the shape is taken
as normal, while truly it is skewed by about 3·|s|·σ·√n. n need not be a whole number.

In the interior this is exact. Near a bound D = |bound − w| is held at 0 after every pulse, so that D after n
pulses is D′ + max(0, −min D′), D′ without the bound. The minimum of D′ between its ends D₀ and D_n is drawn
as that of a Brownian bridge, ½·(D₀ + D_n − √((D_n − D₀)² − 2v·ln u)), v the variance, raised by 0.5826 of a
pulse's noise because pulses are not continuous. What is left of the distance from pulse after pulse is that
fewer devices stand at the very bound; tests/devices/cells/test_draws.py holds it.

rⁿ − 1 is worked out by a polynomial and doublings, so that small changes keep all digits.

Source: sum of a geometric series; the exact transition of an AR(1) process. Lindley's recursion and
Skorokhod's reflection; Siegmund, Adv. Appl. Prob. 11:701 (1979) (0.5826).
Limits: r ≤ 0 (a pulse that overshoots its bound) stands at its bound after one pulse.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from eqchip.devices.cells.pulses import BOUNDS, NORMALS, Asked, changes_of, row_of_pulses, total
from eqchip.devices.random import row_of_normals, row_of_uniforms
from eqchip.kernels import kernel

Array = NDArray[Any]
FloatArray = NDArray[np.float64]

#: Slopes are kept this far from 0, where the formulae would divide by them.
FLATTEST = 1e-12
#: A bound is near where the chance of touching it, exp(−2·D₀·D_n/v), is above 1e-5.
NEAR = 5.76
#: Of the noise of a pulse: how much less far a walk goes than a Brownian motion (−ζ(½)/√2π).
DISCRETE = 0.5826


class Affine(NamedTuple):
    """Steps of each device, (rows, columns), up and down: fixed point −c/s, ln(1 + s), noise; and bounds.

    These are what one draw needs: with e = rⁿ − 1 w + (w + c/s)·e, of variance
    σ²/(s·(2 + s))·e·(2 + e).
    What all devices share stands in one row only, which stays in the nearest cache.
    """

    up_fixed: FloatArray
    up_log: FloatArray
    up_noise: FloatArray  # σ²/(s·(2 + s)); multiplicative: ln(1 + s²σ²/r²)
    down_fixed: FloatArray
    down_log: FloatArray
    down_noise: FloatArray
    low: FloatArray
    high: FloatArray

    @property
    def up_c(self) -> FloatArray:
        """Step up at value 0."""
        return -self.up_fixed * self.up_s

    @property
    def down_c(self) -> FloatArray:
        """Step down at value 0."""
        return -self.down_fixed * self.down_s

    @property
    def up_s(self) -> FloatArray:
        """Slope of a step up."""
        return np.asarray(np.expm1(self.up_log))

    @property
    def down_s(self) -> FloatArray:
        """Slope of a step down."""
        return np.asarray(np.expm1(self.down_log))


def steps(c: FloatArray, s: FloatArray, noise: FloatArray, multiplicative: bool) -> tuple[FloatArray, ...]:
    """Return −c/s, ln(1 + s) and the noise as kernels take them; `noise`: σ, or σ over the step."""
    s = np.where(np.abs(s) < FLATTEST, FLATTEST, s)
    s = np.maximum(s, FLATTEST - 1.0)
    variance = np.log1p((s * noise / (1.0 + s)) ** 2) if multiplicative else noise**2 / (s * (2.0 + s))
    return -c / s, np.log1p(s), variance


@kernel(inline=True, fastmath=frozenset({"contract"}))
def expm1(x: float) -> float:
    """Return eˣ − 1 with 13 digits of its own, for x from −40 to 40; beyond, as at the ends."""
    x = min(max(x, -40.0), 40.0)
    y = x * 0.015625
    e = 1.0 + y * (1.0 / 10.0) * (1.0 + y * (1.0 / 11.0) * (1.0 + y * (1.0 / 12.0)))
    e = 1.0 + y * (1.0 / 7.0) * (1.0 + y * (1.0 / 8.0) * (1.0 + y * (1.0 / 9.0) * e))
    e = 1.0 + y * (1.0 / 4.0) * (1.0 + y * (1.0 / 5.0) * (1.0 + y * (1.0 / 6.0) * e))
    e = y * (1.0 + y * 0.5 * (1.0 + y * (1.0 / 3.0) * e))
    e = e * (2.0 + e)
    e = e * (2.0 + e)
    e = e * (2.0 + e)
    e = e * (2.0 + e)
    e = e * (2.0 + e)
    return e * (2.0 + e)


@kernel(inline=True)
def own(values: Array, row: int) -> Any:
    """Return the row of a device, or that of all."""
    return values[row if len(values) > 1 else 0]


@kernel
def reflected(start: float, end: float, spread: float, n: float, u: float) -> float:
    """Return how far from its bound a device is that pulses would take from `start` to `end` without one."""
    lowest = 0.5 * (start + end - np.sqrt((end - start) ** 2 - 2.0 * spread * spread * np.log(u)))
    lowest = min(lowest + DISCRETE * spread / np.sqrt(n), start, end)
    return float(end + max(0.0, -lowest))


@kernel(fastmath=frozenset({"contract"}))
def affine_row(
    w: Array,
    request: Array,
    pulses: Array,
    z: Array,
    raw: Array,
    width: Array,
    row: int,
    devices: Affine,
    multiplicative: bool,
) -> bool:
    """Set `raw` to where pulses take a row without bounds, `width` to its deviation.

    Return whether bounds are near.
    """
    up_fixed, down_fixed = own(devices.up_fixed, row), own(devices.down_fixed, row)
    up_log, up_noise = own(devices.up_log, row), own(devices.up_noise, row)
    down_log, down_noise = own(devices.down_log, row), own(devices.down_noise, row)
    low, high = own(devices.low, row), own(devices.high, row)
    for j in range(len(w)):
        up = request[j] >= 0.0
        # Both are loaded, and one is taken: an address that is chosen would have to be gathered.
        log, log_down = up_log[j], down_log[j]
        noise, noise_down = up_noise[j], down_noise[j]
        fixed, fixed_down = up_fixed[j], down_fixed[j]
        log = log if up else log_down
        noise = noise if up else noise_down
        n, old = pulses[j], w[j]
        e = expm1(n * log)
        away = old - (fixed if up else fixed_down)
        if multiplicative:
            spread = abs(away) * (1.0 + e) * np.sqrt(max(expm1(n * noise), 0.0))
        else:
            # In single precision, as z is.
            spread = np.float64(np.sqrt(np.float32(max(noise * e * (2.0 + e), 0.0))))
        new = old + away * e + spread * z[j]
        raw[j] = new
        width[j] = spread
        reach = NEAR * spread * spread
        room = min((high[j] - old) * (high[j] - new), (old - low[j]) * (new - low[j])) - reach
        z[j] = room if n > 1.0 else 1.0
    near = 0
    for j in range(len(w)):
        near += z[j] < 0
    return near > 0


@kernel
def hold_row(
    w: Array,
    pulses: Array,
    raw: Array,
    width: Array,
    row: int,
    sample: int,
    devices: Affine,
    near: bool,
    k0: int,
    k1: int,
) -> float:
    """Move a row to `raw`, within its bounds; return the sum of its pulses weighted with the mean value."""
    low, high = own(devices.low, row), own(devices.high, row)
    if near:
        u = np.empty(len(w))
        row_of_uniforms(u, k0, k1, row, sample, BOUNDS)
        for j in range(len(w)):
            n, spread = pulses[j], width[j]
            if n <= 1.0 or spread == 0.0:
                continue
            reach = NEAR * spread * spread
            if (high[j] - w[j]) * (high[j] - raw[j]) < reach:
                raw[j] = high[j] - reflected(high[j] - w[j], high[j] - raw[j], spread, n, u[j])
            elif (w[j] - low[j]) * (raw[j] - low[j]) < reach:
                raw[j] = low[j] + reflected(w[j] - low[j], raw[j] - low[j], spread, n, u[j])
    for j in range(len(w)):
        new = min(max(raw[j], low[j]), high[j])
        raw[j] = pulses[j] * 0.5 * (w[j] + new)
        w[j] = new
    return float(total(raw))


@kernel
def affine_rows(
    first: int,
    last: int,
    w: FloatArray,
    touched: FloatArray,
    asked: Asked,
    devices: Affine,
    multiplicative: bool,
    k0: int,
    k1: int,
    sums: FloatArray,
) -> None:
    """Pulse rows `first` to `last`; those that get no pulse stay as they are.

    touched: pulses of each device, left out where it has no rows; sums (rows, 3): weighted, lost and all
    pulses of each row.
    """
    columns = w.shape[1]
    z = np.empty(columns, np.float32)
    request, pulses = np.empty(columns), np.empty(columns)
    raw, width = np.empty(columns), np.empty(columns)
    for row in range(first, last):
        for sample in range(changes_of(asked)):
            sums[row, 1] += row_of_pulses(asked, row, sample, k0, k1, request, pulses)
            count = total(pulses)
            if count == 0.0:
                continue
            sums[row, 2] += count
            row_of_normals(z, k0, k1, row, sample, NORMALS)
            near = affine_row(w[row], request, pulses, z, raw, width, row, devices, multiplicative)
            sums[row, 0] += hold_row(w[row], pulses, raw, width, row, sample, devices, near, k0, k1)
            if len(touched):
                for j in range(columns):
                    touched[row, j] += pulses[j]
