"""What a reading adds to stored values: read noise, 1/f noise, telegraph noise.

    read noise   w + σ·ξ + σ_rel·|w|·ξ′, anew in each reading
    1/f          w·(1 + Q·√ln((t + t_r)/(2·t_r))·ξ), t the time since the write, t_r that of the reading,
                 Q = min(flicker_max, flicker·|w/w_max|^−flicker_exp)
    telegraph    w·(1 − rtn·s), s = 0 or 1: a trap that comes at rate λ₊ and goes at λ₋. In Δt
                 P(0→1) = λ₊/λ·(1 − e^(−λΔt)), P(1→0) = λ₋/λ·(1 − e^(−λΔt)), λ = λ₊ + λ₋: exact for any Δt

Traps move when time passes, not when they are read: phases of one sample see the same.

Source: Nandakumar et al., ICECS (2019) (1/f of phase-change memory); Machlup, J. Appl. Phys. 25:341 (1954)
(telegraph). Limits: 1/f has the variance that the law gives a single reading; its correlation from one
reading to the next is not there.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.devices.cells.drawn import Drawn
from eqchip.devices.cells.normals import normals

Array = NDArray[Any]
FloatArray = NDArray[np.float64]


class Reading:
    """How an array of devices is read."""

    def __init__(self, drawn: Drawn, w_max: float) -> None:
        self.w_max = w_max
        self.noise, self.relative = drawn.number("read_noise"), drawn.number("read_noise_rel")
        self.flicker, self.exponent = drawn.number("flicker"), drawn.number("flicker_exp")
        self.most, self.seconds = drawn.number("flicker_max"), drawn.number("flicker_read")
        self.rtn = drawn.number("rtn")
        self.up, self.down = drawn.number("rtn_up"), drawn.number("rtn_down")
        self.fluctuates = bool(self.noise or self.relative or self.flicker or self.rtn)
        share = self.up / (self.up + self.down) if self.up + self.down > 0.0 else 0.0
        self.first = drawn.uniform("rtn") < share if self.rtn else np.zeros((), np.bool_)

    @property
    def plain(self) -> bool:
        """Whether a reading is normal about what is stored, by read noise alone."""
        return not (self.flicker or self.rtn)

    def flip(self, traps: Array, seconds: float, random: np.random.Generator) -> Array:
        """Return the traps after a wait."""
        total = self.up + self.down
        if not self.rtn or total == 0.0:
            return traps
        moved = -np.expm1(-total * seconds) / total
        chance = np.where(traps, self.down, self.up) * moved
        return np.asarray(traps ^ (random.random(traps.shape) < chance))

    def read(
        self, values: FloatArray, age: FloatArray, traps: Array, random: np.random.Generator
    ) -> FloatArray:
        """Return what is read of values written `age` seconds ago."""
        size = np.abs(values)
        seen = values
        if self.rtn:
            seen = seen * (1.0 - self.rtn * traps)
        if self.flicker:
            relative = np.maximum(size / self.w_max, 1e-12)
            q = np.minimum(self.flicker * relative**-self.exponent, self.most)
            grown = np.log((age + self.seconds) / (2.0 * self.seconds))
            seen = seen + values * q * np.sqrt(np.maximum(grown, 0.0)) * normals(values.shape, random)
        if self.noise:
            seen = seen + self.noise * normals(values.shape, random)
        if self.relative:
            seen = seen + self.relative * size * normals(values.shape, random)
        return seen
