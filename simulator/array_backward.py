"""What runs against time in an array chip: forces and Jᵀ at a state, adjoints through steps of a phase.

One step takes x to clip(u), u = x + share·F(x), with F = r·d − x, d the drive and r = ρ′ under energy drive,
1 under direct drive; behind an inlet ρ, F = ρ(d) − x and r = ρ′(d). share = Δt/τ is Euler's, 1 − e^{−Δt/τ}
exponential Euler's, 1 that of discrete dynamics.
Its adjoint, with M the matrix of all couplings, is

    m = λ where u lies in its closed interval, 0 elsewhere;   μ = r·share·m
    λ ← m + (r′·d − 1)·share·m + ρ′(x)·Mᵀμ,                   dLoss/dθ += Σ μ ∂d/∂θ

The derivative of a projection is 1 on the closed interval, as autograd has it for clamp and hard sigmoid.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.errors import InputError
from eqchip.simulator.array_learning import ArrayLearning
from eqchip.simulator.backward import Linearised
from eqchip.simulator.chip import Nudge, Settling, State, Weights
from eqchip.simulator.cost.costs import cost_of
from eqchip.simulator.integrators.methods import integrator
from eqchip.simulator.integrators.stepping import pace
from eqchip.simulator.jacobian import per_node, point
from eqchip.simulator.phase import Phase
from eqchip.simulator.wiring import Wiring

Array = NDArray[Any]
FloatArray = NDArray[np.float64]

#: What can be run backwards, and the share of F that one step of so many seconds takes.
SHARES = {
    "euler": lambda length, tau: length / tau,
    "expeuler": lambda length, tau: -np.expm1(-length / tau),
    "discrete": lambda length, tau: np.ones_like(tau),
}


class ArrayBackward(ArrayLearning):
    """Adjoints of an array chip."""

    def linearised(self, state: State, inputs: Array, nudge: Nudge | None = None) -> Linearised:
        """Return the forces at a state and how they change with it, in float64."""
        wiring = self.wiring
        phase = Phase.free_running(wiring, self._constant(self._clamped(inputs), len(inputs), state))
        states = self._start(len(inputs), state)
        at = point(phase, states)
        weight = at.weight / self.layout.scales.energy
        force, pull = weight * at.f, np.zeros_like(at.f)
        if nudge is not None:
            pull = self._joined(self._pull(self._by_group(state), nudge.targets, nudge.cost))
            there = pull
            if nudge.anchor is not None:
                there = self._joined(self._pull_of(nudge.anchor, nudge.targets, nudge.cost))
            force = force - nudge.beta * there
        low, high, here = (
            np.concatenate([part[g] for g in wiring.free], axis=-1)
            for part in ([n.law.low for n in wiring.nodes], [n.law.high for n in wiring.nodes], states)
        )
        held = ((here <= low) & (force < 0.0)) | ((here >= high) & (force > 0.0))
        free = ~held

        def transposed(adjoint: FloatArray) -> FloatArray:
            mu = np.where(free, weight * adjoint, 0.0)
            drives = self._parted(at.r * mu)
            found = at.rho_slope * self._joined(_transposed_drive(wiring, drives)) + at.diagonal * mu
            return np.where(free, -found, 0.0)

        def matrix(sample: int) -> FloatArray:
            rows = slice(sample, sample + 1)
            j = -weight[:, None] * at.part(rows).jacobian(wiring.matrix())[0]
            return np.asarray(np.where(free[sample][:, None] & free[sample][None, :], j, 0.0))

        with np.errstate(divide="ignore"):
            rate = 1.0 / (at.tau * weight)
        return Linearised(
            np.where(held, 0.0, force), np.where(held, 0.0, pull), rate, held, transposed, matrix
        )

    def displaced(self, state: State, by: FloatArray) -> State:
        """Return a state moved by some state units at every free node, bounds aside."""
        parts = self._parted(by)
        moved = tuple(part + parts[g] for g, part in zip(self.wiring.free, state.values, strict=True))
        return State(moved, state.residual, state.iterations, state.settled, state.extra)

    def displacement(self, before: State, after: State) -> FloatArray:
        """Return how far every free node has moved, (B, n) state units."""
        return np.concatenate(
            [b - a for a, b in zip(before.values, after.values, strict=True)], axis=1, dtype=np.float64
        )

    def through_time(
        self, course: Sequence[State], settling: Settling, targets: Array, cost: str = ""
    ) -> ArrayUnrolled:
        """Return the adjoints of the steps between the states of a course, in the chip's precision."""
        if settling.solve not in SHARES:
            raise InputError(
                f"solve={settling.solve} is not run backwards: there is no backpropagation through its steps",
                expected=" | ".join(f"solve={name}" for name in SHARES),
            )
        wiring, clamped = self.wiring, course[-1].extra["inputs"]
        samples = len(course[-1].residual)
        constant = self._constant(list(clamped), samples, course[-1])
        phase = Phase.free_running(wiring, constant)
        length = pace(self.tau, settling, integrator(settling.solve)).length
        shares = {
            g: SHARES[settling.solve](length, wiring.nodes[g].tau).astype(self.dtype) for g in wiring.free
        }
        parts = self._by_group(course[-1])
        adjoint = {g: part.astype(self.dtype) for g, part in self._pull(parts, targets, cost).items()}
        weight = per_node(wiring, lambda nodes: nodes.gleak * nodes.vunit**2) / self.layout.scales.energy
        gain = np.concatenate([shares[g] for g in wiring.free]) / weight
        unrolled = ArrayUnrolled(self, gain, adjoint)
        for state in reversed(course[:-1]):
            states = self._by_group(state)
            rho = [nodes.activity(part) for nodes, part in zip(wiring.nodes, states, strict=True)]
            moved, mu, before = {}, {}, {}
            for g in wiring.free:
                nodes, x = wiring.nodes[g], states[g]
                drive = phase.sum(g, rho, np.empty_like(x))
                r = nodes.slope(x) if nodes.law.energy else nodes.admittance(drive)
                force = r * drive if nodes.law.energy else nodes.admit(drive.copy())
                u = x + shares[g] * (force - x)
                inside = (u >= nodes.law.low) & (u <= nodes.law.high)
                passed = np.where(inside, adjoint[g], self.dtype.type(0))
                moved[g] = shares[g] * passed
                mu[g] = r * moved[g]
                bend = nodes.curvature(x) * drive if nodes.law.energy else 0.0
                before[g] = passed + (bend - 1.0) * moved[g]
            for g, back in _transposed_drive(wiring, mu).items():
                before[g] = (before[g] + wiring.nodes[g].slope(states[g]) * back).astype(self.dtype)
            adjoint = before
            unrolled.add(adjoint, rho, mu)
        return unrolled

    # -- free nodes, one group after the other -----------------------------------------------------------

    def _pull(self, parts: Sequence[Array], targets: Array, cost: str) -> dict[int, FloatArray]:
        """Return ∂cost/∂s by free group."""
        return self._pull_of(self.layout.gather(self.nudged, parts).astype(np.float64), targets, cost)

    def _pull_of(self, outputs: Array, targets: Array, cost: str) -> dict[int, FloatArray]:
        slope = cost_of(self.circuit, cost).slope(outputs, targets)
        pull = {g: np.zeros((len(outputs), self.wiring.nodes[g].size)) for g in self.wiring.free}
        groups, places = self.layout.group_of[self.nudged], self.layout.place_of[self.nudged]
        for column, (group, place) in enumerate(zip(groups, places, strict=True)):
            pull[int(group)][:, place] = slope[:, column]
        return pull

    def _joined(self, parts: dict[int, Array]) -> FloatArray:
        return np.concatenate([parts[g] for g in self.wiring.free], axis=1, dtype=np.float64)

    def _parted(self, values: FloatArray) -> dict[int, Array]:
        cuts = np.cumsum([self.wiring.nodes[g].size for g in self.wiring.free])[:-1]
        return dict(zip(self.wiring.free, np.split(values, cuts, axis=1), strict=True))


class ArrayUnrolled:
    """Adjoints of an array chip, step by step from the end."""

    def __init__(self, chip: ArrayBackward, gain: FloatArray, end: dict[int, Array]) -> None:
        self.chip, self.gain = chip, gain
        self.adjoints = [end]
        self.rho: list[list[Array]] = []
        self.mu: list[dict[int, Array]] = []

    def add(self, adjoint: dict[int, Array], rho: list[Array], mu: dict[int, Array]) -> None:
        """Note one step more: the adjoint before it, the activities it began with, and its μ."""
        self.adjoints.append(adjoint)
        self.rho.append(rho)
        self.mu.append(mu)

    @property
    def steps(self) -> int:
        """How many steps there are."""
        return len(self.mu)

    def neurons(self, step: int) -> FloatArray:
        """Return d(cost)/ds of the state `step` steps before the end; 0: at the end."""
        return self.chip._joined(self.adjoints[step])

    def weights(self, first: int, last: int) -> Weights:
        """Return dLoss/dθ through the steps first … last: one product an array, not one a step."""
        rho, mu = self.rho[first - 1 : last], self.mu[first - 1 : last]
        chip, out = self.chip, Weights()
        nodes, layout = chip.wiring.nodes, chip.layout
        for one in chip.learnables:
            at = layout.arrays.get(one.name.lower())
            if at is None:
                group = layout.neurons[one.name.lower()]
                out[one.name] = np.mean(sum(step[group] for step in mu), axis=0).reshape(one.shape)
                continue
            link = chip.wiring.links[at]
            ends = ((link.pre, link.pre_part), (link.post, link.post_part))
            if any(nodes[group].clamped for group, _ in ends):
                # What a clamped end brings stands still: adjoints are added up before the product.
                total = tuple(
                    None if nodes[g].clamped else np.asarray(sum(step[g][:, part] for step in mu))
                    for g, part in ends
                )
                out[one.name] = link.coupling.gradient(link.ends(rho[0]), (total[0], total[1]))
            else:
                pre, post = (
                    (
                        np.concatenate([step[g][:, part] for step in rho]),
                        np.concatenate([step[g][:, part] for step in mu]),
                    )
                    for g, part in ends
                )
                found = link.coupling.gradient((pre[0], post[0]), (pre[1], post[1]))
                out[one.name] = len(mu) * found
        return out


def _transposed_drive(wiring: Wiring, mu: dict[int, Array]) -> dict[int, Array]:
    """Return Mᵀμ by free group: what comes back to whoever drove a group."""
    back = {g: np.zeros_like(mu[g]) for g in wiring.free}
    for group in wiring.free:
        for link, forward in wiring.from_free[group]:
            if forward:
                back[link.pre][:, link.pre_part] += link.coupling.drive_adjoint(mu[group][:, link.post_part])
            else:
                back[link.post][:, link.post_part] += link.coupling.back_adjoint(mu[group][:, link.pre_part])
    return back
