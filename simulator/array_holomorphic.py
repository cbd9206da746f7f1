"""What an array chip feels at equilibria under a complex nudge: the phases of the holomorphic estimator."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.errors import InputError
from eqchip.simulator.array_frame import ArrayFrame
from eqchip.simulator.chip import Nudge, State, Weights
from eqchip.simulator.cost.costs import cost as cost_named
from eqchip.simulator.equilibrium.complex_laws import STRIP
from eqchip.simulator.equilibrium.continuation import LARGEST, Nudged, circle

Array = NDArray[Any]
IntArray = NDArray[np.int64]


class ArrayHolomorphic(ArrayFrame):
    """Complex phases of an array chip."""

    def continuation(
        self, inputs: Array, nudge: Nudge, free: State, turns: Sequence[complex]
    ) -> Iterator[tuple[State, Weights]]:
        """Yield, for each turn, the equilibrium at turn·β on the free branch, and its contrast over β.

        A sample that cannot be followed to turn·β has a smaller β, and is not settled. Always in float64.
        """
        self._analytic()
        start = np.concatenate([np.asarray(part, np.float64) for part in free.values], axis=1)
        chip = self._nudged(inputs, nudge)
        rho = self._complex_activities(chip, free, start)
        found, beta = circle(chip, start, nudge.beta, turns)
        for s, residual, iterations in found:
            values = tuple(np.split(s, self._cuts(), axis=1))
            state = State(values, residual, iterations, beta == nudge.beta, free.extra)
            yield state, self._complex_contrast(rho, self._complex_activities(chip, free, s), 1.0 / beta)

    def _analytic(self) -> None:
        """Refuse nodes whose activation is not analytic, and chips that are too large."""
        for group in self.wiring.free:
            nodes = self.wiring.nodes[group]
            found = self.circuit.instance(nodes.instance)
            if nodes.inlet is not None:
                raise InputError(
                    f"estimator=holomorphic does not go with drive=through, that of {nodes.instance}",
                    found.at if found is not None else None,
                    expected="drive=energy or direct, or another estimator",
                )
            if nodes.law.code not in STRIP or nodes.bounded:
                raise InputError(
                    f"estimator=holomorphic needs analytic activations: that of {nodes.instance} is clamped",
                    found.at if found is not None else None,
                    expected="activation=sigmoid, tanh, softplus or linear, no rails; or another estimator",
                )
        size = sum(self.wiring.nodes[g].size for g in self.wiring.free)
        if size > LARGEST:
            raise InputError(
                f"estimator=holomorphic is a dense reference: the chip has {size} free nodes",
                expected=f"at most {LARGEST}, or another estimator",
            )

    def _cuts(self) -> IntArray:
        return np.cumsum([self.wiring.nodes[g].size for g in self.wiring.free])[:-1]

    def _nudged(self, inputs: Array, nudge: Nudge) -> Nudged:
        clamped = [part.astype(np.float64) for part in self._clamped(inputs)]
        constant = self.wiring.constant_drives(clamped, len(inputs))
        begin = dict(zip(self.wiring.free, (0, *self._cuts()), strict=True))
        groups, places = self.layout.group_of[self.nudged], self.layout.place_of[self.nudged]
        cost, targets, anchor = cost_named(nudge.cost), nudge.targets.astype(np.float64), nudge.anchor

        def slope(y: Array, rows: IntArray) -> Array:
            return cost.slope(y if anchor is None else anchor[rows].astype(np.float64), targets[rows])

        return Nudged(
            self.wiring,
            self.wiring.matrix().astype(np.float64),
            np.concatenate([constant[g].astype(np.float64) for g in self.wiring.free], axis=1),
            np.array([begin[int(g)] + p for g, p in zip(groups, places, strict=True)], np.int64),
            self.share.astype(np.float64),
            slope,
            cost.bend if anchor is None else None,
        )

    def _complex_activities(self, chip: Nudged, free: State, s: Array) -> list[Array]:
        """Return the activities of every group, inputs among them."""
        rho: list[Array] = [np.empty((0, 0))] * len(self.wiring.nodes)
        for group, part in zip(self.layout.inputs, free.extra["inputs"], strict=True):
            rho[group] = self.wiring.nodes[group].activity(part)
        for group, part in zip(
            self.wiring.free, np.split(chip.laws(s)[0], self._cuts(), axis=1), strict=True
        ):
            rho[group] = part
        return rho

    def _complex_contrast(self, first: list[Array], second: list[Array], factor: Array) -> Weights:
        """Return ∂E/∂θ of the second state less that of the first, times a factor by sample: batch means."""
        by_sample = factor[:, None]
        out: Weights = {}
        for one in self.learnables:
            at = self.layout.arrays.get(one.name.lower())
            if at is not None:
                link = self.wiring.links[at]
                before, after = link.ends(first), link.ends(second)
                if self.wiring.nodes[link.pre].clamped:
                    after = before[0], after[1]
                rows = before[0] * by_sample  # the contrast is linear in the activities of the rows
                kept = rows if after[0] is before[0] else after[0] * by_sample
                out[one.name] = link.coupling.contrast((rows, before[1]), (kept, after[1]))
            else:
                group = self.layout.neurons[one.name.lower()]
                nodes = self.wiring.nodes[group]
                scale = nodes.gleak * nodes.vunit**2 / self.layout.scales.energy
                out[one.name] = (
                    -scale * np.mean(by_sample * (second[group] - first[group]), axis=0)
                ).reshape(one.shape)
        return out
