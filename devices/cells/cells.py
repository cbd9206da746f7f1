"""Cells: an array of memory devices, from the change that is asked for to the weight that is read.

    request ─pulses→ device ─time→ stored value ─reading→ weight of a phase

A weight is wscale·(value − reference), or wscale·(value₊ − value₋) of a pair. Every other file of this room
is one idea on this way; this one runs them in their order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.devices.cells import affine, steps
from eqchip.devices.cells.declarations import PARAMETERS
from eqchip.devices.cells.drawn import Drawn, Stream
from eqchip.devices.place import Place
from eqchip.errors import InputError
from eqchip.threads import share

__all__ = ["PARAMETERS", "Cells", "cells_of"]

Array = NDArray[Any]
FloatArray = NDArray[np.float64]

_IMPERFECT = {one.name: one for one in PARAMETERS if one.place is not Place.LAW}
_HERE = frozenset(
    {"update", "up_down", "pulses", "w_max", "w_min", "dw_min_std", "mult_noise", "dw_min_dtod", "dtod_law"}
    | {"up_down_dtod", "w_max_dtod", "w_min_dtod", "gamma_up", "gamma_down", "gamma_up_dtod"}
    | {"gamma_down_dtod", "stuck"}
)


class Cells:
    """An array of memory devices. Weights and requests have the shape of the array; units are those of W."""

    def __init__(self, given: Mapping[str, Any], shape: tuple[int, ...], chip_stream: Stream) -> None:
        self.shape = tuple(shape)
        drawn = Drawn(given, self.shape, chip_stream)
        _refuse(drawn)
        self.wscale = drawn.number("wscale")
        self.dw_min = drawn.number("dw_min")
        low, high = steps.bounds(drawn)
        self._devices = steps.affine_of(drawn, self.dw_min, low, high)
        self._rounded = drawn.word("pulses") == "deterministic"
        self._longest = drawn.number("bl")
        self._multiplicative = drawn.word("mult_noise") == "1"
        self._low, self._high = (np.broadcast_to(one, self.shape) for one in (low, high))
        self._hidden: FloatArray = np.clip(np.zeros(self.shape), low, high)
        self.energy = 0.0
        self.pulses = 0.0

    @property
    def weights(self) -> FloatArray:
        """The weights stored now."""
        return self.wscale * self._hidden

    def program(self, weights: Array, random: np.random.Generator, exact: bool = False) -> None:
        """Bring the devices to these weights as well as they can be; `exact`: as they once stood."""
        self._hidden = np.clip(weights / self.wscale, self._low, self._high)

    def change(self, request: Array, random: np.random.Generator) -> None:
        """Ask for a change of the weights: it is made in pulses, as the devices make it."""
        asked = steps.rows(request / (self.wscale * self.dw_min), self.shape)
        pulses = np.abs(asked)
        if self._rounded:
            pulses = np.minimum(np.rint(pulses), self._longest)
        k0, k1 = (int(word) for word in random.integers(0, 1 << 32, 2, dtype=np.uint64))
        sums = np.zeros((len(asked), 2))
        hidden = steps.rows(self._hidden, self.shape).copy()

        def work(first: int, last: int) -> None:
            affine.affine_rows(
                first, last, hidden, asked, pulses, self._devices, self._multiplicative, k0, k1, sums
            )

        share(work, len(asked))
        self._hidden = hidden.reshape(self.shape)
        self.pulses += float(sums[:, 0].sum())

    def wait(self, seconds: float, random: np.random.Generator) -> None:
        """Let time pass."""

    @property
    def fluctuates(self) -> bool:
        """Whether a reading differs from what is stored."""
        return False

    def read(self, random: np.random.Generator) -> FloatArray:
        """Return the weights as one phase reads them."""
        return self.weights

    def state(self) -> dict[str, Array]:
        """Return all that the next change depends on."""
        return {"hidden": self._hidden, "spent": np.array([self.energy, self.pulses])}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Bring the devices back into a state."""
        self._hidden = np.array(state["hidden"], dtype=np.float64)
        self.energy, self.pulses = (float(one) for one in state["spent"])


def cells_of(given: Mapping[str, Any], shape: tuple[int, ...], chip_stream: Stream) -> Cells | None:
    """Return the cells of an array of these parameters; None where all is ideal."""
    if not any(_acts(name, value) for name, value in given.items()):
        return None
    return Cells(given, shape, chip_stream)


def _acts(name: str, value: Any) -> bool:
    """Say whether a parameter that is given makes a device differ from the ideal one."""
    if name == "stuck":
        return not np.all(np.isnan(value))
    if name not in _IMPERFECT or value is None:
        return False
    default = _IMPERFECT[name].default
    return bool(value != default if isinstance(value, str) else default is None or np.any(value != default))


def _refuse(drawn: Drawn) -> None:
    """Refuse by name what is declared but not there yet."""
    for name in drawn.given:
        if name in _IMPERFECT and name not in _HERE and _acts(name, drawn.given[name]):
            raise InputError(f"{name} of cells is not there yet")
    if drawn.word("update") not in ("ideal", "constant", "linear", "softbounds"):
        raise InputError(f"update={drawn.word('update')} is not there yet")
    if drawn.word("pulses") not in ("expected", "deterministic"):
        raise InputError(f"pulses={drawn.word('pulses')} is not there yet")
    if drawn.word("cells") != "single":
        raise InputError(f"cells={drawn.word('cells')} is not there yet")
