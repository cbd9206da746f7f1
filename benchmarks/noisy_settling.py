"""How much longer does a phase take with noise, at the same integrator, steps and weights?

A batch of 20 samples settles freely from zero by 40 steps of 0.2 τ (Euler, exponential Euler, Heun): without
noise, with thermal and read noise, and with either alone. Euler's steps have a kernel that takes a sample
through a whole phase; exponential Euler's and Heun's are taken step by step, with and without noise.
Beside the times stand the deviation of the states that noise makes, and what theory says of a node at rest
that only its leak holds: √(kT/C).
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from eqchip import threads
from eqchip.simulator.api import load
from eqchip.simulator.chip import Settling
from eqchip.simulator.moment import Moment
from harness import Contender, Report, compare, main

QUESTION = "A free phase with and without noise, same integrator and steps"
SIZES = (1, 2)  # hidden layers
BATCH, STEPS, EPS = 20, 40, 0.2
CHIPS = {1: "ep-784-500-10-code", 2: "ep-784-500-500-10-code"}
SOLVERS = ("euler", "expeuler", "heun")
#: 1 fF and 1000 K make noise of 3.7 mV; a reading differs by 0.1 % of a weight of 1.
THERMAL: dict[str, str | float] = {"cell.thermal": 1000.0, "cell.c": 1e-15}
READ: dict[str, str | float] = {"syn.read_noise": 1e-3}
QUIET, BOTH = "without noise", "thermal and read noise"
NOISES: dict[str, dict[str, str | float]] = {
    QUIET: {"cell.c": 1e-15},
    BOTH: THERMAL | READ,
    "thermal noise": THERMAL,
    "read noise": READ | {"cell.c": 1e-15},
}


def measure(layers: int, folder: Path, options: Any, report: Report) -> None:
    """Measure one chip by every integrator."""
    threads.apply(options.threads)
    name = CHIPS[layers]
    chips = {noise: load(name).set(values).compile() for noise, values in NOISES.items()}
    inputs = np.random.default_rng(1).random((BATCH, 784)).astype(np.float32)
    inputs[:, np.random.default_rng(2).random(784) < 0.8] = 0.0  # as images are
    for solve in SOLVERS:
        settling = Settling(solve, steps=STEPS, eps=EPS)
        ended: dict[str, Any] = {}

        def run(noise: str, settling: Settling = settling, ended: dict[str, Any] = ended) -> dict[str, float]:
            chip = chips[noise]
            rows = np.arange(BATCH)
            begun = time.process_time()
            for batch in range(5):
                chip.moment = Moment(0, "test", batch, rows)
                state = chip.settle(inputs, settling)
            spent = time.process_time() - begun
            ended[noise] = state.values[0]
            return {"ms a phase": 200.0 * spent, "residual": float(np.mean(state.residual))}

        timings = compare(
            [Contender(noise, lambda noise=noise: run(noise)) for noise in NOISES],  # type: ignore[misc]
            options.pairs,
            options.budget,
        )
        ms = {one.contender: one.figures["ms a phase"] for one in timings}
        inside = (ended[QUIET] > 0.05) & (ended[QUIET] < 0.95)
        moved = {noise: (ended[noise] - ended[QUIET])[inside] for noise in NOISES if noise != QUIET}
        accuracy = {f"deviation of states, {noise}": float(np.std(part)) for noise, part in moved.items()}
        accuracy["√(kT/C) of a node alone"] = float(np.sqrt(1.380649e-23 * 1000.0 / 1e-15))
        ratios = {f"{noise} / {QUIET}": ms[noise] / ms[QUIET] for noise in NOISES if noise != QUIET}
        report.case(f"{name}, {STEPS} steps of {solve}, batch {BATCH}", timings, accuracy, ratios)


if __name__ == "__main__":
    sys.exit(main("noisy_settling", QUESTION, SIZES, measure))
