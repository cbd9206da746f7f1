"""The ranking of imperfections, on tables whose answer is known."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from eqchip.errors import InputError
from eqchip.simulator.ablation import ablation_of
from eqchip.simulator.rows import Column, Plan, Trace
from eqchip.simulator.studies.design import ablation

COSTS = {"small": 0.01, "large": 0.2, "helps": -0.05}


def table(seeds: int = 3, columns: tuple[str, ...] = ("test_error", "cosine"), masked: bool = False) -> Trace:
    """A chip whose error is 0.1, a share that depends on the seed, and what each imperfection adds to it."""
    design = ablation(list(COSTS)).over(list(range(seeds)), list(range(seeds)))
    error = []
    for point in design.points:
        on = set(COSTS) - point.without
        costs = [COSTS[name] for name in on]
        total = max(costs, default=0.0) if masked else sum(costs)
        assert point.seed is not None
        error.append(0.1 + 0.02 * point.seed + total * (1.0 + 0.1 * point.seed))
    known = {"test_error": np.array(error), "cosine": 1.0 - np.array(error), "test_loss": np.array(error)}
    labels = {name: [str(one.labels[name]) for one in design.points] for name in ("case", "imperfection")}
    values = {name: known[name] for name in columns}
    plan = Plan(
        "study",
        Column("points", ""),
        tuple(Column(name, "") for name in values),
        {"design": "ablation", **labels},
    )
    return Trace(plan, np.arange(len(error)), values)


def test_costs_that_add_up_are_found_with_their_spread() -> None:
    found = ablation_of(table())
    assert list(found.effects) == ["large", "helps", "small"]
    factors = 1.0 + 0.1 * np.arange(3)
    for name, cost in COSTS.items():
        for measure in ("test_error", "cosine"):
            effect = found.effects[name][measure]
            for one in (effect.removed, effect.added):
                assert one.mean == pytest.approx(float(np.mean(cost * factors)))
                # The seed's own share of the error is the same in both runs, and cancels.
                assert one.std == pytest.approx(float(np.std(cost * factors, ddof=1)))
                assert one.seeds == 3
    ideal = 0.1 + 0.02 * np.arange(3)
    assert found.ideal["test_error"].mean == pytest.approx(float(ideal.mean()))
    assert found.ideal["test_error"].std == pytest.approx(float(ideal.std(ddof=1)))
    assert found.as_is["cosine"].mean == pytest.approx(
        float(np.mean(1.0 - ideal - factors * sum(COSTS.values())))
    )


def test_one_that_another_masks_is_ranked_by_what_it_does_alone() -> None:
    found = ablation_of(table(1, masked=True))
    assert next(iter(found.effects)) == "large"
    small = found.effects["small"]["test_error"]
    assert small.removed.mean == pytest.approx(0.0)
    assert small.added.mean == pytest.approx(0.01)
    assert small.added.std is None


def test_a_seed_that_failed_is_left_out_of_its_pairs() -> None:
    trace = table(2)
    rows = list(
        itertools.compress(range(len(trace.axis)), np.array(trace.plan.attributes["case"]) == "as is")
    )
    trace.values["test_error"][rows[0]] = np.nan
    effect = ablation_of(trace).effects["large"]["test_error"]
    assert (effect.removed.seeds, effect.added.seeds, effect.without.seeds) == (1, 2, 2)
    assert effect.removed.mean == pytest.approx(0.2 * 1.1)
    trace.values["test_error"][:] = np.nan
    assert ablation_of(trace).measures == ("cosine",)
    trace.values["cosine"][:] = np.nan
    assert ablation_of(trace).measures == ()


def test_the_loss_stands_in_where_there_is_no_error() -> None:
    assert ablation_of(table(1, ("test_error", "test_loss"))).measures == ("test_error",)
    assert ablation_of(table(1, ("test_loss",))).measures == ("test_loss",)


def test_it_is_plain_data() -> None:
    said = ablation_of(table(2)).as_dict()
    assert [one["name"] for one in said["imperfections"]] == ["large", "helps", "small"]
    assert said["imperfections"][0]["test_error"]["removed"]["mean"] == pytest.approx(0.21)


def test_another_study_is_none() -> None:
    trace = Trace(Plan("study", None, (), {"design": "grid"}), np.zeros(0), {})
    with pytest.raises(InputError, match="this study is no ablation"):
        ablation_of(trace)
