"""`eqchip sweep`: a chip at many points, into one labelled dataset."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from eqchip.cli.explained import explained, print_study, run_study
from eqchip.cli.habits import Speaker, changes_of, options, quoted, switch
from eqchip.errors import InputError

if TYPE_CHECKING:
    from eqchip.simulator.loaded import LoadedChip
    from eqchip.simulator.records.claim import Claim
    from eqchip.simulator.studies.design import Design


@click.command()
@click.argument("chip", metavar="CHIP|RUN.h5")
@click.option(
    "--run",
    "command",
    type=click.Choice(["train", "evaluate", "check"]),
    help="What is run at each point. [default: train; of a RUN.h5, evaluate]",
)
@click.option("--ablate", is_flag=True, help="Each imperfection off in turn, and alone; ranked.")
@click.option(
    "--vary",
    multiple=True,
    metavar="NAME=RANGE",
    help="Values of NAME: a,b,c or low:high:n or low:high:n:log. Repeatable: all are crossed.",
)
@click.option(
    "--seeds",
    type=click.IntRange(min=1),
    help="Repeat every point with so many seeds. [default: 1; with --ablate, 3]",
)
@click.option("--data", metavar="SPEC", help="Other samples: NAME, mnist:DIR, FILE.npz, .h5 or .csv.")
@click.option(
    "--samples",
    type=click.IntRange(min=1),
    default=32,
    show_default=True,
    help="Training samples on which updates are held against the gradient.",
)
@click.option(
    "--cost", is_flag=True, help="Keep the energy a sample takes too, which takes time at every point."
)
@click.option("--resume", metavar="FILE", help="Run only what FILE, an earlier study, has not.")
@options("output", "set", "ideal", "only", "seed", "chip_seed", "form", "dtype", "threads", "json", "quiet")
def sweep(
    chip: str,
    command: str | None,
    ablate: bool,
    vary: tuple[str, ...],
    seeds: int | None,
    data: str | None,
    samples: int,
    cost: bool,
    resume: str | None,
    output: str | None,
    settings: tuple[str, ...],
    ideal: tuple[str, ...],
    only: tuple[str, ...],
    seed: int | None,
    chip_seed: int | None,
    form: str,
    dtype: str | None,
    threads: int | None,
    as_json: bool,
    quiet: bool,
) -> int | None:
    """Train (evaluate, check) CHIP at many points and keep every one in a labelled dataset.

    With --ablate it tells which imperfection costs most: each is taken away in turn, and left alone. A point
    that fails stands with its reason, and the rest goes on (exit 3). Ctrl-C and kills keep what was finished;
    --resume runs the rest, and a larger study reuses all of a smaller one.
    """
    from eqchip import threads as pools
    from eqchip.simulator.loaded import load
    from eqchip.simulator.studies.task import Task

    speaker = Speaker(as_json, quiet)
    pools.apply(threads)
    loaded = switch(speaker, load(chip).set(changes_of(settings, seed, chip_seed)), ideal, only)
    design = _design(loaded, ablate, vary, seeds)
    task = Task(
        command or ("evaluate" if loaded.weights else "train"),
        data,
        form,
        dtype,
        samples,
        gradient=ablate,
        cost=cost,
    )
    claim = _claim(resume, output, loaded.name)
    speaker.warn_when_cold()
    try:
        run = run_study(speaker, loaded, design, task, claim, resume is not None, tuple(sys.argv))
    except KeyboardInterrupt as stop:
        if not claim.path.exists():
            raise
        raise KeyboardInterrupt(
            f"{stop}; go on with the same command and --resume {quoted(claim.path)}"
        ) from None
    print_study(speaker, run)
    found = explained(run)
    name = quoted(claim.path)
    speaker.say(
        f"\nwrote {claim.path}: {found['points']} points in {speaker.seconds:.1f} s; next: eqchip plot {name}"
    )
    speaker.answer(
        {**run.facts, "seconds": speaker.seconds, "file": str(claim.path), "run": task.command, **found}
    )
    return 3 if found["failed"] else None


def _design(chip: LoadedChip, ablate: bool, vary: tuple[str, ...], seeds: int | None) -> Design:
    from eqchip.simulator.studies.design import ablation, grid
    from eqchip.simulator.studies.ranges import axes
    from eqchip.simulator.studies.study import names_of, seeds_for

    if ablate and vary:
        raise InputError("--ablate and --vary are two studies", expected="one of them")
    if not ablate and not vary and (seeds or 1) == 1:
        raise InputError("there is nothing to sweep", expected="--ablate, --vary NAME=RANGE or --seeds N")
    design = ablation(names_of(chip)) if ablate else grid(axes(vary))
    return design.over(*seeds_for(chip, seeds or (3 if ablate else 1)))


def _claim(resume: str | None, output: str | None, name: str) -> Claim:
    """Claim the file that is written: that of --resume goes on under its own name."""
    from eqchip.cli.habits import claim_result
    from eqchip.simulator.records.recover import finished_name

    if resume is None:
        return claim_result(output, name)
    file = finished_name(Path(resume))
    if output is not None and Path(output) != file:
        raise InputError("--resume goes on in its own file", expected=f"--resume {file} without -o")
    return claim_result(str(file), name)
