"""ArrayFrame: what the parts of an array chip share: its groups of nodes, inputs, phases, θ.

States are kept in state units, by free group; clamped inputs and drives that other phases may use again
are in `State.extra`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.errors import InputError
from eqchip.netlists.circuit import Circuit
from eqchip.simulator.array_layout import Layout
from eqchip.simulator.array_nudge import nudged_phase
from eqchip.simulator.chip import Learnable, Nudge, State
from eqchip.simulator.holding import Holds
from eqchip.simulator.learnables import learnables_of
from eqchip.simulator.periphery import Periphery
from eqchip.simulator.phase import Phase
from eqchip.simulator.stores import Store, stores_of
from eqchip.simulator.storing import Storing

Array = NDArray[Any]


class ArrayFrame(Storing):
    """Groups of nodes and couplings, and how a circuit names them."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.circuit: Circuit = layout.circuit
        self.wiring = layout.wiring
        self.dtype = np.dtype(layout.wiring.dtype)
        self.learnables: tuple[Learnable, ...] = learnables_of(layout.circuit)
        self.tau, self.output_conductance = layout.scales.tau, layout.scales.conductance
        nudged = [one.nodes for one in (self.circuit.nudges or self.circuit.outputs)]
        self.nudged = np.concatenate(nudged) if nudged else np.zeros(0, np.int64)
        self.share = layout.scales.share[self.nudged]  # β of each nudged node, over that of all
        outputs = [one.nodes for one in (self.circuit.outputs or self.circuit.nudges)]
        self.read = np.concatenate(outputs) if outputs else np.zeros(0, np.int64)
        #: Which of the free groups is what is read, if that is one of them, in order.
        self.whole = next((at for at, g in enumerate(self.wiring.free) if self._is_group(self.read, g)), None)
        self.revision = 0  # drives kept from earlier phases depend on it
        self.holds = Holds(self.circuit)
        self.stores, self.periphery = stores_of(self.circuit), Periphery(self.circuit)
        self._lay_all()

    def _is_group(self, nodes: NDArray[np.int64], group: int) -> bool:
        return np.array_equal(nodes, self.wiring.nodes[group].nodes)

    # -- phases ----------------------------------------------------------------------------------------

    def _clamped(self, inputs: Array) -> list[Array]:
        """Return the states of the clamped groups, in the chip's precision."""
        return [np.array(part, order="C") for part in self._inputs(inputs)]

    def _inputs(self, inputs: Array) -> list[Array]:
        """Return the same, not copied where that can be."""
        sizes = [self.wiring.nodes[g].size for g in self.layout.inputs]
        if inputs.ndim != 2 or inputs.shape[1] != sum(sizes):
            raise InputError(
                f"a sample has {inputs.shape[-1]} inputs, the chip {sum(sizes)}",
                expected=f"(B, {sum(sizes)})",
            )
        inputs = self.periphery.given(inputs)
        cuts = np.cumsum(sizes)[:-1]
        parts = [inputs] if len(sizes) == 1 else np.split(inputs, cuts, axis=1)
        return [np.ascontiguousarray(part, self.dtype) for part in parts]

    def _constant(self, clamped: list[Array], samples: int, start: State | None) -> list[Array]:
        """Return the drives of inputs and biases; those of `start` where nothing has changed."""
        if start is not None and start.extra.get("revision") == self.revision:
            before = start.extra["inputs"]
            if all(np.array_equal(new, old) for new, old in zip(clamped, before, strict=True)):
                clamped[:] = before
                return list(start.extra["constant"])
        return self.wiring.constant_drives(clamped, samples)

    def _phase(self, constant: list[Array], nudge: Nudge | None) -> Phase:
        phase = Phase.free_running(self.wiring, constant)
        if nudge is None:
            return phase
        return nudged_phase(self.layout, self.nudged, self._share(nudge.beta), phase, nudge)

    def _share(self, beta: float) -> Array:
        """Return how strongly each output is nudged, over β."""
        return self.share * self.periphery.strength(beta)

    def _start(self, samples: int, start: State | None) -> list[Array]:
        given = dict(zip(self.wiring.free, start.values, strict=True)) if start is not None else {}
        return [
            np.empty((samples, 0), self.dtype) if nodes.clamped else nodes.start(samples, given.get(g))
            for g, nodes in enumerate(self.wiring.nodes)
        ]

    def _values(self, states: list[Array], phase: Phase | None = None) -> tuple[Array, ...]:
        held = {} if phase is None else phase.held
        return tuple(held.get(g, states[g]) for g in self.wiring.free)

    def _by_group(self, state: State) -> list[Array]:
        """Return the states of every group, inputs among them."""
        parts: list[Array] = [np.empty((0, 0))] * len(self.wiring.nodes)
        for group, part in zip(self.layout.inputs, state.extra["inputs"], strict=True):
            parts[group] = part
        for group, part in zip(self.wiring.free, state.values, strict=True):
            parts[group] = part
        return parts

    # -- what is read ----------------------------------------------------------------------------------

    def outputs(self, state: State) -> Array:
        """Return the output states (B, outputs)."""
        if self.whole is not None:
            found = np.array(state.values[self.whole])
        else:
            found = self.layout.gather(self.read, self._by_group(state))
        return self.periphery.answered(found, self.moment, self._entered)

    def voltages(self, state: State) -> dict[str, Array]:
        """Return v(bus) in volts, (B, n); v(node) of nodes on no bus."""
        volts = [
            part * nodes.vunit for part, nodes in zip(self._by_group(state), self.wiring.nodes, strict=True)
        ]
        found = dict(self.circuit.buses)
        on_bus = np.concatenate([*found.values(), np.zeros(1, np.int64)])
        for index, name in enumerate(self.circuit.nodes):
            if index not in on_bus:
                found[name] = np.array([index])
        return {f"v({name.lower()})": self.layout.gather(nodes, volts) for name, nodes in found.items()}

    # -- parameters ------------------------------------------------------------------------------------

    def _theta(self, name: str) -> Array:
        link = self.layout.arrays.get(name.lower())
        if link is not None:
            return self.wiring.links[link].coupling.theta
        return self.wiring.nodes[self.layout.neurons[name.lower()]].b

    def _lay_store(self, store: Store, random: np.random.Generator | None = None) -> None:
        """Lay what a store holds into its coupling, without a copy where that can be."""
        if not store.direct:
            super()._lay_store(store, random)
            return
        coupling = self.wiring.links[self.layout.arrays[store.name.lower()]].coupling
        store.cells.lay(coupling.theta, random)
        coupling.set(coupling.theta)

    def _lay(self, name: str, values: Array) -> None:
        link = self.layout.arrays.get(name.lower())
        if link is not None:
            self.wiring.links[link].coupling.set(values)
        else:
            self.wiring.nodes[self.layout.neurons[name.lower()]].set_bias(np.ravel(values))
