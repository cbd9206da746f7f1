"""What is not given is the ideal: every imperfection at its default, explicitly, changes no bit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest

import eqchip
from declarations import CARDS, GROUPS
from eqchip.devices.cells.cells import cells_of
from eqchip.devices.families import PACKAGED
from eqchip.devices.family import Family
from eqchip.devices.parameter import Parameter
from eqchip.devices.synapses.synapse import SYNAPSE


def ideal(group: Iterable[Parameter]) -> str:
    """Return every imperfection of a group, given at its default."""
    given = {one.name: one.default for one in group if one.imperfection and one.default is not None}
    return " ".join(f"{name}={value}" for name, value in given.items())


def test_there_is_something_to_give() -> None:
    assert "rrow=0.0" in ideal(PACKAGED[0].wires)
    assert "pulses=expected" in ideal(SYNAPSE.model_parameters)


def learning(explicit: bool, solve: str) -> Any:
    def of(owner: str, where: str) -> str:
        return ideal(GROUPS[owner, where]) if explicit else ""

    return eqchip.parse(f"""xor between weights
.bus x[2] h[4] y[1]
.options {of(".options", "card") or "chipseed=0"}
.model syn synapse(init=uniform spread=0.8 {of("synapse", "model")})
.model cell neuron(c=1p gleak=1u activation=sigmoid slope=4 shift=0.5 {of("neuron", "model")})
Yxh x h syn {of("synapse", "instance")}
Yhy h y syn {of("synapse", "instance")}
Nh h cell {of("neuron", "instance")}
Ny y cell
.input x {of(".input", "card")}
.output y decode=threshold {of(".output", "card")}
.nudge y {of(".nudge", "card")}
.learn Yxh rate=0.5 {of(".learn", "card")}
.learn Yhy rate=0.5
.learn Nh rate=0.2
.data xor {of(".data", "card")}
.train estimator=centered beta=0.3 batch=2 epochs=3 seed=4 {solve} {of(".train", "card")}
.end
""")


def resistive(explicit: bool, solve: str) -> Any:
    resistor, diode = ("resistor", "model"), ("diode", "model")
    r = f"{ideal(GROUPS[resistor])} {ideal(GROUPS['resistor', 'array'])}" if explicit else ""
    d = f"{ideal(GROUPS[diode])} {ideal(GROUPS['diode', 'array'])}" if explicit else ""
    one = ideal(GROUPS["resistor", "instance"]) if explicit else ""
    return eqchip.parse(f"""xor between resistors
.bus x[4] h[4] y[1]
.options gunit=100u
.model r R(r=20k {r})
.model d D(is=1n {d})
Yxh x h r
Yhy h y r
Yd h y d
Dp h 0 d
Ch h 0 1p
Cy y 0 1p
Rl y 0 20k {one}
.input x encode=complement
.output y decode=threshold
.nudge y
.learn Yxh rate=5 min=2u max=300u
.learn Yhy rate=5 min=2u max=300u
.data xor
.train estimator=centered beta=0.05 batch=2 epochs=3 seed=4 {solve}
.end
""")


#: By netlist: 12 and 6 steps of 0.3 of a time constant, which is that of the neurons, or of 1 pF at 20 kΩ.
STEPS = {
    learning: "solve=euler free_steps=12 nudged_steps=6 eps=0.3",
    resistive: "solve=euler free=40n nudged=20n",
}


def trained(chip: Any) -> dict[str, Any]:
    run = eqchip.train(chip)
    return {**{name: run.weights[name] for name in run.weights}, "loss": run["training/train_loss"]}


@pytest.mark.parametrize("stepped", [False, True], ids=["equilibrium", "steps"])
@pytest.mark.parametrize("netlist", [learning, resistive], ids=["weights", "resistors"])
def test_a_chip_with_every_imperfection_at_its_default_learns_the_same_bits(
    netlist: Any, stepped: bool
) -> None:
    solve = STEPS[netlist] if stepped else ""
    without, explicit = (trained(netlist(given, solve)) for given in (False, True))
    assert without.keys() == explicit.keys()
    for name, value in without.items():
        np.testing.assert_array_equal(explicit[name], value, err_msg=name)
    assert np.any(np.diff(np.asarray(without["loss"])))  # it did learn


def memristive(family: Family, explicit: bool) -> Any:
    given = ideal((*family.model_parameters, *family.wires)) if explicit else ""
    one = ideal(family.parameters) if explicit else ""
    return eqchip.parse(f"""a crossbar that is pulsed
.bus r[2] c[2]
.model m {family.model_types[0]}({given})
Ym r c m
P1 r[0] c[1] m {one}
V0 r[0] 0 sin(0 0.6 10meg)
V1 r[1] 0 0.2
R0 c[0:1] 0 100
.tran 2n 100n
.end
""")


@pytest.mark.parametrize(
    "family", [one for one in PACKAGED if one.state is not None], ids=lambda family: family.name
)
def test_memristors_with_every_imperfection_at_its_default_move_the_same_bits(family: Family) -> None:
    without, explicit = (
        eqchip.simulate(memristive(family, given)).to_xarray("tran") for given in (False, True)
    )
    assert set(without.data_vars) == set(explicit.data_vars)
    assert "x(ym)" in without.data_vars
    for name in without.data_vars:
        np.testing.assert_array_equal(explicit[name], without[name], err_msg=str(name))


def test_all_families_with_imperfections_stand_in_one_of_these_chips() -> None:
    there = {
        family.name
        for family in PACKAGED
        if any(one.imperfection for one in family.all_parameters().values())
    }
    memristors = {family.name for family in PACKAGED if family.state is not None}
    assert there == memristors | {"synapse", "neuron", "resistor", "diode"}
    cards = {card for card, group in CARDS.items() if any(one.imperfection for one in group)}
    assert cards == {".input", ".output", ".nudge", ".train"}


def test_cells_at_their_defaults_are_no_cells() -> None:
    given = {
        one.name: one.default
        for one in SYNAPSE.model_parameters
        if one.imperfection and one.default is not None
    }
    assert cells_of(given, (2, 3), lambda name: np.random.default_rng(len(name))) is None


#: Of those whose default is not 0, what is a factor. All others act only beside one whose default is 0.
FACTORS = {"gain"}


def test_what_acts_beside_another_does_nothing_alone() -> None:
    """Devices with all such values doubled take and keep what is asked for, and read as they stand."""
    beside = {
        one.name: 2.0 * one.default
        for one in SYNAPSE.model_parameters
        if one.imperfection and isinstance(one.default, float) and one.default and one.name not in FACTORS
    }
    assert len(beside) > 8
    cells = cells_of(beside, (5, 7), lambda name: np.random.default_rng(len(name)))
    assert cells is not None
    random = np.random.default_rng(3)
    weights, change = random.normal(0.0, 0.5, (5, 7)), random.normal(0.0, 0.1, (5, 7))
    cells.program(weights, random)
    np.testing.assert_array_equal(cells.weights, weights)
    cells.change(change, random)
    cells.wait(100.0, random)
    np.testing.assert_allclose(cells.read(random), weights + change, rtol=0.0, atol=1e-9)
