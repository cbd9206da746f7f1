"""A Langevin chip of two free neurons, and the sums over a grid that its averaged contrasts should be."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

CHIP = """\
.bus x[1] h[1] y[1]
.model syn synapse
.model cell neuron(activation=tanh langevin=0.2)
Yxh x h syn w=0.8
Yhy h y syn w=0.7
Nh h cell
Ny y cell
.input x
.output y
.nudge y
.learn Yxh rate=0.1
.learn Yhy rate=0.1
.learn Nh rate=0.1
"""
T, X, TARGET = 0.2, 0.9, -0.4


def grid(beta: float, w: tuple[float, float] = (0.8, 0.7), bias: float = 0.0) -> tuple[FloatArray, float]:
    """Return ⟨∂E/∂θ⟩ of W₁, W₂ and b at β, and the mean cost ½(y − t)²; sums over 601² points."""
    s = np.linspace(-5.0, 5.0, 601)
    h, y = s[:, None], s[None, :]
    a, b = np.tanh(h), np.tanh(y)
    energy = 0.5 * h**2 + 0.5 * y**2 - (w[0] * X + bias) * a - w[1] * a * b
    cost = 0.5 * (y - TARGET) ** 2
    weight = np.exp(-(energy + beta * cost) / T)
    weight /= np.sum(weight)
    means = [np.sum(weight * one) for one in (-X * a, -a * b, -a)]
    return np.array(means), float(np.sum(weight * cost))
