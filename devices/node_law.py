"""Node laws: the activity ρ of a node, and its derivative.

A node's state is s = v / vunit. Its activity is ρ(s) = σ(slope·(s − shift)) for sigmoid, tanh and softplus;
hardsigmoid clips s to [0, 1], relu to [0, ∞), linear leaves it. Inputs and bare nodes are linear with
vunit = 1 V. The clamped activations (hardsigmoid, relu) bound the *state* itself: it is projected into its
interval and ρ′ = 1 on the closed interval, so a unit at a bound can leave it.

Nodes own ρ and ρ′. An element that needs them (a synapse) finds, in its row of values, COLUMNS numbers
for each terminal, at the offsets below.
"""

from __future__ import annotations

import math

from eqchip.kernels import kernel

CODE, SLOPE, SHIFT, VUNIT, ENERGY_DRIVE, GLEAK = range(6)
COLUMNS = 6

LINEAR, HARDSIGMOID, SIGMOID, TANH, SOFTPLUS, RELU = range(6)
ACTIVATIONS = {
    "linear": LINEAR,
    "hardsigmoid": HARDSIGMOID,
    "sigmoid": SIGMOID,
    "tanh": TANH,
    "softplus": SOFTPLUS,
    "relu": RELU,
}
#: The interval a state is projected into, in state units.
INTERVALS = {HARDSIGMOID: (0.0, 1.0), RELU: (0.0, math.inf)}

#: The law of a node on which nothing sits: ρ(s) = s, vunit = 1 V, no leak.
BARE = (float(LINEAR), 1.0, 0.0, 1.0, 1.0, 0.0)


@kernel
def activity(code: float, slope: float, shift: float, s: float) -> float:
    """Return ρ(s)."""
    z = slope * (s - shift)
    if code == SIGMOID:
        return 1.0 / (1.0 + math.exp(-z)) if z >= 0.0 else math.exp(z) / (1.0 + math.exp(z))
    if code == TANH:
        return math.tanh(z)
    if code == SOFTPLUS:
        return max(z, 0.0) + math.log1p(math.exp(-abs(z)))
    if code == HARDSIGMOID:
        return min(max(s, 0.0), 1.0)
    if code == RELU:
        return max(s, 0.0)
    return s


@kernel
def activity_slope(code: float, slope: float, shift: float, s: float) -> float:
    """Return ρ′(s), with respect to s; 1 on the closed interval of a clamped activation."""
    z = slope * (s - shift)
    if code == SIGMOID:
        e = math.exp(-abs(z))
        return slope * e / ((1.0 + e) * (1.0 + e))
    if code == TANH:
        t = math.tanh(z)
        return slope * (1.0 - t * t)
    if code == SOFTPLUS:
        return slope * (1.0 / (1.0 + math.exp(-z)) if z >= 0.0 else math.exp(z) / (1.0 + math.exp(z)))
    if code == HARDSIGMOID:
        return 1.0 if 0.0 <= s <= 1.0 else 0.0
    if code == RELU:
        return 1.0 if s >= 0.0 else 0.0
    return 1.0


@kernel
def activity_curvature(code: float, slope: float, shift: float, s: float) -> float:
    """Return ρ″(s), with respect to s; 0 for the piecewise linear activations."""
    z = slope * (s - shift)
    if code == SIGMOID:
        e = math.exp(-abs(z))
        sign = 1.0 if z < 0.0 else -1.0
        return sign * slope * slope * e * (1.0 - e) / ((1.0 + e) * (1.0 + e) * (1.0 + e))
    if code == TANH:
        t = math.tanh(z)
        return -2.0 * slope * slope * t * (1.0 - t * t)
    if code == SOFTPLUS:
        e = math.exp(-abs(z))
        return slope * slope * e / ((1.0 + e) * (1.0 + e))
    return 0.0
