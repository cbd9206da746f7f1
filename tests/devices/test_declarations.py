"""Every declaration is whole: text, unit, range, place, source."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from declarations import GROUPS, parameters
from eqchip.devices.families import PACKAGED
from eqchip.devices.family import Family
from eqchip.devices.parameter import Parameter
from eqchip.devices.place import Place
from eqchip.errors import InputError
from eqchip.simulator.idealise import declared

#: SI, or what the papers that numbers are read from use beside it.
UNITS = set(
    "Ω F H V A S s J C K m Hz °C eV 1/s 1/V 1/K 1/K² m/s V/s V/m K/W m²/(V·s) Ω/(V·s)".split()  # noqa: SIM905
)
#: Texts that begin so speak of a quantity with a unit, unless they go on to say what it is taken over.
QUANTITY = re.compile(
    r"(on an array: )?(\w+ )?(resistance|conductance|capacitance|capacitor|inductance|voltage|current|charge"
    r"|temperature|length of|time|thickness|energy|speed|volts)\b",
    re.IGNORECASE,
)
PURE = re.compile(
    r"over|relative|share|exponent|factor|gain|steps|how |in state units|in LSB|coefficient|scale|tolerance"
    r"|with its unit|index",
    re.IGNORECASE,
)
RATIO = re.compile(r"\brelative\b|\bover its value\b|\bshare of\b", re.IGNORECASE)

#: Imperfections whose law is a definition, or our own, and of no paper: (family or card, parameter).
OWN = {
    ("synapse", "gain"),
    ("synapse", "endurance"),
    ("synapse", "endurance_slope"),
    (".nudge", "gain_error"),
    (".nudge", "gain_dtod"),
    (".nudge", "sign_error"),
    (".train", "jitter"),
    *((family.name, "signal") for family in PACKAGED if family.wires),
}


def faults(parameter: Parameter) -> list[str]:
    """Return what a declaration lacks."""
    found = []
    text, unit, default = parameter.text, parameter.unit, parameter.default
    if not text or text != " ".join(text.split()):
        found.append("text")
    if text.endswith((".", ",", ";", ":")):
        found.append("full stop")
    if unit and unit not in UNITS:
        found.append("unit")
    if not unit and not parameter.words and QUANTITY.match(text) and not PURE.search(text):
        found.append("no unit")
    if unit and RATIO.search(text):
        found.append("unit of a ratio")
    if unit and (parameter.words or parameter.integer):
        found.append("unit of a word or a count")
    if parameter.low > parameter.high:
        found.append("range")
    if default is not None and not (isinstance(default, str) and not parameter.words):
        try:
            if parameter.check(default) != default:
                found.append("default")
        except InputError:
            found.append("default")
    if parameter.place not in tuple(Place):
        found.append("place")
    if parameter.place is Place.LAW and (parameter.effect or parameter.spreads):
        found.append("effect of the law")
    if parameter.spreads and (parameter.place is not Place.DRAWN or default != 0.0 or parameter.low != 0.0):
        found.append("spread")
    if parameter.required and (default is not None or parameter.place is not Place.LAW):
        found.append("required")
    if not re.fullmatch(r"[a-z][a-z_0-9]*", parameter.name):
        found.append("name")
    if not re.fullmatch(r"[a-z_]*", parameter.effect):
        found.append("effect")
    if not parameter.source or parameter.source != parameter.source.strip(". "):
        found.append("source")
    return found


GOOD = Parameter("width", "S", 1.0, "conductance of a thing", 0.0, 2.0, source="Someone 1999")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"text": ""}, "text"),
        ({"text": "conductance\nof a thing"}, "text"),
        ({"text": "conductance of a thing."}, "full stop"),
        ({"unit": "mho"}, "unit"),
        ({"unit": ""}, "no unit"),
        ({"text": "relative spread of a thing"}, "unit of a ratio"),
        ({"integer": True}, "unit of a word or a count"),
        ({"low": 3.0}, "range"),
        ({"default": 2.5}, "default"),
        ({"default": -1.0}, "default"),
        ({"words": ("on", "off"), "unit": ""}, "default"),
        ({"place": "node"}, "place"),
        ({"effect": "width"}, "effect of the law"),
        ({"place": Place.NODE, "spreads": "length"}, "spread"),
        ({"place": Place.DRAWN, "spreads": "length"}, "spread"),
        ({"required": True}, "required"),
        ({"name": "Width"}, "name"),
        ({"place": Place.NODE, "effect": "a width"}, "effect"),
        ({"source": ""}, "source"),
    ],
)
def test_what_a_declaration_lacks_is_seen(change: dict[str, Any], fault: str) -> None:
    assert faults(GOOD) == []
    assert fault in faults(replace(GOOD, **change))


def test_every_parameter_has_text_unit_range_place_and_source() -> None:
    wrong = {(owner, where, one.name): found for owner, where, one in parameters() if (found := faults(one))}
    assert not wrong
    assert len(list(parameters())) > 400


@pytest.mark.parametrize("family", PACKAGED, ids=lambda family: family.name)
def test_a_family_says_what_it_is_and_where_from(family: Family) -> None:
    assert family.text
    assert not family.text.endswith(".")
    assert family.source
    assert family.terminals


@pytest.mark.parametrize("group", GROUPS, ids="-".join)
def test_no_name_is_spelled_twice(group: tuple[str, str]) -> None:
    names = [name for one in GROUPS[group] for name in (one.name, *one.aliases)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("family", PACKAGED, ids=lambda family: family.name)
def test_what_spreads_names_what_it_spreads_in_its_unit(family: Family) -> None:
    every = family.all_parameters()
    for one in every.values():
        if one.spreads:
            spread = every[one.spreads]
            assert spread.name == one.spreads
            assert one.unit == (spread.unit if one.spread_law == "absolute" else ""), one.name
            assert one.spread_law in ("relative", "absolute", "lognormal")
            assert one.spreads in one.text, one.name


def test_the_law_of_every_imperfection_has_a_source() -> None:
    own = {(owner, one.name) for owner, _, one in parameters() if one.imperfection and one.source == "eqchip"}
    assert own == OWN


def test_every_imperfection_can_be_switched_by_its_name() -> None:
    names = {one.imperfection for _, _, one in parameters() if one.imperfection}
    assert names == set(declared())
    for name, found in declared().items():
        assert all((found.text, found.places, found.owners)), name
