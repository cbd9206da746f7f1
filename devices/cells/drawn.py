"""The devices of an array as they were manufactured: every parameter of each, spreads drawn once a chip.

    dw_min·(1 + s·ξ)  or  dw_min·exp(s·ξ)      bounds, lifetime, pow_gamma: x·(1 + s·ξ)      others: x + s·ξ

A relative draw is held at 0.1 % of its nominal value. up_down > 0 shrinks down steps, up_down < 0 up steps;
its spread moves both: a₊ = (g + min(u, 0) + r)·dw_min, a₋ = (g − max(u, 0) − r)·dw_min, g = 1 + s·ξ,
r = s_u·ξ.

Source: Gokmen & Vlasov, Front. Neurosci. 10:333 (2016). Limits: draws are independent; a step that a draw
turns round is taken without its sign.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.devices.cells.declarations import INSTANCE, PARAMETERS

FloatArray = NDArray[np.float64]
Stream = Callable[[str], np.random.Generator]

LEAST = 1e-3
_KNOWN = {one.name: one for one in (*PARAMETERS, *INSTANCE)}


class Drawn:
    """What was given of an array of devices, and what was drawn; arrays have `shape`, or () if all agree."""

    def __init__(self, given: Mapping[str, Any], shape: tuple[int, ...], stream: Stream) -> None:
        self.given = {name: value for name, value in given.items() if name in _KNOWN and value is not None}
        self.shape = shape
        self._stream = stream

    def word(self, name: str) -> str:
        """Return an enumerated parameter."""
        return str(self.given.get(name, _KNOWN[name].default))

    def has(self, name: str) -> bool:
        """Say whether a parameter is given."""
        return name in self.given

    def number(self, name: str) -> float:
        """Return a parameter that all devices share."""
        value = np.asarray(self.given.get(name, _KNOWN[name].default), dtype=np.float64)
        return float(value.flat[0])

    def nominal(self, name: str, default: float | None = None) -> FloatArray:
        """Return a parameter without its spread, a number or one for each device."""
        value = self.given.get(name)
        if value is None:
            value = _KNOWN[name].default if default is None else default
        array = np.asarray(value, dtype=np.float64)
        return array if array.ndim == 0 else np.broadcast_to(array, self.shape)

    def xi(self, name: str) -> FloatArray:
        """Return what a parameter is drawn by: one normal for each device."""
        return self._stream(name).standard_normal(self.shape)

    def uniform(self, name: str) -> FloatArray:
        """Return numbers from 0 to 1, one for each device."""
        return self._stream(name).random(self.shape)

    def relative(self, name: str, default: float | None = None) -> FloatArray:
        """Return a parameter with its relative spread."""
        value, width = self.nominal(name, default), self.nominal(f"{name}_dtod")
        return value * np.maximum(1.0 + width * self.xi(name), LEAST) if np.any(width) else value

    def absolute(self, name: str, width: str = "") -> FloatArray:
        """Return a parameter with its absolute spread."""
        value, spread = self.nominal(name), self.nominal(width or f"{name}_dtod")
        return value + spread * self.xi(name) if np.any(spread) else value

    def increments(self, dw_min: float) -> tuple[FloatArray, FloatArray]:
        """Return the step of one pulse at value 0, up and down, both positive."""
        width, gain = self.nominal("dw_min_dtod"), np.ones(())
        if np.any(width):
            xi = self.xi("dw_min")
            lognormal = self.word("dtod_law") == "lognormal"
            gain = np.exp(width * xi) if lognormal else np.maximum(1.0 + width * xi, LEAST)
        shift, spread = self.nominal("up_down"), self.nominal("up_down_dtod")
        extra = spread * self.xi("up_down") if np.any(spread) else 0.0
        scale = self.nominal("dw_min") / self.number("dw_min") * dw_min
        up = np.abs(gain + np.minimum(shift, 0.0) + extra) * scale
        down = np.abs(gain - np.maximum(shift, 0.0) - extra) * scale
        return up, down
