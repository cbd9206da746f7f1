"""Slow plain twins of the noise of time: Van Loan's matrix exponential, and the laws as they are printed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import expm

FloatArray = NDArray[np.float64]

BOLTZMANN = 1.38064852e-23


def van_loan(
    c: FloatArray, g: FloatArray, temperature: float, length: float
) -> tuple[FloatArray, FloatArray]:
    """Return e^{−At} and ∫₀ᵗ e^{−As} B Bᵀ e^{−Aᵀs} ds of C dv = −G v dt + √(2kT G) dW."""
    n = len(c)
    inverse = np.linalg.inv(c)
    a = -inverse @ g
    density = 2.0 * BOLTZMANN * temperature * inverse @ g @ inverse
    block = np.block([[-a, density], [np.zeros((n, n)), a.T]])
    exponential = expm(block * length)
    kept = exponential[n:, n:].T
    return kept, kept @ exponential[:n, n:]


def spectrum(x: FloatArray, length: float) -> tuple[FloatArray, FloatArray]:
    """Return frequencies and the one-sided spectrum of rows of samples, averaged over the rows."""
    n = x.shape[1]
    window = np.hanning(n)
    power = np.abs(np.fft.rfft(x * window, axis=1)) ** 2
    found = 2.0 * length * np.mean(power, axis=0) / np.sum(window**2)
    return np.fft.rfftfreq(n, length), found
