"""How fast do chips train and answer, beside the loop people write in PyTorch today?

Three chips of the papers at the same truncation (usual_loop.py has the other side), on MNIST images where
$EQCHIP_DATA has them, else on noise with as many zeros (19 % are not). The last chip is shown inputs of which
none is zero too. A row is a batch size; a run trains a few thousand samples, or answers them. Work is
counted as the least that dense products need: the drive of the input once, its step of weights once, and the
small products of every step. `cpu` is processor time of all threads, which a busy machine disturbs less than
the clock.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import usual_loop
from eqchip import threads
from eqchip.errors import InputError
from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.reader import parse
from eqchip.simulator.chip import Chip
from eqchip.simulator.compile import compile_chip
from eqchip.simulator.cost.readout import readout_of
from eqchip.simulator.data.load import load
from eqchip.simulator.learning.plan import plan_for
from eqchip.simulator.learning.trainer import evaluate, train
from eqchip.simulator.samples import Dataset, Samples
from harness import Contender, Report, compare, main
from usual_loop import Schedule, UsualLoop

QUESTION = "Training and inference of 784-512-10 chips: eqchip and the usual loop in PyTorch"
SIZES = (1, 4, 20, 128, 1024)
NETLIST = """{hidden} hidden
.bus x[784] h[{hidden}] y[10]
.model syn synapse(init=glorot)
.model cell neuron(c=1p gleak=1u activation={cell})
Yxh x h syn
Yhy h y syn
Nh h cell
Ny y cell
.input x
.output y
.nudge y cost=mse
.learn Yxh rate=0.1
.learn Nh rate=0.1
.learn Yhy rate=0.05
.learn Ny rate=0.05
.data mnist train=0:20000
.train solve=euler batch={batch} epochs=1 estimator={estimator} free_steps={free} nudged_steps={nudged} \
eps={eps} beta={beta} persistent={persistent}
.end
"""
SIGMOID, HARD = "sigmoid slope=4 shift=0.5", "hardsigmoid"
CHIPS: Mapping[str, tuple[int, str, str, Schedule]] = {
    "784-512-10, σ(4s − 2), 100 + 12 steps": (
        512,
        SIGMOID,
        "onesided",
        Schedule(100, 12, 0.2, 0.5, "sigmoid"),
    ),
    "784-512-10, hard sigmoid, 15 + 2×15 steps": (
        512,
        HARD,
        "centered",
        Schedule(15, 15, 0.5, 0.2, HARD, centered=True),
    ),
    "784-500-10 of 2017, 20 + 4 steps, persistent": (
        500,
        HARD,
        "random",
        Schedule(20, 4, 0.5, 1.0, HARD, persistent=True),
    ),
}


def made(hidden: int, cell: str, estimator: str, plan: Schedule, batch: int) -> Chip:
    """Compile one chip."""
    text = NETLIST.format(
        hidden=hidden,
        cell=cell,
        batch=batch,
        estimator=estimator,
        free=plan.free,
        nudged=plan.nudged,
        eps=plan.eps,
        beta=plan.beta,
        persistent=int(plan.persistent),
    )
    return compile_chip(elaborate(parse(text, "benchmark.cir")), "array", np.float32)


#: The chip that is shown 0.1 + 0.8·pixel too: what is mostly zero is a gift that not every input brings.
FULL = "784-500-10 of 2017, 20 + 4 steps, persistent"


def full(samples: Samples) -> Samples:
    """Return samples of which no input is zero."""
    return Samples(0.1 + 0.8 * samples.inputs, samples.targets)


def images(chip: Chip) -> tuple[Samples, str]:
    """Return samples, and what they are."""
    try:
        return load(chip.circuit).train, "MNIST"
    except InputError:
        rng = np.random.default_rng(0)
        x = rng.uniform(size=(20_000, 784)) * (rng.uniform(size=(20_000, 784)) < 0.19)
        return Samples(x, np.eye(10)[rng.integers(0, 10, 20_000)]), "noise"


def flops(hidden: int, plan: Schedule) -> tuple[float, float]:
    """Return operations a sample: of training, of an answer."""
    small, drive = 4.0 * hidden * 10, 2.0 * 784 * hidden
    steps = plan.free + plan.nudged * (2 if plan.centered else 1)
    return 2 * drive + 2 * small + steps * small, drive + plan.free * small


def difference(hidden: int, cell: str, estimator: str, plan: Schedule, data: Samples) -> float:
    """Return how far both are apart after one batch of 20, relative to the largest change of a weight."""
    chip = made(hidden, cell, "onesided" if estimator == "random" else estimator, plan, 20)
    before = chip.parameters()
    loop = UsualLoop(before, plan, cached=False)
    few = data[:20]
    list(train(chip, Dataset("few", few, few), plan_for(chip)))
    order = np.arange(20)
    loop.batch(few.inputs.astype(np.float32), few.targets.astype(np.float32), order, 1.0)
    after, other = chip.parameters(), loop.weights()
    change = max(float(np.max(np.abs(after[name] - before[name]))) for name in after)
    return max(float(np.max(np.abs(after[name] - other[name]))) for name in after) / change


def timed(work: Callable[[], float], samples: int, work_each: float, ceiling: float) -> dict[str, float]:
    """Return the figures of one run; `work` returns the largest residual it left."""
    clock, cpu = time.perf_counter(), time.process_time()
    residual = work()
    seconds = time.perf_counter() - clock
    busy = time.process_time() - cpu
    rate = work_each * samples / seconds / 1e9
    return {
        "samples_per_second": samples / seconds,
        "cpu_us_a_sample": 1e6 * busy / samples,
        "gflops": rate,
        "of_ceiling": rate / ceiling,
    } | ({} if math.isnan(residual) else {"residual": residual})


@dataclass(frozen=True)
class Case:
    """One chip at one batch size."""

    chip: Chip
    schedule: Schedule
    samples: Samples
    batch: int
    work: tuple[float, float]
    ceiling: float

    def training(self) -> dict[str, float]:
        """Train eqchip's chip on all samples once."""
        few = Dataset("part", self.samples, self.samples[:1])

        def run() -> float:
            epochs = train(self.chip, few, plan_for(self.chip))
            return max(epoch.phases["free"].residual for epoch in epochs)

        return timed(run, len(self.samples), self.work[0], self.ceiling)

    def answering(self) -> dict[str, float]:
        """Let eqchip's chip answer all samples."""
        readout = readout_of(self.chip.circuit, Dataset("part", self.samples, self.samples))
        plan, part = plan_for(self.chip), self.samples

        def run() -> float:
            batches = (part[at : at + self.batch] for at in range(0, len(part), self.batch))
            return max(evaluate(self.chip, one, plan, readout).free.residual for one in batches)

        return timed(run, len(part), self.work[1], self.ceiling)

    def peer(self, loop: UsualLoop, learn: bool) -> dict[str, float]:
        """Let the usual loop do the same, on a quarter of the samples where it computes all drives anew."""
        x, t = self.samples.inputs.astype(np.float32), self.samples.targets.astype(np.float32)
        count = len(x) if loop.cached else max(self.batch, len(x) // 4 // self.batch * self.batch)
        order = np.random.default_rng(0).permutation(count)
        rows = [order[at : at + self.batch] for at in range(0, count, self.batch)]

        def run() -> float:
            for one in rows:
                if learn:
                    loop.batch(x[:count], t[:count], one, 1.0)
                else:
                    loop.answer(x[one])
            return math.nan

        return timed(run, count, self.work[0 if learn else 1], self.ceiling)

    def against(self, options: Any, report: Report, label: str, accuracy: Mapping[str, float]) -> None:
        """Measure training and inference."""
        for learn, mine in ((True, self.training), (False, self.answering)):
            contenders = [Contender("eqchip", mine)]
            for cached in (False, True):
                name = "torch, drive cached" if cached else "torch, usual loop"
                run: Callable[[], Mapping[str, float]] = dict
                if not usual_loop.MISSING:
                    loop = UsualLoop(self.chip.parameters(), self.schedule, cached)
                    run = partial(self.peer, loop, learn)
                contenders.append(Contender(name, run, usual_loop.MISSING, options.limit))
            timings = compare(contenders, options.pairs, options.budget)
            ratios = {}
            for what in ("samples_per_second", "cpu_us_a_sample"):
                first, *others = (one.figures.get(what) for one in timings)
                for one, other in zip(timings[1:], others, strict=True):
                    if first and other:
                        clock = what == "samples_per_second"
                        name = f"{one.contender}, {'by the clock' if clock else 'processor time'}"
                        ratios[name] = first / other if clock else other / first
            report.case(f"{'training' if learn else 'inference'}, {label}", timings, accuracy, ratios)


def measure(batch: int, folder: Path, options: Any, report: Report) -> None:
    """Measure one batch size, on every chip."""
    threads.apply(options.threads)
    if usual_loop.torch is not None:
        usual_loop.torch.set_num_threads(options.threads)
    for label, (hidden, cell, estimator, plan) in CHIPS.items():
        chip = made(hidden, cell, estimator, plan, batch)
        data, name = images(chip)
        count = max(batch, min(1000 * batch, 4000) // batch * batch)
        accuracy = {}
        if not usual_loop.MISSING:
            apart = difference(hidden, cell, estimator, plan, data)
            accuracy["difference of a weight after one batch of 20, of the largest change"] = apart
        ceiling = report.data["ceilings"]["sgemm_gflops"]
        case = Case(chip, plan, data[:count], batch, flops(hidden, plan), ceiling)
        case.against(options, report, f"batch {batch}: {label} ({name})", accuracy)
        if label == FULL:
            chip = made(hidden, cell, estimator, plan, batch)
            dense = Case(chip, plan, full(data[:count]), batch, flops(hidden, plan), ceiling)
            dense.against(options, report, f"batch {batch}: {label} ({name}, no input zero)", {})


if __name__ == "__main__":
    sys.exit(main("training", QUESTION, SIZES, measure))
