"""Schedules: what is left of the rates in an epoch. For those who train off-chip.

    constant       1
    exponential    gamma^(n − 1)                  n = 1 … N, the epoch
    cosine         ½·(1 + cos(π·(n − 1)/N))

Every .learn rate is multiplied by it, from the first batch of the epoch to its last. Sources: Scellier et
al. 2024 (gamma = 0.99), Laborieux et al. 2021 (cosine; Loshchilov & Hutter, ICLR 2017, without restarts).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

#: (epoch from 1, epochs of the run, gamma) → the share of the rates.
Schedule = Callable[[int, int, float], float]


def constant(epoch: int, epochs: int, gamma: float) -> float:
    """Return 1."""
    return 1.0


def exponential(epoch: int, epochs: int, gamma: float) -> float:
    """Return gamma^(epoch − 1)."""
    return gamma ** (epoch - 1)


def cosine(epoch: int, epochs: int, gamma: float) -> float:
    """Return half a cosine, from 1 in the first epoch towards 0 after the last."""
    return 0.5 * (1.0 + math.cos(math.pi * (epoch - 1) / epochs))


SCHEDULES: Mapping[str, Schedule] = {
    "constant": constant,
    "exponential": exponential,
    "cosine": cosine,
}
