"""`eqchip models`: every device and parameter, from their declarations."""

from __future__ import annotations

import click

from eqchip.cli.habits import Speaker, options


@click.command()
@click.argument("name", required=False)
@options("json")
def models(name: str | None, as_json: bool) -> None:
    """List devices and models; with NAME, its parameters with unit, default, range and source."""
    from eqchip.devices.describe import describe
    from eqchip.units import engineering

    speaker = Speaker(as_json)
    found = describe(name)
    speaker.answer({"command": "models", **({"models": found} if name is None else found)})
    if name is None:
        speaker.table(
            ("name", "card", "what it is"),
            [(one["name"], " ".join(one["letters"]) or "Y", one["text"]) for one in found],
        )
        speaker.say("\neqchip models NAME lists the parameters of one of them")
        return
    speaker.say(f"{found['name']}: {found['text']}")
    speaker.say(f"source: {found['source']}\n")
    rows = []
    for one in found["parameters"]:
        default = one["default"]
        shown = (
            "–"
            if default is None
            else default
            if isinstance(default, str)
            else engineering(default, one["unit"])
        )
        rows.append((one["name"], one["unit"] or "", shown, one["range"], one["place"], one["text"]))
    speaker.table(("parameter", "unit", "default", "allowed", "place", "meaning"), rows)
