"""How devices stand for a weight: one alone, two of which the difference counts, or one against a column.

    single      value = w                         one device, asked for the whole change
    pair        value = w₊ − w₋                   two, each asked for half of it, in opposite directions
    onesided    value = w₊ − w₋                   two, of which only one is asked, and only upwards
    reference   value = w − w_row                 one, against a device of its row that is not pulsed

A pair is set to a value about the middle of its range, a one-sided pair from its lower bound. Refreshing one
sets it anew to the difference that it has, so that devices leave their bounds.

Source: Burr et al., IEEE TED 62:3498 (2015) (pairs, one-sided updates, refresh).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

SINGLE, PAIR, ONESIDED, REFERENCE = "single", "pair", "onesided", "reference"

#: Of a change, what each device is asked for.
SHARES = {SINGLE: 1.0, PAIR: 0.5, ONESIDED: 1.0, REFERENCE: 1.0}


def planes(kind: str) -> int:
    """Return how many devices a weight has of its own."""
    return 2 if kind in (PAIR, ONESIDED) else 1


def joined(kind: str, values: FloatArray) -> FloatArray:
    """Return the values that devices stand for, of planes (planes, *shape)."""
    return np.asarray(values[0] - values[1] if planes(kind) == 2 else values[0])


def split(kind: str, wanted: FloatArray, low: float, high: float) -> FloatArray:
    """Return what devices with these nominal bounds are set to, to stand for values."""
    if kind == PAIR:
        rest = 0.5 * (low + high) if math.isfinite(high - low) else 0.0
        return np.stack([rest + 0.5 * wanted, rest - 0.5 * wanted])
    if kind == ONESIDED:
        rest = low if math.isfinite(low) else 0.0
        return np.stack([rest + np.maximum(wanted, 0.0), rest + np.maximum(-wanted, 0.0)])
    return np.asarray(wanted[None])
