"""Pulses whose step is a curve of the value: exponential, power and measured (table) laws, pulse by pulse.

    exponential   a₊·max(0, 1 − A₊·exp(γ₊·z))      −a₋·max(0, 1 − A₋·exp(−γ₋·z))
    power         a₊·o^g₊                           −a₋·(1 − o)^g₋
    table         a₊·t₊(w)                          −a₋·t₋(w)                        t: straight between nodes

with z = 2a·w/(w_max − w_min) + b, o = (w_max − w)/(w_max − w_min), g± = pow_gamma ± ½·pow_up_down, and nodes
evenly from w_min to w_max. Noise of a pulse: σ·a± (additive), σ·|step| (multiplicative), of the exponential
σ·(|step| + dw_min·(std_add + std_slope·|w|)).

Pulses are taken in groups of m, at least 1, such that m·|g′| ≤ BEND, g′ the steepest slope of the step:
each by w + m·g(w + ½(m − 1)·g(w)), which is one pulse exactly for m = 1 and differs from m pulses in a row by
about (m·g′)²/6 of the step, 0.2 %. Devices that change little a pulse so take all n in one draw, coarse ones
one by one, the last as the fraction that it is. Bounds hold after each group.

Source: Gong et al., Nat. Commun. 9:2102 (2018), and Rasch et al., AICAS (2021) (exponential); Rasch et al.
2021 (power, piecewise).
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from eqchip.devices.cells.affine import expm1, own
from eqchip.devices.cells.pulses import NORMALS, Asked, changes_of, row_of_pulses, total
from eqchip.devices.random import row_of_normals
from eqchip.kernels import kernel

Array = NDArray[Any]
FloatArray = NDArray[np.float64]

EXPONENTIAL, POWER, TABLE = range(3)

#: What a group of m pulses may have of m·|g′|.
BEND = 0.1
#: Groups that are drawn one after another, at most.
MOST = 64

_LN2 = math.log(2.0)
_ROOT_HALF_BITS = np.uint64(0x3FE6A09E667F3BCD)
_TO_ONE = np.uint64(0x3FF0000000000000 - 0x3FE6A09E667F3BCD)
_MANTISSA = np.uint64(0x000FFFFFFFFFFFFF)
_MANTISSA_BITS = np.uint64(52)


class Curved(NamedTuple):
    """Steps of each device, (rows, columns), or one row where devices are alike; and what all share."""

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


@kernel(inline=True, fastmath=frozenset({"contract"}))
def log(x: float) -> float:
    """Return ln x of a normal positive number, to 2e-15 of its own; −708 for 0."""
    bits = np.uint64(np.uint64(np.float64(max(x, 1e-307)).view(np.uint64)) + _TO_ONE)
    exponent = np.float64(np.int32(np.uint64(bits >> _MANTISSA_BITS))) - 1023.0
    z = np.uint64(np.uint64(bits & _MANTISSA) + _ROOT_HALF_BITS).view(np.float64)  # √½ … √2
    z = (z - 1.0) / (z + 1.0)
    q = z * z
    p = 1.0 / 13.0 + q * (1.0 / 15.0 + q * (1.0 / 17.0))
    p = 1.0 / 7.0 + q * (1.0 / 9.0 + q * (1.0 / 11.0 + q * p))
    return 2.0 * z * (1.0 + q * (1.0 / 3.0 + q * (1.0 / 5.0 + q * p))) + exponent * _LN2


@kernel(inline=True)
def between(table: FloatArray, low: float, high: float, w: float) -> float:
    """Return what stands in a table of evenly spaced nodes at w; at its ends beyond them."""
    last = len(table) - 1
    at = min(max((w - low) / (high - low), 0.0), 1.0) * last
    left = min(int(at), last - 1)
    return float(table[left] + (at - left) * (table[left + 1] - table[left]))


@kernel(fastmath=frozenset({"contract"}))
def steps_of_row(devices: Curved, row: int, request: FloatArray, at: FloatArray, out: FloatArray) -> None:
    """Set `out` to the mean step, with its sign, of one pulse of the sign of `request` at these values."""
    shared = devices.shared
    rise, fall = own(devices.up, row), own(devices.down, row)
    bend, bow = own(devices.up_bend, row), own(devices.down_bend, row)
    low, high = own(devices.low, row), own(devices.high, row)
    if devices.law == EXPONENTIAL:
        factor, other, scale, shift = shared[0], shared[1], 2.0 * shared[2], shared[3]
        for j in range(len(at)):
            z = scale * at[j] / (high[j] - low[j]) + shift
            up = request[j] >= 0.0
            # Both are loaded, and one is taken, as in affine_row.
            curve, bowed, size, other_size = bend[j], -bow[j], rise[j], -fall[j]
            x = z * (curve if up else bowed)
            a = factor if up else other
            size = size if up else other_size
            out[j] = size * max(0.0, 1.0 - a * (1.0 + expm1(x)))
    elif devices.law == POWER:
        for j in range(len(at)):
            o = (high[j] - at[j]) / (high[j] - low[j])
            up = request[j] >= 0.0
            o = o if up else 1.0 - o
            o = min(max(o, 1e-300), 1.0)
            curve, bowed, size, other_size = bend[j], bow[j], rise[j], -fall[j]
            x = (curve if up else bowed) * log(o)
            size = size if up else other_size
            out[j] = size * (1.0 + expm1(x))
    else:
        for j in range(len(at)):
            if request[j] >= 0.0:
                out[j] = rise[j] * between(devices.up_table, shared[9], shared[10], at[j])
            else:
                out[j] = -fall[j] * between(devices.down_table, shared[9], shared[10], at[j])


@kernel(fastmath=frozenset({"contract"}))
def move(
    devices: Curved,
    row: int,
    w: FloatArray,
    request: FloatArray,
    m: FloatArray,
    first: FloatArray,
    step: FloatArray,
    z: Array,
) -> float:
    """Move one row by m pulses of a step that was `first`; return the pulses weighted with the mean value."""
    shared = devices.shared
    noise, additive = shared[4], shared[5] == 0.0
    exponential = devices.law == EXPONENTIAL
    base, slope = shared[6] * shared[7], shared[6] * shared[8]
    least, most = own(devices.least, row), own(devices.most, row)
    rise, fall = own(devices.up, row), own(devices.down, row)
    for j in range(len(w)):
        old, moved = w[j], abs(first[j])
        # Noise of early pulses passes through the slope of later ones: Σ (1 + g′)²ᵏ ≈ m·(1 + (m − 1)·g′).
        passed = 2.0 * (step[j] - first[j]) / (first[j] if moved > 1e-300 else 1.0)
        if exponential:
            size = abs(step[j]) + base + slope * abs(old)
            passed = 0.0
        elif additive:
            size = rise[j] if request[j] >= 0.0 else fall[j]
        else:
            size, passed = abs(step[j]), 0.0
        width = noise * size * np.sqrt(max(m[j] * (1.0 + passed), 0.0))
        new = old + m[j] * step[j] + width * z[j]
        w[j] = min(max(new, least[j]), most[j]) if m[j] > 0.0 else old
        z[j] = m[j] * 0.5 * (old + w[j])
    return float(total(z))


@kernel
def curved_rows(
    start: int,
    stop: int,
    w: FloatArray,
    touched: FloatArray,
    asked: Asked,
    devices: Curved,
    group: float,
    k0: int,
    k1: int,
    sums: FloatArray,
) -> None:
    """Pulse rows `start` to `stop`, `group` at a time. touched, sums: as in affine_rows."""
    width = w.shape[1]
    z = np.zeros(width, np.float32)
    request, pulses, left, m = np.empty(width), np.empty(width), np.empty(width), np.empty(width)
    first, middle, step = np.empty(width), np.empty(width), np.empty(width)
    for row in range(start, stop):
        for sample in range(changes_of(asked)):
            sums[row, 1] += row_of_pulses(asked, row, sample, k0, k1, request, pulses)
            count = total(pulses)
            if count == 0.0:
                continue
            sums[row, 2] += count
            most = 0.0
            for j in range(width):
                left[j] = pulses[j]
                most = max(most, pulses[j])
            if len(touched):
                for j in range(width):
                    touched[row, j] += pulses[j]
            size = max(group, most / MOST)
            for number in range(math.ceil(most / size)):
                row_of_normals(z, k0, k1, row, sample, NORMALS + number)
                for j in range(width):
                    m[j] = min(left[j], size)
                    left[j] -= m[j]
                steps_of_row(devices, row, request, w[row], first)
                if size > 1.0:
                    for j in range(width):
                        middle[j] = w[row, j] + 0.5 * max(m[j] - 1.0, 0.0) * first[j]
                    steps_of_row(devices, row, request, middle, step)
                    sums[row, 0] += move(devices, row, w[row], request, m, first, step, z)
                else:
                    sums[row, 0] += move(devices, row, w[row], request, m, first, first, z)


def largest_group(devices: Curved) -> float:
    """Return how many pulses may be taken at a time: BEND over the steepest slope of the step, 1 at least.

    It is looked for at 33 values of up to 256 devices.
    """
    height = max(len(one) for one in devices[1:9])
    width = devices.up.shape[1]
    rows = np.unique(np.linspace(0, height - 1, min(height, 16)).astype(np.int64))
    columns = np.unique(np.linspace(0, width - 1, min(width, 16)).astype(np.int64))
    steepest, out = 0.0, np.empty((33, width))
    for row in rows:
        low, high = own(devices.low, row), own(devices.high, row)
        values = low + np.linspace(0.0, 1.0, 33)[:, None] * (high - low)
        for sign in (1.0, -1.0):
            for node in range(33):
                steps_of_row(devices, int(row), np.full(width, sign), values[node], out[node])
            slopes = np.abs(np.diff(out[:, columns], axis=0)) / ((high - low)[columns] / 32.0)
            steepest = max(steepest, float(slopes.max()))
    return max(BEND / steepest, 1.0) if steepest > 0.0 else math.inf
