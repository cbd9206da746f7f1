"""Chips of arrays and neurons with everything `naive_arrays.random_chip` leaves out, and their plain twin.

`wild(seed)` writes a netlist: several inputs and outputs, scales and time constants by
node, gunit by array and by synapse, skips, lateral and one-way arrays, parts of buses, things that do not
learn. Couplings are weak enough for one equilibrium.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from eqchip.netlists.circuit import Circuit
from naive_arrays import NaiveArrays

Array = np.ndarray[Any, Any]

SMOOTH = ("tanh", "sigmoid", "softplus")
CLAMPED = ("hardsigmoid", "relu", "linear")


def wild(
    seed: int,
    reciprocal: bool = False,
    activations: tuple[str, ...] = SMOOTH + CLAMPED,
    cost: str = "mse",
    direct: bool = False,
    learn: str = "",
    train: str = "",
) -> str:
    """Return the netlist of a chip; `direct`: all drives; `learn`, `train`: more on these cards."""
    random = np.random.default_rng(seed)

    def maybe(share: float = 0.5) -> bool:
        return bool(random.random() < share)

    def number(low: float = 0.5, high: float = 2.0) -> str:
        return f"{random.uniform(low, high):.3f}"

    inputs = ["x", "u"][: 1 + maybe(0.3)]
    hidden = [f"h{k}" for k in range(1, 1 + int(random.integers(0, 3)))]
    outputs = ["y", "z"][: 1 + (maybe(0.4) and cost == "mse")]
    sizes = {name: int(random.integers(1, 5)) for name in inputs + hidden + outputs}
    if cost == "crossentropy":
        sizes["y"] = max(2, sizes["y"])
    cards = ["wild", ".bus " + " ".join(f"{name}[{size}]" for name, size in sizes.items())]
    cards.append(".options reltol=1e-4")
    alike = maybe(0.3)  # all scales the same
    for name in hidden + outputs:
        drive = "direct" if direct or (not reciprocal and maybe(0.3)) else "energy"
        bias = random.choice([-1, 1]) * random.uniform(0.05, 0.5)
        scale = "" if alike else f"c={number()}p gleak={number()}u vunit={number()} "
        cards.append(
            f".model m{name} neuron({scale}drive={drive} activation={random.choice(activations)} "
            f"slope={number()} shift={random.uniform(-0.5, 0.5):.3f} bias={bias:.3f})"
        )
        cards.append(f"N{name} {name} m{name}")
        if not alike and maybe():
            node = int(random.integers(sizes[name]))
            what = str(random.choice(["vunit", "gleak", "c"]))
            value = number(0.2, 0.9) + {"gleak": "u", "c": "p"}.get(what, "")
            cards.append(f".set N{name}[{node}].{what}={value}")
    layers = [inputs, *[[name] for name in hidden], outputs]
    pairs = [(a, b) for one, two in pairwise(layers) for a in one for b in two]
    free = hidden + outputs
    more = [
        (a, b) for a in inputs + free for b in free if a != b and (b, a) not in pairs and (a, b) not in pairs
    ]
    pairs += [pair for at, pair in enumerate(more) if maybe(0.2) and (pair[1], pair[0]) not in more[:at]]
    pairs += [(a, a) for a in free if maybe(0.3)]
    learning: list[str] = []
    for at, (a, b) in enumerate(pairs):
        gunit = f" gunit={number()}u" if not alike and maybe(0.4) else ""
        cards.append(f".model s{at} synapse(init=uniform spread={0.35 / np.sqrt(len(pairs)):.3f}{gunit})")
        way = ""
        if a == b and maybe(0.4):
            way += " self=1"
        if not reciprocal and a not in inputs and maybe(0.3):
            way += f" dir={random.choice(['forward', 'backward'])}"
        rows, columns = a, b
        if a != b and sizes[a] > 2 and maybe(0.3):
            rows = f"{a}[1:{sizes[a] - 1}]"
        cards.append(f"Y{a}{b} {rows} {columns} s{at}{way}")
        if a != b and rows == a and not alike and maybe(0.3):
            i, j = int(random.integers(sizes[a])), int(random.integers(sizes[b]))
            cards.append(f".set Y{a}{b}[{i},{j}].gunit={number()}u")
        if at == 0 or maybe(0.85):
            learning.append(f"Y{a}{b}")
    learning += [f"N{name}" for name in free if maybe(0.85)]
    cards += [f".learn {name} rate={number(0.02, 0.1)}{learn}" for name in learning]
    cards += [f".input {name}" for name in inputs] + [f".output {name} decode=linear" for name in outputs]
    cards += [f".nudge {name} cost={cost}" for name in outputs]
    cards += [f".train seed={seed} {train or 'tol=1e-13'}", ".end"]
    return "\n".join(cards) + "\n"


def samples(circuit: Circuit, seed: int, count: int = 3, within: bool = True) -> tuple[Array, Array]:
    """Return inputs, some of them 0, and targets, which add up to 1 over all outputs."""
    random = np.random.default_rng([seed, 1])
    wide = sum(len(one.nodes) for one in circuit.inputs)
    tall = sum(len(one.nodes) for one in circuit.outputs)
    inputs = random.uniform(-1.0, 1.0, (count, wide)) * (random.random((count, wide)) < 0.8)
    targets = random.uniform(0.1, 0.9, (count, tall))
    if within:
        targets = targets / targets.sum(axis=1, keepdims=True) if tall > 1 else targets
    return inputs, targets


@dataclass
class Plain:
    """All of a chip as vectors over its circuit nodes, in volts, amperes and watts; one sample at a time."""

    circuit: Circuit

    def __post_init__(self) -> None:
        naive = self.naive = NaiveArrays(self.circuit)
        count = len(self.circuit.nodes)
        self.at = np.array(sorted(naive.neurons))
        self.cells = [naive.neuron(n) for n in range(count)]
        self.unit, self.leak, self.c = (
            np.array([getattr(one, name) for one in self.cells]) for name in ("vunit", "gleak", "c")
        )
        self.bias = np.array([one.bias for one in self.cells])
        self.drives = np.zeros((count, count))  # A into (row) of a unit of activity of (column)
        for s in naive.synapses:
            for a, b in [(s.pre, s.post)] * s.forward + [(s.post, s.pre)] * s.backward:
                if b in naive.neurons:
                    self.drives[b, a] += s.share * s.gunit * self.unit[a] * s.weight
        self.inputs = np.concatenate([one.nodes for one in self.circuit.inputs])
        self.outputs = np.concatenate([one.nodes for one in self.circuit.outputs])
        #: S, one for all outputs: a cost is weighed by the same number whatever node it is of.
        self.scale = float(np.mean(self.leak[self.outputs] * self.unit[self.outputs] ** 2))
        self.low, self.high = np.array([one.interval for one in self.cells]).T * self.unit

    def rho(self, v: Array) -> Array:
        return np.array([one.rho(s) for one, s in zip(self.cells, v / self.unit, strict=True)])

    def rise(self, v: Array) -> Array:
        return np.array([one.rise(s) for one, s in zip(self.cells, v / self.unit, strict=True)])

    def current(self, v: Array) -> Array:
        """Current into every neuron, A; bounds aside, 0 at inputs."""
        energy = np.array([one.drive == "energy" for one in self.cells])
        back = np.where(energy, self.rise(v), 1.0)
        into = back * (self.drives @ self.rho(v) + self.leak * self.unit * self.bias) - self.leak * v
        out = np.zeros(len(v))
        out[self.at] = into[self.at]
        return out

    def pull(self, y: Array, target: Array, cost: str = "mse") -> Array:
        """−S ∂cost/∂v of outputs y (state units)."""
        slope = y - target
        if cost == "crossentropy":
            e = np.exp(y - np.max(y))
            slope = e / np.sum(e) - target
        out = np.zeros(len(self.circuit.nodes))
        out[self.outputs] = -self.scale * slope / self.unit[self.outputs]
        return out

    def nudged(
        self, v: Array, target: Array, beta: float, cost: str = "mse", anchor: Array | None = None
    ) -> Array:
        y = v[self.outputs] / self.unit[self.outputs] if anchor is None else anchor
        return self.current(v) + beta * self.pull(y, target, cost)

    def left(self, v: Array, into: Array) -> float:
        """Largest |τ ds/dt|, 0 at a bound that a state is pressed against."""
        f = np.zeros(len(v))
        f[self.at] = into[self.at] / (self.leak * self.unit)[self.at]
        slack = 1e-12 * self.unit
        held = ((v <= self.low + slack) & (f < 0)) | ((v >= self.high - slack) & (f > 0))
        return float(np.max(np.abs(np.where(held, 0.0, f))))

    def euler(self, v: Array, into: Any, steps: int, length: float) -> Array:
        for _ in range(steps):
            f = into(v)
            new = v.copy()
            at = self.at
            new[at] = np.clip(v[at] + length / self.c[at] * f[at], self.low[at], self.high[at])
            v = new
        return v

    @property
    def tau(self) -> float:
        return float(np.min(self.c[self.at] / self.leak[self.at]))

    def begin(self, inputs: Array) -> Array:
        v = np.clip(np.zeros(len(self.circuit.nodes)), self.low, self.high)
        v[self.inputs] = inputs
        return v

    def total(self, v: Array, target: Array, beta: float, cost: str = "mse") -> float:
        """F over S: energy and nudge."""
        y = v[self.outputs] / self.unit[self.outputs]
        c = 0.5 * np.sum((y - target) ** 2)
        if cost == "crossentropy":
            c = -np.sum(target * (y - np.max(y) - np.log(np.sum(np.exp(y - np.max(y))))))
        return self.naive.energy(v) / self.scale + beta * float(c)
