"""What the families are, as plain data: for `eqchip models`, the docs and notebooks.

describe()          → {"families": [a line on each]}
describe("diode")   → one family with every parameter; also by letter ("D") or .model type ("synapse")
"""

from __future__ import annotations

import sys
from typing import Any

from eqchip.devices.families import FAMILIES, families_by_letter, families_by_model_type, families_by_name
from eqchip.devices.family import Family
from eqchip.devices.parameter import Parameter
from eqchip.errors import InputError, nearest


def describe(name: str | None = None) -> dict[str, Any]:
    """Return every family in short, or the named one in full; InputError if there is none of that name."""
    if name is None:
        return {"families": [_short(family) for family in FAMILIES]}
    found = _find(name)
    if len(found) > 1:
        return {"families": [_full(family) for family in found]}
    return _full(found[0])


def _find(name: str) -> tuple[Family, ...]:
    word = name.lower()
    if family := families_by_name().get(word):
        return (family,)
    if families := families_by_letter().get(name.upper()):
        return families
    if family := families_by_model_type().get(word):
        return (family,)
    known = [*families_by_name(), *families_by_model_type()]
    raise InputError(
        f"no family of devices '{name}'",
        expected="one of: " + ", ".join(families_by_name()),
        near=nearest(name, known),
    )


def _short(family: Family) -> dict[str, Any]:
    return {
        "name": family.name,
        "text": family.text,
        "letters": list(family.letters),
        "model_types": list(family.model_types),
        "terminals": list(family.terminals),
        "capabilities": capabilities(family),
    }


def _full(family: Family) -> dict[str, Any]:
    return {
        **_short(family),
        "equation": (_documentation(family) or "").strip(),
        "learns": family.learning.parameter if family.learning else None,
        "source": family.source,
        "parameters": [
            *(parameter_dict(one, "instance") for one in family.parameters),
            *(parameter_dict(one, "model") for one in family.model_parameters),
            *(parameter_dict(one, "array") for one in family.wires),
        ],
    }


def capabilities(family: Family) -> list[str]:
    """Return in words what a family can do beyond its law."""
    has = {
        "energy": family.energy is not None,
        "learning": family.learning is not None,
        "activity": family.node_law is not None,
        "bounds": family.bounds is not None,
        "waveform": family.waveform,
        "initial condition": family.ic,
        "state": family.state is not None,
        "array": family.coupling is not None or family.nodes is not None,
        "linear": family.linear or family.affine,
    }
    return [word for word, yes in has.items() if yes]


def _documentation(family: Family) -> str | None:
    """Return the docstring of the module that holds the law: the equation, its symbols, source and limits."""
    return sys.modules[family.law.__module__].__doc__


def parameter_dict(parameter: Parameter, where: str) -> dict[str, Any]:
    """Return a declaration as plain data; `where`: instance, model, array or card."""
    return {
        "name": parameter.name,
        "on": where,
        "unit": parameter.unit,
        "default": parameter.default,
        "required": parameter.required,
        "range": parameter.range_text(),
        "words": list(parameter.words),
        "aliases": list(parameter.aliases),
        "place": parameter.place.value,
        "imperfection": parameter.imperfection,
        "text": parameter.text,
        "source": parameter.source,
    }
