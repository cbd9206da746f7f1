"""`eqchip simulate`: the analyses of a netlist, in their order, into one file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from eqchip.cli.habits import (
    Progress,
    Speaker,
    assignments,
    changes_of,
    claim_result,
    options,
    quoted,
    switch,
)
from eqchip.cli.interrupts import Interrupts

if TYPE_CHECKING:
    from eqchip.simulator.loaded import LoadedChip
    from eqchip.simulator.rows import Plan, Rows, Trace
    from eqchip.simulator.run import Part, Run

#: Values of an operating point that are printed; all of them are in the file and in --json.
SHOWN = 40
#: Cards that only training and learning waveforms read.
IDLE = ("train", "learn", "data", "protocol")


@click.command()
@click.argument("chip", metavar="CHIP|RUN.h5")
@click.option("--data", metavar="SPEC", help="Samples for .tran … learn: NAME, mnist:DIR, FILE.npz, .csv.")
@options("output", "set", "ideal", "only", "seed", "chip_seed", "threads", "json", "quiet")
def simulate(
    chip: str,
    data: str | None,
    output: str | None,
    settings: tuple[str, ...],
    ideal: tuple[str, ...],
    only: tuple[str, ...],
    seed: int | None,
    chip_seed: int | None,
    threads: int | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Run the analyses of CHIP (.op, .dc, .tran) in the order of its netlist.

    With .protocol and .tran … learn it is one continuous waveform: samples follow one another, and the chip
    learns while it is nudged.

    Every quantity goes to an HDF5 file with its unit; operating points are printed too. RUN.h5 stands for
    the chip it trained, with what it learned.
    """
    from eqchip import threads as pools
    from eqchip.simulator.loaded import load
    from eqchip.simulator.simulating import simulate as run_analyses
    from eqchip.units import engineering

    speaker = Speaker(as_json, quiet)
    pools.apply(threads)
    loaded = switch(speaker, load(chip).set(changes_of(settings, seed, chip_seed)), ideal, only)
    _note_idle(speaker, loaded, settings)
    claim = claim_result(output, loaded.name)
    path = claim.path
    speaker.warn_when_cold()
    progress = Progress(speaker, 100.0, "%")
    interrupts = Interrupts()

    def watch(plan: Plan, rows: Rows, share: float) -> None:
        interrupts.check()
        at = plan.axis
        where = (
            f"{plan.kind} at {engineering(float(rows.axis[-1]), at.unit)}" if at is not None else plan.kind
        )
        progress.show(100.0 * share, where)

    try:
        with interrupts:
            run = run_analyses(loaded, claim, data=data, arguments=sys.argv, watch=watch)
    finally:
        progress.clear()
    for note in loaded.circuit.notes:
        speaker.note(f"{note[0]}: {note[1]}")
    _print(speaker, run)
    speaker.say(f"\nwrote {path} in {speaker.seconds:.2f} s; next: {_next(run, path)}")
    speaker.answer(
        {
            **run.facts,
            "seconds": speaker.seconds,
            "file": str(path),
            "op": operating_point(run),
            "meas": {},
            **energies(run),
        }
    )


def _note_idle(speaker: Speaker, chip: LoadedChip, settings: tuple[str, ...]) -> None:
    """Say which values set here change nothing: those of training, where no waveform learns."""
    from eqchip.simulator.learning.waveform import waveform_of

    if waveform_of(chip.circuit) is not None:
        return
    for name in assignments(settings):
        if name.partition(".")[0].lower() in IDLE:
            speaker.note(
                f"--set {name} changes nothing in these analyses: none of them learns (.tran … learn, or "
                "eqchip train)"
            )


def operating_point(run: Run) -> dict[str, float] | None:
    """Return the first operating point as {"v(out)": volts}, buses node by node; None when there is none."""
    for part in run.parts.values():
        if part.trace.plan.axis is None:
            return dict(values_of(part))
    return None


def energies(run: Run) -> dict[str, Any]:
    """Return the joules of the first waveform: delivered by source, burnt by kind, stored; if asked for."""
    from eqchip.simulator.cost.waveform_energy import waveform_joules

    if "cost" not in run.parts:
        return {}
    return {"energy_joules": waveform_joules(run.parts["cost"].trace)}


def values_of(part: Part) -> list[tuple[str, float]]:
    """Return every value of an operating point by name, buses node by node."""
    from eqchip.simulator.exchange.tables import flat_columns

    return [(name, float(values[0])) for name, values in flat_columns(part.trace)]


def _print(speaker: Speaker, run: Run) -> None:
    from eqchip.simulator.cost.waveform_energy import waveform_energies
    from eqchip.units import engineering

    for name, part in run.parts.items():
        trace = part.trace
        residual = f"largest current error {engineering(trace.residual, 'A', 3)}"
        if trace.plan.axis is None:
            speaker.say(f"{name}: operating point, {residual}")
            _print_values(speaker, part)
            continue
        axis = trace.plan.axis
        unit = axis.unit
        if not trace.axis.size:
            speaker.say(f"{name}: no rows")
            continue
        if trace.plan.kind == "cost":
            for label, joules in waveform_energies(trace):
                speaker.say(f"{name}: {label} {joules}")
            continue
        first, last = engineering(float(trace.axis[0]), unit), engineering(float(trace.axis[-1]), unit)
        count = sum(max(1, column.width) for column in trace.plan.columns)
        span = f"{axis.name} {first} to {last}"
        speaker.say(f"{name}: {span}, {trace.axis.size} points of {count} quantities, {residual}")
        if left_out := _names(trace.plan.attributes.get("left_out")):
            speaker.note(
                f"{name}: the course of {', '.join(left_out)} is not recorded: too many weights for a column "
                f"each (.save {left_out[0]} does, beside what else is named); what was learned is in /weights"
            )
        if answered := _answered(trace):
            speaker.say(answered)


def _answered(trace: Trace) -> str:
    """Say how the samples of a learning waveform were answered; nothing where that is not known."""
    from eqchip.simulator.analyses.presented import answers, is_waveform

    wrong = answers(trace) if is_waveform(trace) else None
    if wrong is None or not wrong.size:
        return ""
    last = max(1, min(wrong.size // 4, 1000))
    return (
        f"  {wrong.size} sample{'s' * (wrong.size > 1)}, answered where their free phases end: "
        f"{wrong.sum()} wrong, "
        f"{wrong[-last:].sum()} among the last {last}"
    )


def _print_values(speaker: Speaker, part: Part) -> None:
    from eqchip.units import engineering

    units: list[str] = [unit for column in part.columns for unit in [column.unit] * max(1, column.width)]
    values = values_of(part)
    rows: list[tuple[Any, ...]] = []
    for (name, value), unit in list(zip(values, units, strict=True))[:SHOWN]:
        number, _, rest = engineering(value, unit, 6).partition(" ")
        rows.append((f"  {name}", number, rest))
    if rows:
        speaker.rows(rows, right=(1,))
    if len(values) > SHOWN:
        speaker.say(f"  … and {len(values) - SHOWN} more, all in the file")


def _next(run: Run, path: Path) -> str:
    drawn = any(part.trace.plan.axis is not None for part in run.parts.values())
    return f"eqchip {'plot' if drawn else 'show'} {quoted(path)}"


def _names(found: Any) -> list[str]:
    """Return a list of names as attributes hold it: none, one, or several."""
    return [found] if isinstance(found, str) else [str(one) for one in (() if found is None else found)]
