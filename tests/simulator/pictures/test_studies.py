"""Pictures of studies: bars are as long as what they stand for, lines go through the means."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from eqchip.simulator.ablation import ablation_of
from eqchip.simulator.pictures.draw import picture_of
from eqchip.simulator.pictures.studies import draw_effects, draw_varied, study_picture
from eqchip.simulator.pictures.style import figure
from eqchip.simulator.rows import Column, Plan, Trace
from eqchip.simulator.studies.design import ablation


def _trace(values: dict[str, np.ndarray], **attributes: object) -> Trace:
    plan = Plan("study", Column("points", ""), tuple(Column(name, "") for name in values), attributes)
    return Trace(plan, np.arange(len(next(iter(values.values())))), values)


def ablated(names: list[str], seeds: int) -> Trace:
    design = ablation(names).over(list(range(seeds)), list(range(seeds)))
    cost = {name: 0.01 * (k + 1) for k, name in enumerate(names)}
    error = [
        0.02 + sum((1 + 0.5 * (point.seed or 0)) * cost[name] for name in names if name not in point.without)
        for point in design.points
    ]
    labels = {name: [str(one.labels[name]) for one in design.points] for name in ("case", "imperfection")}
    return _trace(
        {"test_error": np.array(error)}, design="ablation", varied=["case", "imperfection"], **labels
    )


def test_bars_are_costs_in_percent_the_worst_on_top() -> None:
    found = ablation_of(ablated(["a", "b", "c"], 2))
    axes = figure(2.0).subplots()
    draw_effects(axes, found, "test_error")
    assert [label.get_text() for label in axes.get_yticklabels()] == ["c", "b", "a"]
    assert axes.get_ylim()[0] > axes.get_ylim()[1]  # the first is on top
    widths = [patch.get_width() for patch in axes.patches]
    assert widths == pytest.approx(2 * [3.75, 2.5, 1.25])
    assert "7.5 % as it is" not in axes.get_title()
    assert axes.get_title() == "9.5 % as it is, 2 % ideal"


def test_one_seed_has_no_whiskers_and_many_bars_are_cut() -> None:
    names = [f"i{k:02}" for k in range(25)]
    found = ablation_of(ablated(names, 1))
    axes = figure(2.0).subplots()
    draw_effects(axes, found, "test_error")
    assert not axes.containers[1:] or all(type(one).__name__ == "BarContainer" for one in axes.containers)
    assert len(axes.patches) == 40
    assert "5 more cost less" in axes.get_title()


def test_lines_go_through_the_means_of_seeds() -> None:
    beta = np.repeat([0.1, 1.0, 10.0], 4)
    trace = _trace(
        {
            "train.beta": beta,
            "cell.offset": np.tile([0.0, 0.0, 0.2, 0.2], 3),
            "status": np.array([1] * 11 + [2]),
            "test_loss": np.array([1.0, 3.0, 5.0, 7.0, 2.0, 4.0, 6.0, 8.0, 3.0, 5.0, 7.0, np.nan]),
        },
        design="grid",
        varied=["train.beta", "cell.offset"],
    )
    axes = figure(2.0).subplots()
    draw_varied(axes, trace, "test_loss")
    lines = {line.get_label(): line for line in axes.lines}
    assert np.allclose(lines["cell.offset = 0"].get_ydata(), [2.0, 3.0, 4.0])
    assert np.allclose(lines["cell.offset = 0.2"].get_ydata(), [6.0, 7.0, 7.0])
    assert axes.get_xscale() == "log"
    assert axes.get_title() == "1 of 12 points failed"


@pytest.mark.parametrize("size", [0.0086, 0.31, 7.7, 24.0])
def test_ticks_of_panels_side_by_side_do_not_touch(size: float) -> None:
    x = np.linspace(-0.4 * size, size, 5)
    trace = _trace(
        {"cell.offset": x, "status": np.ones(5), "test_loss": x}, design="grid", varied=["cell.offset"]
    )
    made = figure(2.6)
    panels = made.subplots(1, 2)
    for axes in panels:
        draw_varied(axes, trace, "test_loss")
    made.draw_without_rendering()
    for axes in panels:
        boxes = [label.get_window_extent() for label in axes.get_xticklabels() if label.get_text()]
        assert all(left.x1 + 2 < right.x0 for left, right in pairwise(boxes))


def test_a_study_over_words_or_seeds_is_drawn_as_its_rows() -> None:
    loss = {"seed": np.arange(3.0), "status": np.ones(3), "test_loss": np.array([1.0, 2.0, 3.0])}
    for attributes in ({"varied": []}, {"varied": "train.rule", "train.rule": ["a", "b", "c"]}):
        trace = _trace(loss, design="grid", **attributes)
        assert study_picture(trace) is None
        assert picture_of(trace).paint(figure(3.0))


def test_nothing_finished_is_said() -> None:
    trace = ablated(["a", "b"], 1)
    trace.values["test_error"][:] = np.nan
    axes = picture_of(trace).paint(figure(3.0))
    assert axes[0].get_title() == "no point was finished"
