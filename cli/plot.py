"""`eqchip plot`: a picture of what a file holds."""

from __future__ import annotations

from pathlib import Path

import click

from eqchip.cli.habits import Speaker, options


@click.command()
@click.argument("file", metavar="FILE.h5")
@click.option(
    "-o",
    "--output",
    metavar="PICTURE",
    help="Where the picture goes: .png, .pdf or .svg; replaced if it is there. [default: FILE.png]",
)
@click.option(
    "--only",
    "names",
    multiple=True,
    metavar="NAME",
    help="Draw only this: tran, weights, 'v(out)', 'v(h[3])', 'i(*)', 'tran_2/v(out)'. Repeatable.",
)
@options("json", "quiet")
def plot(file: str, output: str | None, names: tuple[str, ...], as_json: bool, quiet: bool) -> None:
    """Draw what FILE.h5 holds: traces, sweeps, operating points, training curves, weights, fidelity.

    Of more lines than a panel can show, those that move most are drawn, and the picture says how many there
    are; --only picks others.
    """
    from eqchip.simulator.pictures.draw import check_format, draw, save
    from eqchip.simulator.records.reader import Record
    from eqchip.simulator.run import Run

    speaker = Speaker(as_json, quiet)
    path = Path(output) if output is not None else Path(f"{Path(file).stem or 'picture'}.png")
    check_format(path)  # before the time that drawing takes
    run = Run.of(Record(file))
    save(draw(run, names), path)
    speaker.say(f"wrote {path}")
    speaker.answer(
        {
            "command": "plot",
            "chip": run.facts.get("chip"),
            "file": str(path),
            "source": file,
            "parts": [*run.parts, *(["weights"] if run.weights else [])],
            "only": list(names),
        }
    )
