"""`eqchip recover`: closes the file of a run that was killed."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import click

from eqchip.cli.habits import Speaker, options, quoted


@click.command()
@click.argument("file", metavar="FILE.h5.part")
@click.option("-o", "--output", metavar="FILE", help="Its new name. [default: FILE.h5]")
@options("json")
def recover(file: str, output: str | None, as_json: bool) -> None:
    """Close FILE.h5.part, which a killed run left behind: every row that had been flushed is kept.

    A training that was killed needs no recovery to go on: eqchip train --resume FILE.h5.
    """
    from eqchip.errors import InputError
    from eqchip.simulator.records.claim import Claim
    from eqchip.simulator.records.reader import Record
    from eqchip.simulator.records.recover import finished_name, killed
    from eqchip.simulator.records.recover import recover as close
    from eqchip.simulator.records.target import part_of

    speaker = Speaker(as_json)
    part = killed(Path(file))
    target = Path(output) if output is not None else finished_name(part)
    if part.suffix.lower() != ".part" and Record(part).status != "running":
        raise InputError(f"{part} was closed properly", expected=f"{part_of(part).name}, if there is one")
    with ExitStack() as held:
        claim = held.enter_context(Claim(target))
        if target != finished_name(part):
            held.enter_context(Claim(finished_name(part)))  # it is not being written any more
        if target != part and target.exists():
            raise InputError(f"{target} exists", expected="another name after -o")
        close(part, claim)
    record = Record(target)
    rows = {name: len(trace.axis) for name, trace in record.traces.items()}
    kept = ", ".join(f"{name}: {count} rows" for name, count in rows.items()) or "no rows"
    speaker.say(f"wrote {target}: {kept}; next: eqchip show {quoted(target)}")
    speaker.answer(
        {
            "command": "recover",
            **{key: record.facts.get(key) for key in ("chip", "form", "dtype", "seed")},
            "outcome": record.status,
            "seconds": speaker.seconds,
            "file": str(target),
            "source": str(part),
            "rows": rows,
        }
    )
