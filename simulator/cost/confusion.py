"""Confusion: how often each class was answered how, where outputs stand for classes.

    counts[true class, class answered]

Classes are those of decode=argmax, or the two sides of a single output (decode=threshold | sign). Several
buses, or several outputs read one by one, have no such table.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.simulator.cost.decoding import Readout, Several

Array = NDArray[Any]


def confusion(readout: Readout | Several, outputs: Array, targets: Array) -> Array | None:
    """Return the table of a batch; None where outputs stand for no classes."""
    if isinstance(readout, Several) or readout.decode == "linear":
        return None
    classes = targets.shape[1] if readout.decode == "argmax" else 2
    if readout.decode != "argmax" and targets.shape[1] != 1:
        return None
    true = np.ravel(readout.answers(targets)).astype(np.int64)
    said = np.ravel(readout.answers(readout.values(outputs))).astype(np.int64)
    return np.bincount(true * classes + said, minlength=classes * classes).reshape(classes, classes)


def wilson(wrong: int, samples: int, z: float = 1.959963984540054) -> tuple[float, float]:
    """Return Wilson's interval of a fraction, of 95 % by default (Wilson 1927): it lies within 0 and 1."""
    share, spread = wrong / samples, z * z / samples
    middle = (share + 0.5 * spread) / (1.0 + spread)
    half = z * np.sqrt(share * (1.0 - share) / samples + 0.25 * spread / samples) / (1.0 + spread)
    # Of none and of all, one end is the fraction itself, whatever rounding says.
    return (
        float(middle - half) if wrong else 0.0,
        float(middle + half) if wrong < samples else 1.0,
    )
