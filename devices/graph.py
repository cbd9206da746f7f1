"""Graph: the elements of a circuit as flat arrays, sorted by family, as kernels read them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]


class Graph(NamedTuple):
    """Elements sorted by family. Ground and every unused position point at a dump slot at the end.

    `entries` holds, row by row, where ∂i/∂u of an element goes in the Jacobian's data; rows are the
    element's pins but its controls, columns all its pins.
    """

    family: IntArray  # (families + 1) first element of each family
    pin_start: IntArray  # (elements + 1) into pins
    pins: IntArray  # unknown of each pin; ground is the last slot of x
    rows: IntArray  # (elements) pins that are not controls
    entry_start: IntArray  # (elements + 1) into entries
    entries: IntArray  # position in the Jacobian's data; the last slot is the dump
    value_start: IntArray  # (elements + 1) into values
    values: FloatArray
    memory_start: IntArray  # (elements + 1) into a sample's memory
    width: int  # the most pins an element has
    laws: IntArray  # (families) address of the machine code that runs a family's law (dispatch.link)
