from __future__ import annotations

import json

import pytest

from eqchip.devices.describe import describe
from eqchip.devices.families import FAMILIES
from eqchip.devices.parameter import by_name
from eqchip.errors import InputError


def test_every_family_is_listed_and_described() -> None:
    listed = describe()["families"]
    assert [one["name"] for one in listed] == [family.name for family in FAMILIES]
    for family in FAMILIES:
        full = describe(family.name)
        assert len(full["parameters"]) == len(family.parameters) + len(family.model_parameters) + len(
            family.wires
        )
        json.dumps(full)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_every_family_says_its_equation_source_and_limits_and_every_parameter_its_meaning(family) -> None:
    full = describe(family.name)
    for word in ("Source:", "Limits:", "="):
        assert word in full["equation"], word
    assert full["source"]
    for parameter in full["parameters"]:
        assert parameter["text"], parameter["name"]
        assert parameter["range"], parameter["name"]
        assert parameter["source"], parameter["name"]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_every_default_is_within_its_own_range(family) -> None:
    for parameter in (*family.parameters, *family.model_parameters):
        if parameter.default is not None:
            assert parameter.check(parameter.default) == parameter.default


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_no_name_or_alias_is_taken_twice_on_one_card(family) -> None:
    for parameters in (family.parameters, family.model_parameters):
        names = [name for one in parameters for name in (one.name, *one.aliases)]
        assert len(set(names)) == len(names)
        assert set(by_name(parameters)) == set(names)
        assert all(name == name.lower() for name in names)


def test_letters_and_model_types_find_their_family_too() -> None:
    assert describe("D")["name"] == "diode"
    assert describe("d")["name"] == "diode"
    assert describe("neuron")["learns"] == "bias"
    both = describe("B")["families"]
    assert [one["name"] for one in both] == ["behavioural voltage source", "behavioural current source"]


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(InputError, match="no family of devices 'diod'; did you mean 'diode'"):
        describe("diod")
