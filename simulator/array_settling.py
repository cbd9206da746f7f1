"""How an array chip settles: to equilibrium by block descent, or step by step in time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.devices.node_law import LINEAR
from eqchip.simulator.array_noise import ArrayNoise
from eqchip.simulator.array_nudge import overcome
from eqchip.simulator.chip import Nudge, Settling, State
from eqchip.simulator.equilibrium import block_descent
from eqchip.simulator.integrators import array_euler
from eqchip.simulator.integrators.array_field import ArrayField
from eqchip.simulator.integrators.methods import integrator
from eqchip.simulator.integrators.shaken import Shaken, shaken
from eqchip.simulator.integrators.stepping import Pace, Stand, begun, pace, run
from eqchip.simulator.jacobian import per_node
from eqchip.simulator.noise.shaking import Shaking
from eqchip.simulator.phase import Phase
from eqchip.simulator.wiring import Wiring

Array = NDArray[Any]


class ArraySettling(ArrayNoise):
    """Phases of an array chip."""

    def settle(
        self,
        inputs: Array,
        settling: Settling,
        nudge: Nudge | None = None,
        start: State | None = None,
    ) -> State:
        """Run one phase on a batch, from `start` (default: all states zero)."""
        self._enter(nudge)
        settling = self._clocked(settling)
        clamped = self._clamped(inputs)
        constant = self._constant(clamped, len(inputs), start)
        phase = self._phase(constant, nudge)
        states = self._start(len(inputs), start)
        extra = {"inputs": clamped, "constant": constant, "revision": self.revision}
        if not phase.wiring.free:  # a phase that holds every node
            none, settled = np.zeros(len(inputs)), np.ones(len(inputs), np.bool_)
            return State(self._values(states, phase), none, none.astype(np.int64), settled, extra)
        shaking = self._shaking(phase, settling, nudge, start)
        if settling.solve == "equilibrium":
            return self._equilibrium(phase, states, settling, nudge, extra, start is not None)
        length = phase.wiring.kept.get(settling)
        if length is None:
            length = self._field(phase, settling)[1]
            if not self.jitters:  # else this was the only phase of its length
                phase.wiring.kept[settling] = length
        with np.errstate(over="ignore", invalid="ignore"):  # the residual says it
            whole = self._whole(phase, settling, length)
            found = None
            if whole is not None and length.count is not None:
                if shaking is None:
                    found = array_euler.integrate(phase, states, length.count, whole)
                else:
                    deviation = self._shaken(phase, settling, shaking, length).deviation
                    found = array_euler.shake(phase, states, length.count, whole, shaking, deviation)
            if found is not None and length.count is not None:
                residual, floor = found
                taken = np.full(len(inputs), length.count)
                settled = residual <= np.maximum(settling.tol, floor)
                ended = State(self._values(states, phase), residual, taken, settled, extra)
                if settling.solve == "euler":
                    ended.seconds = length.count * length.length
                    ended.durations = np.full(len(inputs), ended.seconds)
                return ended
            field, _ = self._field(phase, settling)
            joined = field.joined(states)
            *_, last = run(field, joined, settling, integrator(settling.solve), length, shaking)
        if shaking is not None:
            extra["noise"] = shaking.states
        return self._state(field, last, settling, extra)

    def _shaken(self, phase: Phase, settling: Settling, shaking: Shaking, length: Pace) -> Shaken:
        """Return a phase that noise shakes, as integrators see it."""
        field, method = self._field(phase, settling)[0], integrator(settling.solve)
        return shaken(field, shaking, method, length.length, length.count)

    def _whole(self, phase: Phase, settling: Settling, length: Pace) -> float | None:
        """Return the length of Euler's steps that are those asked for, s: their kernels run whole phases.

        s ← ρ(d) + k − (a − 1)·s is a step of one τ where no clamp comes between drive and nudge.
        """
        if any(phase.wiring.nodes[g].slew is not None for g in phase.wiring.free):
            return None
        if settling.solve == "euler":
            return length.length
        groups = [phase.wiring.nodes[g] for g in phase.wiring.free]
        tau = float(groups[0].tau[0])
        if settling.solve != "discrete" or not all(np.all(nodes.tau == tau) for nodes in groups):
            return None
        nudged = [phase.wiring.nodes[g] for g in phase.nudged]
        free = all(nodes.law.code == LINEAR and not nodes.bounded for nodes in nudged)
        return tau if free and tau > 0.0 else None

    def _equilibrium(
        self,
        phase: Phase,
        states: list[Array],
        settling: Settling,
        nudge: Nudge | None,
        extra: dict[str, Any],
        follow: bool,
    ) -> State:
        if nudge is not None and any(
            np.any(phase.a[group] <= 0.0) and not phase.wiring.nodes[group].railed for group in phase.nudged
        ):
            raise overcome(nudge.beta)
        with np.errstate(over="ignore", invalid="ignore"):  # it says itself what ran away
            ended = block_descent.settle(phase, states, settling.tol, settling.limit, follow)
        values = self._values(ended.states, phase)
        return State(values, ended.residual, ended.iterations, ended.settled, extra)

    def _field(self, phase: Phase, settling: Settling) -> tuple[ArrayField, Pace]:
        """Return the phase as integrators see it, and how it is stepped."""
        method = integrator(settling.solve)
        field = ArrayField(phase, method, float(self.circuit.options.get("reltol", 1e-3)))
        tau = _smallest(self.wiring) if phase.held else field.tau  # eps= counts in that of the whole chip
        return field, pace(tau, settling, method, field.tau)

    def _state(self, field: ArrayField, stand: Stand, settling: Settling, extra: dict[str, Any]) -> State:
        """Return where a phase stands."""
        return stand.state(self._values(field.parts(stand.x), field.phase), settling, extra)

    def course(
        self,
        inputs: Array,
        settling: Settling,
        nudge: Nudge | None = None,
        start: State | None = None,
    ) -> Iterator[State]:
        """Yield the state a phase begins with, then the state after every step."""
        state = self._beginning(inputs, start)
        yield state
        if settling.solve == "equilibrium":
            yield self.settle(inputs, settling, nudge, state)
            return
        self._enter(nudge)
        settling = self._clocked(settling)
        clamped, seen = state.extra["inputs"], self.revision
        if state.extra["revision"] != seen:
            state.extra["constant"] = self._constant(clamped, len(inputs), None)
        constant, extra = state.extra["constant"], state.extra

        def changed() -> Phase | None:
            """Return the phase anew where θ was written since it was last asked for."""
            nonlocal constant, extra, seen
            if self.revision == seen:
                return None
            constant = self.wiring.constant_drives(clamped, len(inputs))
            extra = {"inputs": clamped, "constant": constant, "revision": self.revision}
            seen = self.revision
            return self._phase(constant, nudge)

        phase = self._phase(constant, nudge)
        field, length = self._field(phase, settling)
        field.changed = changed
        x = field.joined(self._start(len(inputs), state))
        shaking = self._shaking(phase, settling, nudge, start)
        for stand in run(field, x, settling, integrator(settling.solve), length, shaking):
            if shaking is not None:
                extra["noise"] = shaking.states
            yield self._state(field, stand, settling, extra)

    def _beginning(self, inputs: Array, start: State | None) -> State:
        """Return the state a phase begins with, and the drives it leaves to those after it."""
        clamped = self._clamped(inputs)
        constant = self._constant(clamped, len(inputs), start)
        extra = {"inputs": clamped, "constant": constant, "revision": self.revision}
        return begun(self._values(self._start(len(inputs), start)), len(inputs), extra)


def _smallest(wiring: Wiring) -> float:
    """Return the smallest time constant of the free nodes that have one, s; NaN without."""
    taus = per_node(wiring, lambda nodes: nodes.tau)
    return float(np.min(taus[taus > 0.0])) if np.any(taus > 0.0) else np.nan
