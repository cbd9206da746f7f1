"""What time does to stored values: drift, decay, diffusion.

    drift       w ← w·((t + Δt + t₀)/(t + t₀))^−ν, t the time since the device was last written
                ν = drift_nu − drift_nu_k·ln|w/w_max|, held within drift_nu_min … max, plus its own spread
    decay       w ← w_r + (w − w_r)·e^(−Δt/T)
    diffusion   w ← w + ρ·√Δt·ξ; with decay, √(½T·(1 − e^(−2Δt/T))) in place of √Δt

All are exact for any Δt: two waits are as one of their sum. So is drift with a ν that depends on w, because
ν is kept from when the device was written.

Source: Le Gallo et al., Adv. Electron. Mater. 4:1700627 (2018), and Nandakumar et al., ICECS (2019) (drift);
Gokmen & Vlasov, Front. Neurosci. 10:333 (2016) (decay). Limits: drift is towards value 0, so 0 should be no
conductance (cells=pair or onesided, w_min=0); a device that is pulsed at all drifts anew from then.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.devices.cells.drawn import Drawn
from eqchip.devices.cells.normals import normals

Array = NDArray[Any]
FloatArray = NDArray[np.float64]


class Keeping:
    """How an array of devices keeps its values."""

    def __init__(self, drawn: Drawn, w_max: float) -> None:
        self.w_max = w_max
        self.drift_nu, self.k = drawn.number("drift_nu"), drawn.number("drift_nu_k")
        spread = drawn.nominal("drift_dtod")
        self.own = spread * drawn.xi("drift_nu") if np.any(spread) else np.zeros(())
        self.drifts = bool(self.drift_nu or self.k or np.any(self.own))
        self.least = drawn.number("drift_nu_min") if drawn.has("drift_nu_min") else -np.inf
        self.most = drawn.number("drift_nu_max") if drawn.has("drift_nu_max") else np.inf
        self.t0 = drawn.number("drift_t0")
        self.lifetime = drawn.relative("lifetime")
        self.decays = bool(np.any(self.lifetime > 0.0))
        self.reset = drawn.absolute("reset")
        self.diffusion = drawn.number("diffusion")
        self.active = self.drifts or self.decays or self.diffusion > 0.0

    def exponents(self, values: FloatArray) -> FloatArray:
        """Return ν of devices that are written to these values."""
        nu = np.full(values.shape, self.drift_nu)
        if self.k:
            size = np.maximum(np.abs(values) / self.w_max, 1e-12)
            nu = nu - self.k * np.log(size)
        return np.asarray(np.clip(nu, self.least, self.most) + self.own)

    def pass_time(
        self, values: FloatArray, age: FloatArray, nu: FloatArray, seconds: float, random: np.random.Generator
    ) -> FloatArray:
        """Return values after a wait; `age` is the time since each was written, before the wait."""
        if self.drifts:
            values = values * ((age + seconds + self.t0) / (age + self.t0)) ** -nu
        width = np.full((), np.sqrt(seconds))
        if self.decays:
            alive = np.where(self.lifetime > 0.0, self.lifetime, np.inf)
            values = self.reset + (values - self.reset) * np.exp(-seconds / alive)
            with np.errstate(invalid="ignore"):
                lasting = np.sqrt(-0.5 * alive * np.expm1(-2.0 * seconds / alive))
            width = np.where(np.isfinite(alive), lasting, width)
        if self.diffusion > 0.0:
            values = values + self.diffusion * width * normals(values.shape, random)
        return values
