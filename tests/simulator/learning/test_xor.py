"""XOR from its netlist, in both forms, at equilibrium and step by step in time."""

from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eqchip.netlists.circuit import Circuit
from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.reader import parse
from eqchip.simulator.chip import Chip, Settling, Weights
from eqchip.simulator.compile import compile_chip
from eqchip.simulator.data.load import load
from eqchip.simulator.learning.epoch import Epoch
from eqchip.simulator.learning.fidelity import Fidelity, fidelity
from eqchip.simulator.learning.plan import plan_for
from eqchip.simulator.learning.trainer import train
from naive_circuits import from_circuit

NETLIST = (Path(__file__).parents[3] / "netlists" / "chips" / "xor.cir").read_text(encoding="utf-8")
DURATION = "solve=equilibrium tol=1e-9"
STEPS = "solve=euler free_steps=60 nudged_steps=60 eps=0.4"
TIGHT = Settling(tol=1e-13)
FORMS = ("array", "sparse")


def xor(solve: str = "equilibrium", old: str = "", new: str = "", **overrides: Any) -> Circuit:
    """The netlist as it ships, in steps of time instead if asked, with some text changed."""
    assert DURATION in NETLIST
    assert old in NETLIST
    text = NETLIST.replace(old, new)
    if solve == "euler":
        text = text.replace(DURATION, STEPS)
    return elaborate(
        parse(text, "xor.cir"), {name.replace("_", "."): value for name, value in overrides.items()}
    )


def run(chip: Chip, **changes: Any) -> list[Epoch]:
    return list(train(chip, load(chip.circuit), plan_for(chip).with_(**changes)))


@cache
def trained(form: str, solve: str, epochs: int = 100) -> tuple[Weights, Weights, list[Epoch]]:
    """Weights before and after a run, and its epochs, in float64; equilibria to the last digits."""
    circuit = xor(solve)
    chip = from_circuit(circuit) if form == "naive" else compile_chip(circuit, form, np.float64)
    before = chip.parameters()
    phases = {"free": TIGHT, "nudged": TIGHT} if solve == "equilibrium" else {}
    epochs_run = run(chip, epochs=epochs, **phases)
    return before, chip.parameters(), epochs_run


@pytest.mark.parametrize("seed", range(10))
def test_it_learns_from_any_seed_as_it_ships(seed: int) -> None:
    chip = compile_chip(xor(train_seed=seed))
    assert chip.form == "array"
    last = run(chip)[-1]
    assert last.number == 100
    assert last.test_error == 0.0
    assert last.test_loss < 0.01


@pytest.mark.slow
@pytest.mark.parametrize("solve", ["equilibrium", "euler"])
def test_both_forms_end_with_the_same_weights(solve: str) -> None:
    start, array, epochs = trained("array", solve)
    other_start, sparse, _ = trained("sparse", solve)
    assert epochs[-1].test_error == 0.0
    for name, value in array.items():
        np.testing.assert_array_equal(other_start[name], start[name])
        assert np.linalg.norm(value - start[name]) > 0.1  # it went somewhere
        assert np.linalg.norm(sparse[name] - value) <= 1e-10 * np.linalg.norm(value)


@pytest.mark.parametrize("solve", ["equilibrium", "euler"])
@pytest.mark.parametrize("form", FORMS)
def test_a_form_goes_the_way_of_its_plain_twin(form: str, solve: str) -> None:
    _, found, _ = trained(form, solve, 5)
    _, wanted, _ = trained("naive", solve, 5)
    for name, value in wanted.items():
        assert np.linalg.norm(found[name] - value) <= 1e-10 * np.linalg.norm(value)


def test_steps_and_equilibrium_go_nearly_the_same_way() -> None:
    start, settled, _ = trained("array", "equilibrium", 5)
    _, stepped, _ = trained("array", "euler", 5)
    for name, value in settled.items():
        way = np.linalg.norm(value - start[name])
        assert 1e-8 * way < np.linalg.norm(stepped[name] - value) < 0.1 * way


@cache
def checked(form: str, solve: str) -> Fidelity:
    chip = compile_chip(xor(solve), form, np.float64)
    samples = load(chip.circuit).train
    return fidelity(chip, samples.inputs, samples.targets, plan_for(chip))


@pytest.mark.parametrize("form", FORMS)
def test_what_its_synapses_feel_is_the_gradient_of_the_loss(form: str) -> None:
    found = checked(form, "equilibrium")
    assert set(found.arrays) == {"Yxh", "Yhy", "Nh", "Ny"}
    for one in found.arrays.values():
        assert one.best_error is not None
        assert one.best_error <= 1e-6
        assert one.slope == pytest.approx(2.0, abs=0.05)
        assert one.cosine == pytest.approx(1.0, abs=5e-3)
        assert one.relative_error is not None
        assert one.relative_error < 0.15  # at the β that trains
    assert found.reference_error is not None
    assert found.reference_error < 1e-7
    assert found.reciprocity < 1e-12
    assert found.stability > 0.0
    assert found.slowest == pytest.approx(1e-6 / found.stability)  # one τ: 1 pF / 1 µS


def test_both_forms_check_alike() -> None:
    array, sparse = checked("array", "equilibrium"), checked("sparse", "equilibrium")
    assert sparse.stability == pytest.approx(array.stability, rel=1e-8)
    for name, one in array.arrays.items():
        other = sparse.arrays[name]
        assert other.relative_error == pytest.approx(one.relative_error, rel=1e-5)
        assert other.std == pytest.approx(one.std, rel=1e-5)
        assert other.scale == pytest.approx(one.scale, rel=1e-7)


@pytest.mark.parametrize("form", FORMS)
def test_steps_of_time_have_a_latency(form: str) -> None:
    _, _, epochs = trained(form, "euler", 5)
    assert epochs[-1].latency == pytest.approx(60 * 0.4 * 1e-6)
    _, _, epochs = trained(form, "equilibrium", 5)
    assert epochs[-1].latency is None


@pytest.mark.parametrize("solve", ["equilibrium", "euler"])
@pytest.mark.parametrize("form", FORMS)
def test_physical_scale_does_not_change_what_is_learned(form: str, solve: str) -> None:
    """c, gleak and vunit rescaled, gunit left to follow; the inputs are volts and go down with vunit."""
    card, gain = "neuron(c=1p gleak=1u", ".input  x gain=2 offset=-1"
    assert card in NETLIST
    scaled = NETLIST.replace(card, "neuron(vunit=0.05 c=30f gleak=0.2u")
    scaled = scaled.replace(gain, ".input  x gain=0.1 offset=-0.05")
    assert scaled.count("0.05") == 2
    if solve == "euler":
        scaled = scaled.replace(DURATION, STEPS)
    chip = compile_chip(elaborate(parse(scaled, "xor.cir")), form, np.float64)
    phases = {"free": TIGHT, "nudged": TIGHT} if solve == "equilibrium" else {}
    epochs = run(chip, epochs=5, **phases)
    _, wanted, _ = trained(form, solve, 5)
    for name, value in chip.parameters().items():
        np.testing.assert_allclose(value, wanted[name], rtol=1e-9, atol=1e-11)
    if solve == "euler":
        assert epochs[-1].latency == pytest.approx(60 * 0.4 * 30e-15 / 0.2e-6)


def test_an_absolute_beta_is_a_conductance() -> None:
    plain, absolute = (
        compile_chip(xor(old="beta=0.3", new=new), "array", np.float64) for new in ("beta=0.3", "beta=0.3uS")
    )
    assert plan_for(absolute).beta == pytest.approx(0.3)
    one, other = (run(chip, epochs=2) for chip in (plain, absolute))
    assert other[-1].train_loss == pytest.approx(one[-1].train_loss, rel=1e-9)


@pytest.mark.parametrize("solve", ["equilibrium", "euler"])
@pytest.mark.parametrize("form", FORMS)
def test_a_run_taken_up_again_ends_in_the_same_bits(form: str, solve: str) -> None:
    circuit = xor(solve, old="batch=4", new="batch=3 persistent=1")
    chips = [compile_chip(circuit, form, np.float64) for _ in range(3)]
    data, plan = load(circuit), plan_for(chips[0]).with_(epochs=4)
    whole = list(train(chips[0], data, plan))
    (*_, half) = islice(train(chips[1], data, plan), 2)
    rest = list(train(chips[2], data, plan, half.state))
    assert [epoch.train_loss for epoch in rest] == [epoch.train_loss for epoch in whole[2:]]
    for name, value in chips[0].parameters().items():
        np.testing.assert_array_equal(chips[2].parameters()[name], value)
