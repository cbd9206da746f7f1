"""Squared error: C = ½ Σ (y − t)², a sum over the outputs, in state units."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def losses(outputs: Array, targets: Array) -> Array:
    """Return the cost of each sample, (B,)."""
    apart = outputs - targets
    return np.asarray(0.5 * np.einsum("bk,bk->b", apart, apart))


def slope(outputs: Array, targets: Array) -> Array:
    """Return ∂C/∂y, (B, outputs)."""
    return np.asarray(outputs - targets)
