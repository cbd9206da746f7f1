"""Without an imperfection, a circuit is that of a netlist in which it was never given."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import eqchip
from eqchip.devices.parameter import Parameter
from eqchip.devices.place import Place
from eqchip.errors import InputError
from eqchip.netlists import circuit as circuits
from eqchip.netlists.circuit import Circuit
from eqchip.simulator import idealise
from eqchip.simulator.idealise import (
    ROLES,
    TABLES,
    Switches,
    declared,
    from_record,
    idealised,
    imperfections,
    switched,
)

#: Values that are not the ideal, by imperfection: (place in the netlist, text).
GIVEN = {
    "offset": ("cell", "offset=0.2"),
    "gain_mismatch": ("cell", "slope_dtod=0.1"),
    "threshold_mismatch": ("other", "shift_dtod=0.05"),
    "gain": ("syn", "gain=1.1 gain_dtod=0.02"),
}
NAMES = tuple(GIVEN)


def netlist(names: tuple[str, ...]) -> str:
    def of(owner: str) -> str:
        return " ".join(text for name, (place, text) in GIVEN.items() if name in names and place == owner)

    return f"""chip
.bus x[2] h[3] y[1]
.model syn synapse(init=glorot {of("syn")})
.model cell neuron(c=1p gleak=1u activation=sigmoid slope=4 shift=0.5 {of("cell")})
.model other neuron(c=1p gleak=1u activation=sigmoid slope=4 shift=0.5 {of("other")})
Yxh x h syn
Yhy h y syn
Nh h cell
Ny y other
.input x
.output y decode=threshold
.nudge y
.learn Yxh rate=0.1
.data xor
.train beta=0.3 epochs=2
.end
"""


def values(circuit: Circuit) -> dict[str, Any]:
    return {one.name: one.given() for one in circuit.instances}


@given(st.sets(st.sampled_from(NAMES)), st.sets(st.sampled_from(NAMES)))
def test_off_is_never_given(there: set[str], off: set[str]) -> None:
    chip = eqchip.parse(netlist(tuple(there)))
    without = eqchip.parse(netlist(tuple(there - off)))
    found = chip.ideal(*off) if off else chip
    assert values(found.circuit) == values(without.circuit)
    assert set(imperfections(found.circuit)) == there - off
    alone = chip.only(*(set(NAMES) - off)) if set(NAMES) - off else chip.only("none")
    assert values(alone.circuit) == values(without.circuit)


def test_a_chip_without_any_computes_what_the_ideal_one_does() -> None:
    ideal = eqchip.parse(netlist(())).compile().parameters()
    real = eqchip.parse(netlist(NAMES)).ideal("all")
    assert {name: one.tolist() for name, one in real.compile().parameters().items()} == {
        name: one.tolist() for name, one in ideal.items()
    }
    run, twin = eqchip.train(real), eqchip.train(eqchip.parse(netlist(())))
    assert np.array_equal(run["training/test_loss"], twin["training/test_loss"])
    other = eqchip.train(eqchip.parse(netlist(NAMES)))
    assert not np.array_equal(other["training/test_loss"], twin["training/test_loss"])


def test_values_of_instances_elements_and_kinds_of_models_go_too() -> None:
    text = netlist(()).replace(
        "Nh h cell", ".model kind ako:cell neuron(offset=0.3)\nNh h kind\n.set Nh[1].offset=0.4"
    )
    chip = eqchip.parse(text).set({"Ny.offset": 0.1})
    found = imperfections(chip.circuit)["offset"]
    assert {"kind.offset", "Ny.offset", "Nh[1].offset"} == set(found.parameters)
    assert found.places == ("node",)
    circuit = chip.ideal("offset").circuit
    assert not imperfections(circuit)
    assert circuit.elements == {}
    assert chip.circuit.elements  # the chip itself is as it was
    assert circuit.models["kind"] is next(one.model for one in circuit.instances if one.name == "Nh")


def test_roles_and_options_go_too(monkeypatch: pytest.MonkeyPatch) -> None:
    shaky = Parameter("gain", "", 1.0, "gain", place=Place.CONVERTER, effect="dac")
    clock = Parameter("eps", "", None, "clock", place=Place.CLOCK, effect="clock")
    noisy = Parameter("gmin", "S", 1e-12, "leak", place=Place.NODE)
    monkeypatch.setattr(idealise, "ROLES", {"inputs": (".input", {"gain": shaky})})
    monkeypatch.setattr(
        idealise, "TABLES", {"train": (".train", {"eps": clock}), "options": (".options", {"gmin": noisy})}
    )
    text = netlist(()).replace(".input x", ".input x gain=2\n.options gmin=1n")
    circuit = eqchip.parse(text).circuit
    circuit.train["eps"] = 0.5
    assert list(imperfections(circuit)) == ["gmin", "dac", "clock"]  # in the order in which they act
    found = idealised(circuit, Switches().without("dac"))
    assert found.inputs[0].gain == 1.0
    assert circuit.inputs[0].gain == 2.0
    assert found.settings.gmin == 1e-9
    found = idealised(circuit, Switches().alone("dac"))
    assert found.inputs[0].gain == 2.0
    assert found.settings.gmin == 1e-12
    assert "eps" not in found.train


def test_every_imperfection_of_a_role_is_a_field_of_it() -> None:
    kinds = {
        "inputs": circuits.Input,
        "outputs": circuits.Output,
        "nudges": circuits.Nudging,
        "learns": circuits.Learn,
        "data": circuits.Data,
        "protocol": circuits.Protocol,
    }
    assert set(kinds) == set(ROLES)
    for attribute, (card, table) in ROLES.items():
        names = {one.name for one in fields(kinds[attribute])}
        lost = [name for name, one in table.items() if one.imperfection and one.name not in names]
        assert not lost, f"{card} {lost} cannot be switched off"


def test_every_ideal_is_a_value_its_parameter_may_have() -> None:
    from eqchip.devices.families import FAMILIES

    tables = [family.all_parameters() for family in FAMILIES]
    tables += [table for _, table in (*ROLES.values(), *TABLES.values())]
    for table in tables:
        for one in table.values():
            if one.imperfection and one.default is not None:
                assert one.check(one.default) == one.default, one.name


def test_words_for_every_one_and_for_none() -> None:
    some = Switches().without("offset").without("GAIN")
    assert some.ideal == {"offset", "gain"}
    assert some.without("none") == Switches()
    assert all(some.without("all").off(name) for name in declared())
    assert some.alone("offset").only == {"offset"}
    assert not some.alone("offset").off("offset")  # what was off before is forgotten
    assert not Switches().alone("all")
    assert switched(some) is some
    assert switched(Switches(), ("gain",), ("offset", "gain_mismatch")).off("gain")
    assert from_record(some.as_dict()) == some
    assert from_record(Switches().alone("none").as_dict()) == Switches(only=frozenset())
    assert from_record({}) == Switches()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda: Switches().without("ofset"), "there is no imperfection 'ofset'; did you mean 'offset'"),
        (lambda: Switches().alone("slope"), "expected one of: .*offset.*, all, none"),
        (lambda: switched(Switches(), ("gain",), ("Gain",)), "--ideal gain and --only gain contradict"),
    ],
)
def test_names_that_mean_nothing_are_refused(change: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        change()


def test_a_chip_says_what_is_off_and_python_lists_the_names() -> None:
    chip = eqchip.parse(netlist(NAMES))
    assert "offset" not in repr(chip)
    assert repr(chip.ideal("offset")).endswith("elements, ideal offset>")
    assert repr(chip.only("none")).endswith("elements, only none>")
    found = {one["name"]: one for one in eqchip.models("neuron", imperfections=True)}
    assert found["offset"]["owners"] == ["neuron"]
    assert {one["name"] for one in eqchip.models(imperfections=True)} == set(declared())


def test_a_record_knows_what_was_off(tmp_path: Path) -> None:
    file = tmp_path / "run.h5"
    chip = eqchip.parse(netlist(NAMES)).ideal("offset")
    trained = eqchip.train(chip, file)
    assert trained.provenance["parameters"]["ideal"] == ["offset"]
    again = eqchip.load(file)
    assert again.switches == chip.switches
    assert "offset" not in imperfections(again.circuit)
    whole = again.ideal("none")
    assert set(imperfections(whole.circuit)) == set(NAMES)
    assert whole.weights is not None
    same = eqchip.evaluate(again)["test_loss"]
    assert float(same) == float(trained["training/test_loss"][-1])
    assert float(eqchip.evaluate(whole)["test_loss"]) != float(same)
    assert again.set({"train.beta": 0.2}).untrained().switches == chip.switches
