"""Sources: what shakes the nodes of a circuit while time passes; a number by circuit node, ground among them.

    white       A²/Hz, two-sided: 2kT·gleak of the leak, and 2T·S·C of Langevin noise (S: the energy scale, W)
    factor      A²/Hz per siemens of transconductance into the node: 2kT·noise_factor
    flicker     A: the root of its one-sided spectrum at 1 Hz, low … high Hz
    telegraph   A: its jump; rates 1/s

Langevin noise (two-sided density 2T·C of the current, in A²/Hz, T in W) makes a chip with energy E
visit its states as often as exp(−E/T), whatever its capacitances: the mobility of a node is 1/C.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from eqchip.devices.circuit.thermal import BOLTZMANN
from eqchip.netlists.circuit import Circuit
from eqchip.simulator.noise.shaking import Intensity, slow_of
from eqchip.simulator.scales import Scales
from eqchip.simulator.spread import spread
from eqchip.simulator.system import System

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Sources:
    """Noise currents by circuit node."""

    white: FloatArray
    factor: FloatArray
    flicker: FloatArray
    flicker_low: FloatArray
    flicker_high: FloatArray
    telegraph: FloatArray
    telegraph_up: FloatArray
    telegraph_down: FloatArray


def sources_of(circuit: Circuit, scales: Scales) -> Sources | None:
    """Return what shakes the nodes of a circuit; None: nothing does."""
    found: Sources | None = None
    for group in spread(circuit, [one for one in circuit.instances if one.family.node_noise is not None]):
        noise = None if group.family.node_noise is None else group.family.node_noise(group.given)
        if noise is None:
            continue
        if found is None:
            found = Sources(*(np.zeros(len(circuit.nodes)) for _ in fields(Sources)))
        at = group.terminals[:, 0]
        unit = scales.gleak[at] * scales.vunit[at]
        found.white[at] = 2.0 * BOLTZMANN * noise.thermal * scales.gleak[at]
        found.white[at] += 2.0 * noise.langevin * scales.energy * scales.capacitance[at]
        found.factor[at] = 2.0 * BOLTZMANN * noise.thermal * noise.noise_factor
        found.flicker[at], found.telegraph[at] = noise.flicker * unit, noise.telegraph * unit
        found.flicker_low[at], found.flicker_high[at] = noise.flicker_low, noise.flicker_high
        found.telegraph_up[at], found.telegraph_down[at] = noise.telegraph_up, noise.telegraph_down
    return found


def intensity(
    sources: Sources, nodes: IntArray, capacitance: FloatArray, unit: FloatArray, synapses: FloatArray
) -> Intensity:
    """Return how strongly some circuit nodes are shaken, as rates of what is stepped.

    `capacitance` (F) stands on each, `unit` is how many volts 1 of what is stepped is, `synapses` the
    transconductance into each (S).
    """
    white = sources.white[nodes] + sources.factor[nodes] * synapses
    per = capacitance * unit
    order = None
    if np.any(np.diff(nodes) < 0):  # nodes inside devices, 0 here, come last
        order = np.argsort(np.argsort(np.where(nodes > 0, nodes, len(sources.white)), kind="stable"))
    return Intensity(
        white / per**2,
        slow_of(
            (sources.flicker[nodes] / per, sources.flicker_low[nodes], sources.flicker_high[nodes]),
            (sources.telegraph[nodes] / per, sources.telegraph_up[nodes], sources.telegraph_down[nodes]),
        ),
        order=order,
    )


def synapses_into(system: System) -> FloatArray:
    """Return the transconductance that drives each unknown of a sparse chip, S; ground at the end."""
    total = np.zeros(system.size + 1)
    for found in system.ranges.values():
        driven = found.instance.family.transconductance
        if driven is None or found.start == found.stop:
            continue
        graph = found.graph
        first, last = graph.pin_start[found.start], graph.pin_start[found.stop]
        pins = graph.pins[first:last].reshape(found.stop - found.start, -1)
        into = driven(found.values)
        np.add.at(total, pins[:, : into.shape[1]], into)
    return total
