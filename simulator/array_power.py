"""The power of an array chip at its states: products of activities with the sizes of weights.

Of node j, with I = gleak·vunit the current that keeps a state of 1, r = ρ′(s) (1 under direct drive), and v:

    synapses   deliver i = I·r·Σ W·ρ and draw vdd·I·|r|·Σ |W·ρ|: a stage for every synapse and end, between
               rails at ±vdd. They burn what they draw less v·i.
    neurons    draw vdd·ibias and, for the bias, vdd·|I·r·b|; they burn that less v·I·r·b, and gleak·v²
    nudges     are ideal: they deliver v times their current
    rails      burn v times the current that would push a node on

Under through drive the sum of the synapses' currents meets no node: they burn all they draw, and what the
neuron charges itself with, I·ρ(Σ), it draws. It is what the sparse form counts device by device; a test holds
the two to each other. Inputs that data hold take no current from synapses.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.netlists.circuit import Instance
from eqchip.simulator.array_frame import ArrayFrame
from eqchip.simulator.chip import Nudge, State
from eqchip.simulator.cost.power import RAILS, Power
from eqchip.simulator.phase import Phase
from eqchip.simulator.spread import in_shape

Array = NDArray[Any]
FloatArray = NDArray[np.float64]


class ArrayPower(ArrayFrame):
    """What a phase of an array chip draws and burns."""

    watched = 100  # each state costs a product more

    def power(self, inputs: Array, nudge: Nudge | None = None) -> Callable[[State], Power]:
        """Return what tells the power at a state of a phase with these inputs."""
        wiring, clamped = self.wiring, self._clamped(inputs)
        phase = self._phase(wiring.constant_drives(clamped, len(inputs)), nudge)
        stages = self._stages()
        known: dict[tuple[int, bool], Array] = {}  # what held inputs make stages draw

        def tell(state: State) -> Power:
            states = [np.asarray(one) for one in self._by_group(state)]
            for group, part in zip(self.layout.inputs, clamped, strict=True):
                states[group] = part
            rho = [nodes.activity(part) for nodes, part in zip(wiring.nodes, states, strict=True)]
            drawn = [np.zeros(part.shape) for part in states]
            for at, forward, size in stages:
                link = wiring.links[at]
                pre, post = link.ends(rho)
                source, target = (pre, link.post) if forward else (post, link.pre)
                place = link.post_part if forward else link.pre_part
                made = known.get((at, forward))
                if made is None:
                    made = np.matmul(np.abs(source), size)
                    if wiring.nodes[link.pre if forward else link.post].clamped:
                        known[at, forward] = made
                drawn[target][:, place] += made
            return self._told(phase, states, rho, drawn)

        return tell

    def _stages(self) -> list[tuple[int, bool, Array]]:
        """Return the output stages of every array: its link, the way they drive, |W|·vdd in units of I."""
        found = []
        for at, link in enumerate(self.wiring.links):
            instance = self.circuit.instance(link.coupling.name)
            vdd = 0.0 if instance is None else _given(self.circuit, instance, "vdd")
            if link.coupling.into_post and not self.wiring.nodes[link.post].clamped:
                found.append((at, True, np.abs(link.coupling.forward_matrix()) * vdd))
            if link.coupling.into_pre and not self.wiring.nodes[link.pre].clamped:
                found.append((at, False, np.abs(link.coupling.backward_matrix()).T * np.transpose(vdd)))
        return found

    def _told(self, phase: Phase, states: list[Array], rho: list[Array], drawn: list[FloatArray]) -> Power:
        """Return the power, of what each group's stages draw at ρ′ = 1 (volts, in units of I)."""
        samples = len(states[0])
        arrays, neurons, rails, delivered = (np.zeros(samples) for _ in range(4))
        volts, charges = [], []
        for group in self.wiring.free:
            nodes, s = self.wiring.nodes[group], states[group]
            v, unit = s * nodes.vunit, nodes.gleak * nodes.vunit
            instance = self.circuit.instance(nodes.instance)
            vdd, ibias = (
                0.0 if instance is None else _given(self.circuit, instance, name) for name in ("vdd", "ibias")
            )
            rise = nodes.slope(s) if nodes.law.energy and nodes.gate is None else np.ones_like(s)
            total = phase.sum(group, rho, np.empty_like(s)).astype(np.float64)  # of synapses and bias
            stages = np.sum(unit * np.abs(rise) * drawn[group], axis=1)
            if nodes.gate is None:
                own = unit * rise * nodes.pulled
                into = unit * rise * total
                arrays += stages - np.sum(v * (into - own), axis=1)
            else:
                own = into = unit * nodes.admit(total.astype(s.dtype))
                arrays += stages
            kept = np.sum(vdd * (np.abs(own) + ibias), axis=1)
            neurons += kept + np.sum(v * (nodes.gleak * v - own), axis=1)
            pull = np.zeros_like(v)
            if group in phase.nudged:
                pull = unit * (phase.force(group, s) - (phase.a[group] - 1.0) * s)
            push = into + pull - nodes.gleak * v
            stuck = ((s <= nodes.law.low) & (push < 0.0)) | ((s >= nodes.law.high) & (push > 0.0))
            rails += np.sum(np.where(stuck, v * push, 0.0), axis=1)
            delivered += stages + kept + np.sum(v * pull, axis=1)
            volts.append(v)
            charges.append(v * nodes.capacitance)
        names = self._kinds()
        burnt = {names[0]: arrays, names[1]: neurons}
        if any(self.wiring.nodes[group].bounded for group in self.wiring.free):
            burnt[RAILS] = rails
        return Power(
            burnt,
            delivered,
            np.concatenate(volts, axis=1).astype(np.float64),
            np.concatenate(charges, axis=1).astype(np.float64),
        )

    def _kinds(self) -> tuple[str, str]:
        """Return what the families of arrays and of neurons are called: there is one of each."""
        arrays = [one.family.name for one in self.circuit.instances if one.family.coupling is not None]
        neurons = [one.family.name for one in self.circuit.instances if one.family.nodes is not None]
        return arrays[0], neurons[0]


def _given(circuit: Any, instance: Instance, name: str) -> Any:
    """Return a parameter as it is given, or its default; 0 where the family has none of that name."""
    declared = instance.family.all_parameters().get(name)
    if declared is None:
        return 0.0
    return in_shape(circuit, instance).get(name, declared.default)
