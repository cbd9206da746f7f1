"""What does each solver pay for its accuracy? One chip, two questions: error against evaluations.

A 20-10-5 chip of sigmoid neurons with a linear readout under direct drive, where every solver has a meaning.
(1) Where is it after 5τ, beginning at rest? (2) Where does it end, once no state moves faster than 1e-6?
The first is answered beforehand by a thousand times as many steps of RK4, the second by Newton's method to
rounding. Work is counted in evaluations of the whole drive ΣWρ(s) + b a sample; an implicit step adds a dense
solve to each. The size is the batch.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.reader import parse
from eqchip.simulator.chip import Chip, Settling, State
from eqchip.simulator.compile import compile_chip
from eqchip.simulator.integrators.methods import INTEGRATORS
from eqchip.simulator.phase import Phase
from harness import Contender, Report, Timing, compare, main

QUESTION = "Error against work: all solvers on a 20-10-5 chip of sigmoid neurons"
SIZES = (20,)
CHIP = """20-10-5
.bus x[20] h[10] y[5]
.model syn synapse(init=glorot)
.model cell neuron(c=1p gleak=1u activation=sigmoid slope=4 shift=0.5 drive=direct bias=0.2)
.model out neuron(c=1p gleak=1u activation=linear drive=direct)
Yxh x h syn
Yhy h y syn
Nh h cell
Ny y out
.input x
.output y
.nudge y
.end
"""
LENGTH, TOLERANCE = 5.0, 1e-6
STEPS = (10, 25, 50, 100)


@contextmanager
def counted(batch: int) -> Iterator[list[float]]:
    """Count evaluations of the whole drive a sample; what runs in a fused kernel is not seen."""
    seen = [0.0]
    plain: Any = Phase.drive

    def counting(phase: Phase, group: int, rho: Any, out: Any) -> Any:
        sizes = [phase.wiring.nodes[g].size for g in phase.wiring.free]
        seen[0] += len(out) / batch * phase.wiring.nodes[group].size / sum(sizes)
        return plain(phase, group, rho, out)

    Phase.drive = counting  # type: ignore[method-assign]
    try:
        yield seen
    finally:
        Phase.drive = plain  # type: ignore[method-assign]


def states(chip: Chip, state: State) -> Any:
    """Return all states, side by side."""
    volts = chip.voltages(state)
    return np.concatenate([volts["v(h)"], volts["v(y)"]], axis=1)


def work(chip: Chip, data: Any, settling: Settling) -> float:
    """Return how many evaluations of the drive a sample takes."""
    if settling.solve == "euler" and settling.steps:
        return settling.steps + 1.0  # in one kernel
    with counted(len(data)) as seen:
        chip.settle(data, settling)
    return seen[0]


def question(
    chip: Chip, data: Any, settlings: Mapping[str, Settling], exact: Any, options: Any
) -> tuple[list[Timing], dict[str, float]]:
    """Let every solver answer; return timings, and the error of each."""

    def contender(settling: Settling) -> Callable[[], Mapping[str, float]]:
        found = np.max(np.abs(states(chip, chip.settle(data, settling)) - exact))
        figures = {"error": float(found), "evaluations": work(chip, data, settling)}

        def run() -> Mapping[str, float]:
            chip.settle(data, settling)
            return figures

        return run

    contenders = [Contender(name, contender(settling)) for name, settling in settlings.items()]
    timings = compare(contenders, pairs=options.pairs, budget=options.budget)
    return timings, {f"error of {one.contender}": one.figures["error"] for one in timings}


def measure(batch: int, folder: Path, options: Any, report: Report) -> None:
    """Ask both questions."""
    chip = compile_chip(elaborate(parse(CHIP, "dynamics.cir")), "array", np.float64)
    data = np.random.default_rng(0).uniform(0.0, 1.0, (batch, 20))

    there = states(chip, chip.settle(data, Settling("rk4", steps=50_000, eps=LENGTH / 50_000)))
    timed = {
        f"{name}, {count} steps": Settling(name, steps=count, eps=LENGTH / count)
        for name, one in INTEGRATORS.items()
        if one.physical and not one.adaptive
        for count in STEPS
    }
    for reltol in (1e-1, 1e-3, 1e-5):
        loose = compile_chip(
            elaborate(parse(CHIP.replace(".end", f".options reltol={reltol}\n.end"), "dynamics.cir")),
            "array",
            np.float64,
        )
        settling = Settling("adaptive", seconds=LENGTH * chip.tau)
        timings, accuracy = question(loose, data, {f"adaptive, reltol={reltol:g}": settling}, there, options)
        report.case(f"After 5τ, batch {batch}: adaptive", timings, accuracy, {})
    timings, accuracy = question(chip, data, timed, there, options)
    report.case(f"After 5τ, batch {batch}: fixed steps", timings, accuracy, {})

    end = states(chip, chip.settle(data, Settling(tol=1e-14)))
    still = {name: Settling(name, tol=TOLERANCE) for name in ("equilibrium", *INTEGRATORS)}
    timings, accuracy = question(chip, data, still, end, options)
    report.case(f"At rest to {TOLERANCE:g}, batch {batch}, every solver's own step", timings, accuracy, {})


if __name__ == "__main__":
    sys.exit(main("dynamics", QUESTION, SIZES, measure))
