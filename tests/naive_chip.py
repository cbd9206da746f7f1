"""A chip in plain NumPy, straight from the equations: slow, dense, float64. The twin of every faster form.

With K = gunit·vunit·vunit·W for every synapse (both ways), β the nudge and S the energy scale,

    E = Σ ½ gleak v² − Σ gleak vunit² b ρ(s) − ½ ρᵀ K ρ,     s = v / vunit
    c dv/dt = −∂E/∂v − β S ∂C/∂v,                            C = ½ Σ (s − t)² over the outputs

Input nodes are clamped, have ρ(s) = s and vunit = 1 V.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from eqchip.netlists.circuit import Circuit
from eqchip.simulator.chip import Learnable, Nudge, Settling, State, Weights
from eqchip.simulator.moment import Moment

Array = np.ndarray[Any, Any]


@dataclass
class Group:
    """Neurons of one kind; the inputs are a group without leak."""

    size: int
    activation: str = "tanh"
    slope: float = 1.0
    shift: float = 0.0
    c: float = 1e-12
    gleak: float = 1e-6
    vunit: float = 1.0
    bias: Array = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        if not self.bias.size:
            self.bias = np.zeros(self.size)


@dataclass
class Synapses:
    """A tied array between two groups, or within one (then W = Wᵀ, zero diagonal)."""

    rows: str
    columns: str
    weights: Array
    gunit: float | None = None  # default: gleak of the columns


def activity(group: Group, s: Array, order: int) -> Array:
    """Return ρ (order 0), ρ′ (1) or ρ″ (2) of a state, with respect to the state."""
    z, k = group.slope * (s - group.shift), group.slope
    if group.activation == "tanh":
        t = np.tanh(z)
        return t if order == 0 else k * (1 - t * t) if order == 1 else -2 * k * k * t * (1 - t * t)
    if group.activation == "sigmoid":
        y = 0.5 * (1 + np.tanh(z / 2))
        return y if order == 0 else k * y * (1 - y) if order == 1 else k * k * y * (1 - y) * (1 - 2 * y)
    if group.activation == "hardsigmoid" and order < 2:
        return np.clip(s, 0, 1) if order == 0 else ((s >= 0) & (s <= 1)).astype(float)
    assert group.activation in ("linear", "hardsigmoid")
    return s if order == 0 else np.full_like(s, 1.0 if order == 1 else 0.0)


class NaiveChip:
    """Neurons and synapses; groups[0] is the input, the last group the output."""

    form = "naive"
    dtype = np.float64

    def __init__(
        self,
        groups: dict[str, Group],
        arrays: dict[str, Synapses],
        rates: Mapping[str, float],
        bounds: Mapping[str, tuple[float, float]] | None = None,
        circuit: Circuit | None = None,
        momentum: float = 0.0,
        decay: float = 0.0,
    ) -> None:
        self.circuit = circuit or Circuit()
        self.groups, self.arrays = groups, arrays
        self.spans: dict[str, slice] = {}
        start = 0
        for name, group in groups.items():
            self.spans[name] = slice(start, start + group.size)
            start += group.size
        self.count = start
        self.input, self.output = next(iter(groups)), list(groups)[-1]
        low_high = dict(bounds or {})
        shapes = {name: one.weights.shape for name, one in arrays.items()}
        shapes |= {"N" + name: (group.size,) for name, group in groups.items()}
        self.learnables = tuple(
            Learnable(
                name,
                shapes[name],
                rate,
                *low_high.get(name, (-np.inf, np.inf)),
                momentum=momentum,
                decay=decay,
            )
            for name, rate in rates.items()
        )
        neurons = [group for name, group in groups.items() if name != self.input]
        self.tau = min(group.c / group.gleak for group in neurons)
        last = groups[self.output]
        self.scale = last.gleak * last.vunit**2
        self.output_conductance = last.gleak
        self.free = np.arange(groups[self.input].size, self.count)
        self.low = np.full(self.count, -np.inf)
        self.high = np.full(self.count, np.inf)
        for name, group in groups.items():
            if group.activation == "hardsigmoid":
                self.low[self.spans[name]], self.high[self.spans[name]] = 0.0, group.vunit

    # -- the equations -------------------------------------------------------------------------------------

    def gunit(self, name: str) -> float:
        one = self.arrays[name]
        return self.groups[one.columns].gleak if one.gunit is None else one.gunit

    def per_node(self, what: str) -> Array:
        """Spread a number of each group over its nodes; the inputs have neither leak nor bias."""
        out = np.zeros(self.count)
        for name, group in self.groups.items():
            if name != self.input or what == "vunit":
                out[self.spans[name]] = getattr(group, what)
        return out

    def couplings(self) -> Array:
        k = np.zeros((self.count, self.count))
        for name, one in self.arrays.items():
            rows, columns = self.spans[one.rows], self.spans[one.columns]
            volts = self.groups[one.rows].vunit * self.groups[one.columns].vunit
            k[rows, columns] += self.gunit(name) * volts * one.weights
            if one.rows != one.columns:
                k[columns, rows] += self.gunit(name) * volts * one.weights.T
        return k

    def rho(self, v: Array, order: int = 0) -> Array:
        out = np.empty_like(v)
        for name, group in self.groups.items():
            span = self.spans[name]
            out[..., span] = activity(group, v[..., span] / group.vunit, order)
        return out

    def energy(self, v: Array) -> Array:
        """Return E of each sample, W."""
        leak, vunit, bias = (self.per_node(what) for what in ("gleak", "vunit", "bias"))
        rho = self.rho(v)
        return (
            0.5 * (leak * v * v).sum(-1)
            - (leak * vunit**2 * bias * rho).sum(-1)
            - 0.5 * np.einsum("bi,ij,bj->b", rho, self.couplings(), rho)
        )

    def costs(self, v: Array, targets: Array) -> Array:
        y = v[:, self.spans[self.output]] / self.groups[self.output].vunit
        return 0.5 * ((y - targets) ** 2).sum(-1)

    def force(self, v: Array, nudge: Nudge | None) -> Array:
        """Return f = ∂E/∂v + β S ∂C/∂v, the current that leaves each node, A."""
        leak, vunit, bias = (self.per_node(what) for what in ("gleak", "vunit", "bias"))
        drive = leak * vunit**2 * bias + self.rho(v) @ self.couplings()
        f = leak * v - self.rho(v, 1) / vunit * drive
        if nudge is not None:
            out, unit = self.spans[self.output], self.groups[self.output].vunit
            at = v[:, out] / unit if nudge.anchor is None else nudge.anchor
            f[:, out] += nudge.beta * self.scale * (at - nudge.targets) / unit
        f[:, : self.free[0]] = 0.0
        return f

    def jacobian(self, v: Array, nudge: Nudge | None) -> Array:
        """Return ∂f/∂v (B, n, n) over all nodes."""
        leak, vunit, bias = (self.per_node(what) for what in ("gleak", "vunit", "bias"))
        k = self.couplings()
        drive = leak * vunit**2 * bias + self.rho(v) @ k
        slope = self.rho(v, 1) / vunit
        j = -slope[:, :, None] * k.T * slope[:, None, :]
        diagonal = leak - self.rho(v, 2) / vunit**2 * drive
        if nudge is not None and nudge.anchor is None:
            diagonal[:, self.spans[self.output]] += (
                nudge.beta * self.scale / self.groups[self.output].vunit ** 2
            )
        index = np.arange(self.count)
        j[:, index, index] += diagonal
        return j

    def held(self, v: Array, f: Array) -> Array:
        """Say which nodes do not move: inputs, and nodes at a bound that f presses against it."""
        still = ((v <= self.low) & (f > 0)) | ((v >= self.high) & (f < 0))
        still[:, : self.free[0]] = True
        return still

    def residual(self, v: Array, nudge: Nudge | None) -> Array:
        """Return the largest |dv/dt|·τ of each sample, in state units, at nodes that are free to move."""
        f = self.force(v, nudge)
        leak, vunit = self.per_node("gleak"), self.per_node("vunit")
        free = self.free
        rate = np.abs(f[:, free]) / (leak * vunit)[free]
        return np.where(self.held(v, f)[:, free], 0.0, rate).max(axis=1)

    # -- the protocol of a chip ----------------------------------------------------------------------------

    def settle(
        self, inputs: Array, settling: Settling, nudge: Nudge | None = None, start: State | None = None
    ) -> State:
        v = np.zeros((len(inputs), self.count)) if start is None else np.array(start.values)
        v[:, : self.free[0]] = inputs
        v = np.clip(v, self.low, self.high)
        if settling.solve == "euler":
            iterations = self._euler(v, settling, nudge)
        else:
            assert settling.solve == "equilibrium", settling.solve
            iterations = self._newton(v, settling, nudge)
        residual = self.residual(v, nudge)
        state = State(v, residual, iterations, residual <= settling.tol)
        if settling.solve == "euler":
            state.seconds = settling.steps * settling.eps * self.tau
            state.durations = np.full(len(v), state.seconds)
        return state

    def phases(
        self,
        inputs: Array,
        free: Settling,
        nudged: Settling,
        nudges: Sequence[Nudge],
        start: State | None = None,
    ) -> tuple[State, ...]:
        first = self.settle(inputs, free, None, start)
        return (first, *(self.settle(inputs, nudged, nudge, first) for nudge in nudges))

    def _euler(self, v: Array, settling: Settling, nudge: Nudge | None) -> Array:
        step = settling.eps * self.tau / np.where(self.per_node("c") > 0, self.per_node("c"), 1.0)
        for _ in range(settling.steps):
            v[:] = np.clip(v - step * self.force(v, nudge), self.low, self.high)
        return np.full(len(v), settling.steps)

    def _newton(self, v: Array, settling: Settling, nudge: Nudge | None) -> Array:
        """Pseudo-transient continuation: implicit Euler whose step grows as the residual falls, so that the
        basin is that of time and the end is Newton's."""
        iterations = np.zeros(len(v), dtype=int)
        c, leak = self.per_node("c"), self.per_node("gleak").max()
        first = np.maximum(self.residual(v, nudge), 1e-300)
        for _ in range(min(settling.limit, 400)):
            residual = self.residual(v, nudge)
            going = (residual > settling.tol) & (residual < 1e9)  # beyond, it has run away
            if not going.any():
                break
            iterations += going
            part = (
                Nudge(nudge.targets[going], nudge.beta, None if nudge.anchor is None else nudge.anchor[going])
                if nudge is not None
                else None
            )
            f, j = self.force(v[going], part), self.jacobian(v[going], part)
            step = 0.3 * self.tau * np.minimum(first[going] / residual[going], 1e12)
            free = ~self.held(v[going], f)  # a held node has the equation Δv = 0
            index = np.arange(self.count)
            j[:, index, index] += c / step[:, None]
            matrix = np.where(free[:, :, None] & free[:, None, :], j, np.eye(self.count) * leak)
            v[going] -= np.linalg.solve(matrix, np.where(free, f, 0.0)[:, :, None])[:, :, 0]
            v[:] = np.clip(v, self.low, self.high)
        return iterations

    def outputs(self, state: State) -> Array:
        return np.asarray(state.values[:, self.spans[self.output]] / self.groups[self.output].vunit)

    def local(self, v: Array) -> Weights:
        """Return ∂E/∂θ over the energy scale, (B, *shape)."""
        rho = self.rho(v)
        out: Weights = {}
        for one in self.learnables:
            if one.name in self.arrays:
                array = self.arrays[one.name]
                a, b = rho[:, self.spans[array.rows]], rho[:, self.spans[array.columns]]
                volts = self.groups[array.rows].vunit * self.groups[array.columns].vunit
                out[one.name] = -self.gunit(one.name) * volts / self.scale * a[:, :, None] * b[:, None, :]
                if array.rows == array.columns:  # a pair counts once; the diagonal is no synapse
                    out[one.name] *= 1.0 - np.eye(one.shape[0])
            else:
                group = self.groups[one.name[1:]]
                weight = group.gleak * group.vunit**2 / self.scale
                out[one.name] = -weight * rho[:, self.spans[one.name[1:]]]
        return out

    def contrast(self, first: State, second: State) -> Weights:
        before, after = self.local(first.values), self.local(second.values)
        return {name: (after[name] - before[name]).mean(axis=0) for name in before}

    def gradient(self, free: State, inputs: Array, targets: Array) -> Weights:
        """Return −λᵀ ∂f/∂θ with Jᵀ λ = ∂C/∂v. f is linear in θ: ∂f/∂θ is its gain when θ grows by 1."""
        v = np.asarray(free.values)
        f, j = self.force(v, None), self.jacobian(v, None)
        out, unit = self.spans[self.output], self.groups[self.output].vunit
        slope = np.zeros_like(v)
        slope[:, out] = (v[:, out] / unit - targets) / unit
        adjoint = np.zeros_like(v)
        for row, still in enumerate(self.held(v, f)):
            move = np.flatnonzero(~still)
            adjoint[row, move] = np.linalg.solve(j[row][np.ix_(move, move)].T, slope[row, move])
        gradients = {one.name: np.zeros(one.shape) for one in self.learnables}
        for name, values in gradients.items():
            theta = self.arrays[name].weights if name in self.arrays else self.groups[name[1:]].bias
            pair = name in self.arrays and self.arrays[name].rows == self.arrays[name].columns
            for index in np.ndindex(values.shape):
                if pair and index[0] == index[1]:
                    continue
                places = {index, index[::-1]} if pair else {index}
                for place in places:
                    theta[place] += 1.0
                values[index] = -np.mean(np.sum(adjoint * (self.force(v, None) - f), axis=1))
                for place in places:
                    theta[place] -= 1.0
        return gradients

    def descend_contrast(self, first: State, second: State, factors: Mapping[str, float]) -> None:
        values, signal = self.parameters(), self.contrast(first, second)
        self.write(
            {one.name: values[one.name] - factors[one.name] * signal[one.name] for one in self.learnables}
        )

    moment: Moment | None = None

    def change(self, requests: Mapping[str, Array]) -> None:
        values = self.parameters()
        self.write({name: values[name] + request for name, request in requests.items()})

    def elapse(self, seconds: float) -> None:
        pass

    def condition(self) -> Weights:
        return {}

    def restore(self, condition: Mapping[str, Array]) -> None:
        assert not condition

    def programming(self) -> tuple[float, float]:
        return 0.0, 0.0

    def parameters(self) -> Weights:
        return {
            one.name: np.array(
                self.arrays[one.name].weights if one.name in self.arrays else self.groups[one.name[1:]].bias
            )
            for one in self.learnables
        }

    def write(self, values: Mapping[str, Array]) -> None:
        bounds = {one.name: (one.low, one.high) for one in self.learnables}
        for name, value in values.items():
            clipped = np.clip(value, *bounds[name])
            if name in self.arrays:
                self.arrays[name].weights = clipped
            else:
                self.groups[name[1:]].bias = clipped

    def _free_jacobian(self, state: State, sample: int = 0) -> Array:
        v = np.asarray(state.values)[sample : sample + 1]
        move = np.flatnonzero(~self.held(v, self.force(v, None))[0])
        return np.asarray(self.jacobian(v, None)[0][np.ix_(move, move)]), self.per_node("c")[move]  # type: ignore

    def reciprocity(self, state: State) -> float:
        j, _ = self._free_jacobian(state)
        return float(np.linalg.norm(j - j.T) / np.linalg.norm(j))

    def stability(self, state: State) -> tuple[float, float]:
        rates = []
        for sample in range(len(state.values)):
            j, c = self._free_jacobian(state, sample)
            rates.append(-np.linalg.eigvals(-j / c[:, None]).real.max())
        return float(min(rates) * self.tau), float(1.0 / min(rates))

    def voltages(self, state: State) -> dict[str, Array]:
        return {name: state.values[:, span] for name, span in self.spans.items()}
