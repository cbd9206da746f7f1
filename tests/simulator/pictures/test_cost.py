"""The picture of latency and energy: what it shows of a run, and that it adds up."""

from __future__ import annotations

import numpy as np
import pytest

from eqchip.simulator.pictures.cost import cost_picture, knows_costs
from eqchip.simulator.pictures.draw import draw, picture_of
from eqchip.simulator.pictures.style import figure, style
from eqchip.simulator.rows import Column, Plan, Trace
from eqchip.simulator.run import Run

KINDS = ("synapse", "neuron", "stored")
JOULES = np.array([[3e-9, 1e-9, 5e-10], [5e-9, 1e-9, 5e-10]])


def cost(settling: np.ndarray, free: np.ndarray) -> Trace:
    columns = (Column("settling", "s"), Column("energy_free", "J", len(KINDS), KINDS))
    plan = Plan("cost", Column("sample", ""), columns)
    return Trace(plan, np.arange(2.0), {"settling": settling, "energy_free": free})


def painted(trace: Trace) -> list:
    with style():
        picture = cost_picture(trace)
        return list(picture.paint(figure(picture.height)))


def test_samples_that_have_settled_are_counted_and_joules_stacked() -> None:
    left, right = painted(cost(np.array([3e-6, 1e-6]), JOULES))
    steps = left.lines[0]
    np.testing.assert_allclose(steps.get_xdata(), [0.0, 1e-6, 3e-6])
    np.testing.assert_allclose(steps.get_ydata(), [0.0, 50.0, 100.0])
    assert [text.get_text() for text in left.texts] == ["longest 3 µs\n95 % 2.9 µs\nmedian 2 µs"]
    np.testing.assert_allclose(sum(bar.get_width() for bar in right.patches), JOULES.sum(axis=1).mean())
    assert [text.get_text() for text in right.texts] == ["5.5 nJ"]


def test_what_is_given_back_lies_left_of_zero() -> None:
    (axes,) = painted(cost(np.full(2, np.nan), np.tile([2e-9, 1e-9, -1e-9], (2, 1))))
    assert min(bar.get_x() + bar.get_width() for bar in axes.patches) == pytest.approx(-1e-9)
    assert [text.get_text() for text in axes.texts] == ["2 nJ"]


def test_a_waveform_shows_what_came_above_where_it_went() -> None:
    columns = (
        Column("delivered", "J", 1, ("v1",)),
        Column("burnt", "J", 1, ("resistor",)),
        Column("stored", "J"),
    )
    values = {"delivered": np.array([[4.0]]), "burnt": np.array([[2.0]]), "stored": np.array([2.0])}
    (axes,) = painted(Trace(Plan("cost", Column("time", "s"), columns), np.ones(1), values))
    assert [one.get_text() for one in axes.get_yticklabels()] == ["delivered", "burnt, stored"]
    assert [text.get_text() for text in axes.texts] == ["4 J", "4 J"]


def test_costs_that_are_known_are_drawn_with_an_evaluation() -> None:
    confusion = Plan("confusion", Column("class", ""), (Column("answers", "", 2, ("0", "1")),))
    evaluation = Plan("evaluation", None, (Column("test_error", ""),))
    parts = {
        "cost": cost(np.array([3e-6, 1e-6]), JOULES),
        "confusion": Trace(confusion, np.arange(2.0), {"answers": np.eye(2)}),
        "evaluation": Trace(evaluation, np.zeros(1), {"test_error": np.zeros(1)}),
    }
    assert len(draw(Run({"chip": "x"}, parts)).subfigs) == 2
    unknown = cost(np.full(2, np.nan), np.full((2, 3), np.nan))
    assert not knows_costs(unknown)
    assert len(draw(Run({"chip": "x"}, {**parts, "cost": unknown})).subfigs) == 1
    assert picture_of(parts["cost"]).height > 0.0
