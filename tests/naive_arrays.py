"""Chips of arrays and neurons, device by device in plain Python: the twin of both compiled forms.

    i_post = gunit·vunit_pre·W·ρ(s_pre)·ρ′(s_post)    delivered by a synapse, and with the roles exchanged
    c dv/dt = −gleak·v + gleak·vunit·b·ρ′(s) + Σ i    of a neuron; ρ′ = 1 in both under drive=direct

`random_chip` writes netlists of such chips, with skips, lateral arrays, one-way arrays and different scales.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from eqchip.netlists.circuit import Circuit, Instance

Array = np.ndarray[Any, Any]


@dataclass
class Neuron:
    c: float
    gleak: float
    vunit: float
    activation: str
    drive: str
    slope: float
    shift: float
    bias: float
    low: float = math.nan  # rails
    high: float = math.nan

    def rho(self, s: float) -> float:
        z = self.slope * (s - self.shift)
        return {
            "linear": lambda: s,
            "hardsigmoid": lambda: min(max(s, 0.0), 1.0),
            "relu": lambda: max(s, 0.0),
            "sigmoid": lambda: 1.0 / (1.0 + math.exp(-z)),
            "tanh": lambda: math.tanh(z),
            "softplus": lambda: math.log(1.0 + math.exp(z)),
        }[self.activation]()

    def rise(self, s: float) -> float:
        if self.activation in ("linear", "hardsigmoid", "relu"):
            return 1.0  # on the closed interval, which states do not leave
        h = 1e-20
        z = self.slope * (s - self.shift + 1j * h)
        function: dict[str, Callable[[complex], complex]] = {
            "sigmoid": lambda z: 1.0 / (1.0 + np.exp(-z)),
            "tanh": np.tanh,
            "softplus": lambda z: np.log(1.0 + np.exp(z)),
        }
        return float(np.imag(function[self.activation](z)) / h)  # the complex step is exact

    @property
    def interval(self) -> tuple[float, float]:
        low, high = {"hardsigmoid": (0.0, 1.0), "relu": (0.0, math.inf)}.get(
            self.activation, (-math.inf, math.inf)
        )
        return low if math.isnan(self.low) else self.low, high if math.isnan(self.high) else self.high


INPUT = Neuron(0.0, 0.0, 1.0, "linear", "energy", 1.0, 0.0, 0.0)


@dataclass
class Synapse:
    array: str
    index: tuple[int, int]
    pre: int
    post: int
    weight: float
    gunit: float
    forward: bool
    backward: bool
    share: float  # ½ where both ends are one node


class NaiveArrays:
    """A circuit of neurons and synapses; node voltages are rows of an array, ground among them."""

    def __init__(self, circuit: Circuit) -> None:
        self.circuit = circuit
        self.neurons: dict[int, Neuron] = {}
        self.held = {int(node) for one in circuit.inputs for node in one.nodes}  # by data
        self.synapses: list[Synapse] = []
        for one in circuit.instances:
            if one.family.name == "neuron":
                self._add_neurons(one)
        for one in circuit.instances:
            if one.family.name == "synapse":
                self._add_synapses(one)

    def _add_neurons(self, one: Instance) -> None:
        given = {"c": 1e-12, "gleak": 1e-6, "vunit": 1.0, "activation": "hardsigmoid", "drive": "energy"}
        given |= {"slope": 1.0, "shift": 0.0, "bias": 0.0} | one.given()
        nodes = np.atleast_1d(np.asarray(one.nodes[0]))
        for k, node in enumerate(nodes):
            values = {
                n: v if isinstance(v, str) else float(np.broadcast_to(v, len(nodes))[k])
                for n, v in given.items()
            }
            values |= self._own(one, (k,))
            self.neurons[int(node)] = Neuron(**values)  # type: ignore[arg-type]

    def _own(self, one: Instance, index: tuple[int, ...]) -> dict[str, Any]:
        """Return what .set says of one element."""
        for (name, at), values in self.circuit.elements.items():
            if name.lower() == one.name.lower() and tuple(at) == index:
                return dict(values)
        return {}

    def _add_synapses(self, one: Instance) -> None:
        given, direction = one.given(), one.given().get("dir", "tied")
        looped = np.array_equal(one.nodes[0], one.nodes[1])
        for i, pre in enumerate(one.nodes[0]):
            for j, post in enumerate(one.nodes[1]):
                if looped and i == j and str(given.get("self", "0")) != "1":
                    continue
                if looped and i > j and direction == "tied":
                    continue
                if one.mask is not None and not one.mask[i, j]:
                    continue
                own = self._own(one, (i, j)) or (self._own(one, (j, i)) if looped else {})
                gunit = np.broadcast_to(given.get("gunit", np.nan), one.shape)[i, j]
                gunit = own.get("gunit", gunit)
                gunit = self.neuron(post).gleak if np.isnan(gunit) else float(gunit)
                weight = float(np.broadcast_to(given["w"], one.shape)[i, j])
                share = 0.5 if i == j and looped and direction == "tied" else 1.0
                both = (direction != "backward", direction != "forward")
                self.synapses.append(
                    Synapse(one.name, (i, j), int(pre), int(post), weight, gunit, *both, share)
                )

    def neuron(self, node: int) -> Neuron:
        return self.neurons.get(int(node), INPUT)

    def current(self, v: Array) -> Array:
        """Return the current delivered into each node that has a neuron, A; bounds aside."""
        into = np.zeros(len(v))
        rho = [self.neuron(n).rho(v[n] / self.neuron(n).vunit) for n in range(len(v))]
        back = [
            self.neuron(n).rise(v[n] / self.neuron(n).vunit) if self.neuron(n).drive == "energy" else 1.0
            for n in range(len(v))
        ]
        for node, one in self.neurons.items():
            into[node] += one.gleak * (one.vunit * one.bias * back[node] - v[node])
        for s in self.synapses:
            ends = [(s.pre, s.post)] * s.forward + [(s.post, s.pre)] * s.backward
            for a, b in ends:
                if b in self.neurons:
                    into[b] += s.share * s.gunit * self.neuron(a).vunit * s.weight * rho[a] * back[b]
        return into

    def nudge(self, v: Array, target: Array, beta: float, anchor: Array | None = None) -> Array:
        """Return −β·S ∂cost/∂v of the mse at each node, S = gleak·vunit² of the node."""
        into = np.zeros(len(v))
        nodes = np.concatenate([one.nodes for one in self.circuit.nudges])
        for k, node in enumerate(nodes):
            one = self.neurons[int(node)]
            at = v[node] / one.vunit if anchor is None else anchor[k]
            into[node] = -beta * one.gleak * one.vunit * (at - target[k])
        return into

    def moving(self, v: Array, into: Array) -> Array:
        """Return τ ds/dt of each neuron, 0 where it is pressed against a bound."""
        rate = np.zeros(len(v))
        for node, one in self.neurons.items():
            f = 0.0 if node in self.held else into[node] / (one.gleak * one.vunit)
            low, high = one.interval
            low, high = low + 1e-14, high - 1e-14  # a bound times vunit, over vunit, may be an ulp off
            s = v[node] / one.vunit
            rate[node] = 0.0 if (s <= low and f < 0) or (s >= high and f > 0) else f
        return rate

    def euler(self, v: Array, force: Callable[[Array], Array], steps: int, length: float) -> Array:
        """Return the voltages after some steps of `length` seconds, which begin within the intervals."""
        v = v.copy()
        for node, one in self.neurons.items():
            if node not in self.held:
                v[node] = min(max(v[node], one.interval[0] * one.vunit), one.interval[1] * one.vunit)
        for _ in range(steps):
            into = force(v)
            for node, one in self.neurons.items():
                if node in self.held:
                    continue
                low, high = one.interval
                moved = v[node] + length / one.c * into[node]
                v[node] = min(max(moved, low * one.vunit), high * one.vunit)
        return v

    def energy(self, v: Array) -> float:
        """Return E, W."""
        rho = [self.neuron(n).rho(v[n] / self.neuron(n).vunit) for n in range(len(v))]
        total = sum(
            0.5 * one.gleak * v[n] ** 2 - one.gleak * one.vunit**2 * one.bias * rho[n]
            for n, one in self.neurons.items()
        )
        for s in self.synapses:
            volts = self.neuron(s.pre).vunit * self.neuron(s.post).vunit
            total -= s.share * s.gunit * volts * s.weight * rho[s.pre] * rho[s.post]
        return float(total)

    def local(self, v: Array) -> dict[str, Array]:
        """Return ∂E/∂θ of every array and group of neurons, W; of a pair, in both halves."""
        rho = [self.neuron(n).rho(v[n] / self.neuron(n).vunit) for n in range(len(v))]
        arrays = [one for one in self.circuit.instances if one.family.name == "synapse"]
        out: dict[str, Array] = {one.name: np.zeros(one.shape) for one in arrays}
        for s in self.synapses:
            one = self.circuit.instance(s.array)
            assert one is not None
            volts = self.neuron(s.pre).vunit * self.neuron(s.post).vunit
            value = -s.share * s.gunit * volts * rho[s.pre] * rho[s.post]
            out[s.array][s.index] = value
            if np.array_equal(one.nodes[0], one.nodes[1]) and s.forward and s.backward:
                out[s.array][s.index[::-1]] = value
        for one in self.circuit.instances:
            if one.family.name == "neuron":
                nodes = np.atleast_1d(np.asarray(one.nodes[0]))
                scale = [self.neurons[int(n)].gleak * self.neurons[int(n)].vunit ** 2 for n in nodes]
                out[one.name] = -np.array([a * rho[n] for a, n in zip(scale, nodes, strict=True)]).reshape(
                    one.shape
                )
        return out


SMOOTH = ("tanh", "sigmoid", "softplus")
CLAMPED = ("hardsigmoid", "relu", "linear")


@st.composite
def random_chip(draw: Any, reciprocal: bool = False, activations: tuple[str, ...] = SMOOTH + CLAMPED) -> str:
    """Return the netlist of a small chip whose couplings are weak enough for one equilibrium."""
    layers = draw(st.integers(1, 3))
    sizes = [draw(st.integers(1, 3)) for _ in range(layers + 1)]
    number = st.floats(0.5, 2.0).map(lambda x: round(x, 3))
    # No bias of 0: a clamped state would stand exactly at its bound with no force, both free and held.
    bias = st.builds(lambda size, sign: round(size * sign, 3), st.floats(0.05, 0.5), st.sampled_from([-1, 1]))
    names = ["x", *[f"h{k}" for k in range(1, layers)], "y"]
    rails = any(one in activations for one in CLAMPED[:2])
    lines = ["random chip", ".bus " + " ".join(f"{n}[{k}]" for n, k in zip(names, sizes, strict=True))]
    if draw(st.booleans()):  # data are read through an activation
        lines += [
            f".model inx neuron(activation={draw(st.sampled_from(activations))} slope=3 shift=0.2)",
            "Nx x inx",
        ]
    for k, name in enumerate(names[1:]):
        activation = draw(st.sampled_from(activations))
        held = rails and activation not in CLAMPED[:2] and draw(st.booleans())
        low, high = draw(st.sampled_from([("-0.21", "0.13"), ("0.11", "0.93"), ("-0.4", "-0.02")]))
        drive = "energy" if reciprocal else draw(st.sampled_from(["energy", "energy", "direct"]))
        lines += [
            f".model cell{k} neuron(c={draw(number)}p gleak={draw(number)}u vunit={draw(number)} "
            f"drive={drive} "
            f"activation={activation} slope={draw(number)} {f'low={low} high={high} ' if held else ''}"
            f"shift={draw(st.floats(-0.5, 0.5)):.3f} bias={draw(bias)})",
            f"N{name} {name} cell{k}",
        ]
    pairs = [(a, b) for a in range(layers + 1) for b in range(max(a, 1), layers + 1)]
    chosen = [(a, a + 1) for a in range(layers)]
    chosen += [pair for pair in pairs if pair not in chosen and draw(st.booleans())]
    for index, (a, b) in enumerate(chosen):
        gunit = f" gunit={draw(number)}u" if draw(st.booleans()) else ""
        lines.append(f".model syn{index} synapse(init=uniform spread={0.3 / len(chosen):.3f}{gunit})")
        more = ""
        if a == b:
            more = draw(st.sampled_from(["", " self=1"]))
            if not reciprocal:
                more += draw(st.sampled_from(["", " dir=forward", " dir=backward"]))
        elif a > 0 and not reciprocal:
            more = draw(st.sampled_from(["", " dir=forward", " dir=backward"]))
        lines.append(f"Y{names[a]}{names[b]} {names[a]} {names[b]} syn{index}{more}")
        lines.append(f".learn Y{names[a]}{names[b]} rate=0.1")
    lines += [f".learn N{name} rate=0.1" for name in names[1:]]
    lines += [
        ".input x",
        ".output y",
        ".nudge y",
        f".train seed={draw(st.integers(0, 99))} tol=1e-13",
        ".end",
    ]
    return "\n".join(lines) + "\n"
