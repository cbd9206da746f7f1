"""`eqchip plot`: a picture of what a file holds."""

from __future__ import annotations

from pathlib import Path

import click

from eqchip.cli.habits import Speaker, options


@click.command()
@click.argument("file", metavar="FILE.h5")
@click.option(
    "-o", "--output", metavar="FILE", help="Where the picture goes: .png, .pdf or .svg. [default: FILE.png]"
)
@click.option(
    "--group", help="What to draw: op, dc, tran, training, weights … [default: the last with an axis]"
)
@click.option(
    "--select",
    "names",
    multiple=True,
    metavar="NAME",
    help="Draw only this: 'v(out)', 'v(h[3])', 'i(*)'. Repeatable.",
)
@options("json", "quiet")
def plot(
    file: str, output: str | None, group: str | None, names: tuple[str, ...], as_json: bool, quiet: bool
) -> None:
    """Draw what FILE.h5 holds: traces, sweeps, operating points, training curves, fidelity, weights.

    Of more lines than a picture can show, those that move most are drawn, and the picture says so; --select
    picks others.
    """
    from eqchip.simulator.pictures.draw import draw_record
    from eqchip.simulator.records.reader import Record

    speaker = Speaker(as_json, quiet)
    record = Record(file)
    path = Path(output) if output else Path(Path(file).name).with_suffix(".png")
    drawn = draw_record(record, path, group, names)
    others = [name for name in (*record.traces, *(["weights"] if record.arrays else [])) if name != drawn]
    speaker.say(f"drew {drawn} into {path}")
    if others and group is None:
        speaker.note(f"also in {file}: {', '.join(others)} (--group {others[0]})")
    speaker.answer({"command": "plot", "file": str(path), "source": file, "group": drawn, "others": others})
