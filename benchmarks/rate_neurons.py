"""How fast are N rate neurons, all to all, 1000 steps of explicit Euler, alone and 64 networks at a time?

τ ds/dt = −s + W tanh(s) + b + input, W not symmetric (`Y h h dir=forward`), beside the same in plain NumPy: a
product of BLAS a step. Alone, a step must read W once: its speed is that of memory. At 64, products of
matrices set the pace.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from eqchip import threads
from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.reader import parse
from eqchip.simulator.chip import Chip, Settling
from eqchip.simulator.compile import compile_chip
from harness import Contender, Report, compare, main

QUESTION = "N rate neurons all to all, 1000 Euler steps, alone and 64 at a time: eqchip and a plain BLAS loop"
SIZES = (1000, 5000)
BATCHES = (1, 64)
STEPS, SAID = 1000, 100  # steps asked about; steps measured, all alike
NETLIST = """rate neurons
.bus x[1] h[{n}]
.model in synapse(init=uniform spread=1.0)
.model syn synapse(init=normal spread={spread})
.model cell neuron(c=1p gleak=1u activation=tanh drive=direct)
Yxh x h in
Yhh h h syn dir=forward
Nh h cell
.input x
.output h
.nudge h
.train solve=euler free_steps=1 nudged_steps=1 eps=0.1
.end
"""


def made(n: int) -> Chip:
    """Compile the network."""
    text = NETLIST.format(n=n, spread=1.2 / np.sqrt(n))
    return compile_chip(elaborate(parse(text, "rate.cir")), "array", np.float32)


def plain(weights: Any, drive: Any, steps: int) -> Any:
    """Step the same in NumPy."""
    s, d, rho = np.zeros_like(drive), np.empty_like(drive), np.empty_like(drive)
    for _ in range(steps):
        np.tanh(s, out=rho)
        np.matmul(rho, weights, out=d)
        d += drive
        d -= s
        d *= np.float32(0.1)
        s += d
    return s


def timed(work: Callable[[], Any], n: int, batch: int, ceilings: Mapping[str, float]) -> dict[str, float]:
    """Return the figures of one run."""
    clock, cpu = time.perf_counter(), time.process_time()
    work()
    seconds, busy = time.perf_counter() - clock, time.process_time() - cpu
    gflops = 2e-9 * SAID * batch * n * n / seconds
    return {
        "seconds_of_1000_steps": seconds * STEPS / SAID,
        "cpu_seconds_of_1000_steps": busy * STEPS / SAID,
        "gigabytes_of_weights_per_second": 4e-9 * SAID * n * n / seconds,
        "of_sgemm_ceiling": gflops / ceilings["sgemm_gflops"],
    }


def measure(n: int, folder: Path, options: Any, report: Report) -> None:
    """Measure one size."""
    threads.apply(options.threads)
    ceilings = report.data["ceilings"]
    chip: Any = made(n)
    links = {link.coupling.name: link.coupling for link in chip.wiring.links}
    inside, into = np.array(links["Yhh"].forward_matrix()), np.array(links["Yxh"].forward_matrix())
    for batch in BATCHES:
        inputs = np.random.default_rng(1).uniform(-1, 1, (batch, 1)).astype(np.float32)
        settling = Settling("euler", steps=SAID, eps=0.1)
        drive = inputs @ into
        mine = chip.outputs(chip.settle(inputs, settling))
        apart = np.max(np.abs(mine - plain(inside, drive, SAID))) / np.max(np.abs(mine))

        def eqchip(
            inputs: Any = inputs, batch: int = batch, settling: Settling = settling
        ) -> dict[str, float]:
            return timed(lambda: chip.settle(inputs, settling), n, batch, ceilings)

        def loop(drive: Any = drive, batch: int = batch) -> dict[str, float]:
            return timed(lambda: plain(inside, drive, SAID), n, batch, ceilings)

        timings = compare(
            [Contender("eqchip", eqchip), Contender("plain BLAS loop", loop)], options.pairs, options.budget
        )
        name = "cpu_seconds_of_1000_steps"
        figures = [one.figures[name] for one in timings]
        report.case(
            f"N = {n}, {batch} at a time",
            timings,
            {"difference of a state, of the largest": float(apart)},
            {"plain BLAS loop, processor time": figures[1] / figures[0]},
        )


if __name__ == "__main__":
    sys.exit(main("rate_neurons", QUESTION, SIZES, measure))
