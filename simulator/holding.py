"""Holding: what a contrast is made of, where states are sampled and held on capacitors.

The state at the end of the first phase is kept while the second runs; both are read when devices change:

    s_held = s + (Q_inj − I_leak·T)/(C·vunit) + √(kT/C)/vunit·ξ          T: for the first state only

C, Q_inj, I_leak and T are hold_c, hold_charge, hold_leak and hold_time of the neurons. Without hold_c a state
is held ideally. Noise is drawn for each sample, neuron and reading, for chips that have a moment; leak and
charge act always. Rules that follow the states while they move sample none, and feel none of it.

Source: kT/C of a sampled voltage, charge conservation at the switch; DESIGN of eqchip, place converter.
Limits: charge injection does not depend on the voltage; the leak is a constant current.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.devices.circuit.thermal import BOLTZMANN
from eqchip.netlists.circuit import Circuit
from eqchip.simulator.moment import Moment
from eqchip.simulator.spread import in_shape

Array = NDArray[Any]
IntArray = NDArray[np.int64]


class Holds:
    """The sample-and-hold of every node of a circuit, by circuit node."""

    def __init__(self, circuit: Circuit) -> None:
        count = len(circuit.nodes)
        self.noise, self.charge, self.leak = np.zeros(count), np.zeros(count), np.zeros(count)
        kt = BOLTZMANN * circuit.settings.temperature
        for one in circuit.instances:
            declared = one.family.all_parameters()
            if "hold_c" not in declared:
                continue
            given = in_shape(circuit, one)
            nodes = np.atleast_1d(np.asarray(one.nodes[0], dtype=np.int64))
            c, charge, leak, time, vunit = (
                np.broadcast_to(np.asarray(given.get(name, declared[name].default), np.float64), nodes.shape)
                for name in ("hold_c", "hold_charge", "hold_leak", "hold_time", "vunit")
            )
            there = c > 0.0
            unit = np.where(there, c, 1.0) * vunit
            self.noise[nodes] = np.where(there, np.sqrt(kt * unit * vunit) / (unit * vunit), 0.0)
            self.charge[nodes] = np.where(there, charge / unit, 0.0)
            self.leak[nodes] = np.where(there, leak * time / unit, 0.0)
        self.there = bool(np.any(self.noise))

    def held(self, states: Array, nodes: IntArray, moment: Moment | None, first: bool) -> Array:
        """Return states (B, n) of some nodes as they are read; `first`: of the phase that came first."""
        shift = self.charge[nodes] - self.leak[nodes] if first else self.charge[nodes]
        out = states + shift
        if moment is not None:
            xi = moment.normals(len(self.noise), "hold", "first" if first else "second")
            out = out + self.noise[nodes] * xi[:, nodes]
        return np.asarray(out, dtype=states.dtype)
