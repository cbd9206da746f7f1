"""Addresses, designs and ranges: what a study consists of before anything runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import eqchip
from eqchip.errors import InputError
from eqchip.simulator.loaded import LoadedChip
from eqchip.simulator.studies import point as points
from eqchip.simulator.studies.design import ablation, grid, listed
from eqchip.simulator.studies.point import Point, ground
from eqchip.simulator.studies.ranges import axes, spread_out, values
from eqchip.simulator.studies.study import names_of, seeds_for
from eqchip.simulator.studies.task import Task


def xor(**changes: str | float) -> LoadedChip:
    return eqchip.load("xor").set({"cell.offset": 0.1, "cell.slope_dtod": 0.1, **changes})


def address(point: Point, chip: LoadedChip | None = None, task: Task = Task(), samples: int = 1) -> str:  # noqa: B008
    return ground(xor() if chip is None else chip, task, samples).address(point)


def test_spellings_and_labels_do_not_change_an_address() -> None:
    first = address(Point({"train.beta": 1000.0}, labels={"case": "as is"}))
    assert len(first) == 64
    for same in ("1k", "1000", 1000, "1e3"):
        assert address(Point({"Train.Beta": same})) == first
    assert address(Point(), xor(**{"train.beta": 1000.0})) == first


@pytest.mark.parametrize(
    "other",
    [
        lambda: address(Point({"train.beta": 0.4})),
        lambda: address(Point(seed=1)),
        lambda: address(Point(chip_seed=1)),
        lambda: address(Point(without=frozenset({"offset"}))),
        lambda: address(Point(), xor().only("offset")),
        lambda: address(Point(), task=Task("check")),
        lambda: address(Point(), task=Task(samples=8)),
        lambda: address(Point(), task=Task(cost=True)),
        lambda: address(Point(), samples=2),
        lambda: address(Point(), xor().with_weights({"Yxh": np.zeros((2, 10))})),
        lambda: address(Point(), xor().with_weights({"Yxh": np.ones((2, 10))})),
        lambda: address(Point(), eqchip.load("iris")),
    ],
)
def test_whatever_a_result_depends_on_changes_its_address(other: Callable[[], str]) -> None:
    assert other() != address(Point())
    assert other() == other()


def test_another_version_has_other_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    before = address(Point())
    found = points.versions()
    monkeypatch.setattr(points, "versions", lambda: {**found, "numpy": "9.9"})
    assert address(Point()) != before


def test_an_ablation_takes_each_away_and_leaves_each_alone() -> None:
    design = ablation(["a", "b", "c"])
    cases = [(*one.labels.values(), "".join(sorted(one.without))) for one in design.points]
    assert cases == [
        ("as is", "", ""),
        ("without", "a", "a"),
        ("without", "b", "b"),
        ("without", "c", "c"),
        ("alone", "a", "bc"),
        ("alone", "b", "ac"),
        ("alone", "c", "ab"),
        ("ideal", "", "abc"),
    ]
    with pytest.raises(InputError, match="has no imperfection to look at"):
        ablation([])


def test_of_one_imperfection_only_two_points_are_run() -> None:
    chip = eqchip.load("xor").set({"cell.offset": 0.1})
    design = ablation(names_of(chip))
    assert len(design) == 4
    assert len({address(one, chip) for one in design.points}) == 2


def test_a_grid_crosses_its_axes_the_last_fastest() -> None:
    design = grid({"a": [1.0, 2.0], "b": ["x", "y", "z"]})
    found = [(one.settings["a"], one.settings["b"]) for one in design.points]
    assert found == [(1.0, "x"), (1.0, "y"), (1.0, "z"), (2.0, "x"), (2.0, "y"), (2.0, "z")]
    assert design.axes == ("a", "b")
    assert len(grid({})) == 1
    assert listed([{"a": 1.0}, {"b": 2.0}]).axes == ("a", "b")


def test_every_point_has_every_seed_and_a_made_chip_stays_as_it_was_made() -> None:
    chip = xor(**{"train.seed": 5, "options.chipseed": 7})
    design = grid({"train.beta": [0.1, 0.2]}).over(*seeds_for(chip, 2))
    assert [(one.seed, one.chip_seed) for one in design.points] == [(5, 7), (6, 8)] * 2
    trained = chip.with_weights({"Yxh": np.zeros((2, 10))})
    assert seeds_for(trained, 2) == ([5, 6], [None, None])
    point = design.points[1].apply(chip)
    assert point.circuit.train["seed"] == 6.0
    assert point.circuit.options["chipseed"] == 8.0


@given(
    st.floats(1e-9, 1e9),
    st.floats(1e-9, 1e9),
    st.integers(1, 50),
)
def test_ranges_begin_and_end_where_they_say(low: float, high: float, count: int) -> None:
    linear = np.array(values("a", f"{low!r}:{high!r}:{count}"), dtype=np.float64)
    factors = np.array(values("a", f"{low!r}:{high!r}:{count}:log"), dtype=np.float64)
    assert len(linear) == len(factors) == count
    assert linear[0] == low
    assert factors[0] == pytest.approx(low, rel=1e-12)
    if count > 1:
        assert linear[-1] == pytest.approx(high, rel=1e-12)
        assert factors[-1] == pytest.approx(high, rel=1e-12)
        assert np.allclose(np.diff(linear), (high - low) / (count - 1), rtol=1e-6, atol=1e-9 * (low + high))
        assert np.allclose(factors[1:] / factors[:-1], (high / low) ** (1 / (count - 1)), rtol=1e-9)


def test_lists_hold_numbers_and_words() -> None:
    assert axes(["train.beta=0.1, 1k,2", "train.rule=stdp"]) == {
        "train.beta": [0.1, 1000.0, 2.0],
        "train.rule": ["stdp"],
    }
    assert spread_out({"a": "1:2:2", "b": [1, "x"], "c": 3, "d": np.array([1.0, 2.0])}) == {
        "a": [1.0, 2.0],
        "b": [1.0, "x"],
        "c": [3.0],
        "d": [1.0, 2.0],
    }


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["beta"], "--vary beta: not a range"),
        (["=1,2"], "not a range"),
        (["b=1,2", "B=3"], "--vary B is given twice"),
        (["b=1:2"], "b=1:2: not a range"),
        (["b=1:2:3:lin"], "not a range"),
        (["b=1:two:3"], "'two' is not a number"),
        (["b=1:2:2.5"], "2.5 values"),
        (["b=1:2:0"], "0 values"),
        (["b=-1:2:3:log"], "logarithmic range from -1 to 2"),
        (["b=1,,2"], "a value is missing"),
        (["b=normal(0, 1)"], "distributions are not supported yet"),
    ],
)
def test_ranges_that_are_none_are_refused(given: list[str], message: str) -> None:
    with pytest.raises(InputError) as raised:
        axes(given)
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: spread_out({"a": None}), "a NoneType is no range"),
        (lambda: grid({"a": []}), "a is varied over no value"),
        (lambda: Task("simulate"), "run=simulate: no such run"),
        (lambda: seeds_for(xor(), 0), "seeds=0"),
    ],
)
def test_studies_that_are_none_are_refused(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()


@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_energy_is_watched_only_where_it_is_kept(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    chip = xor(**{"train.epochs": 1})
    if command == "evaluate":
        chip = chip.with_weights({"Yxh": np.full((2, 10), 0.1)})
    found = Task(command, cost=True).run(chip)
    assert found["energy"] > 0.0
    assert "energy" in {one.name for one in Task(command, cost=True).columns(chip)}
    assert "energy" not in {one.name for one in Task(command).columns(chip)}

    def watched(*_: Any, **__: Any) -> None:
        raise AssertionError("phases were run once more")

    for module in ("evaluating", "training_report"):
        monkeypatch.setattr(f"eqchip.simulator.{module}.spend", watched)
    plain = Task(command).run(chip)
    assert plain["test_error"] == found["test_error"]
    assert plain["test_loss"] == found["test_loss"]
