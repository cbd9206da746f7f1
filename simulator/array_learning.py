"""What an array chip feels: local signals of its devices, and the exact gradient to hold them against."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.errors import InputError
from eqchip.simulator.adjoint import adjoint
from eqchip.simulator.array_frame import ArrayFrame
from eqchip.simulator.chip import Learnable, State, Weights
from eqchip.simulator.cost.costs import cost_of
from eqchip.simulator.phase import Phase

Array = NDArray[Any]
Ends = tuple[Array, Array]  # activities at the rows and columns of a coupling


class ArrayLearning(ArrayFrame):
    """Contrasts and gradients of an array chip."""

    def contrast(self, first: State, second: State) -> Weights:
        """Return ∂E/∂θ(second) − ∂E/∂θ(first), the local signal, as batch means."""
        return self._contrasts(self._felt(first, second), self.learnables)

    def contrast_along(self, states: Iterator[State]) -> tuple[State, Weights]:
        """Return the last of the states of a phase, and the contrasts of all its steps added up.

        What held nodes drive feels Σ ρ(x)·Δρ = ρ(x)·ΣΔρ: one product for the whole phase.
        """
        among, others = self._parted_learnables()
        last, along = next(states), Weights()
        first = before = self._activities(last)
        for last in states:
            after = self._activities(last)
            for name, step in self._contrasts((before, after), among).items():
                along[name] = along[name] + step if name in along else step
            before = after
        found = self._contrasts((first, before), others) | along
        return last, {one.name: found[one.name] for one in self.learnables}

    def _contrasts(self, rho: tuple[list[Array], list[Array]], learnables: tuple[Learnable, ...]) -> Weights:
        """Return the contrast of some learnables, from the activities in two states."""
        out: Weights = {}
        for one in learnables:
            link = self.layout.arrays.get(one.name.lower())
            if link is not None:
                out[one.name] = self.wiring.links[link].coupling.contrast(*self._ends(link, rho))
            else:
                out[one.name] = self._bias_contrast(one.name, rho).reshape(one.shape)
        return out

    def _felt(self, first: State, second: State) -> tuple[list[Array], list[Array]]:
        """Return ρ of every group in two states, as devices feel them that compare them."""
        if not self.holds.there:
            return self._activities(first), self._activities(second)
        found: list[list[Array]] = []
        for state, before in ((first, True), (second, False)):
            rho = []
            for nodes, part in zip(self.wiring.nodes, self._by_group(state), strict=True):
                if not nodes.clamped:
                    part = self.holds.held(part, nodes.nodes, self.moment, before)
                rho.append(nodes.activity(part))
            found.append(rho)
        return found[0], found[1]

    def _activities(self, state: State) -> list[Array]:
        """Return ρ of every group; where a phase left it, that."""
        known = state.extra.get("activities")
        if known is not None and known[0] is state.values:
            return list(known[1])
        return [
            nodes.held_activity(part)
            for nodes, part in zip(self.wiring.nodes, self._by_group(state), strict=True)
        ]

    def _ends(self, link: int, rho: tuple[list[Array], list[Array]]) -> tuple[Ends, Ends]:
        """Return the activities at both ends of a coupling in two states; inputs are the same in both."""
        found = self.wiring.links[link]
        first, second = found.ends(rho[0]), found.ends(rho[1])
        if self.wiring.nodes[found.pre].clamped:
            second = first[0], second[1]
        return first, second

    def _bias_contrast(self, name: str, rho: tuple[list[Array], list[Array]]) -> Array:
        group = self.layout.neurons[name.lower()]
        change = (rho[1][group] - rho[0][group]).sum(axis=0)
        key = ("bias", group)
        if key not in self.wiring.kept:
            nodes = self.wiring.nodes[group]
            scale = nodes.gleak * nodes.vunit**2 / self.layout.scales.energy
            self.wiring.kept[key] = -scale.astype(self.dtype)
        return np.asarray(self.wiring.kept[key] * (change / len(rho[0][group])))

    def gradient(self, free: State, inputs: Array, targets: Array, cost: str = "") -> Weights:
        """Return dLoss/dθ at a free equilibrium, Loss the mean cost; by the adjoint, in float64."""
        clamped = self._clamped(inputs)
        phase = Phase.free_running(self.wiring, self._constant(clamped, len(inputs), free))
        states = self._start(len(inputs), free)
        pull: list[Array] = [np.zeros(part.shape) for part in states]
        groups, places = self.layout.group_of[self.nudged], self.layout.place_of[self.nudged]
        parts = self._by_group(free)
        outputs = self.layout.gather(self.nudged, parts).astype(np.float64)
        slope = cost_of(self.circuit, cost).slope(outputs, targets)
        for column, (group, place) in enumerate(zip(groups, places, strict=True)):
            pull[group][:, place] = slope[:, column]
        mu = adjoint(phase, states, pull)
        rho = [
            nodes.activity(part).astype(np.float64)
            for nodes, part in zip(self.wiring.nodes, parts, strict=True)
        ]
        return self._slopes(rho, mu, self.learnables)

    def vector_field(self, before: State, after: State) -> Weights:
        """Return (∂f/∂θ)ᵀ(v(after) − v(before)), ∂f/∂θ in the middle of the two, as batch means.

        ∂f/∂θ of a node is −gleak·vunit·r·∂d/∂θ, so the displacement takes the place of an adjoint.
        """
        return self._slopes(*self._displacement(before, after), self.learnables)

    def vector_field_along(self, states: Iterator[State]) -> tuple[State, Weights]:
        """Return the last of the states of a phase, and the vector fields of all its steps added up.

        What held nodes drive feels Σ ρ(x)·μ = ρ(x)·Σμ: one product for the whole phase.
        """
        among, others = self._parted_learnables()
        before, along = next(states), Weights()
        rho: list[Array] = []
        displaced: dict[int, Array] = {}
        for after in states:
            rho, mu = self._displacement(before, after)
            for name, step in self._slopes(rho, mu, among).items():
                along[name] = along[name] + step if name in along else step
            displaced = {group: displaced[group] + mu[group] if displaced else mu[group] for group in mu}
            before = after
        found = self._slopes(rho, displaced, others) | along
        return before, {one.name: found[one.name] for one in self.learnables}

    def _parted_learnables(self) -> tuple[tuple[Learnable, ...], tuple[Learnable, ...]]:
        """Return the arrays whose rows and columns both move, and all else that learns."""
        among = tuple(one for one in self.learnables if self._among_free(one.name))
        return among, tuple(one for one in self.learnables if one not in among)

    def _among_free(self, name: str) -> bool:
        """Say whether a learnable is an array whose rows and columns both move."""
        at = self.layout.arrays.get(name.lower())
        if at is None:
            return False
        link = self.wiring.links[at]
        return not (self.wiring.nodes[link.pre].clamped or self.wiring.nodes[link.post].clamped)

    def _displacement(self, before: State, after: State) -> tuple[list[Array], dict[int, Array]]:
        """Return ρ in the middle of two states, and −r·Δs of the free groups over the energy scale."""
        middle: list[Array] = []
        mu: dict[int, Array] = {}
        for group, nodes in enumerate(self.wiring.nodes):
            first, second = (self._by_group(state)[group] for state in (before, after))
            mean = first if nodes.clamped else 0.5 * (first + second)
            middle.append(nodes.activity(mean))
            if not nodes.clamped:
                weight = (nodes.gleak * nodes.vunit**2 / self.layout.scales.energy).astype(self.dtype)
                r = nodes.slope(mean) if nodes.law.energy else 1.0
                mu[group] = -weight * r * (second - first)
        gated = [group for group in mu if self.wiring.nodes[group].gate is not None]
        if gated:
            constant = self._constant(list(after.extra["inputs"]), len(after.residual), after)
            phase = Phase.free_running(self.wiring, constant)
            for group in gated:
                drive = phase.sum(group, middle, np.empty_like(mu[group]))
                mu[group] *= self.wiring.nodes[group].admittance(drive)
        return middle, mu

    def _slopes(self, rho: list[Array], mu: dict[int, Array], learnables: tuple[Learnable, ...]) -> Weights:
        """Return the batch mean of Σ μ ∂d/∂θ of some learnables, from activities and μ by group."""
        out: Weights = {}
        for one in learnables:
            at = self.layout.arrays.get(one.name.lower())
            if at is not None:
                link = self.wiring.links[at]
                rows, columns = mu.get(link.pre), mu.get(link.post)
                ends = (
                    None if rows is None else rows[:, link.pre_part],
                    None if columns is None else columns[:, link.post_part],
                )
                out[one.name] = link.coupling.gradient(link.ends(rho), ends)
            else:
                group = self.layout.neurons[one.name.lower()]
                out[one.name] = np.mean(mu[group], axis=0).reshape(one.shape)
        return out

    def descend_contrast(self, first: State, second: State, factors: Mapping[str, float]) -> None:
        """Do descend(contrast(first, second), factors), in place."""
        rho = self._felt(first, second)
        for one in self.learnables:
            link, factor = self.layout.arrays.get(one.name.lower()), factors[one.name]
            if one.name.lower() in self.stores:
                assert link is not None  # biases have no cells
                if self.stores[one.name.lower()].by_trains:
                    self._descend_by_trains(one.name, self._ends(link, rho), factor)
                    continue
                self._descend_store(one, self._ends(link, rho), factor)
            elif link is not None:
                self.wiring.links[link].coupling.descend(*self._ends(link, rho), factor, one.low, one.high)
            else:
                nodes = self.wiring.nodes[self.layout.neurons[one.name.lower()]]
                step = factor * self._bias_contrast(one.name, rho)
                nodes.set_bias(np.clip(nodes.b - step, one.low, one.high))
        self.revision += 1

    def _descend_store(self, one: Learnable, ends: tuple[Ends, Ends], factor: float) -> None:
        """Do descend of one array of imperfect devices."""
        store = self.stores[one.name.lower()]
        coupling = self.wiring.links[self.layout.arrays[one.name.lower()]].coupling
        bounded = np.isfinite(one.low) or np.isfinite(one.high)
        found = coupling.products(*ends) if store.direct and not bounded else None
        if found is None:
            self.change({one.name: -factor * coupling.contrast(*ends)})
            return
        products, share = found
        rows, columns = (np.concatenate(parts) for parts in zip(*products, strict=True))
        store.change_by_products(rows, columns, factor * share, self._random("change", one.name))
        self._lay_store(store)

    def _descend_by_trains(self, name: str, ends: tuple[Ends, Ends], factor: float) -> None:
        """Do descend of one array by the products its contrast is made of, as trains of pulses bring them.

        Rows fire as they are and columns as they changed, then the other way round.
        """
        found = self.wiring.links[self.layout.arrays[name.lower()]].coupling.products(*ends)
        if found is None:
            raise InputError(
                f"{name}: pulses=shared is for arrays between two buses whose synapses have one gain",
                expected="pulses=independent",
            )
        store, (products, share) = self.stores[name.lower()], found
        for rows, columns in products:
            store.change_by_trains(rows, columns, factor * share, self._random("trains", name))
        self._lay_store(store)
