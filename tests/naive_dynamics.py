"""The schedules of the papers in plain NumPy, written from their equations.

Layered chips x – h – y, tied weights W1 (x, h) and W2 (h, y), biases b1, b2; samples in rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Pair = tuple[Array, Array]


@dataclass
class Layered:
    w1: Array
    w2: Array
    b1: Array
    b2: Array

    def start(self, samples: int) -> Pair:
        return np.zeros((samples, len(self.b1))), np.zeros((samples, len(self.b2)))


def clip(s: Array) -> Array:
    return np.minimum(np.maximum(s, 0.0), 1.0)


def scellier_bengio(
    net: Layered, x: Array, state: Pair, steps: int, eps: float, beta: float, t: Array
) -> Pair:
    """Scellier & Bengio 2017, eq. 1-4 and section 5.1: E = ½Σs² − ½Σ W ρ(s)ρ(s) − Σ b ρ(s), C = ½‖y − t‖²,
    ρ = clip to [0, 1]; s ← clip(s − ε·(∂E/∂s + β·∂C/∂s)), ρ′ = 1 on the closed interval."""
    h, y = state
    for _ in range(steps):
        dh = h - (clip(x) @ net.w1 + clip(y) @ net.w2.T + net.b1)
        dy = y - (clip(h) @ net.w2 + net.b2) + beta * (y - t)
        h, y = clip(h - eps * dh), clip(y - eps * dy)
    return h, y


def sigmoid(s: Array) -> Array:
    """ρ of Ernoult et al. 2019, 1/(1 + exp(−4(s − ½)))."""
    return np.asarray(1.0 / (1.0 + np.exp(-4.0 * (s - 0.5))))


def sigmoid_slope(s: Array) -> Array:
    """ρ′ of the same."""
    return np.asarray(4.0 * sigmoid(s) * (1.0 - sigmoid(s)))


def clip_slope(s: Array) -> Array:
    """ρ′ of clip, as in the same code: 1 on the closed interval."""
    return np.asarray(((s >= 0.0) & (s <= 1.0)).astype(float))


def ernoult_energy(
    net: Layered,
    x: Array,
    state: Pair,
    steps: int,
    dt: float,
    beta: float,
    t: Array,
    rho: Callable[[Array], Array] = sigmoid,
    slope: Callable[[Array], Array] = sigmoid_slope,
) -> Pair:
    """Ernoult et al. 2019, energy-based, as their code: ds/dt = −s + ρ′(s)·(Σ W ρ(s) + b), the inputs' ρ(x)
    among them; for the output −y + W ρ(h) + b, nudged by β·(t − y); s ← clip(s + dt·ds/dt) to [0, 1]."""
    h, y = state
    for _ in range(steps):
        dh = -h + slope(h) * (rho(x) @ net.w1 + rho(y) @ net.w2.T + net.b1)
        dy = -y + rho(h) @ net.w2 + net.b2 + beta * (t - y)
        h, y = clip(h + dt * dh), clip(y + dt * dy)
    return h, y


def ernoult_prototypical(
    net: Layered,
    x: Array,
    state: Pair,
    steps: int,
    beta: float,
    t: Array,
    rho: Callable[[Array], Array],
    readout: Callable[[Array], Array],
    dt: float = 1.0,
) -> Pair:
    """Ernoult et al. 2019, prototypical: h ← ρ(W x + Wᵀ y + b), y ← ρ_out(W h + b) + β·(t − y); the states
    are activities. Their code takes steps dt towards these."""
    h, y = state
    for _ in range(steps):
        dh = rho(x @ net.w1 + y @ net.w2.T + net.b1) - h
        dy = readout(h @ net.w2 + net.b2) + beta * (t - y) - y
        h, y = h + dt * dh, y + dt * dy
    return h, y
