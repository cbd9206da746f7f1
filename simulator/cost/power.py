"""Power: where the power of a chip goes at one state, sample by sample.

    delivered = Σ burnt + Σ v·dq/dt            W; the balance of any circuit (dissipation.py)

`burnt` is by kind of device. `volts` and `charges` stand side by side, node by node (and, of an inductor,
minus its current beside its flux): between two states v̄·Δq is what capacitances took up, v̄ the mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

#: What holds nodes at their rails and clamped activations in their interval.
RAILS = "rails"
#: What charges took up.
STORED = "stored"


@dataclass(frozen=True, slots=True)
class Power:
    """The power of a batch of samples, each in its state."""

    burnt: Mapping[str, FloatArray]  # (B,) W by kind of device
    delivered: FloatArray  # (B,) W, by sources in the circuit and supplies outside of it
    volts: FloatArray  # (B, n)
    charges: FloatArray  # (B, n)


def taken_up(before: Power, after: Power) -> FloatArray:
    """Return the joules that charges took up between two states, sample by sample."""
    volts = 0.5 * (before.volts + after.volts)
    return np.asarray(np.einsum("bn,bn->b", volts, after.charges - before.charges))
