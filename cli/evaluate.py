"""`eqchip evaluate`: a trained chip again, under any --set."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from eqchip.cli.habits import (
    Progress,
    Speaker,
    changes_of,
    claim_result,
    note_again,
    options,
    quoted,
    switch,
)
from eqchip.cli.interrupts import Interrupts

if TYPE_CHECKING:
    from eqchip.simulator.run import Run

#: Mistakes that are named, the most frequent first.
MISTAKES = 5


@click.command()
@click.argument("run", metavar="RUN.h5")
@click.option(
    "--data", metavar="SPEC", help="Samples instead of those it was trained with: FILE.npz, FILE.csv."
)
@click.option("-o", "--output", metavar="FILE", help="Where the answers go, for eqchip plot.")
@options("explain", "seeds", "set", "ideal", "only", "chip_seed", "form", "dtype", "threads", "json", "quiet")
def evaluate(
    run: str,
    data: str | None,
    output: str | None,
    explain: bool,
    seeds: int,
    settings: tuple[str, ...],
    ideal: tuple[str, ...],
    only: tuple[str, ...],
    chip_seed: int | None,
    form: str,
    dtype: str | None,
    threads: int | None,
    as_json: bool,
    quiet: bool,
) -> int | None:
    """Test the chip that RUN.h5 trained, with the weights it learned.

    The error stands with its interval of 95 % (Wilson), which says how much of it is luck of the samples.
    With --explain it is tested again with each imperfection off, and with each alone.
    """
    from eqchip import threads as pools
    from eqchip.simulator.evaluating import answers
    from eqchip.simulator.evaluating import evaluate as test
    from eqchip.simulator.loaded import load

    speaker = Speaker(as_json, quiet)
    pools.apply(threads)
    loaded = switch(speaker, load(run).set(changes_of(settings, chip_seed=chip_seed)), ideal, only)
    claim = claim_result(output, loaded.name) if output is not None else None
    speaker.warn_when_cold()
    progress = Progress(speaker, 0.0, "samples")
    interrupts = Interrupts()

    def tick(passed: int, total: int) -> None:
        interrupts.check()
        progress.total = float(total)
        progress.show(passed)

    try:
        with interrupts:
            found = test(loaded, claim, data=data, form=form, dtype=dtype, arguments=sys.argv, tick=tick)
    finally:
        progress.clear()
    result = answers(found)
    _print(speaker, found, result)
    note_again(speaker, found["evaluation"].trace.plan.attributes)
    if output is not None:
        speaker.say(f"wrote {output}; next: eqchip plot {quoted(output)}")
    failed = False
    if explain:
        from eqchip.cli.explained import explain as tell
        from eqchip.cli.explained import explained
        from eqchip.simulator.studies.task import Task

        told = explained(tell(speaker, loaded, Task("evaluate", data, form, dtype, gradient=True), seeds))
        failed = bool(told["failed"])
        result |= told
    speaker.answer({**found.facts, "seconds": speaker.seconds, "file": output, "source": run, **result})
    return 3 if failed else None


def _print(speaker: Speaker, run: Run, result: dict[str, Any]) -> None:
    from eqchip.cli.train import percent, tell_costs
    from eqchip.units import engineering

    error = percent(result["test_error"])
    if result["test_error"] is not None:
        error += f" ({100 * result['test_error_low']:.2f} to {percent(result['test_error_high'])})"
    latency = result["latency_seconds"]
    took = f", a free phase takes {engineering(latency, 's')}" if latency is not None else ""
    speaker.say(
        f"{result['samples']} test samples: error {error}, loss {result['test_loss']:.4g}{took} "
        f"({result['samples_per_second']:,.0f} samples/s, {run.facts['form']} form, {run.facts['dtype']})"
    )
    tell_costs(speaker, run)
    if "confusion" in run.parts:
        mistakes = _mistakes(run)
        if mistakes:
            speaker.say(f"most frequent mistakes: {', '.join(mistakes)}")


def _mistakes(run: Run) -> list[str]:
    """Return `4 for 9 (34)` and the like: the answer, the class, and how often."""
    counts = run["confusion"]["answers"]
    places = [(k, m) for k in range(len(counts)) for m in range(len(counts)) if k != m and counts[k, m]]
    found = [(int(counts[k, m]), k, m) for k, m in places]
    return [f"{m} for {k} ({count})" for count, k, m in sorted(found, key=lambda one: -one[0])[:MISTAKES]]
