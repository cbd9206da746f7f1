"""`eqchip models`: every device and parameter, from their declarations."""

from __future__ import annotations

from typing import Any

import click

from eqchip.cli.habits import Speaker, options


@click.command()
@click.argument("name", required=False)
@click.option("--equation", is_flag=True, help="Print the law of the device too.")
@options("json")
def models(name: str | None, equation: bool, as_json: bool) -> None:
    """List devices; with NAME (diode, D, synapse …), its parameters with unit, default, range and source."""
    from eqchip.devices.describe import describe

    speaker = Speaker(as_json)
    found = describe(name)
    speaker.answer({"command": "models", **found})
    if name is None:
        rows = [(one["name"], _card(one), one["text"]) for one in found["families"]]
        speaker.table(("name", "card", "what it is"), rows)
        speaker.say("\neqchip models NAME lists the parameters of one of them")
        return
    for family in found.get("families", [found]):
        _say_family(speaker, family, equation)


def _card(family: dict[str, Any]) -> str:
    return " ".join(family["letters"]) or ", ".join(family["model_types"])


def _say_family(speaker: Speaker, family: dict[str, Any], equation: bool) -> None:
    speaker.say(f"{family['name']}: {family['text']}")
    speaker.say(f"terminals: {', '.join(family['terminals'])}")
    speaker.say(f"can: {', '.join(family['capabilities']) or '–'}")
    speaker.say(f"source: {family['source'] or '–'}")
    if equation:
        speaker.say(f"\n{family['equation']}")
    rows = {one["name"]: _row(one) for one in family["parameters"]}  # one that stands twice is listed once
    if rows:
        speaker.say()
        speaker.table(("parameter", "unit", "default", "allowed", "place", "meaning"), rows.values())
    speaker.say()


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    from eqchip.units import engineering

    default = one["default"]
    if default is None:
        shown = "–"
    else:
        shown = default if isinstance(default, str) else engineering(default, one["unit"])
    return (one["name"], one["unit"], shown, one["range"], one["place"], one["text"])
