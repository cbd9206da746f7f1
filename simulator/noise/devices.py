"""What fluctuates inside the devices of a sparse chip: a current +i at one pin and −i at the other.

    ⟨i iᵀ⟩ over all sources with constant density: N = Σ D·b·bᵀ, b = +1 at one pin and −1 at the other

Sources whose density depends on voltages are evaluated where each sample stands.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.simulator.system import Elements, System

Array = NDArray[Any]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Group:
    """The elements of one instance that fluctuate."""

    density: Callable[..., None]
    pins: IntArray  # (N, pins) unknowns; ground: one past the last
    ends: IntArray  # (sources, 2) among the pins
    values: FloatArray  # (N, columns), as `prepare` laid them; not a copy
    temperature: FloatArray  # (N) K

    def densities(self, x: FloatArray) -> FloatArray:
        """Return D of every source at states (B, size + 1) with ground at the end, (B, N, sources)."""
        samples, elements = len(x), len(self.pins)
        u = np.ascontiguousarray(x[:, self.pins]).reshape(samples * elements, -1)
        out = np.zeros((samples * elements, len(self.ends)))
        values, kelvin = np.tile(self.values, (samples, 1)), np.tile(self.temperature, samples)
        self.density(u, values, kelvin, out)
        return out.reshape(samples, elements, -1)


@dataclass(frozen=True, slots=True)
class Devices:
    """All of them; `size` unknowns."""

    size: int
    constant: tuple[Group, ...]
    varying: tuple[Group, ...]

    def matrix(self) -> FloatArray:
        """Return N of the constant ones, A²/Hz over all unknowns."""
        out = np.zeros((self.size + 1, self.size + 1))
        rest = np.zeros((1, self.size + 1))
        for group in self.constant:
            found = group.densities(rest)[0]
            for k, (first, second) in enumerate(group.ends):
                one, two = group.pins[:, first], group.pins[:, second]
                np.add.at(out, (one, one), found[:, k])
                np.add.at(out, (two, two), found[:, k])
                np.add.at(out, (one, two), -found[:, k])
                np.add.at(out, (two, one), -found[:, k])
        return out[:-1, :-1]


class Kicking:
    """Kicks of the varying ones; `per` (size) is 1/C of the unknowns that move, 0 of others."""

    def __init__(self, devices: Devices, per: FloatArray) -> None:
        self.groups, self.per = devices.varying, per
        self.count = sum(group.pins.shape[0] * len(group.ends) for group in self.groups)

    def __call__(self, x: Array, normal: Array) -> Array:
        """Return, over √s, what standard normals (B, count) kick the unknowns by."""
        out = np.zeros((x.shape[0], x.shape[1] + 1))
        full = np.concatenate([x, np.zeros((len(x), 1))], axis=1)
        at = 0
        for group in self.groups:
            width = group.pins.shape[0] * len(group.ends)
            draws = normal[:, at : at + width].reshape(len(x), -1, len(group.ends))
            at += width
            current = np.sqrt(group.densities(full)) * draws
            for k, (first, second) in enumerate(group.ends):
                np.add.at(out.T, group.pins[:, first], current[:, :, k].T)
                np.subtract.at(out.T, group.pins[:, second], current[:, :, k].T)
        return np.asarray(out[:, :-1] * self.per)


def devices_of(system: System, temperature: Callable[[Elements], FloatArray]) -> Devices:
    """Return what fluctuates; `temperature` tells that of an instance's elements, 0 where they do not."""
    constant: list[Group] = []
    varying: list[Group] = []
    for found in system.ranges.values():
        noise = found.instance.family.noise
        if noise is None or found.start == found.stop:
            continue
        kelvin = temperature(found)
        if not np.any(kelvin > 0.0):
            continue
        graph = found.graph
        first, last = graph.pin_start[found.start], graph.pin_start[found.stop]
        pins = graph.pins[first:last].reshape(found.stop - found.start, -1)
        values = np.ascontiguousarray(found.values[:, found.first_column :])
        group = Group(noise.density, pins, np.array(noise.pins), values, kelvin)
        (constant if noise.constant else varying).append(group)
    return Devices(system.size, tuple(constant), tuple(varying))
