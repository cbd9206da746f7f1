"""Shaking: the noise of one phase, step by step, for a batch of samples.

What time steps is x (B, n), dx/dt = f(x) + c(t) + n(t):

    n   white, of density D: after each step x gets √q·ξ, q = D/2λ·(1 − a²) (ornstein_uhlenbeck.white_step);
        around steps of second order it gets half of its noise before and half after (split_step)
    c   1/f and telegraph noise, held for the length of a step at its value, which takes exact steps itself

A draw is keyed by the seed, the purpose, the epoch and the phase, and counted by sample, step and node: it
depends on no batch. White noise is fresh in every phase; 1/f noise and traps go on from the phase before
where `before` is given.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from eqchip.devices import random
from eqchip.simulator.moment import Moment
from eqchip.simulator.noise.flicker import bank
from eqchip.simulator.noise.ornstein_uhlenbeck import OrnsteinUhlenbeck
from eqchip.simulator.noise.telegraph import Telegraph

Array = NDArray[Any]
FloatArray = NDArray[np.float64]

#: Channels of draws: white noise, traps, kicks, then the processes of 1/f noise; white noise before a step.
WHITE, TRAPS, KICKS, SLOW = 0, 1, 2, 3
BEFORE = 1 << 16


@dataclass(frozen=True, slots=True)
class Slow:
    """1/f processes or traps on some of the unknowns, in units of dx/dt."""

    places: NDArray[np.int64]
    processes: tuple[OrnsteinUhlenbeck, ...] = ()
    traps: Telegraph | None = None
    jump: FloatArray = field(default_factory=lambda: np.zeros(0))


@dataclass(frozen=True, slots=True)
class Coupled:
    """White noise that unknowns share, in a network of constant conductances: dx/dt = −A·x + n(t)."""

    rates: FloatArray  # (m, m) A, 1/s
    stationary: FloatArray  # (m, m) covariance that n keeps up


class Kicks(Protocol):
    """White noise whose strength depends on where x stands."""

    count: int

    def __call__(self, x: Array, normal: Array) -> Array:
        """Return, over √s, what (B, count) standard normals kick (B, n) unknowns by."""


@dataclass(frozen=True, slots=True)
class Intensity:
    """How strongly the unknowns of a chip are shaken: m of its n, those that move, in their order."""

    density: FloatArray  # (m) of white noise: D, unit²/s
    slow: tuple[Slow, ...] = ()
    coupled: Coupled | None = None  # in place of `density`
    kicks: Kicks | None = None  # beside either
    at: NDArray[np.int64] | None = None  # where the m stand among the n; None: m = n
    #: Place of each of the m in the order of the circuit's nodes, which their draws follow; None: theirs.
    order: NDArray[np.int64] | None = None


class Shaking:
    """The draws of one phase of one batch."""

    def __init__(self, intensity: Intensity, moment: Moment, before: list[Array] | None = None) -> None:
        self.intensity = intensity
        self.key = random.key(moment.seed, "noise", moment.purpose, moment.epoch, moment.phase)
        self.samples = np.ascontiguousarray(moment.rows, np.int64)
        self.states = self._begin() if before is None else list(before)

    def white(self, step: int, channel: int = WHITE) -> Array:
        """Return standard normals (B, m) for the end of a step, counted from 1; `BEFORE`: its beginning."""
        out = self.kicks(step, len(self.intensity.density), channel)
        order = self.intensity.order
        return out if order is None else out[:, order]

    def kicks(self, step: int, count: int, channel: int = KICKS) -> Array:
        """Return standard normals (B, count) of sources, for the end of a step."""
        out = np.empty((len(self.samples), count), np.float32)
        random.normals(out, *self.key, self.samples, step, channel)
        return out

    def push(self) -> Array | None:
        """Return c as it stands, (B, m); None: there is none."""
        if not self.intensity.slow:
            return None
        out = np.zeros((len(self.samples), len(self.intensity.density)))
        states = iter(self.states)
        for slow in self.intensity.slow:
            for _ in slow.processes:
                out[:, slow.places] += next(states)
            if slow.traps is not None:
                out[:, slow.places] += slow.jump * next(states)
        return out

    def advance(self, step: int, length: float) -> None:
        """Bring c to the end of a step."""
        moved, states = [], iter(self.states)
        for channel, process, places in self._each():
            draw = self._draw(process, places, step, channel)
            moved.append(process.advance(next(states), length, draw))
        self.states = moved

    def _begin(self) -> list[Array]:
        return [
            process.begin(self._draw(process, places, 0, channel))
            for channel, process, places in self._each()
        ]

    def _each(self) -> list[tuple[int, OrnsteinUhlenbeck | Telegraph, NDArray[np.int64]]]:
        """Return channel, process and places of everything that has a state."""
        found: list[tuple[int, OrnsteinUhlenbeck | Telegraph, NDArray[np.int64]]] = []
        for slow in self.intensity.slow:
            found += [(SLOW + k, process, slow.places) for k, process in enumerate(slow.processes)]
            if slow.traps is not None:
                found.append((TRAPS, slow.traps, slow.places))
        return found

    def _draw(
        self,
        process: OrnsteinUhlenbeck | Telegraph,
        places: NDArray[np.int64],
        step: int,
        channel: int,
    ) -> Array:
        """Return what a process wants for a step; a node's draw is its own whatever other nodes have."""
        order = self.intensity.order
        at = places if order is None else order[places]
        out = np.empty((len(self.samples), int(np.max(at)) + 1))
        draw = random.uniforms if isinstance(process, Telegraph) else random.normals
        draw(out, *self.key, self.samples, step, channel)
        return out[:, at]


def slow_of(
    flicker: tuple[FloatArray, FloatArray, FloatArray], trap: tuple[FloatArray, FloatArray, FloatArray]
) -> tuple[Slow, ...]:
    """Return the slow noise of unknowns: amplitude, low and high of 1/f; jump, up and down of traps."""
    found = []
    amplitude, low, high = flicker
    there = np.flatnonzero(amplitude)
    for band in sorted({(float(low[i]), float(high[i])) for i in there}):
        places = there[(low[there] == band[0]) & (high[there] == band[1])]
        found.append(Slow(places, bank(amplitude[places], *band)))
    jump, up, down = trap
    places = np.flatnonzero(jump)
    if len(places):
        found.append(Slow(places, (), Telegraph(up[places], down[places]), jump[places]))
    return tuple(found)
