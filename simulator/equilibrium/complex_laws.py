"""Activities of complex states: ρ, ρ′ and ρ″ of the analytic activations, continued from the real axis.

With z = slope·(s − shift), the poles nearest to the real axis lie at Im z = ±π (sigmoid, and where softplus
has its branch points) and ±π/2 (tanh). The clamped activations are not analytic: they are not here.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.devices.node_law import LINEAR, SIGMOID, SOFTPLUS, TANH
from eqchip.simulator.node_kernels import Law

Array = NDArray[Any]

#: |Im z| up to which an activation has no singularity.
STRIP = {LINEAR: math.inf, SIGMOID: math.pi, SOFTPLUS: math.pi, TANH: math.pi / 2.0}


def argument(law: Law, s: Array) -> Array:
    """Return z."""
    return np.asarray(law.slope.astype(np.float64) * (s - law.shift.astype(np.float64)))


def inside(law: Law, s: Array) -> NDArray[np.bool_]:
    """Say, sample by sample, whether all states are within the strip."""
    return np.asarray(np.all(np.abs(argument(law, s).imag) < STRIP[law.code], axis=1))


def laws(law: Law, s: Array) -> tuple[Array, Array, Array]:
    """Return ρ, ρ′ and ρ″, with respect to s."""
    if law.code == LINEAR:
        return s, np.ones_like(s), np.zeros_like(s)
    z, slope = argument(law, s), law.slope.astype(np.float64)
    if law.code == TANH:
        rho = np.tanh(z)
        rise = slope * (1.0 - rho * rho)
        return rho, rise, -2.0 * slope * rho * rise
    sigma = 0.5 * (1.0 + np.tanh(0.5 * z))
    bend = slope * slope * sigma * (1.0 - sigma)
    if law.code == SIGMOID:
        return sigma, slope * sigma * (1.0 - sigma), bend * (1.0 - 2.0 * sigma)
    positive = z.real >= 0.0
    away = np.where(positive, z, -z)  # ln(1 + eᶻ) = z + ln(1 + e⁻ᶻ), so that exp does not overflow
    return np.where(positive, z, 0.0) + np.log1p(np.exp(-away)), slope * sigma, bend
