"""`eqchip fit`: a device model from measured pulses."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from eqchip.cli.habits import Speaker, options, quoted

if TYPE_CHECKING:
    from eqchip.simulator.fitting.fit import Fit


@click.command()
@click.argument("data", metavar="DATA.csv")
@click.option(
    "--model",
    "law",
    default="all",
    show_default=True,
    metavar="LAW",
    help="constant, linear, softbounds, exponential, power, pmax, table; all: each, and the best is kept.",
)
@click.option("-o", "--output", metavar="FILE.lib", help="Where the model goes. [default: NAME.lib]")
@click.option("--name", help="What the model is called. [default: the name of the data file]")
@click.option("--unit", help="Unit of the conductance (uS, nS, kohm …) where the file names none.")
@click.option(
    "-p", "--picture", metavar="PICTURE", help="Draw data against model: a file in .png, .pdf or .svg."
)
@options("json", "quiet")
def fit(
    data: str,
    law: str,
    output: str | None,
    name: str | None,
    unit: str | None,
    picture: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Fit a model of a memory device to DATA.csv: conductance after each pulse, up and down, of some devices.

    Writes a library: the mean of each parameter, its spread from device to device, the noise from pulse
    to pulse, and what is left unexplained.
    """
    from eqchip.simulator.data.pulses import read_pulses
    from eqchip.simulator.fitting.card import card, check_name, share
    from eqchip.simulator.fitting.compare import compare
    from eqchip.simulator.fitting.fit import fit as fit_law
    from eqchip.simulator.fitting.fit import law_named
    from eqchip.simulator.pictures.draw import check_format, save

    speaker = Speaker(as_json, quiet)
    called = name if name is not None else _name_of(Path(data))
    check_name(called)
    if picture is not None:
        check_format(Path(picture))  # before the time that fitting takes
    if law != "all":
        law_named(law)
    response = read_pulses(Path(data), unit)
    speaker.warn_when_cold()
    trains = len(response.trains)
    up = sum(train.direction > 0 for train in response.trains)
    speaker.note(
        f"{response.name}: {_counted(len(response.devices), 'device')}, {_counted(up, 'train')} up, "
        f"{trains - up} down, {_counted(response.steps, 'step')}"
    )
    fits = compare(response) if law == "all" else [fit_law(response, law)]
    best = fits[0]
    path = Path(output if output is not None else f"{called}.lib")
    _write(path, card(best, called))
    if picture is not None:
        from eqchip.simulator.pictures.fit import draw_fits

        save(draw_fits(fits[:4]), Path(picture))
    rows = [
        (
            one.law,
            share(one.residual, one),
            share(one.curve_residual, one),
            f"{one.criterion - best.criterion:.1f}",
        )
        for one in fits
    ]
    speaker.table(("model", "residual of a step", "of a curve", "AIC above the best"), rows, right=(3,))
    speaker.say()
    values = best.summary.values
    shown = [
        (key, f"{value:.5g}" if isinstance(value, float) else value, _error(best, key))
        for key, value in values.items()
    ]
    speaker.table(("parameter", best.law, "standard error"), shown)
    speaker.say()
    if picture is not None:
        speaker.say(f"wrote {picture}")
    speaker.say(f"wrote {path}: .include {quoted(path)}, then Y… {called}")
    speaker.answer(
        {
            "command": "fit",
            "chip": None,
            "form": None,
            "dtype": "float64",
            "seed": None,
            "outcome": "complete",
            "seconds": speaker.seconds,
            "file": str(path),
            "picture": picture,
            "name": called,
            "devices": len(response.devices),
            "trains": len(response.trains),
            "steps": response.steps,
            "range": [best.low, best.high],
            "model": best.law,
            "values": values,
            "standard_errors": best.summary.uncertain,
            "models": {
                one.law: {
                    "residual": one.residual,
                    "curve_residual": one.curve_residual,
                    "aic": one.criterion,
                }
                for one in fits
            },
        }
    )


def _error(best: Fit, key: str) -> str:
    error = best.summary.uncertain.get(key, 0.0)
    return f"{error:.2g}" if error else "–"


def _name_of(path: Path) -> str:
    """Return the name of a model that a file's name gives."""
    word = "".join(letter if letter.isalnum() and letter.isascii() else "_" for letter in path.stem.lower())
    return word if word[:1].isalpha() else f"d_{word}"


def _write(path: Path, text: str) -> None:
    from eqchip.errors import InputError

    try:
        path.write_text(text, encoding="utf-8")
    except OSError as problem:
        raise InputError(f"{path} cannot be written: {problem.strerror or problem}") from None


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
