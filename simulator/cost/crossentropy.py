"""Cross-entropy: C = −Σ t·log softmax(y), the targets of a sample a distribution: Σt = 1.

    ∂C/∂y = softmax(y) − t        ∂²C/∂y² = diag(p) − ppᵀ ⪯ ½

so the nudge pulls with β·(t − softmax(y)), and no output has to reach a target: only differences between
outputs count. Bound of the curvature: Böhning, Annals of the Institute of Statistical Mathematics 44 (1992).

Source: Laborieux et al., Frontiers in Neuroscience 15 (2021), eq. 15, for its use as a nudge. Limits: one
output bus of at least two nodes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.errors import InputError

Array = NDArray[Any]

#: How far from 1 the targets of a sample may add up, by rounding.
ROUNDING = 1e-6


def softmax(outputs: Array) -> Array:
    """Return exp(y)/Σ exp(y), row by row; analytic in y, so that y may be complex."""
    e = np.exp(outputs - np.max(np.real(outputs), axis=1, keepdims=True))
    return np.asarray(e / np.sum(e, axis=1, keepdims=True))


def losses(outputs: Array, targets: Array) -> Array:
    """Return the cost of each sample, (B,)."""
    apart = outputs - np.max(outputs, axis=1, keepdims=True)
    logs = apart - np.log(np.sum(np.exp(apart), axis=1, keepdims=True))
    return np.asarray(-np.einsum("bk,bk->b", targets, logs))


def slope(outputs: Array, targets: Array) -> Array:
    """Return ∂C/∂y, (B, outputs)."""
    return np.asarray(softmax(outputs) - targets)


def bend(outputs: Array) -> Array:
    """Return ∂²C/∂y², (B, outputs, outputs)."""
    p = softmax(outputs)
    bent = -p[:, :, None] * p[:, None, :]
    index = np.arange(p.shape[1])
    bent[:, index, index] += p
    return np.asarray(bent)


def check(targets: Array) -> None:
    """Refuse targets that are no distribution."""
    if targets.shape[1] < 2:
        raise InputError(
            "cost=crossentropy of a single output: its softmax is always 1",
            expected="an output for each class, or cost=mse",
        )
    total = np.sum(targets, axis=1)
    wrong = np.flatnonzero((np.abs(total - 1.0) > ROUNDING) | np.any(targets < 0.0, axis=1))
    if len(wrong):
        row = targets[wrong[0]]
        what = f"add up to {float(total[wrong[0]]):g}" if np.all(row >= 0.0) else "go below 0"
        raise InputError(
            f"cost=crossentropy: the targets of a sample {what}",
            expected="targets that are a distribution over the outputs (one-hot), or cost=mse",
        )
