"""How a study is run and what it says on a terminal: a ranking, or a row a point; sweep and --explain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eqchip.cli.habits import Progress, Speaker
from eqchip.cli.interrupts import Interrupts

if TYPE_CHECKING:
    from eqchip.simulator.ablation import Ablation, Spread
    from eqchip.simulator.loaded import LoadedChip
    from eqchip.simulator.records.claim import Claim
    from eqchip.simulator.run import Run
    from eqchip.simulator.studies.design import Design
    from eqchip.simulator.studies.runner import Outcome
    from eqchip.simulator.studies.task import Task

#: Rows of a study and reasons of failures that are printed; all of them are in the file.
ROWS, REASONS = 40, 5
_HEADS = {
    "test_error": "test error",
    "test_loss": "test loss",
    "cosine": "cosine",
    "relative_error": "relative error",
}


def run_study(
    speaker: Speaker,
    chip: LoadedChip,
    design: Design,
    task: Task,
    file: Claim | None = None,
    resume: bool = False,
    arguments: tuple[str, ...] = (),
) -> Run:
    """Run a study with a line of progress; Ctrl-C is heard between batches."""
    from eqchip.simulator.studies.runner import FAILED
    from eqchip.simulator.studies.study import study

    progress = Progress(speaker, float(len(design)), "points")
    interrupts = Interrupts()
    failed = 0

    def tick(done: float, total: int) -> None:
        interrupts.check()
        broken = f", {failed} failed" if failed else ""
        progress.show(done, f"point {min(int(done) + 1, total)} of {total}{broken}")

    def watch(outcome: Outcome, total: int) -> None:
        nonlocal failed
        interrupts.check()
        failed += outcome.status == FAILED

    try:
        with interrupts:
            return study(chip, design, task, file, resume=resume, arguments=arguments, watch=watch, tick=tick)
    finally:
        progress.clear()


def explain(speaker: Speaker, chip: LoadedChip, task: Task, seeds: int) -> Run:
    """Run the ablation of --explain, in memory, and print it."""
    from eqchip.simulator.studies.design import ablation
    from eqchip.simulator.studies.study import names_of, seeds_for

    design = ablation(names_of(chip)).over(*seeds_for(chip, seeds))
    run = run_study(speaker, chip, design, task)
    speaker.say()
    print_study(speaker, run)
    return run


def explained(run: Run) -> dict[str, Any]:
    """Return the keys that a study adds to a command's --json."""
    from eqchip.simulator.ablation import ablation_of
    from eqchip.simulator.studies.study import counts

    trace = run["study"].trace
    found: dict[str, Any] = dict(counts(run))
    if trace.plan.attributes["design"] == "ablation":
        found["ablation"] = ablation_of(trace).as_dict()
    return found


def print_study(speaker: Speaker, run: Run) -> None:
    """Print what a study found, and what failed."""
    from eqchip.simulator.ablation import ablation_of
    from eqchip.simulator.studies.study import counts

    trace = run["study"].trace
    if trace.plan.attributes["design"] == "ablation":
        _print_ablation(speaker, ablation_of(trace))
    else:
        _print_rows(speaker, run)
    found = counts(run)
    if found["failed"]:
        speaker.say(f"\n{found['failed']} of {found['points']} points failed:")
        reasons = [reason for reason in trace.plan.attributes["reason"] if reason]
        for reason in sorted(set(reasons), key=lambda one: -reasons.count(one))[:REASONS]:
            count = reasons.count(reason)
            speaker.say(f"  {count} {'point' if count == 1 else 'points'}: {reason.splitlines()[0]}")


def _print_ablation(speaker: Speaker, found: Ablation) -> None:
    for measure in found.measures:
        as_is, ideal = found.as_is[measure], found.ideal[measure]
        seeds = f", {as_is.seeds} seeds" if as_is.seeds > 1 else ""
        speaker.say(
            f"{_HEADS[measure]}: {_value(measure, as_is)} as it is, {_value(measure, ideal)} ideal{seeds}"
        )
    for measure in found.measures:
        speaker.say()
        rows = [
            (
                name,
                _value(measure, effects[measure].without),
                _change(measure, effects[measure].removed),
                _value(measure, effects[measure].alone),
                _change(measure, effects[measure].added),
            )
            for name, effects in found.effects.items()
        ]
        head = (f"{_HEADS[measure]}, by imperfection", "without it", "costs", "alone", "costs alone")
        speaker.table(head, rows, right=range(1, 5))
    speaker.say(
        "\ncosts: what is gained without it; costs alone: what is lost where all others are ideal "
        "(± standard deviation over seeds)"
    )


def _value(measure: str, spread: Spread) -> str:
    if spread.mean is None:
        return "–"
    if measure == "test_error":
        return f"{100 * spread.mean:.2f}{_plus(spread, 100, 2)} %"
    return f"{spread.mean:.4g}{_plus(spread, 1, 4)}"


def _change(measure: str, spread: Spread) -> str:
    if spread.mean is None:
        return "–"
    if measure == "test_error":
        return f"{100 * spread.mean:+.2f}{_plus(spread, 100, 2)} %"
    return f"{spread.mean:+.4f}{_plus(spread, 1, 4)}"


def _plus(spread: Spread, factor: float, places: int) -> str:
    return "" if spread.std is None else f" ± {factor * spread.std:.{places}f}"


def _print_rows(speaker: Speaker, run: Run) -> None:
    """Print a row a point: what it varies, its seed, its first metrics."""
    import numpy as np

    part = run["study"]
    attributes = part.trace.plan.attributes
    axes = [attributes["varied"]] if isinstance(attributes["varied"], str) else list(attributes["varied"])
    metrics = [
        name
        for name in part
        if name not in ("seed", "chip_seed", "status", "seconds", *axes)
        and "(" not in name
        and np.isfinite(part[name]).any()
    ][:6]
    heads = [*axes, *(["seed"] if len(set(part["seed"].tolist())) > 1 else []), *metrics, "seconds"]
    columns = [attributes[name] if name in attributes else part[name.lower()] for name in heads]
    rows = [[_short(one) for one in row] for row in zip(*columns, strict=True)]
    speaker.table(heads, rows[:ROWS], right=range(len(heads)))
    if len(rows) > ROWS:
        speaker.say(f"… and {len(rows) - ROWS} more")


def _short(value: str | float) -> str:
    if isinstance(value, str):
        return value
    return "–" if value != value else f"{value:.4g}"  # a failed point has no values
