"""Many pulses in one draw, for steps that are affine in the value: constant, linear, soft bounds, pmax.

A pulse takes w to w + c + s·w + ξ. With r = 1 + s, n pulses in a row take it, exactly, to a normal with

    mean      w + (c + s·w)·(rⁿ − 1)/s                 → w + n·c            as s → 0
    variance  σ²·(r²ⁿ − 1)/(r² − 1)                    → n·σ²               additive: ξ ~ N(0, σ²)

With multiplicative noise, ξ = σ·(c + s·w)·ξ′, the distance d to the fixed point −c/s is multiplied by
1 + s + s·σ·ξ′ in each pulse. Mean and variance, d²·r²ⁿ·((1 + s²σ²/r²)ⁿ − 1), are exact; the shape is taken
as normal, while truly it is skewed by about 3·|s|·σ·√n. n need not be a whole number.

Bounds hold after the n pulses, not between them: in the interior the draw is exact, at a bound the share of
devices that would have touched it on the way and come back differs (tests/devices/cells/test_draws.py bounds
the distance). rⁿ − 1 is worked out by a polynomial and doublings, so that small changes keep all digits.

Source: sum of a geometric series; the exact transition of a discrete Ornstein-Uhlenbeck (AR(1)) process.
Limits: r ≤ 0 (a pulse that overshoots its bound) stands at its bound after one pulse.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from eqchip.devices.cells.pulses import NORMALS, Asked, row_of_pulses
from eqchip.devices.random import row_of_normals
from eqchip.kernels import kernel

Array = NDArray[Any]
FloatArray = NDArray[np.float64]

#: Slopes are kept this far from 0, where the formulae would divide by them.
FLATTEST = 1e-12


class Affine(NamedTuple):
    """Steps of each device, (rows, columns): c, s, ln(1 + s) and the noise, up and down; and bounds."""

    up_c: FloatArray
    up_s: FloatArray
    up_log: FloatArray
    up_noise: FloatArray  # σ² of a pulse; multiplicative: ln(1 + s²σ²/r²)
    down_c: FloatArray
    down_s: FloatArray
    down_log: FloatArray
    down_noise: FloatArray
    low: FloatArray
    high: FloatArray


def steps(c: FloatArray, s: FloatArray, noise: FloatArray, multiplicative: bool) -> tuple[FloatArray, ...]:
    """Return c, s, ln(1 + s) and the noise as kernels take them; `noise`: σ, or σ over the step."""
    s = np.where(np.abs(s) < FLATTEST, FLATTEST, s)
    s = np.maximum(s, FLATTEST - 1.0)
    variance = np.log1p((s * noise / (1.0 + s)) ** 2) if multiplicative else noise**2
    return c, s, np.log1p(s), variance


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


@kernel(fastmath=frozenset({"contract"}))
def affine_row(
    w: Array, request: Array, pulses: Array, z: Array, row: int, devices: Affine, multiplicative: bool
) -> float:
    """Pulse one row of devices; return the sum of their pulses weighted with the mean value."""
    up_c, up_s = devices.up_c[row], devices.up_s[row]
    up_log, up_noise = devices.up_log[row], devices.up_noise[row]
    down_c, down_s = devices.down_c[row], devices.down_s[row]
    down_log, down_noise = devices.down_log[row], devices.down_noise[row]
    low, high = devices.low[row], devices.high[row]
    for j in range(len(w)):
        up = request[j] >= 0.0
        c, s = (up_c[j], up_s[j]) if up else (down_c[j], down_s[j])
        log, noise = (up_log[j], up_noise[j]) if up else (down_log[j], down_noise[j])
        n, old = pulses[j], w[j]
        e = expm1(n * log)
        step = c + s * old
        if multiplicative:
            spread = abs(step / s) * (1.0 + e) * np.sqrt(max(expm1(n * noise), 0.0))
        else:
            spread = np.sqrt(max(noise * e * (2.0 + e) / (s * (2.0 + s)), 0.0))
        new = old + step * (e / s) + spread * z[j]
        w[j] = min(max(new, low[j]), high[j])
        z[j] = n * 0.5 * (old + w[j])
    weighted = 0.0
    for j in range(len(w)):
        weighted += z[j]
    return weighted


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
    """Pulse rows `first` to `last`. touched: pulses of each device; sums (rows, 2): weighted, lost pulses."""
    width = w.shape[1]
    z = np.empty(width, np.float32)
    request, pulses = np.empty(width), np.empty(width)
    samples = 1 if asked.matrix.shape[0] else asked.rows.shape[0]
    for row in range(first, last):
        for sample in range(samples):
            sums[row, 1] += row_of_pulses(asked, row, sample, k0, k1, request, pulses)
            row_of_normals(z, k0, k1, row, sample, NORMALS)
            sums[row, 0] += affine_row(w[row], request, pulses, z, row, devices, multiplicative)
            for j in range(width):
                touched[row, j] += pulses[j]
