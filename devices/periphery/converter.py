"""Converter: the transfer curve of a DAC or an ADC.

    code = round((x − low)/(high − low)·(2^bits − 1)), held within 0 … 2^bits − 1
    x ←    low + LSB·(code + bow(code)),    LSB = (high − low)/(2^bits − 1)
    bow =  inl·(a·sin πt + b·sin 2πt)/√(a² + b²)        t = code/(2^bits − 1)

The bow is the static integral nonlinearity of a converter whose ends are trimmed, inl its size in LSB, the
shape (a, b) drawn once for each converter of a chip. An ADC has its bow before it rounds, so its answer stays
on the grid. Without bits there is no converter, and values pass as they are.

Source: facts of converters as data sheets state them (IEEE Std 1241: INL in LSB, end-point fit).
Limits: no dynamic errors; noise and offset of an ADC are added by who reads it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Converter:
    """The converters of a bus, one a node."""

    bits: int
    low: float
    high: float
    bow: Array  # (nodes, 2) LSB: sizes of sin πt and sin 2πt

    @property
    def steps(self) -> int:
        """How many steps of one LSB the range has."""
        return int(2**self.bits - 1)

    @property
    def lsb(self) -> float:
        """One step, in the unit of the values."""
        return (self.high - self.low) / self.steps

    def to_analog(self, values: Array) -> Array:
        """Return what a DAC makes of numbers (B, nodes)."""
        code = np.clip(np.rint((values - self.low) / self.lsb), 0, self.steps)
        return np.asarray(self.low + self.lsb * (code + self._bent(code)))

    def to_digital(self, values: Array) -> Array:
        """Return the numbers an ADC answers for analog values (B, nodes)."""
        place = (values - self.low) / self.lsb
        place = place + self._bent(np.clip(place, 0.0, self.steps))
        return np.asarray(self.low + self.lsb * np.clip(np.rint(place), 0, self.steps))

    def _bent(self, place: Array) -> Array:
        turn = np.pi * place / self.steps
        return np.asarray(self.bow[:, 0] * np.sin(turn) + self.bow[:, 1] * np.sin(2.0 * turn))


def drawn(
    bits: int, low: float, high: float, inl: float, count: int, random: np.random.Generator
) -> Converter:
    """Return the converters of a bus, the shape of their nonlinearity drawn."""
    shape = random.standard_normal((count, 2))
    shape /= np.hypot(shape[:, 0], shape[:, 1])[:, None]
    return Converter(bits, low, high, inl * shape)
