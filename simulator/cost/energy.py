"""Energy: the power of a phase added up over its course, sample by sample and kind by kind.

    burnt      Σ_steps ½(P₀ + P₁)·h          J of each kind of device
    stored     Σ_steps v̄·Δq                  J that capacitances took up
    delivered  Σ_steps ½(D₀ + D₁)·h          J of sources and supplies

delivered = Σ burnt + stored, but for the error of the trapezoidal sums, of the order of the square of a step.
A sample whose phase is over before the others' stands still and takes nothing more.

Source: the trapezoidal rule on the balance of cost/power.py. Limits: power between two states is a straight
line, so steps must follow the course: Euler's of half a time constant are some per cent off.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eqchip.simulator.cost.power import STORED, Power, taken_up

FloatArray = NDArray[np.float64]


class Energy:
    """Adds up what a batch of samples takes."""

    def __init__(self, samples: int) -> None:
        self.kinds: dict[str, FloatArray] = {}  # (B,) J of each kind, and STORED
        self.delivered = np.zeros(samples)
        self._before: tuple[FloatArray, Power] | None = None

    def add(self, at: FloatArray, power: Power) -> None:
        """Take the next state: when each sample was in it, s, and its power."""
        if self._before is not None:
            began, before = self._before
            half = 0.5 * (at - began)
            for kind, now in power.burnt.items():
                self._add(kind, half * (before.burnt[kind] + now))
            self._add(STORED, taken_up(before, power))
            self.delivered = self.delivered + half * (before.delivered + power.delivered)
        self._before = at, power

    def begin_again(self) -> None:
        """Go on with another phase: its first state follows no other."""
        self._before = None

    def _add(self, kind: str, joules: FloatArray) -> None:
        self.kinds[kind] = self.kinds.get(kind, 0.0) + joules
