"""Memory devices as a user writes them: on .model cards, with --set, in a training."""

from __future__ import annotations

import numpy as np
import pytest

from eqchip.errors import InputError
from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.reader import parse
from eqchip.simulator.compile import compile_chip

CHIP = """soft
.bus x[2] h[3] y[2]
.model dev synapse(init=uniform wscale=2 update=softbounds dw_min=0.001 w_max=0.4 w_min=-0.3 {more})
.model cell neuron(activation=hardsigmoid)
Yxh x h dev
Yhy h y dev
Nh h cell
Ny y cell
.input x
.output y
.nudge y
.learn Yxh rate=0.1
.data xor
.train estimator=centered solve=equilibrium
.end
"""


def chip_of(more: str = "", form: str = "array", **changes: str | float):
    circuit = elaborate(parse(CHIP.format(more=more), "soft.cir"), changes)
    return compile_chip(circuit, form, "float64")


@pytest.mark.parametrize("form", ["array", "sparse"])
def test_a_model_card_makes_devices_in_both_forms(form: str) -> None:
    chip = chip_of(form=form)
    chip.change({"Yxh": np.full((2, 3), 100.0)})
    assert np.allclose(chip.parameters()["Yxh"], 0.8)
    chip.change({"Yxh": np.full((2, 3), -0.1)})
    r = 1.0 - 0.001 / 0.3
    assert np.allclose(chip.parameters()["Yxh"], 2.0 * (-0.3 + 0.7 * r**50), rtol=1e-9)


def test_a_chip_of_another_seed_has_other_devices() -> None:
    found = []
    for seed in (0.0, 0.0, 1.0):
        chip = chip_of("dw_min_dtod=0.3", **{"options.chipseed": seed})
        before = chip.parameters()["Yxh"]
        chip.change({"Yxh": np.full((2, 3), 0.05)})
        found.append(chip.parameters()["Yxh"] - before)
    assert np.array_equal(found[0], found[1])
    assert not np.any(np.isclose(found[0], found[2], rtol=1e-6))


def test_one_device_can_be_stuck() -> None:
    chip = chip_of(**{"Yxh[1,2].stuck": 0.25})
    chip.change({"Yxh": np.full((2, 3), -9.0)})
    found = chip.parameters()["Yxh"]
    assert found[1, 2] == 0.5
    assert np.count_nonzero(np.isclose(found, -0.6)) == 5


def test_a_misspelt_parameter_names_the_nearest() -> None:
    with pytest.raises(InputError, match="has no parameter 'dw_mni'; did you mean 'dw_min'"):
        chip_of("dw_mni=0.1")
    with pytest.raises(InputError, match="cells=pairs: no such choice; did you mean 'pair'"):
        chip_of("cells=pairs")
