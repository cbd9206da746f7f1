"""Currents: all that fluctuates in a circuit, source by source, for transients with noise.

    white   every device with the capability `noise`, at its own temperature unless thermal= says otherwise
            (0: none); neurons as their models say. Each source is +√D·ξ at one unknown and −√D·ξ at another
    slow    1/f noise and traps of neurons, currents into their nodes (sources.py)

Densities D are two-sided, A²/Hz (devices/noise.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray

from eqchip.devices.family import CELSIUS
from eqchip.simulator.noise.devices import Group, devices_of
from eqchip.simulator.noise.shaking import Slow, slow_of
from eqchip.simulator.noise.sources import Sources, sources_of, synapses_into
from eqchip.simulator.scales import scales_of
from eqchip.simulator.spread import in_shape
from eqchip.simulator.system import Elements, System

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Currents:
    """What fluctuates; the sources with constant densities come first."""

    into: Any  # sparse (size, sources): what 1 A of each brings into the row of each unknown
    density: FloatArray  # of the constant ones, A²/Hz
    varying: tuple[Group, ...]
    slow: tuple[Slow, ...]  # in A, by unknown

    @property
    def count(self) -> int:
        """How many white sources there are."""
        return int(self.into.shape[1])

    def deviations(self, x: FloatArray) -> FloatArray:
        """Return √D of every source at a state (size + 1), ground at its end."""
        found = [self.density]
        found += [group.densities(x[None])[0].ravel() for group in self.varying]
        return np.asarray(np.sqrt(np.concatenate(found)))


def currents_of(system: System) -> Currents:
    """Return what fluctuates in a circuit."""
    devices = devices_of(system, lambda elements: _kelvin(system, elements))
    nodes = sources_of(system.circuit, scales_of(system.circuit))
    pairs, density = [np.zeros((0, 2), np.int64)], [np.zeros(0)]
    rest = np.zeros((1, system.size + 1))
    for group in devices.constant:
        pairs.append(_ends(group))
        density.append(group.densities(rest)[0].ravel())
    slow: tuple[Slow, ...] = ()
    if nodes is not None:
        unknown, white = _by_unknown(system, nodes)
        pairs.append(np.column_stack([unknown, np.full(len(unknown), system.size)]))
        density.append(white)
        slow = _slow(system, nodes)
    pairs += [_ends(group) for group in devices.varying]
    ends = np.concatenate(pairs)
    return Currents(_incidence(system.size, ends), np.concatenate(density), devices.varying, slow)


def _kelvin(system: System, elements: Elements) -> FloatArray:
    """Return the temperature of an instance's noise: thermal=, or else its own."""
    given = in_shape(system.circuit, elements.instance)
    if "thermal" in given:
        return elements.numbers(given["thermal"])
    if "temp" in given:
        return elements.numbers(given["temp"]) + CELSIUS
    return elements.numbers(system.circuit.settings.temperature)


def _ends(group: Group) -> IntArray:
    """Return the two unknowns of every source of a group, in the order of its densities."""
    return np.asarray(group.pins[:, group.ends].reshape(-1, 2))


def _by_unknown(system: System, nodes: Sources) -> tuple[IntArray, FloatArray]:
    white = nodes.white.copy()
    if np.any(nodes.factor):
        total = synapses_into(system)
        white[1:] += nodes.factor[1:] * total[system.unknown_of_node[1:]]
    there = np.flatnonzero(white[1:]) + 1
    return system.unknown_of_node[there], white[there]


def _slow(system: System, nodes: Sources) -> tuple[Slow, ...]:
    """Return 1/f noise and traps by unknown."""

    def placed(values: FloatArray) -> FloatArray:
        out = np.zeros(system.size)
        out[system.unknown_of_node[1:]] = values[1:]
        return out

    return slow_of(
        (placed(nodes.flicker), placed(nodes.flicker_low), placed(nodes.flicker_high)),
        (placed(nodes.telegraph), placed(nodes.telegraph_up), placed(nodes.telegraph_down)),
    )


def _incidence(size: int, ends: IntArray) -> Any:
    """Return a sparse matrix, +1 at the first end and −1 at the second of each source; ground left out."""
    count = len(ends)
    columns = np.repeat(np.arange(count), 2)
    signs = np.tile([1.0, -1.0], count)
    found = sparse.coo_matrix((signs, (ends.ravel(), columns)), shape=(size + 1, count))
    return found.tocsr()[:size].tocsc()
