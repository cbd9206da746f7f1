"""`eqchip models`: every device and parameter, from their declarations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from eqchip.cli.habits import Speaker, options

if TYPE_CHECKING:
    from eqchip.devices.parameter import Parameter
    from eqchip.netlists.circuit import Model
    from eqchip.netlists.libraries import LibraryModel


@click.command()
@click.argument("name", required=False)
@click.option("--equation", is_flag=True, help="Print the law of the device too.")
@click.option(
    "--library", is_flag=True, help="List the models of the libraries that ship; NAME: of one of them."
)
@click.option(
    "--imperfections", is_flag=True, help="List what --ideal and --only switch: names, places, parameters."
)
@options("json")
def models(name: str | None, equation: bool, library: bool, imperfections: bool, as_json: bool) -> None:
    """List devices; with NAME (diode, D, synapse …), its parameters with unit, default, range and source.

    NAME may also be a model of a library (--library lists them): its values and where they come from; an
    imperfection, a parameter or a card (offset, dw_min, .train): what of that name there is, and on what.
    """
    from eqchip.devices.describe import describe
    from eqchip.errors import InputError
    from eqchip.netlists.libraries import library_model
    from eqchip.simulator.idealise import declarations_called

    speaker = Speaker(as_json)
    if library:
        _say_library(speaker, name)
        return
    if imperfections:
        _say_imperfections(speaker, name)
        return
    if name is not None and (model := library_model(name)) is not None:
        _say_model(speaker, *model)
        return
    try:
        found = describe(name)
    except InputError:
        if name is None or not (called := declarations_called(name)):
            raise
        _say_called(speaker, name, called)
        return
    speaker.answer({"command": "models", **found})
    if name is None:
        rows = [(one["name"], _card(one), one["text"]) for one in found["families"]]
        speaker.table(("name", "card", "what it is"), rows)
        speaker.say(
            "\neqchip models NAME lists the parameters of one of them, --library the models that ship"
        )
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
        speaker.table(
            ("parameter", "unit", "default", "allowed", "place", "imperfection", "meaning"), rows.values()
        )
    speaker.say()


def _say_called(speaker: Speaker, name: str, called: list[tuple[str, Parameter]]) -> None:
    """List the parameters that a name of an imperfection, a parameter or a card stands for."""
    from eqchip.devices.describe import parameter_dict

    found = [(owner, parameter_dict(one, "card" if owner[0] == "." else "model")) for owner, one in called]
    speaker.answer(
        {"command": "models", "name": name, "parameters": [{"of": owner, **one} for owner, one in found]}
    )
    head = ("parameter", "of", "unit", "default", "allowed", "place", "imperfection", "meaning")
    speaker.table(head, [((row := _row(one))[0], owner, *row[1:]) for owner, one in found])


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    from eqchip.units import engineering

    default = one["default"]
    if default is None:
        shown = "–"
    else:
        shown = default if isinstance(default, str) else engineering(default, one["unit"])
    return (
        one["name"],
        one["unit"],
        shown,
        one["range"],
        one["place"],
        one["imperfection"] or "–",
        one["text"],
    )


def _say_imperfections(speaker: Speaker, name: str | None) -> None:
    """List every imperfection, or those of one family or card."""
    from eqchip.errors import InputError, nearest
    from eqchip.simulator.idealise import declared

    found = list(declared().values())
    if name is not None:
        owners = sorted({owner for one in found for owner in one.owners})
        found = [one for one in found if name.lower() in one.owners]
        if not found:
            raise InputError(
                f"no imperfection belongs to '{name}'",
                expected="one of: " + ", ".join(owners),
                near=nearest(name, owners),
            )
    speaker.answer({"command": "models", "imperfections": [one.as_dict() for one in found]})
    rows = [
        (one.name, ", ".join(one.places), ", ".join(one.owners), _some(one.parameters), one.text)
        for one in found
    ]
    speaker.table(("imperfection", "place", "of", "parameters", "meaning"), rows)
    speaker.say(
        "\n--ideal NAME does without one, --only NAME without all others; in the order in which they act"
    )


def _some(names: tuple[str, ...], most: int = 6) -> str:
    return ", ".join(names[:most]) + (f" … {len(names)} in all" if len(names) > most else "")


def _say_library(speaker: Speaker, name: str | None) -> None:
    """List the models of the libraries, or of one."""
    from dataclasses import asdict

    from eqchip.errors import InputError, nearest
    from eqchip.netlists.libraries import library_models

    known = list(dict.fromkeys(one.library for one in library_models()))
    wanted = (
        known
        if name is None
        else [book for book in known if book.removesuffix(".lib") == name.removesuffix(".lib")]
    )
    if not wanted:
        raise InputError(
            f"no library '{name}'", expected="one of: " + ", ".join(known), near=nearest(f"{name}", known)
        )
    listed = [one for one in library_models() if one.library in wanted]
    speaker.answer({"command": "models", "library": [asdict(one) for one in listed]})
    for book in wanted:
        inside = [one for one in listed if one.library == book]
        speaker.say(f"{inside[0].technology}: .include {book}")
        speaker.rows([(f"  {one.name}", one.text, one.source) for one in inside])
        speaker.say()
    speaker.say("eqchip models NAME shows the values of one; .model MINE ako:NAME (…) changes some")


def _say_model(speaker: Speaker, model: LibraryModel, card: Model) -> None:
    """Show one model of a library: its values beside what they mean."""
    from eqchip.units import engineering

    declared = {one.name: one for one in card.family.model_parameters}
    speaker.answer(
        {
            "command": "models",
            "name": model.name,
            "library": model.library,
            "technology": model.technology,
            "type": card.type,
            "text": model.text,
            "source": model.source,
            "values": dict(card.values),
        }
    )
    speaker.say(f"{model.name}: {model.text}")
    speaker.say(f"technology: {model.technology} (.include {model.library})")
    speaker.say(f"type: {card.type}")
    speaker.say(f"source: {model.source}")
    speaker.say()
    rows = [
        (
            name,
            value if isinstance(value, str) else engineering(value, declared[name].unit, 8),
            declared[name].text,
        )
        for name, value in card.values.items()
    ]
    speaker.table(("parameter", "value", "meaning"), rows)
