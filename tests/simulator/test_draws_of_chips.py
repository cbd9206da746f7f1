"""What the draws of a chip depend on: not on its form, nor on the order of its cards, nor on other arrays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import eqchip
from eqchip.netlists.reader import parse
from eqchip.simulator.chip import Chip, Nudge, Settling
from eqchip.simulator.loaded import LoadedChip
from eqchip.simulator.moment import Moment
from eqchip.simulator.records.claim import Claim
from eqchip.simulator.resuming import take_up
from eqchip.simulator.training import train

FloatArray = NDArray[np.float64]

INPUTS = np.array([[0.3, -0.8], [1.2, 0.1], [0.7, 0.7]])
TARGETS = np.array([[1.0], [0.0], [1.0]])
PULSED = "update=constant dw_min=0.01 dw_min_std=1"


def made(
    cells: str = "", neuron: str = "", inner: str | None = None, turned: bool = False, roles: str = ""
) -> LoadedChip:
    """Return x[2] h[5] y[1] with Y h h; `inner`: the cells of Yhh, else as all; `turned`: y is said first."""
    neurons = ["Nh h cell", "Ny y cell"]
    text = f"""a chip of a test
.bus x[2] h[5] y[1]
.model syn synapse(init=uniform spread=0.5 {cells})
.model own synapse(init=uniform spread=0.5 {cells if inner is None else inner})
.model cell neuron(c=2f gleak=1u activation=tanh {neuron})
Yxh x h syn
Yhh h h own
Yhy h y syn
{chr(10).join(reversed(neurons) if turned else neurons)}
.input x
.output y {roles}
.nudge y
.learn Yxh rate=0.4
.learn Yhy rate=0.4
.learn Yhh rate=0.1
.learn Nh rate=0.1
.data xor
.train batch=4 beta=0.3 epochs=6
.end
"""
    return LoadedChip(parse(text, "draws.cir"), "draws")


def moment() -> Moment:
    return Moment(5, "train", 1, np.array([4, 0, 2]))


def went(chip: Chip, eps: float) -> FloatArray:
    """Return outputs of a free and a nudged phase, and the weights after a step, of one moment."""
    chip.moment = moment()
    steps = Settling("euler", steps=8, eps=eps)
    free = chip.settle(INPUTS, steps)
    nudged = chip.settle(INPUTS, steps, Nudge(TARGETS, 0.3), free)
    read = [chip.outputs(free), chip.outputs(nudged)]
    chip.descend_contrast(free, nudged, dict.fromkeys(chip.parameters(), 0.4))
    chip.elapse(0.5)
    found: list[Any] = [*read, *chip.parameters().values()]
    return np.concatenate([np.ravel(one) for one in found])


CELLS = [
    "",
    "update=softbounds dw_min=0.01 dw_min_std=0.5 dw_min_dtod=0.2 w_max_dtod=0.1",
    "update=pmax p_max=200 nl_up=2 nl_down=-3 dw_min_std=1 cells=pair",
    "update=power pow_gamma=1.5 dw_min_std=0.3 mult_noise=1 cells=reference",
    "update=constant write_noise_std=2 drift_nu=0.1 drift_dtod=0.02",
    "update=constant pulses=independent stuck_prob=0.2 endurance=10 endurance_slope=0.3",
]
READ = ["", "read_noise=0.02 rtn=0.1 rtn_up=3 rtn_down=2", "flicker=0.05 flicker_exp=0.5 gain_dtod=0.1"]
SHAKEN = [
    "",
    "thermal=300 c_dtod=0.2",
    "langevin=0.01 offset_dtod=0.1",
    "flicker=0.1 telegraph=0.2 gleak_dtod=0.1",
    "hold_c=5f hold_charge=0.1f slope_dtod=0.1 slew=2k",
]


@given(
    st.sampled_from(CELLS),
    st.sampled_from(READ),
    st.sampled_from(SHAKEN),
    st.sampled_from(["", "noise=0.02 bits=9 low=-2 high=2 offset_dtod=0.05"]),
    st.booleans(),
)
@settings(max_examples=8, deadline=None)
def test_both_forms_draw_the_same(cells: str, read: str, shaken: str, roles: str, turned: bool) -> None:
    chip = made(f"{cells} {read}", shaken, turned=turned, roles=roles)
    first, second = (went(chip.compile(form, "float64"), 0.2) for form in ("array", "sparse"))
    np.testing.assert_allclose(first, second, rtol=0.0, atol=1e-9)


@pytest.mark.parametrize("form", ["array", "sparse"])
@pytest.mark.parametrize("shaken", ["thermal=300", "flicker=0.1", "telegraph=0.2"])
def test_noise_of_a_node_follows_no_order_of_cards(form: str, shaken: str) -> None:
    steps, found = Settling("euler", steps=8, eps=0.2), []
    for turned in (False, True):
        chip = made(neuron=shaken, turned=turned).compile(form, "float64")
        chip.moment = moment()
        found.append(chip.voltages(chip.settle(INPUTS, steps)))
    for name in ("v(h)", "v(y)"):
        np.testing.assert_allclose(found[0][name], found[1][name], rtol=0.0, atol=1e-12)


def test_pulses_of_one_array_do_not_depend_on_those_of_another() -> None:
    found = []
    for inner in ("", PULSED):
        chip = made(PULSED, inner=inner).compile("array", "float64")
        chip.moment = moment()
        before = chip.parameters()["Yhy"]
        for _ in range(2):  # twice in one moment: other draws
            chip.change({name: np.full(value.shape, 0.1) for name, value in chip.parameters().items()})
        found.append(chip.parameters()["Yhy"] - before)
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize("form", ["array", "sparse"])
def test_a_pair_of_nodes_takes_the_pulses_and_the_energy_of_one_device(form: str) -> None:
    """5 nodes have 10 pairs; 0.1 in steps of 0.01 is ten pulses each, of 1 V and 1 µs at 0.5 µS and more."""
    cells = "update=constant dw_min=0.01 pulse_v=1 pulse_t=1u gmax=1u"
    chip = made("", inner=cells).compile(form, "float64")
    at = chip.parameters()["Yhh"][np.triu_indices(5, 1)] + 0.05
    chip.moment = moment()
    chip.change({"Yhh": np.full((5, 5), 0.1)})
    joules, pulses = chip.programming()
    assert pulses == pytest.approx(100.0)
    assert joules == pytest.approx(10.0 * 1e-6 * 1e-6 * float(np.sum(0.5 * (at + 1.0))), rel=1e-9)


@pytest.mark.parametrize(
    ("cells", "neuron"),
    [
        ("update=softbounds dw_min=0.01 dw_min_std=1 cells=pair refresh=3 write_noise_std=2 rtn=0.1", ""),
        (
            "update=pmax nl_up=2 cells=onesided drift_nu=0.1 drift_t0=1u flicker=0.1 flicker_read=1n",
            "",
        ),
        ("update=power dw_min=0.01 cells=reference read_noise=0.1 drift_nu=0.1 drift_t0=1u", "langevin=0.01"),
        (
            "update=constant dw_min=0.01 endurance=5 endurance_slope=0.4 levels=64 diffusion=3 lifetime=1m",
            "thermal=300 telegraph=0.1 flicker=0.02 hold_c=1f",
        ),
    ],
)
def test_a_training_goes_on_to_the_same_bits_whatever_its_devices(
    cells: str, neuron: str, tmp_path: Path
) -> None:
    steps: dict[str, str | float] = {"solve": "euler", "free_steps": 10, "nudged_steps": 5, "eps": 0.3}
    chip = made(cells, neuron, roles="decode=threshold").set(
        {f"train.{name}": value for name, value in steps.items()}
    )
    chip = chip.set({"train.jitter": 0.2})
    whole, half = tmp_path / "whole.h5", tmp_path / "half.h5"
    eqchip.train(chip, whole)
    eqchip.train(chip.set({"train.epochs": 3}), half)
    with Claim(half) as claim:
        train(chip, claim, kept=take_up(claim, None, {"train.epochs": 6}))
    first, second = eqchip.open(whole), eqchip.open(half)
    for name, value in first.weights.items():
        np.testing.assert_array_equal(value, second.weights[name], err_msg=name)
    np.testing.assert_array_equal(first["test_loss"], second["test_loss"])
