"""Chips whose weights stand in devices that are not ideal: what training asks for, and what becomes of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import eqchip
from eqchip.errors import InputError
from eqchip.netlists.reader import parse
from eqchip.simulator.checking import check
from eqchip.simulator.chip import Chip, Nudge, Settling
from eqchip.simulator.loaded import LoadedChip
from eqchip.simulator.moment import Moment
from eqchip.simulator.records.claim import Claim
from eqchip.simulator.resuming import take_up
from eqchip.simulator.training import train

TIGHT = Settling(tol=1e-12)
INPUTS = np.array([[0.3, -0.8], [1.2, 0.1], [0.7, 0.7]])
TARGETS = np.array([[1.0], [0.0], [1.0]])
SOFT = "update=softbounds dw_min=0.01 dw_min_std=0.5 dw_min_dtod=0.2 w_max_dtod=0.1 mult_noise=0 wscale=2"


def chip(cells: str, extra: str = "", init: str = "init=uniform spread=0.5") -> LoadedChip:
    text = f"""a chip of a test
.bus x[2] h[5] y[1]
.model syn synapse({init} {cells})
.model cell neuron(c=1p gleak=1u activation=sigmoid slope=4 shift=0.5)
Yxh x h syn
Yhy h y syn
Yhh h h syn
Nh h cell
Ny y cell
.input x
.output y decode=threshold
.nudge y
.learn Yxh rate=0.4
.learn Yhy rate=0.4
.learn Yhh rate=0.1
.learn Nh rate=0.1
.data xor
.train batch=4 beta=0.3 epochs=6 {extra}
.end
"""
    return LoadedChip(parse(text, "stored.cir"), "stored")


def forms(made: LoadedChip) -> list[Chip]:
    return [made.compile(form, "float64") for form in ("array", "sparse")]


def moment(number: int = 1, rows: tuple[int, ...] = (0, 1, 2)) -> Moment:
    return Moment(5, "train", number, np.array(rows))


def test_devices_do_the_same_in_both_forms() -> None:
    """What is drawn is keyed by names, so the same pulses fall in both; the requests agree to 1e-11."""
    found = []
    for one in forms(chip(SOFT)):
        for number in range(4):
            one.moment = moment(number)
            free = one.settle(INPUTS, TIGHT)
            nudged = one.settle(INPUTS, TIGHT, Nudge(TARGETS, 0.3), free)
            one.descend_contrast(free, nudged, dict.fromkeys(one.parameters(), 0.4))
        found.append(one.parameters())
    for name, value in found[0].items():
        np.testing.assert_allclose(value, found[1][name], atol=1e-9, err_msg=name)


def test_a_pair_of_nodes_of_one_bus_shares_a_device() -> None:
    for one in forms(chip(SOFT)):
        one.moment = moment()
        before = one.parameters()["Yhh"]
        one.change({"Yhh": np.full((5, 5), 0.3)})
        after = one.parameters()["Yhh"]
        np.testing.assert_array_equal(after, after.T)
        np.testing.assert_array_equal(np.diag(after), 0.0)
        assert np.all((after != before)[~np.eye(5, dtype=bool)])


def test_devices_of_steps_that_go_to_nothing_become_ideal() -> None:
    requests = {"Yxh": np.linspace(-0.2, 0.2, 10).reshape(2, 5)}
    ideal = chip("").compile("array", "float64")
    before = ideal.parameters()["Yxh"]
    missed = []
    for step in (1e-2, 1e-3, 1e-4):
        one = chip(f"update=constant dw_min={step} dw_min_std=0.3 w_max=5 w_min=-5").compile(
            "array", "float64"
        )
        one.write({"Yxh": before})
        one.moment = moment()
        one.change(requests)
        missed.append(np.std(one.parameters()["Yxh"] - before - requests["Yxh"]))
    # n = 0.2/dw pulses of spread 0.3·dw: 0.3·√(0.2·dw), a tenth of the step a factor of √10 less.
    assert missed[0] / missed[2] == pytest.approx(10.0, rel=0.7)
    assert missed[2] < 0.3 * np.sqrt(0.2 * 1e-4) * 3.0


def test_what_is_read_differs_from_phase_to_phase_and_not_without_a_moment() -> None:
    for one in forms(chip("read_noise=0.02")):
        quiet = one.outputs(one.settle(INPUTS, TIGHT))
        stored = one.parameters()
        one.moment = moment()
        free = one.outputs(one.settle(INPUTS, TIGHT))
        again = one.outputs(one.settle(INPUTS, TIGHT))
        np.testing.assert_array_equal(free, again)  # the same phase of the same moment
        one.moment = moment(2)
        assert np.all(one.outputs(one.settle(INPUTS, TIGHT)) != free)
        for name, value in one.parameters().items():  # what is stored does not fluctuate
            np.testing.assert_array_equal(value, stored[name])
        one.moment = None
        np.testing.assert_array_equal(one.outputs(one.settle(INPUTS, TIGHT)), quiet)


def test_weights_that_are_written_stand_exactly() -> None:
    for one in forms(chip(SOFT)):
        value = {"Yxh": np.linspace(-0.5, 0.5, 10).reshape(2, 5)}
        one.write(value)
        np.testing.assert_allclose(one.parameters()["Yxh"], value["Yxh"], atol=1e-15)


def test_a_resumed_training_comes_to_the_same_bits(tmp_path: Path) -> None:
    made = chip(SOFT + " read_noise=0.01 drift_nu=0.05 drift_t0=1 write_noise_std=1", "period=1")
    whole, half = tmp_path / "whole.h5", tmp_path / "half.h5"
    eqchip.train(made, whole)
    eqchip.train(made.set({"train.epochs": 3}), half)
    with Claim(half) as claim:
        train(made, claim, kept=take_up(claim, None, {"train.epochs": 6}))
    first, second = eqchip.open(whole), eqchip.open(half)
    for name, value in first.weights.items():
        np.testing.assert_array_equal(value, second.weights[name], err_msg=name)


def test_training_learns_xor_on_soft_bounds() -> None:
    made = chip("update=softbounds dw_min=0.002 dw_min_std=0.3 wscale=3")
    run = eqchip.train(made.set({"train.epochs": 250}))
    assert run["test_error"][-1] == 0.0


def test_a_trained_chip_stands_as_its_devices_hold_it(tmp_path: Path) -> None:
    """A chip out of its record is not programmed again, though its devices would miss."""
    file = tmp_path / "run.h5"
    run = eqchip.train(chip("prog_0=0.05 update=softbounds"), file)
    again = eqchip.load(file).compile("array", "float64")
    for name, value in again.parameters().items():
        np.testing.assert_array_equal(value, run.weights[name])


def test_what_is_programmed_misses_once_a_chip() -> None:
    ideal, missed = (chip(c).compile("array", "float64").parameters()["Yxh"] for c in ("", "prog_0=0.05"))
    assert np.all(ideal != missed)
    other = chip("prog_0=0.05").set({"options.chipseed": 1.0}).compile("array", "float64").parameters()["Yxh"]
    assert np.all(other != missed)
    np.testing.assert_array_equal(missed, chip("prog_0=0.05").compile("sparse").parameters()["Yxh"])


def test_time_passes_between_batches() -> None:
    one = chip("lifetime=10").compile("array", "float64")
    before = one.parameters()["Yxh"]
    one.elapse(5.0)
    np.testing.assert_allclose(one.parameters()["Yxh"], before * np.exp(-0.5), rtol=1e-6)


def test_the_moment_of_a_batch_says_which_it_is() -> None:
    assert replace(moment(), epoch=2).stream("a").random() != moment().stream("a").random()
    assert moment().stream("a").random() == moment().stream("a").random()
    one, two = moment(rows=(4, 9)).normals(3), moment(rows=(9,)).normals(3)
    np.testing.assert_array_equal(one[1:], two)


def test_noise_of_a_batch_shows_beside_the_gradient() -> None:
    """Two batches differ where cells are read with noise, and only there."""
    noisy, _ = check(chip("read_noise=0.02"))
    quiet, _ = check(chip(""))
    for name, one in noisy.arrays.items():
        assert quiet.arrays[name].noise is None
        assert one.noise is not None
        assert one.noise > 0.0
        assert one.noisy_cosine is not None
        assert one.noisy_cosine < 1.0
        assert one.relative_error == quiet.arrays[name].relative_error


def test_a_check_says_what_the_devices_make_of_a_step() -> None:
    """Steps far below those asked for and no noise: as written is as planned. Coarse ones lose the way."""
    fine, _ = check(chip("update=constant dw_min=1e-7 w_max=5 w_min=-5"))
    coarse, _ = check(chip("update=constant dw_min=0.02 dw_min_std=2 w_max=5 w_min=-5"))
    for name in ("Yxh", "Yhy"):
        one, other = fine.arrays[name], coarse.arrays[name]
        assert one.written_cosine == pytest.approx(one.cosine, abs=1e-4)
        assert one.written_scale == pytest.approx(one.scale, rel=1e-3)
        assert other.written_cosine is not None
        assert one.written_cosine is not None
        assert other.written_cosine < one.written_cosine - 0.01
    assert fine.arrays["Nh"].written_cosine == pytest.approx(fine.arrays["Nh"].cosine, abs=1e-9)


def test_shared_trains_bring_the_step_of_the_contrast_on_average() -> None:
    """The mean of 300 draws is the step asked for, within 5 standard errors of every synapse."""
    text = "update=constant dw_min=0.01 dw_min_std=0.3 w_max=9 w_min=-9 pulses=shared"
    made = LoadedChip(
        parse(
            """trains
.bus x[3] h[4] y[1]
.model syn synapse(init=uniform spread=0.5 """
            + text
            + """)
.model cell neuron(activation=sigmoid)
Yxh x h syn
Yhy h y syn
Nh h cell
Ny y cell
.input x
.output y
.nudge y
.learn Yxh rate=1
.learn Yhy rate=1
.train
.end
""",
            "trains.cir",
        ),
        "trains",
    ).compile("array", "float64")
    inputs = np.array([[0.3, 0.9, 0.5], [0.8, 0.1, 0.4]])
    free = made.settle(inputs, TIGHT)
    nudged = made.settle(inputs, TIGHT, Nudge(np.array([[1.0], [0.0]]), 0.5), free)
    before = made.parameters()
    wanted = {name: -2.0 * value for name, value in made.contrast(free, nudged).items()}
    draws: dict[str, list[np.ndarray]] = {name: [] for name in before}
    for number in range(300):
        made.moment = moment(number, (0, 1))
        made.write(before)
        made.descend_contrast(free, nudged, dict.fromkeys(before, 2.0))
        for name, value in made.parameters().items():
            draws[name].append(value - before[name])
    for name, found in draws.items():
        error = np.std(found, axis=0) / np.sqrt(len(found))
        assert np.all(np.abs(np.mean(found, axis=0) - wanted[name]) < 5.0 * error + 1e-12), name


def test_shared_trains_need_updates_that_are_products() -> None:
    one = chip("update=constant pulses=shared").compile("array", "float64")
    with pytest.raises(InputError, match="needs what rows and columns do"):
        one.change({"Yxh": np.full((2, 5), 0.1)})
    free = one.settle(INPUTS, TIGHT)
    with pytest.raises(InputError, match="Yhh: pulses=shared is for arrays between two buses"):
        one.descend_contrast(
            free, one.settle(INPUTS, TIGHT, Nudge(TARGETS, 0.3), free), dict.fromkeys(one.parameters(), 0.1)
        )


def test_single_devices_are_stuck_on_or_off_by_name() -> None:
    made = chip("update=softbounds w_max=0.8 w_min=-0.6 wscale=2").set(
        {"Yxh[0,1].stuck": "on", "Yxh[1,2].stuck": "off", "Yxh[1,4].stuck": 0.25}
    )
    for one in forms(made):
        one.moment = moment()
        one.change({"Yxh": np.full((2, 5), 0.3)})
        weights = one.parameters()["Yxh"]
        assert (weights[0, 1], weights[1, 2], weights[1, 4]) == pytest.approx((1.6, -1.2, 0.5))


def test_what_stuck_may_be_is_said() -> None:
    with pytest.raises(InputError, match="stuck=onn: not a number") as raised:
        _ = chip("update=softbounds").set({"Yxh[0,1].stuck": "onn"}).circuit
    assert raised.value.near == "on"
    assert "on | off | a number" in str(raised.value)
    with pytest.raises(InputError, match="are at bounds, and there are none"):
        chip("").set({"Yxh[0,1].stuck": "on"}).compile()


def test_a_chip_is_as_old_as_it_is_said_to_be() -> None:
    young, old = (chip("lifetime=100").set({"options.age": age}).compile() for age in (0.0, 50.0))
    for name in ("Yxh", "Yhy", "Yhh"):
        np.testing.assert_allclose(
            old.parameters()[name], young.parameters()[name] * np.exp(-0.5), rtol=1e-6, err_msg=name
        )


def test_ideal_changes_of_fluctuating_devices_take_no_energy() -> None:
    """Pulses without a voltage have an energy that is not known; changes that are ideal have none."""
    for cells, energy in (("read_noise=0.01", 0.0), (SOFT, np.nan)):
        one = chip(cells).compile("array", "float64")
        one.moment = moment()
        one.change({"Yxh": np.full((2, 5), 0.1)})
        np.testing.assert_equal(one.programming()[0], energy)
