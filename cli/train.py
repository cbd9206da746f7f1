"""`eqchip train`: trains a chip as its cards say, into one file."""

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
from eqchip.errors import InputError

if TYPE_CHECKING:
    from eqchip.simulator.learning.epoch import Epoch
    from eqchip.simulator.resuming import Kept
    from eqchip.simulator.run import Run

#: Lines of the table of epochs, whatever their number.
LINES = 12


@click.command()
@click.argument("chip", required=False)
@click.option(
    "--resume",
    is_flag=False,
    flag_value="",
    metavar="[FILE]",
    help="Go on with a training that was stopped: FILE, or the newest of CHIP.h5, CHIP-2.h5 …",
)
@click.option("--data", metavar="SPEC", help="Other samples: NAME, mnist:DIR, FILE.npz, .h5 or .csv.")
@options("output", "set", "ideal", "only", "seed", "chip_seed", "form", "dtype", "threads", "json", "quiet")
def train(
    chip: str | None,
    resume: str | None,
    data: str | None,
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
) -> None:
    """Train CHIP on its data, and write curves and weights to an HDF5 file.

    A trained RUN.h5 may stand for the chip: its netlist is trained again, from the start. With --resume a
    training goes on where it was stopped, to the same numbers as if it never had been; train.epochs may be
    raised, unless schedule=cosine runs the rates down over them.
    """
    from eqchip import threads as pools
    from eqchip.simulator.loaded import load
    from eqchip.simulator.resuming import hold_to
    from eqchip.simulator.training import train as run_training

    speaker = Speaker(as_json, quiet)
    pools.apply(threads)
    changes = changes_of(settings, seed, chip_seed)
    kept: Kept | None = None
    if resume is not None:
        kept = _take_up(chip, resume, changes)
        hold_to(kept, form, dtype, data)
        loaded = kept.chip
        if switch(speaker, loaded, ideal, only).switches != loaded.switches:
            raise InputError(
                f"--ideal and --only differ from what {kept.file} was trained with",
                expected="the imperfections it was begun with, or a new training",
            )
        claim = claim_result(output or str(kept.file), loaded.name)
        for note in kept.notes:
            speaker.note(note)
        speaker.note(f"{kept.file} goes on after epoch {kept.epoch}")
    else:
        if chip is None:
            raise click.UsageError("Missing argument 'CHIP'.")
        loaded = switch(speaker, load(chip).untrained().set(changes), ideal, only)
        claim = claim_result(output, loaded.name)
    path = claim.path
    epochs = int(float(loaded.circuit.train.get("epochs", 10)))
    speaker.warn_when_cold()
    table = _Table(speaker, epochs)
    progress = Progress(speaker, 0.0, "samples")
    interrupts = Interrupts()

    def tick(passed: int, total: int, epoch: int) -> None:
        interrupts.check()
        progress.total = float(total)
        before = table.last
        error = f", test error {percent(before.test_error)}" if before is not None else ""
        progress.show(passed, f"epoch {epoch} of {epochs}{error}")

    def watch(epoch: Epoch) -> None:
        progress.clear()
        table.add(epoch)

    try:
        with interrupts:
            run = run_training(
                loaded,
                claim,
                data=data,
                form=form,
                dtype=dtype,
                arguments=sys.argv,
                watch=watch,
                tick=tick,
                kept=kept,
            )
    except KeyboardInterrupt as stop:
        if path.exists():
            raise KeyboardInterrupt(f"{stop}; go on with: eqchip train --resume {quoted(path)}") from None
        raise
    finally:
        progress.clear()
    result = results(table.last, run)
    speaker.say(f"\n{_closing(result, run.facts, len(run.weights))}")
    tell_costs(speaker, run)
    note_again(speaker, run["training"].trace.plan.attributes)
    name = quoted(path)
    speaker.say(f"wrote {path} in {speaker.seconds:.2f} s; next: eqchip plot {name}, eqchip check {name}")
    speaker.answer({**run.facts, "seconds": speaker.seconds, "file": str(path), **result})


def _take_up(chip: str | None, resume: str, changes: dict[str, str | float]) -> Kept:
    """Return the training that `[CHIP] --resume [FILE]` means; its file is claimed only while it is read."""
    from eqchip.simulator.records.claim import Claim
    from eqchip.simulator.resuming import chip_or_none, file_to_resume, take_up

    file, named = file_to_resume(chip, resume)
    with Claim(file) as claim:
        return take_up(claim, chip_or_none(named), changes)


def results(last: Epoch | None, run: Run) -> dict[str, Any]:
    """Return the keys that `train` adds to what every --json has."""
    from eqchip.simulator.cost_table import cost_answers

    if last is None:
        keys = (
            "test_error",
            "train_error",
            "test_loss",
            "train_loss",
            "samples_per_second",
        )
        return {"epochs": 0, **dict.fromkeys(keys), **cost_answers(run["cost"].trace)}
    return {
        "test_error": last.test_error,
        "train_error": last.train_error,
        "test_loss": last.test_loss,
        "train_loss": last.train_loss,
        "epochs": last.number,
        "samples_per_second": last.samples_per_second,
        **cost_answers(run["cost"].trace),
    }


def tell_costs(speaker: Speaker, run: Run) -> None:
    """Print what answers take: when they have settled, and the energy by phase and kind of device."""
    from eqchip.simulator.cost_table import cost_lines

    for line in cost_lines(run["cost"].trace):
        speaker.say(line)


def percent(error: float | None) -> str:
    """Write a fraction of wrong answers."""
    return "–" if error is None else f"{100 * error:.2f} %"


def _closing(result: dict[str, Any], facts: dict[str, Any], arrays: int) -> str:
    parts = [f"after {result['epochs']} epoch{'s' * (result['epochs'] != 1)}"]
    if result["test_error"] is not None:
        parts.append(f"test error {percent(result['test_error'])}")
    if result["test_loss"] is not None:
        parts.append(f"test loss {result['test_loss']:.4g}")
    if result["latency_seconds"] is not None:
        from eqchip.units import engineering

        parts.append(f"a free phase takes {engineering(result['latency_seconds'], 's')}")
    parts.append(f"{arrays} array{'s' * (arrays != 1)} learned ({facts['form']} form, {facts['dtype']})")
    return ", ".join(parts)


class _Table:
    """A line for some of the epochs, as they pass."""

    def __init__(self, speaker: Speaker, epochs: int) -> None:
        self.speaker, self.epochs = speaker, epochs
        self.every = max(1, -(-epochs // LINES))
        self.last: Epoch | None = None

    def add(self, epoch: Epoch) -> None:
        """Print an epoch when it is its turn."""
        first = self.last is None
        if first:
            kept = "" if epoch.valid_loss is None else f"{'valid error':>13}"
            self.speaker.say(
                f"{'epoch':>7}{'train error':>13}{kept}{'test error':>12}{'test loss':>12}{'samples/s':>12}"
            )
        self.last = epoch
        if first or epoch.number % self.every == 0 or epoch.number == self.epochs:
            kept = "" if epoch.valid_loss is None else f"{percent(epoch.valid_error):>13}"
            self.speaker.say(
                f"{epoch.number:>7}{percent(epoch.train_error):>13}{kept}{percent(epoch.test_error):>12}"
                f"{epoch.test_loss:>12.4g}{epoch.samples_per_second:>12,.0f}"
            )
