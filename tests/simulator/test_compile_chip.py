"""Which form a chip takes, in which precision, and what is said where it cannot."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from eqchip.errors import InputError
from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.reader import parse
from eqchip.simulator.chip import Chip, Nudge, Settling
from eqchip.simulator.compile import compile_chip

CHIP = """a chip
.bus x[{x}] h[{h}] y[2]
.model syn synapse()
.model cell neuron(activation=tanh)
Yxh x h syn
Yhy h y syn
Nh h cell
Ny y cell
{more}
.input x
.output y
.nudge y
.learn Yxh rate=0.1 max=0.5
.learn Nh rate=0.2 momentum=0.9
.train {train}
.end
"""


def compiled(
    more: str = "", form: str = "auto", dtype: Any = None, x: int = 3, h: int = 4, train: str = "epochs=1"
) -> Any:
    text = CHIP.format(more=more, x=x, h=h, train=train)
    return compile_chip(elaborate(parse(text, "chip.cir")), form, dtype)


def test_a_chip_of_arrays_is_one_of_arrays() -> None:
    chip: Chip = compiled()
    assert chip.form == "array"
    assert [one.name for one in chip.learnables] == ["Yxh", "Nh"]
    assert chip.learnables[0].shape == (3, 4)
    assert chip.learnables[0].high == 0.5
    assert chip.learnables[1].momentum == 0.9
    assert chip.tau == pytest.approx(1e-6)
    assert chip.output_conductance == pytest.approx(1e-6)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ("Rl h 0 1meg", r"Rl \(resistor\) has no array form"),
        (".bus z[2]\nYhz h z syn\nRz z 0 1k", r"Rz \(resistor\) has no array form"),
        (".bus z[2]\nYhz h z syn", r"node 'z\[0\]' has no neuron"),
        ("Nx x cell", ""),  # what reads the input
        (".bus g[2] f[2]\nNg g cell\nNf f cell\nYa y[0:1] g syn\nYb g f syn", ""),
    ],
)
def test_another_chip_is_sparse_and_says_why(more: str, why: str) -> None:
    chip = compiled(more)
    if not why:
        assert chip.form == "array"
        return
    assert chip.form == "sparse"
    with pytest.raises(InputError, match=rf"this circuit has no array form: {why}") as found:
        compiled(more, "array")
    assert chip.reason in str(found.value)
    assert "expected form=sparse" in str(found.value)


def test_output_pairs_are_for_the_sparse_form() -> None:
    circuit = elaborate(parse(CHIP.format(more="", x=3, h=4, train="epochs=1"), "chip.cir"))
    circuit.outputs[0] = replace(circuit.outputs[0], pairs=True)
    assert compile_chip(circuit).reason == "outputs come in pairs"


def test_a_part_of_a_bus_is_an_end_of_its_own() -> None:
    chips = [
        compiled("Ypart x[1:2] h[0:2] syn w=0.3\nYside h[0:1] h[2:3] syn w=0.2", form)
        for form in ("array", "sparse")
    ]
    x = np.random.default_rng(0).uniform(-1, 1, (3, 3))
    first, second = (chip.outputs(chip.settle(x, Settling(tol=1e-13))) for chip in chips)
    np.testing.assert_allclose(first, second, atol=1e-12)


def test_precision_is_single_only_where_that_costs_nothing() -> None:
    assert compiled().dtype == np.float64
    assert compiled(x=500, h=50).dtype == np.float64  # tol=1e-6 is lost in the rounding of float32
    assert compiled(x=500, h=50, train="tol=1e-4").dtype == np.float32
    assert compiled(x=500, h=50, train="solve=euler free_steps=3 nudged_steps=3 eps=0.1").dtype == np.float32
    assert compiled(x=500, h=50, train="tol=1e-4", dtype=np.float64).dtype == np.float64
    assert compiled(dtype="float32").dtype == np.float32
    assert compiled("Rl h 0 1meg").dtype == np.float64
    with pytest.raises(InputError, match=r"float32 is for arrays; this chip takes the sparse form \(Rl"):
        compiled("Rl h 0 1meg", dtype=np.float32)
    for wrong in ("float16", "doubel", int):
        with pytest.raises(InputError, match="no such precision"):
            compiled(dtype=wrong)


def test_an_unknown_form_is_refused() -> None:
    with pytest.raises(InputError, match="form=dense: no such form"):
        compiled(form="dense")


@pytest.mark.parametrize("form", ["array", "sparse"])
def test_bounds_hold_in_every_form(form: str) -> None:
    chip = compiled(form=form)
    chip.write({"Yxh": np.full((3, 4), 2.0), "Nh": np.full(4, 2.0)})
    found = chip.parameters()
    assert np.all(found["Yxh"] == 0.5)
    assert np.all(found["Nh"] == 2.0)
    found["Yxh"][:] = 7.0  # a copy
    assert np.all(chip.parameters()["Yxh"] == 0.5)


@pytest.mark.parametrize("form", ["array", "sparse"])
def test_samples_of_the_wrong_width_are_refused(form: str) -> None:
    with pytest.raises(InputError, match="a sample has 2 inputs, the chip 3"):
        compiled(form=form).settle(np.zeros((4, 2)), Settling())


@pytest.mark.parametrize("form", ["array", "sparse"])
def test_voltages_have_the_names_of_the_netlist(form: str) -> None:
    chip = compiled("Nz z cell\nYhz h z syn", form)
    x = np.random.default_rng(0).uniform(-1, 1, (2, 3))
    state = chip.settle(x, Settling(tol=1e-9))
    volts = chip.voltages(state)
    assert set(volts) == {"v(x)", "v(h)", "v(y)", "v(z)"}
    assert volts["v(z)"].shape == (2, 1)
    np.testing.assert_allclose(volts["v(x)"], x, atol=1e-15)
    np.testing.assert_allclose(volts["v(y)"], chip.outputs(state), atol=1e-15)


@pytest.mark.parametrize("form", ["array", "sparse"])
def test_a_chip_with_nothing_nudged_still_settles(form: str) -> None:
    text = CHIP.format(more="", x=3, h=4, train="epochs=1").replace(".nudge y\n", "")
    chip = compile_chip(elaborate(parse(text, "chip.cir")), form)
    state = chip.settle(np.ones((1, 3)), Settling(tol=1e-12))
    assert chip.outputs(state).shape == (1, 2)
    again = chip.settle(np.ones((1, 3)), Settling(tol=1e-12), Nudge(np.zeros((1, 2)), 0.0), state)
    np.testing.assert_allclose(chip.outputs(again), chip.outputs(state), atol=1e-12)
