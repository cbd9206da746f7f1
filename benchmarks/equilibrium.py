"""How much work is an equilibrium of 784-500-10 and 784-500-500-500-10: Euler, sweeps, sweeps with momentum?

The same free phases from zero, until the largest |dv/dt|·τ of every sample is below 1e-3, 1e-5 (float32) and
1e-7 (float64): by Euler's method with steps of its own, by even-odd sweeps as they are, and with momentum.
The chips are as the netlists draw them, and after some training on MNIST. Iterations are means over samples;
each is one product with every weight between free layers, both ways.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.reader import parse
from eqchip.simulator.chip import Settling, Weights
from eqchip.simulator.compile import compile_chip
from eqchip.simulator.data.load import load
from eqchip.simulator.equilibrium import narrow
from eqchip.simulator.equilibrium.momentum import Momentum
from eqchip.simulator.learning.estimate import estimate
from eqchip.simulator.learning.plan import plan_for
from harness import Contender, Report, compare, main

QUESTION = "Free equilibria of two chips of MNIST's size: Euler, even-odd sweeps, sweeps with momentum"
BATCHES = (1, 4, 20, 128)
CHIPS = {"784-500-10": (500,), "784-500-500-500-10": (500, 500, 500)}
#: Samples that a trained chip has seen, and the rate of its first array.
SEEN, RATE = 4000, 0.1
TOLERANCES = ((1e-3, "float32"), (1e-5, "float32"), (1e-7, "float64"))


def netlist(hidden: tuple[int, ...]) -> str:
    """Write a chip of hard sigmoids as the papers have it."""
    names = ["x", *[f"h{k}" for k in range(1, len(hidden) + 1)], "y"]
    sizes = (784, *hidden, 10)
    rates = [RATE * 0.25**k for k in range(len(hidden) + 1)]
    return "\n".join(
        [
            "a chip of layers",
            ".bus " + " ".join(f"{name}[{size}]" for name, size in zip(names, sizes, strict=True)),
            ".model syn synapse(init=glorot)",
            ".model cell neuron(activation=hardsigmoid)",
            *(f"Y{a}{b} {a} {b} syn" for a, b in pairwise(names)),
            *(f"N{name} {name} cell" for name in names[1:]),
            *(f".learn Y{a}{b} rate={r:g}" for (a, b), r in zip(pairwise(names), rates, strict=True)),
            *(f".learn N{name} rate={r:g}" for name, r in zip(names[1:], rates, strict=True)),
            ".input x",
            ".output y",
            ".nudge y",
            ".data mnist",
            ".train estimator=onesided beta=0.5 tol=1e-3",
            ".end",
        ]
    )


@lru_cache
def chip(name: str, dtype: str) -> Any:
    """Return a chip."""
    return compile_chip(elaborate(parse(netlist(CHIPS[name]), "layers.cir")), "array", np.dtype(dtype))


@lru_cache
def samples() -> tuple[Any, Any]:
    """Return inputs and targets of MNIST's training set."""
    data = load(chip("784-500-10", "float32").circuit, None).train
    return data.inputs, data.targets


@lru_cache
def weights(name: str, trained: bool) -> Weights:
    """Return the weights of a chip as drawn, or after some training."""
    one = chip(name, "float32")
    drawn: Weights = one.parameters()
    if not trained:
        return drawn
    plan, (inputs, targets) = plan_for(one), samples()
    for first in range(0, SEEN, plan.batch):
        rows = slice(first, first + plan.batch)
        found = estimate(one, inputs[rows], targets[rows], plan)
        one.descend(found.values, {learnable.name: learnable.rate for learnable in one.learnables})
    learned: Weights = one.parameters()
    one.write(drawn)
    return learned


@contextmanager
def plain(on: bool) -> Iterator[None]:
    """Run sweeps without momentum."""
    shares, largest = Momentum.shares, narrow.LARGEST
    if on:
        narrow.LARGEST = 0
        Momentum.shares = lambda self, turn, residual: np.zeros(len(turn), self.dtype)  # type: ignore[method-assign]
    try:
        yield
    finally:
        narrow.LARGEST = largest
        Momentum.shares = shares  # type: ignore[method-assign]


def contender(what: str, one: Any, inputs: Any, tol: float, missing: str) -> Contender:
    """Return one way to the equilibria."""
    settling = Settling("euler", tol=tol) if what == "Euler" else Settling(tol=tol)

    def run() -> Mapping[str, float]:
        begin = time.process_time()
        with plain(what == "sweeps"):
            state = one.settle(inputs, settling)
        spent = time.process_time() - begin
        return {
            "samples/processor-s": len(inputs) / spent,
            "iterations": float(np.mean(state.iterations)),
            "most": float(np.max(state.iterations)),
            "residual": float(np.max(state.residual)),
        }

    return Contender(what, run, missing if what == "Euler" else "")


def measure(batch: int, folder: Path, options: Any, report: Report) -> None:
    """Measure one size of batch."""
    del folder
    inputs = samples()[0][-batch:]
    for name in CHIPS:
        for trained in (False, True):
            for tol, dtype in TOLERANCES:
                one = chip(name, dtype)
                one.write(weights(name, trained))
                long = "it takes minutes" if len(CHIPS[name]) > 1 and batch > (20 if trained else 1) else ""
                ways = [contender(what, one, inputs, tol, long) for what in ("momentum", "sweeps", "Euler")]
                timings = compare(ways, options.pairs, options.budget)
                label = f"{name}, {'trained' if trained else 'as drawn'}, tol {tol:g}, {dtype}, batch {batch}"
                fast = timings[0].median
                ratios = {
                    f"faster than {timing.contender}": timing.median / fast
                    for timing in timings[1:]
                    if timing.median and fast
                }
                report.case(label, timings, {}, ratios)


if __name__ == "__main__":
    sys.exit(main("equilibrium", QUESTION, BATCHES, measure))
