"""1/f noise between two frequencies, as a bank of Ornstein-Uhlenbeck processes.

    one-sided spectrum A²/f from `low` to `high`
    corners f_k = 1/(2πτ_k) in equal ratios R, each of variance A²·ln R

Because ∫ 4τ/(1 + ω²τ²) d ln τ = 1/f, the sum over corners is A²/f with a ripple that R sets. There are two
corners a decade here, and the bank goes on for a decade beyond both ends: within the band its spectrum is
within 0.35 dB of A²/f (the most at both ends; 0.03 dB of ripple well inside). Below it is white, above it
falls as 1/f². The variance is A²·(ln(high/low) + 2 ln 10), so the noise is stationary; each process takes
exact steps of any length.

Source: van der Ziel, Physica 16:359 (1950); ripple measured in the tests.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from eqchip.simulator.noise.ornstein_uhlenbeck import OrnsteinUhlenbeck

FloatArray = NDArray[np.float64]

#: Corners a decade, and decades beyond each end of the band.
DENSITY, BEYOND = 2, 1


def corners(low: float, high: float) -> FloatArray:
    """Return the corner frequencies of a bank, Hz."""
    first, last = math.log10(low) - BEYOND, math.log10(high) + BEYOND
    count = max(2, math.ceil((last - first) * DENSITY))
    step = (last - first) / count
    return np.asarray(10.0 ** (first + step * (0.5 + np.arange(count))))


def bank(amplitude: FloatArray, low: float, high: float) -> tuple[OrnsteinUhlenbeck, ...]:
    """Return the processes whose sum is the noise, each for all n columns; `amplitude` (n) is A."""
    found = corners(low, high)
    ratio = math.log(found[1] / found[0])
    deviation = np.asarray(amplitude) * math.sqrt(ratio)
    return tuple(
        OrnsteinUhlenbeck(deviation, np.full_like(deviation, 1.0 / (2.0 * math.pi * corner)))
        for corner in found
    )
