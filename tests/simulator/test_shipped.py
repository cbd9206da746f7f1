"""The chips that ship: each trains, tests and shows itself; the small ones reach what their headers say."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import eqchip
from eqchip.netlists.chips import chip_names, find_chip
from eqchip.simulator.learning.plan import plan_for

#: Those that are trained, and not run as one waveform.
TRAINED = [name for name in chip_names() if not name.startswith("stdp-waveform")]
LARGE = [name for name in TRAINED if "784" in name]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Four classes of 784 numbers, easy to tell apart."""
    random = np.random.default_rng(3)
    classes = np.arange(8) % 4
    centres = random.random((4, 784)) < 0.2
    x = np.where(random.random((8, 784)) < 0.02, 1.0, centres[classes])
    path = tmp_path_factory.mktemp("data") / "pictures.npz"
    np.savez(path, x=x, y=classes)
    return str(path)


@pytest.mark.parametrize("name", TRAINED)
def test_every_chip_learns_a_little_from_little(name: str, pictures: str) -> None:
    """Few samples, steps and epochs: every array moves, nothing runs away; small ones get better."""
    chip = eqchip.load(name).set({"train.epochs": 2, "train.batch": 4})
    if float(chip.circuit.train.get("free_steps", 0)) > 40:
        chip = chip.set({"train.free_steps": 40})
    if name not in LARGE:
        chip = chip.set({"data.train": "0:40" if name != "xor" else "all"})
    before = chip.compile().parameters()
    run = eqchip.train(chip, data=pictures if name in LARGE else None)
    loss = run["training/train_loss"]
    assert np.all(np.isfinite(loss))
    assert loss[-1] < loss[0] or name in LARGE
    assert set(run.weights) == set(before)
    for array, values in run.weights.items():
        assert np.all(np.isfinite(values))
        assert np.any(values != before[array])


@pytest.mark.parametrize("name", TRAINED)
def test_every_chip_says_where_it_is_from_and_what_to_expect(name: str) -> None:
    head = [line for line in find_chip(name).read_text(encoding="utf-8").splitlines() if line[:1] == "*"]
    said = " ".join(head)
    assert name == "xor" or any(year in said for year in ("1936", "2017", "2018", "2019"))
    assert any(word in said for word in ("Expected", "Published", "error after"))
    assert all(len(line) <= 120 for line in head)


def layers(name: str) -> list[int]:
    circuit = eqchip.load(name).circuit
    return [len(nodes) for nodes in circuit.buses.values()]


@pytest.mark.parametrize("name", LARGE)
def test_names_say_the_layers(name: str) -> None:
    assert layers(name) == [int(word) for word in name.split("-") if word.isdigit()]


#: As published, facts of the papers: free steps, nudged steps, step, β, rates from input to output, epochs.
PAPERS: dict[str, tuple[Any, ...]] = {
    "ep-784-500-10": (20, 4, 0.5, 1.0, (0.1, 0.05), 25),
    "ep-784-500-500-500-10": (500, 8, 0.5, 1.0, (0.128, 0.032, 0.008, 0.002), 500),
    "eb-784-512-10": (100, 12, 0.2, 0.5, (0.1, 0.05), 30),
    "eb-784-512-512-10": (400, 40, 0.2, 0.5, (0.4, 0.1, 0.01), 50),
    "p-784-512-10": (40, 16, None, 0.1, (0.08, 0.04), 30),  # published: 15, see docs/training.md, two states
    "p-784-512-512-10": (100, 20, None, 0.5, (0.2, 0.05, 0.005), 50),
    "p-784-512-512-512-10": (180, 20, None, 0.5, (0.2, 0.05, 0.01, 0.002), 100),
}


@pytest.mark.parametrize("name", PAPERS)
def test_values_are_those_of_the_papers(name: str) -> None:
    free, nudged, eps, beta, rates, epochs = PAPERS[name]
    chip = eqchip.load(name)
    plan = plan_for(chip.compile())
    assert (plan.free.steps, plan.nudged.steps, plan.epochs, plan.batch) == (free, nudged, epochs, 20)
    assert plan.beta == beta
    assert eps is None or plan.free.eps == eps
    found = tuple(one.rate for one in chip.circuit.learns if one.target.startswith("Y"))
    assert found == rates
    biases = tuple(one.rate for one in chip.circuit.learns if one.target.startswith("N"))
    assert biases == rates


@pytest.mark.parametrize("dims", ["784-500-500-10", "784-500-500-500-10"])
def test_equilibria_have_the_layers_of_the_paper_and_let_states_settle(dims: str) -> None:
    """Other than the paper: equilibria, and weights with which few deep states start at a bound."""
    chips = [eqchip.load(f"ep-{dims}{tail}").compile(dtype=np.float32) for tail in ("", "-eq")]
    assert [one.shape for one in chips[0].learnables] == [one.shape for one in chips[1].learnables]
    plan = plan_for(chips[1])
    assert plan.free.solve == plan.nudged.solve == "equilibrium"
    assert plan.persistent
    x = (np.random.default_rng(5).random((20, 784)) < 0.15).astype(np.float32)
    at_bound = []
    for chip in chips:
        found = chip.settle(x, plan.free)
        assert np.all(found.settled)
        deep = np.concatenate([part for part in found.values[1:]], axis=1)
        at_bound.append(float(np.mean((deep <= 0.0) | (deep >= 1.0))))
    assert at_bound[1] < 0.6 < at_bound[0]


@pytest.mark.parametrize("dims", ["784-500-10", "784-500-500-10", "784-500-500-500-10"])
def test_the_code_has_a_cost_without_the_half(dims: str) -> None:
    """β and rates of the code act on Σ(y − t)² = 2·cost: both are doubled for the same forces and updates."""
    chips = [eqchip.load(f"ep-{dims}{tail}").circuit for tail in ("", "-code")]
    rates = [np.array([one.rate for one in circuit.learns]) for circuit in chips]
    np.testing.assert_allclose(rates[1], 2 * rates[0])
    assert float(chips[1].train["beta"]) == {"784-500-10": 1.0}.get(dims, 2.0)


def test_feedback_starts_alike_or_not_as_the_name_says() -> None:
    for name, alike in (("vf-784-500-10", True), ("vf-784-500-10-random", False)):
        found = eqchip.load(name).compile().parameters()
        assert np.array_equal(found["Yhy"], found["Yyh"]) is alike
        assert found["Yhy"].shape == (500, 10)


def test_iris_is_told_apart_to_one_flower_in_thirty() -> None:
    for seed in (0, 1):
        run = eqchip.train("iris", seed=seed)
        assert run["training/test_error"][-1] <= 0.05


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_digits_are_read_with_few_errors(seed: int) -> None:
    run = eqchip.train("digits", seed=seed)
    assert run["training/test_error"][-1] <= 0.04
    assert run["training/train_error"][-1] <= 0.04


@pytest.mark.parametrize("name", ["iris", "digits"])
def test_updates_of_the_small_chips_are_the_gradient(name: str) -> None:
    run = eqchip.check(eqchip.load(name).set({"train.tol": 1e-12}), samples=2)
    assert run.facts["outcome"] == "complete"


def test_a_chip_kept_to_a_file_is_found_again(tmp_path: Path) -> None:
    path = tmp_path / "iris.h5"
    run = eqchip.train(eqchip.load("iris").set({"train.epochs": 2}), path)
    again = eqchip.evaluate(path)
    assert again["test_error"] == run["training/test_error"][-1]
    assert again["samples"] == 30
