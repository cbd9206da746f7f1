"""The phases of a batch of an array chip, one after the other or, by Euler's steps, in one kernel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.simulator.array_settling import ArraySettling
from eqchip.simulator.chip import Nudge, Settling, State
from eqchip.simulator.cost.costs import cost_of
from eqchip.simulator.integrators import fused_phases
from eqchip.simulator.integrators.fused_phases import Phases, Pulled
from eqchip.simulator.phase import Phase

Array = NDArray[Any]


class ArrayPhases(ArraySettling):
    """Free and nudged phases together."""

    def phases(
        self,
        inputs: Array,
        free: Settling,
        nudged: Settling,
        nudges: Sequence[Nudge],
        start: State | None = None,
    ) -> tuple[State, ...]:
        """Return the end of a free phase, and of each nudged phase that begins there."""
        self._enter(None)
        alone = self.jitters or (self.moment is not None and self.fluctuates)  # each phase in its own way
        laid_out = None if alone or self.noisy else self._laid_out(free, nudged, nudges)
        if laid_out is None:
            first = self.settle(inputs, free, start=start)
            return (first, *(self.settle(inputs, nudged, nudge, first) for nudge in nudges))
        return self._together(laid_out, inputs, (free, *(nudged for _ in nudges)), nudges, start)

    def _laid_out(self, free: Settling, nudged: Settling, nudges: Sequence[Nudge]) -> Phases | None:
        """Return the phases in one kernel, worked out once; None where they do not suit."""
        if free.solve != "euler" or nudged.solve != "euler":
            return None
        if any(one.anchor is not None or one.clamp or one.beta == 0.0 for one in nudges):
            return None
        key = ("phases", free, nudged, *((one.beta, one.cost) for one in nudges))
        if key not in self.wiring.kept:
            self.wiring.kept[key] = self._lay_out(free, nudged, nudges)
        found: Phases | None = self.wiring.kept[key]
        return found

    def _lay_out(self, free: Settling, nudged: Settling, nudges: Sequence[Nudge]) -> Phases | None:
        if any(self.wiring.nodes[g].slew is not None for g in self.wiring.free):
            return None
        if not all(cost_of(self.circuit, one.cost).quadratic for one in nudges) or not self.wiring.free:
            return None
        constant = [np.zeros((1, nodes.size), self.dtype) for nodes in self.wiring.nodes]
        phases: list[Phase] = [self._phase(constant, None)]
        phases += [
            self._phase(constant, Nudge(np.zeros((1, len(self.nudged))), one.beta, cost=one.cost))
            for one in nudges
        ]
        paces = [
            self._field(phase, settling)[1]
            for phase, settling in zip(phases, (free, *(nudged for _ in nudges)), strict=True)
        ]
        counts = [one.count for one in paces if one.count is not None]
        if len(counts) < len(paces):
            return None
        pulled = tuple(tuple(self._pulled(one)) for one in nudges)
        return fused_phases.phases_of(phases, counts, [one.length for one in paces], pulled)

    def _pulled(self, nudge: Nudge) -> list[Pulled]:
        """Return what a nudge pulls, free group by free group."""
        groups, places = self.layout.group_of[self.nudged], self.layout.place_of[self.nudged]
        found, share = [], self._share(nudge.beta)
        for at, group in enumerate(self.wiring.free):
            (outputs,) = np.nonzero(groups == group)
            if len(outputs):
                found.append(Pulled(at, places[outputs], outputs, nudge.beta * share[outputs]))
        return found

    def _together(
        self,
        phases: Phases,
        inputs: Array,
        settlings: tuple[Settling, ...],
        nudges: Sequence[Nudge],
        start: State | None,
    ) -> tuple[State, ...]:
        """Run phases in one kernel."""
        wiring, samples = self.wiring, len(inputs)
        clamped = self._inputs(inputs)
        held = wiring.held(clamped)
        flat, room = fused_phases.room(phases, samples)
        constant = wiring.constant_drives(clamped, samples, held, dict(zip(wiring.free, room, strict=True)))
        begin = None
        if start is not None or any(wiring.nodes[g].bounded for g in wiring.free):
            begin = [
                part
                for part, nodes in zip(self._start(samples, start), wiring.nodes, strict=True)
                if not nodes.clamped
            ]
        with np.errstate(over="ignore", invalid="ignore"):  # the residual says it
            ended = fused_phases.integrate(phases, flat, begin, [one.targets for one in nudges])
        limits = np.array([[one.tol] for one in settlings])
        settled = ended.residual <= np.maximum(limits, ended.floor)
        found = []
        for number, (values, count) in enumerate(zip(ended.states, phases.steps.tolist(), strict=True)):
            extra = {"inputs": clamped, "constant": constant, "revision": self.revision}
            if ended.rho is None:
                extra["activities"] = values, self._beside(held, values)
            else:
                extra["activities"] = values, self._beside(held, ended.rho[number])
            seconds = count * phases.length
            found.append(
                State(
                    values,
                    ended.residual[number],
                    np.full(samples, count),
                    settled[number],
                    extra,
                    seconds,
                    np.full(samples, seconds),
                )
            )
        return tuple(found)

    def _beside(self, held: dict[int, Array], free: tuple[Array, ...]) -> list[Array]:
        """Return what inputs and free groups have, by group."""
        found = held | dict(zip(self.wiring.free, free, strict=True))
        return [found[group] for group in range(len(self.wiring.nodes))]
