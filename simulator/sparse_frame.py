"""SparseFrame: what the parts of a sparse chip share: its system, drives, θ.

States are all unknowns of the system (node voltages, then branch currents).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.errors import InputError
from eqchip.netlists.circuit import Circuit
from eqchip.simulator.chip import Learnable, Nudge, State
from eqchip.simulator.cost.costs import cost_of
from eqchip.simulator.holding import Holds
from eqchip.simulator.learnables import learnables_of
from eqchip.simulator.periphery import Periphery
from eqchip.simulator.scales import scales_of
from eqchip.simulator.slewing import slew_rates
from eqchip.simulator.sparse import INPUT_PREFIX, NUDGE_PREFIX, compile_sparse
from eqchip.simulator.stores import stores_of
from eqchip.simulator.storing import Storing

Array = NDArray[Any]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class SparseFrame(Storing):
    """A system of unknowns, and how a circuit names them."""

    def __init__(self, circuit: Circuit, reason: str = "") -> None:
        self.circuit = circuit
        self.reason = reason  # why it is not the array form
        self.dtype = np.dtype(np.float64)
        self.learnables: tuple[Learnable, ...] = learnables_of(circuit)
        self.scales = scales_of(circuit)
        self.tau, self.output_conductance = self.scales.tau, self.scales.conductance
        self.system = compile_sparse(circuit)
        self.revision, self.slews = 0, slew_rates(circuit)
        self._constant = False  # whether what was laid stands in constant matrices
        self.holds = Holds(self.circuit)
        self.stores, self.periphery = stores_of(circuit), Periphery(circuit)
        self._lay_all()
        # A current over what keeps a state of 1: gleak·vunit, or gunit·vunit where nothing leaks.
        leak = np.where(self.scales.gleak > 0.0, self.scales.gleak, circuit.settings.gunit)
        self.unit = np.ones(self.system.network.nodes)
        self.unit[self.system.unknown_of_node[1:]] = (leak * self.scales.vunit)[1:]
        self.inputs = np.concatenate([one.nodes for one in circuit.inputs] or [np.zeros(0, np.int64)])
        self.held = self.system.unknown_of_node[self.inputs]
        self.states, self.states_at = self.system.remembered()
        #: What no phase moves: inputs, which data hold, and what devices remember.
        self.fixed = np.concatenate([self.held, self.states])
        self.unit[self.fixed] = np.inf  # their sources bring whatever current it takes
        self.capacitance = np.zeros(self.system.size)
        self.capacitance[self.system.unknown_of_node[1:]] = self.scales.capacitance[1:]

    # -- phases ----------------------------------------------------------------------------------------

    def _input_volts(self, inputs: Array) -> FloatArray:
        order = self.inputs
        if inputs.ndim != 2 or inputs.shape[1] != len(order):
            raise InputError(
                f"a sample has {inputs.shape[-1]} inputs, the chip {len(order)}",
                expected=f"(B, {len(order)})",
            )
        inputs = self.periphery.given(inputs)
        return np.asarray(inputs * self.scales.vunit[order], dtype=np.float64)

    def drives(self, inputs: Array, nudge: Nudge | None = None) -> FloatArray:
        """Return the drives of every sample: source voltages, and the nudge."""
        return self._drives(inputs, nudge)

    def _drives(self, inputs: Array, nudge: Nudge | None) -> FloatArray:
        """Return the drives of every sample: source voltages, and the nudge."""
        system = self.system
        volts, drives = self._input_volts(inputs), system.drives(len(inputs))
        begin = 0
        for one in self.circuit.inputs:
            slots = system.slots(INPUT_PREFIX + one.bus)
            drives[:, slots] = volts[:, begin : begin + len(slots)]
            begin += len(slots)
        if nudge is not None and nudge.cost not in ("", cost_of(self.circuit).name):
            raise InputError(
                f"cost={nudge.cost}: the chip was built to be nudged by cost={cost_of(self.circuit).name}",
                expected=f".nudge BUS cost={nudge.cost}",
            )
        begin = node = 0
        for nudged in self.circuit.nudges:
            name = NUDGE_PREFIX + nudged.bus
            count = len(system.slots(name, "beta"))
            step = len(nudged.nodes) // count  # 2 for outputs in pairs
            if nudge is not None:
                columns = slice(begin, begin + count)
                strength = self.periphery.strength(nudge.beta)[node : node + len(nudged.nodes)]
                share = self.scales.share[nudged.nodes] * strength
                drives[:, system.slots(name, "beta")] = nudge.beta * share[::step]
                drives[:, system.slots(name, "target")] = nudge.targets[:, columns]
                drives[:, system.slots(name, "mode")] = 0.0 if nudge.anchor is None else 1.0
                if nudge.anchor is not None:
                    target = nudge.targets[:, columns]  # from where the frozen force is that of the cost
                    slope = cost_of(self.circuit).slope(nudge.anchor[:, columns], target)
                    drives[:, system.slots(name, "anchor")] = target + slope
            begin += count
            node += len(nudged.nodes)
        return drives

    # -- what is read ----------------------------------------------------------------------------------

    def outputs(self, state: State) -> Array:
        """Return the output states (B, outputs), pairs still interleaved."""
        found = [one.nodes for one in (self.circuit.outputs or self.circuit.nudges)]
        nodes = np.concatenate(found) if found else np.zeros(0, np.int64)
        states = np.asarray(state.values[:, self.system.unknown_of_node[nodes]] / self.scales.vunit[nodes])
        return self.periphery.answered(states, self.moment, self._entered)

    def voltages(self, state: State) -> dict[str, Array]:
        """Return v(bus) in volts, (B, n); v(node) of nodes on no bus."""
        buses, inner = self.circuit.buses, self.circuit.inner
        found = {name: nodes for name, nodes in buses.items() if name not in inner}
        on_bus = {0, *(node for nodes in buses.values() for node in nodes.tolist())}
        for index, name in enumerate(self.circuit.nodes):
            if index not in on_bus:
                found[name] = np.array([index])
        volts = np.concatenate([state.values, np.zeros((len(state.values), 1))], axis=1)
        return {
            f"v({name.lower()})": volts[:, self.system.unknown_of_node[nodes]]
            for name, nodes in found.items()
        }

    # -- parameters ------------------------------------------------------------------------------------

    def shaped(self, name: str, values: FloatArray) -> FloatArray:
        """Return one number per element in the shape of its instance; a pair stands in both halves."""
        found = self.system.elements(name)
        if found.layout is None:
            return values.reshape(found.instance.shape)
        out = np.zeros(found.instance.shape)
        out[found.layout.index] = values
        if found.instance.paired:
            out[found.layout.index[::-1]] = values
        return out

    def _theta(self, name: str) -> FloatArray:
        return self.shaped(name, self.system.elements(name).theta)

    def _lay(self, name: str, values: Array) -> None:
        found = self.system.elements(name)
        elements = np.asarray(values, dtype=np.float64)
        found.theta[:] = (elements if found.layout is None else elements[found.layout.index]).ravel()
        self._constant |= found.instance.family.linear or found.instance.family.affine

    def _laid(self) -> None:
        super()._laid()
        if self._constant:
            self.system.refresh()
            self._constant = False

    def take_up(self) -> None:
        """Note that θ of the elements moved while time flowed."""
        self._laid()
