"""Pulses whose step is a curve of the value: exponential, power and measured (table) laws, pulse by pulse.

    exponential   a₊·max(0, 1 − A₊·exp(γ₊·z))      −a₋·max(0, 1 − A₋·exp(−γ₋·z))
    power         a₊·o^g₊                           −a₋·(1 − o)^g₋
    table         a₊·t₊(w)                          −a₋·t₋(w)                        t: straight between nodes

with z = 2a·w/(w_max − w_min) + b, o = (w_max − w)/(w_max − w_min), g± = pow_gamma ± ½·pow_up_down, and nodes
evenly from w_min to w_max. Noise of a pulse: σ·a± (additive), σ·|step| (multiplicative), of the exponential
σ·(|step| + dw_min·(std_add + std_slope·|w|)).

Up to MOST pulses are taken one by one, the last as the fraction that it is. More are taken as MOST groups of
m, each by w + m·g(w + ½(m − 1)·g(w)), which differs from m pulses in a row by about (m·g′)²/6 of the step;
the noise of a group is √m of a pulse's. Bounds hold after each.

Source: Gong et al., Nat. Commun. 9:2102 (2018), and Rasch et al., AICAS (2021) (exponential); Rasch et al.
2021 (power, piecewise).
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from eqchip.devices.cells.pulses import NORMALS, Asked, row_of_pulses
from eqchip.devices.random import row_of_normals
from eqchip.kernels import kernel

Array = NDArray[Any]
FloatArray = NDArray[np.float64]

EXPONENTIAL, POWER, TABLE = range(3)

#: Pulses, or groups of them, that are drawn one after another.
MOST = 8


class Curved(NamedTuple):
    """Steps of each device, (rows, columns), and what all share."""

    law: int
    up: FloatArray  # a₊
    down: FloatArray  # a₋
    up_bend: FloatArray  # γ or g
    down_bend: FloatArray
    low: FloatArray  # bounds of the law
    high: FloatArray
    least: FloatArray  # bounds that pulses keep to
    most: FloatArray
    shared: (
        FloatArray  # A₊, A₋, a, b, σ, multiplicative, dw_min, std_add, std_slope, w_min, w_max of the table
    )
    up_table: FloatArray
    down_table: FloatArray


@kernel(inline=True)
def between(table: FloatArray, low: float, high: float, w: float) -> float:
    """Return what stands in a table of evenly spaced nodes at w; at its ends beyond them."""
    last = len(table) - 1
    at = min(max((w - low) / (high - low), 0.0), 1.0) * last
    left = min(int(at), last - 1)
    return float(table[left] + (at - left) * (table[left + 1] - table[left]))


@kernel
def step_at(devices: Curved, row: int, j: int, up: bool, w: float) -> float:
    """Return the mean step of one pulse, with its sign."""
    shared = devices.shared
    low, high = devices.low[row, j], devices.high[row, j]
    if devices.law == EXPONENTIAL:
        z = 2.0 * shared[2] * w / (high - low) + shared[3]
        if up:
            return float(
                devices.up[row, j] * max(0.0, 1.0 - shared[0] * math.exp(devices.up_bend[row, j] * z))
            )
        return float(
            -devices.down[row, j] * max(0.0, 1.0 - shared[1] * math.exp(-devices.down_bend[row, j] * z))
        )
    if devices.law == POWER:
        o = min(max((high - w) / (high - low), 0.0), 1.0)
        if up:
            return float(devices.up[row, j] * o ** devices.up_bend[row, j])
        return float(-devices.down[row, j] * (1.0 - o) ** devices.down_bend[row, j])
    if up:
        return float(devices.up[row, j] * between(devices.up_table, shared[9], shared[10], w))
    return float(-devices.down[row, j] * between(devices.down_table, shared[9], shared[10], w))


@kernel
def curved_row(
    w: Array,
    request: FloatArray,
    pulses: FloatArray,
    z: Array,
    row: int,
    sample: int,
    devices: Curved,
    k0: int,
    k1: int,
    left: FloatArray,
) -> float:
    """Pulse one row of devices; return the sum of their pulses weighted with the mean value."""
    shared = devices.shared
    noise, multiplicative = shared[4], shared[5] != 0.0
    weighted = 0.0
    most = 0.0
    for j in range(len(w)):
        left[j] = pulses[j]
        most = max(most, pulses[j])
    for group in range(min(math.ceil(most), MOST)):
        if noise > 0.0:
            row_of_normals(z, k0, k1, row, sample, NORMALS + group)
        for j in range(len(w)):
            if left[j] <= 0.0:
                continue
            m = min(max(pulses[j] / MOST, 1.0), left[j])
            left[j] = left[j] - m if group < MOST - 1 else 0.0
            up, old = request[j] >= 0.0, w[j]
            step = step_at(devices, row, j, up, old)
            if m > 1.0:
                step = step_at(devices, row, j, up, old + 0.5 * (m - 1.0) * step)
            new = old + m * step
            if noise > 0.0:
                size = abs(step)
                if devices.law == EXPONENTIAL:
                    size += shared[6] * (shared[7] + shared[8] * abs(old))
                elif not multiplicative:
                    size = devices.up[row, j] if up else devices.down[row, j]
                new += noise * size * math.sqrt(m) * z[j]
            w[j] = min(max(new, devices.least[row, j]), devices.most[row, j])
            weighted += m * 0.5 * (old + w[j])
    return weighted


@kernel
def curved_rows(
    first: int,
    last: int,
    w: FloatArray,
    touched: FloatArray,
    asked: Asked,
    devices: Curved,
    k0: int,
    k1: int,
    sums: FloatArray,
) -> None:
    """Pulse rows `first` to `last`. touched: pulses of each device; sums (rows, 2): weighted, lost pulses."""
    width = w.shape[1]
    z = np.zeros(width, np.float32)
    request, pulses, left = np.empty(width), np.empty(width), np.empty(width)
    samples = 1 if asked.matrix.shape[0] else asked.rows.shape[0]
    for row in range(first, last):
        for sample in range(samples):
            sums[row, 1] += row_of_pulses(asked, row, sample, k0, k1, request, pulses)
            sums[row, 0] += curved_row(w[row], request, pulses, z, row, sample, devices, k0, k1, left)
            for j in range(width):
                touched[row, j] += pulses[j]
