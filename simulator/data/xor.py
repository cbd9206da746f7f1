"""Exclusive or: four samples, two inputs of 0 or 1, class 1 where exactly one of them is 1."""

from __future__ import annotations

import numpy as np

from eqchip.simulator.data.pool import Pool, Source


def xor() -> Source:
    """Return the four samples; they are trained on and tested with."""
    data = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    return Source("xor", Pool(data, np.array([0, 1, 1, 0])))
