"""Scales of a circuit's nodes: volts of a state unit, leak and capacitance of the neurons on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eqchip.devices.node_law import BARE, GLEAK, VUNIT
from eqchip.netlists.circuit import Circuit
from eqchip.simulator.spread import spread

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Scales:
    """One number per circuit node, ground among them."""

    vunit: FloatArray  # V
    gleak: FloatArray  # S; 0: no neuron
    capacitance: FloatArray  # F, of the neuron alone
    tau: float  # smallest c/gleak, s; NaN without neurons
    energy: float  # energy scale S of the outputs, W: their mean gleak·vunit², or gunit·vunit²
    conductance: float  # that over vunit²: the β of 1, S
    #: S over a node's own gleak·vunit²: with it, β weighs the cost of every output alike.
    share: FloatArray


def scales_of(circuit: Circuit) -> Scales:
    """Return the scales of a circuit."""
    count = len(circuit.nodes)
    vunit, gleak, capacitance = np.full(count, BARE[VUNIT]), np.zeros(count), np.zeros(count)
    for group in spread(circuit, [one for one in circuit.instances if one.family.node_law is not None]):
        if group.family.node_law is not None:
            laws, at = group.family.node_law(group.given), group.terminals[:, 0]
            vunit[at], gleak[at] = laws[:, VUNIT], laws[:, GLEAK]
            capacitance[at] = group.given.values["c"]
    leaky = gleak > 0.0
    read = [one.nodes for one in circuit.outputs]
    for role in circuit.inputs:  # what data hold has no time constant
        still = role.nodes[~np.isin(role.nodes, np.concatenate(read) if read else [])]
        capacitance[still], leaky[still] = 0.0, False
    tau = float(np.min(capacitance[leaky] / gleak[leaky])) if np.any(leaky) else np.nan
    found = [one.nodes for one in (circuit.nudges or circuit.outputs)]
    outputs = np.concatenate(found) if found else np.flatnonzero(leaky)
    conductance = np.where(leaky, gleak, circuit.settings.gunit)
    own = conductance * vunit**2
    if not len(outputs):
        unit = circuit.settings.gunit
        return Scales(vunit, gleak, capacitance, tau, unit, unit, unit / own)
    energy, mean = float(np.mean(own[outputs])), float(np.mean(conductance[outputs]))
    return Scales(vunit, gleak, capacitance, tau, energy, mean, energy / own)
