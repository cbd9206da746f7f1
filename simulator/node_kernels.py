"""Loops over states (B, n) of one group of nodes: activity, rate of change, Euler step, exact block solve.

In state units, with d the drive (ΣWρ of everything that drives the node, and its bias):

    F = −a·s + r·d + k        r = ρ′(s) under energy drive, 1 under direct drive; τ ds/dt = F
    a = 1, k = 0              without a nudge
    a = 1 + β, k = β·t        live nudge towards t
    a = 1, k = −β·(y₀ − t)    nudge frozen at the free output y₀

The laws are those of eqchip.devices.node_law, with z = slope·(s − shift) and m = exp(−c|z|) − 1, c = 2
for tanh and 1 for sigmoid and softplus: one exponential an element serves ρ, ρ′ and ρ″. `exact` is 1 for
libm's expm1 and log1p (float64: ρ, ρ′ within 4 ulp), and None for the polynomials of single_precision
(float32: ρ, ρ′ within 4e-7·slope); an argument of type None is known while compiling. Loops hold few
arrays and one activation each: those LLVM vectorises.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from eqchip.devices.node_law import HARDSIGMOID, LINEAR, RELU, SIGMOID, SOFTPLUS, TANH
from eqchip.kernels import kernel
from eqchip.simulator.single_precision import exp_negative, log1p_small

Array = NDArray[Any]
Exact = int | None

#: Newton iterations of a row of nodes; bisection alone would need 64.
_MOST = 100


class Law(NamedTuple):
    """What the loops know of a group of nodes: one code, and numbers by node in the dtype of its states."""

    code: int  # of the activation
    energy: bool  # drive=energy
    slope: Array
    shift: Array
    low: Array  # the interval its states are put back into
    high: Array


@kernel(inner=True)
def exponents(law: Law, s: Array, z: Array, m: Array, exact: Exact) -> None:
    """Set z and m (both n) at a row of states; nothing where the activation has no exponential."""
    if law.code == LINEAR or law.code == HARDSIGMOID or law.code == RELU:
        return
    factor = s.dtype.type(-2 if law.code == TANH else -1)
    one = s.dtype.type(1)
    for j in range(len(s)):
        z[j] = law.slope[j] * (s[j] - law.shift[j])
    if exact is None:
        for j in range(len(s)):
            m[j] = exp_negative(factor * abs(z[j])) - one
    else:
        for j in range(len(s)):
            m[j] = math.expm1(factor * abs(z[j]))


@kernel(inner=True)
def values(law: Law, s: Array, z: Array, m: Array, out: Array, exact: Exact) -> None:
    """Set out to ρ of a row."""
    zero, one, two = s.dtype.type(0), s.dtype.type(1), s.dtype.type(2)
    if law.code == SIGMOID:
        for j in range(len(s)):
            out[j] = (one if z[j] >= zero else one + m[j]) / (two + m[j])
    elif law.code == TANH:
        for j in range(len(s)):
            out[j] = (-m[j] if z[j] >= zero else m[j]) / (two + m[j])
    elif law.code == SOFTPLUS:
        for j in range(len(s)):
            if exact is None:
                out[j] = max(z[j], zero) + log1p_small(one + m[j])
            else:
                out[j] = max(z[j], zero) + math.log1p(math.exp(-abs(z[j])))
    elif law.code == HARDSIGMOID or law.code == RELU:
        for j in range(len(s)):
            out[j] = min(max(s[j], law.low[j]), law.high[j])
    else:
        for j in range(len(s)):
            out[j] = s[j]


@kernel(inner=True)
def rises(law: Law, z: Array, m: Array, out: Array) -> None:
    """Set out to ρ′ of a row."""
    zero, one, two = m.dtype.type(0), m.dtype.type(1), m.dtype.type(2)
    if law.code == SIGMOID:
        for j in range(len(out)):
            out[j] = law.slope[j] * (one + m[j]) / ((two + m[j]) * (two + m[j]))
    elif law.code == TANH:
        for j in range(len(out)):
            out[j] = law.slope[j] * (two + two) * (one + m[j]) / ((two + m[j]) * (two + m[j]))
    elif law.code == SOFTPLUS:
        for j in range(len(out)):
            out[j] = law.slope[j] * (one if z[j] >= zero else one + m[j]) / (two + m[j])
    else:
        for j in range(len(out)):
            out[j] = one


@kernel(inner=True)
def bends(law: Law, z: Array, m: Array, out: Array) -> None:
    """Set out to ρ″ of a row."""
    zero, one, two = m.dtype.type(0), m.dtype.type(1), m.dtype.type(2)
    if law.code == SIGMOID or law.code == TANH:
        factor = two * two * two if law.code == TANH else one
        for j in range(len(out)):
            c = factor * law.slope[j] * law.slope[j] * (one + m[j]) * m[j]
            out[j] = (c if z[j] >= zero else -c) / ((two + m[j]) * (two + m[j]) * (two + m[j]))
    elif law.code == SOFTPLUS:
        for j in range(len(out)):
            out[j] = law.slope[j] * law.slope[j] * (one + m[j]) / ((two + m[j]) * (two + m[j]))
    else:
        for j in range(len(out)):
            out[j] = zero


@kernel
def activities(law: Law, s: Array, rho: Array, rise: Array, bend: Array, exact: Exact) -> None:
    """Set rho, rise and bend to ρ, ρ′ and ρ″; those with no rows are left out."""
    z, m = np.empty_like(s[0]), np.empty_like(s[0])
    for row in range(s.shape[0]):
        exponents(law, s[row], z, m, exact)
        if len(rho):
            values(law, s[row], z, m, rho[row], exact)
        if len(rise):
            rises(law, z, m, rise[row])
        if len(bend):
            bends(law, z, m, bend[row])


@kernel
def rates(
    law: Law, a: Array, k: Array, d: Array, s: Array, rise: Array, residual: Array, floor: Array
) -> None:
    """Raise residual to the largest |F| of each sample, floor to what rounding leaves: 16 ulp of 1 + |d|.

    Where a state is pressed against a bound, F is 0.
    """
    unit, f = 16.0 * np.finfo(s.dtype).eps, np.empty_like(s[0])
    for row in range(s.shape[0]):
        rate_row(law, a, k[row], d[row], s[row], rise[row], f)
        worst, most = residual[row], 0.0
        for j in range(len(f)):
            size = abs(f[j])
            worst = size if size > worst or size != size else worst  # NaN is the largest, and stays
            most = max(most, abs(d[row, j]))
        residual[row] = worst
        floor[row] = max(floor[row], unit * (1.0 + most))


@kernel(inner=True)
def rate_row(law: Law, a: Array, k: Array, d: Array, s: Array, rise: Array, f: Array) -> None:
    """Set f to F of a row, 0 where a state is pressed against a bound."""
    zero = s.dtype.type(0)
    if law.energy:
        for j in range(len(s)):
            f[j] = rise[j] * d[j] + k[j] - a[j] * s[j]
    else:
        for j in range(len(s)):
            f[j] = d[j] + k[j] - a[j] * s[j]
    for j in range(len(s)):
        pressed = ((s[j] <= law.low[j]) & (f[j] < zero)) | ((s[j] >= law.high[j]) & (f[j] > zero))
        f[j] = zero if pressed else f[j]


@kernel(inner=True)
def largest(values: Array, exact: Exact) -> float:
    """Return the largest absolute value, of which NaN is one: as whole numbers, bits are in that order."""
    if exact is None:
        short = np.int32(0)
        for word in values.view(np.int32):
            short = max(short, np.int32(word & np.int32(0x7FFFFFFF)))
        return float(np.int32(short).view(np.float32))
    most = np.int64(0)
    for word in values.view(np.int64):
        most = max(most, np.int64(word & np.int64(0x7FFFFFFFFFFFFFFF)))
    return float(np.int64(most).view(np.float64))


@kernel
def euler(
    law: Law, step: Array, a: Array, k: Array, d: Array, s: Array, rho: Array, rise: Array, exact: Exact
) -> None:
    """Move s by step·F and put it back into its interval; rise is ρ′(s) before and, with rho, after."""
    z, m = np.empty_like(s[0]), np.empty_like(s[0])
    for row in range(s.shape[0]):
        euler_row(law, step, a, k[row], d[row], s[row], rho[row], rise[row], z, m, exact)


@kernel(inner=True)
def euler_row(
    law: Law,
    step: Array,
    a: Array,
    push: Array,
    pull: Array,
    x: Array,
    rho: Array,
    rise: Array,
    z: Array,
    m: Array,
    exact: Exact,
) -> None:
    """Move one row; z and m are room."""
    if law.energy:
        for j in range(len(x)):
            z[j] = rise[j] * pull[j]
    else:
        for j in range(len(x)):
            z[j] = pull[j]
    for j in range(len(x)):
        x[j] += step[j] * (z[j] + push[j] - a[j] * x[j])
    for j in range(len(x)):
        x[j] = min(max(x[j], law.low[j]), law.high[j])
    exponents(law, x, z, m, exact)
    values(law, x, z, m, rho, exact)
    if law.energy:
        rises(law, z, m, rise)


@kernel
def solve(law: Law, a: Array, k: Array, d: Array, s: Array, rho: Array, exact: Exact) -> None:
    """Set each s to where F at the drive given would take it: a zero where F falls, or a bound.

    Where a ≤ 0 (a nudge that overcomes the leak) F falls nowhere: s leaves for the bound on its side.
    """
    work = np.empty((10, s.shape[1]), s.dtype)
    for row in range(s.shape[0]):
        solve_row(law, a, k[row], d[row], s[row], rho[row], work, exact)


@kernel(inner=True)
def solve_row(
    law: Law, a: Array, k: Array, d: Array, x: Array, rho: Array, work: Array, exact: Exact
) -> None:
    """Solve a row of nodes, and bring rho up to date; `work` (10, n) is room."""
    if law.energy and (law.code == SIGMOID or law.code == TANH or law.code == SOFTPLUS):
        zeros(law, a, k, d, x, work, exact)
    else:  # ρ′ = 1 wherever the state can be
        zero, least = x.dtype.type(0), a[0]
        for j in range(len(x)):
            least = min(least, a[j])
        if least > zero:
            for j in range(len(x)):
                x[j] = (d[j] + k[j]) / a[j]
        else:
            for j in range(len(x)):
                f = d[j] + k[j] - a[j] * x[j]
                away = law.high[j] if f > zero else law.low[j] if f < zero else x[j]
                x[j] = (d[j] + k[j]) / a[j] if a[j] > zero else away
        for j in range(len(x)):
            x[j] = min(max(x[j], law.low[j]), law.high[j])
    exponents(law, x, work[0], work[1], exact)
    values(law, x, work[0], work[1], rho, exact)


@kernel(inner=True)
def zeros(law: Law, a: Array, k: Array, d: Array, x: Array, work: Array, exact: Exact) -> None:
    """Newton in a bracket, halved where Newton would leave it or does not slow down, for a row of nodes.

    |ρ′| ≤ slope for every smooth activation, so the zeros lie within (k ± slope·|d|)/a. Done when F is no
    larger than its rounding: of its terms, of z in ρ′, of the state; or where it presses against a rail.
    A step beyond a rail goes to the rail, every other time: what is pressed there need not be halved to.
    """
    z, m, low, high, rise = work[0], work[1], work[2], work[3], work[4]
    bend, f, new, last, still = work[5], work[6], work[7], work[8], work[9]
    half = x.dtype.type(0.5)
    tiny = 8 * np.finfo(x.dtype).eps
    wider = x.dtype.type(1.001)  # a zero at the very end must not count as outside
    for j in range(len(x)):
        reach = law.slope[j] * abs(d[j]) * wider
        low[j] = min(max((k[j] - reach) / a[j], law.low[j]), law.high[j])
        high[j] = min(max((k[j] + reach) / a[j], law.low[j]), law.high[j])
    for j in range(len(x)):
        x[j] = min(max(x[j], low[j]), high[j])
        last[j] = high[j] - low[j]
    for turn in range(_MOST):
        exponents(law, x, z, m, exact)
        rises(law, z, m, rise)
        bends(law, z, m, bend)
        moving = 0
        for j in range(len(x)):
            up, down = rise[j] * d[j], a[j] * x[j]
            f[j] = up + k[j] - down
            blur = (
                abs(law.slope[j] * d[j])
                + abs(k[j])
                + abs(down)
                + abs(bend[j] * d[j]) * (abs(x[j]) + abs(law.shift[j]))
            )
            bend[j] = bend[j] * d[j] - a[j]
            blur = tiny * (blur + abs(bend[j] * x[j]))
            pressed = ((x[j] <= law.low[j]) & (f[j] < 0)) | ((x[j] >= law.high[j]) & (f[j] > 0))
            still[j] = (abs(f[j]) <= blur) | pressed
            moving += (abs(f[j]) > blur) and not pressed
        for j in range(len(x)):
            low[j] = x[j] if f[j] >= 0 else low[j]
            high[j] = x[j] if f[j] <= 0 else high[j]
        for j in range(len(x)):
            new[j] = x[j] - f[j] / bend[j]
        for j in range(len(x)):
            inside = bend[j] < 0 and low[j] <= new[j] <= high[j]
            shrinks = abs(new[j] - x[j]) <= half * last[j]
            middle = new[j] if inside and shrinks else low[j] + (high[j] - low[j]) * half
            beyond = (turn & 1 == 0) and bend[j] < 0 and (new[j] < law.low[j] or new[j] > law.high[j])
            middle = min(max(new[j], low[j]), high[j]) if beyond else middle
            new[j] = min(max(new[j], low[j]), high[j]) if still[j] else middle
        for j in range(len(x)):
            last[j] = abs(new[j] - x[j])
            x[j] = new[j]
        if moving == 0:
            break
