"""Decoding: which answer a row of outputs gives, and how often it is the wrong one.

    argmax     the output with the largest value
    sign       of each output: above 0 or not
    threshold  of each output: above the middle between its two targets or not
    linear     the outputs as they are; there is no right or wrong, only a loss

Of several .output buses each is read in its own way (`Several`).
With `pairs` the bus holds y₊ and y₋ in turn and y = y₊ − y₋. Targets are decoded the same way; a sample is
wrong when any of its outputs is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.errors import InputError, nearest

Array = NDArray[Any]
DECODES = ("argmax", "sign", "threshold", "linear")


def unpair(outputs: Array) -> Array:
    """Return y₊ − y₋ of an interleaved bus."""
    return np.asarray(outputs[:, 0::2] - outputs[:, 1::2])


@dataclass(frozen=True, slots=True)
class Readout:
    """How outputs are read. `middle` is the threshold of each output (decode=threshold)."""

    decode: str = "argmax"
    pairs: bool = False
    middle: Array | None = None

    def __post_init__(self) -> None:
        if self.decode not in DECODES:
            raise InputError(
                f"decode={self.decode}: no such decoding",
                expected=" | ".join(DECODES),
                near=nearest(self.decode, DECODES),
            )

    def values(self, outputs: Array) -> Array:
        """Return y: the outputs, or the differences of their pairs."""
        return unpair(outputs) if self.pairs else outputs

    def answers(self, values: Array) -> Array:
        """Return what the values of outputs (or targets) say; for linear, the values."""
        if self.decode == "argmax":
            return np.asarray(np.argmax(values, axis=1)[:, None])
        if self.decode == "sign":
            return np.asarray(values > 0.0)
        if self.decode == "threshold":
            return np.asarray(values > (0.5 if self.middle is None else self.middle))
        return values

    def wrong(self, outputs: Array, targets: Array) -> Array | None:
        """Return which samples are answered wrongly, (B,) bool; None where there is no right or wrong."""
        if self.decode == "linear":
            return None
        answers = self.answers(self.values(outputs))
        return np.asarray(np.any(answers != self.answers(targets), axis=1))


@dataclass(frozen=True, slots=True)
class Several:
    """How several output buses are read, each in its own way; `widths` are their nodes, bus after bus."""

    parts: tuple[Readout, ...]
    widths: tuple[int, ...]

    def values(self, outputs: Array) -> Array:
        """Return y of all buses, bus after bus."""
        cut = _cut(outputs, self.widths)
        return np.concatenate([one.values(part) for one, part in zip(self.parts, cut, strict=True)], axis=1)

    def wrong(self, outputs: Array, targets: Array) -> Array | None:
        """Return which samples any bus answers wrongly; None where no bus has a right or wrong."""
        found = [
            one.wrong(part, wanted)
            for one, part, wanted in zip(
                self.parts,
                _cut(outputs, self.widths),
                _cut(targets, [width // 2 if one.pairs else width for one, width in self._sized()]),
                strict=True,
            )
        ]
        judged = [one for one in found if one is not None]
        return np.logical_or.reduce(judged) if judged else None

    def _sized(self) -> zip[tuple[Readout, int]]:
        return zip(self.parts, self.widths, strict=True)


def _cut(values: Array, widths: Sequence[int]) -> list[Array]:
    return np.split(values, np.cumsum(widths)[:-1], axis=1)
