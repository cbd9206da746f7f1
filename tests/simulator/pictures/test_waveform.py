"""The picture of a learning waveform: its phases, what is drawn of which samples, and how much."""

from __future__ import annotations

import numpy as np
import pytest

from eqchip.simulator.analyses.presented import answers, is_waveform, stretches
from eqchip.simulator.pictures.draw import draw, picture_of
from eqchip.simulator.pictures.style import figure, style
from eqchip.simulator.pictures.waveform import FIRST, TINTS, WEIGHTS
from eqchip.simulator.rows import Column, Plan, Trace
from eqchip.simulator.run import Run

pytest.importorskip("matplotlib")

PER = 12  # rows a sample: 2 gap, 6 free, 4 nudged


def waveform(samples: int = 9, weights: int = 3, wrong: bool = True, nodes: int = 2) -> Trace:
    rows = samples * PER + 1
    phase = np.concatenate([[0.0], np.tile([0.0] * 2 + [1.0] * 6 + [2.0] * 4, samples)])
    number = np.concatenate([[0], np.repeat(np.arange(samples), PER)])
    beta = np.where(phase == 2.0, np.where(number % 2 == 0, 0.5, -0.5), 0.0)
    time = np.arange(rows) * 1e-6
    ramp = np.linspace(0.0, 1.0, rows)
    columns = [Column("phase", ""), Column("sample", ""), Column("beta", ""), Column("cost", "")]
    columns += [Column("wrong", "")] if wrong else []
    columns += [
        Column("target(y)", "V", 1, ("y[0]",)),
        Column("v(x)", "V", nodes, tuple(f"x[{k}]" for k in range(nodes))),
        Column("v(y)", "V", 1, ("y[0]",)),
        Column("i(v_x)", "A", nodes),
        Column("w(yxy)", "", weights, tuple(f"yxy[{k},0]" for k in range(weights))),
        Column("w(ny)", ""),
    ]
    values = {
        "phase": phase,
        "sample": number % 4.0,
        "beta": beta,
        "cost": 1.0 - ramp,
        "wrong": (number < 3).astype(float),
        "target(y)": np.ones((rows, 1)),
        "v(x)": np.outer(ramp, np.ones(nodes)),
        "v(y)": ramp[:, None],
        "i(v_x)": np.zeros((rows, nodes)),
        "w(yxy)": np.outer(ramp, np.arange(weights)),
        "w(ny)": ramp,
    }
    return Trace(Plan("tran", Column("time", "s"), tuple(columns)), time, values)


def painted(trace: Trace) -> list:
    with style():
        picture = picture_of(trace)
        made = figure(picture.height)
        axes = list(picture.paint(made))
    return axes


def test_phases_are_told_apart_and_counted() -> None:
    trace = waveform(3)
    parts = stretches(trace)
    assert [one.phase for one in parts] == [0, 1, 2] * 3
    assert [(one.first, one.last) for one in parts[:4]] == [(0, 2), (2, 8), (8, 12), (12, 14)]
    assert [one.beta for one in parts if one.phase == 2] == [0.5, -0.5, 0.5]
    assert answers(waveform(5)).tolist() == [True] * 3 + [False] * 2
    assert answers(waveform(5, wrong=False)) is None
    assert is_waveform(trace)


def test_the_first_samples_are_drawn_phase_by_phase_and_the_whole_run_below() -> None:
    trace = waveform(9)
    x, y, change, cost, weights = painted(trace)
    strip = x.figure.axes[0]  # it has no axis of its own
    for at in (strip, x, y, change):
        assert at.get_xlim() == pytest.approx((0.0, FIRST * PER * 1e-6))
    for at in (cost, weights):
        assert at.get_xlim() == pytest.approx((0.0, 9 * PER * 1e-6))
    assert [text.get_text() for text in strip.texts][:4] == ["sample 0", "+β", "sample 1", "−β"]
    spans = [one for one in y.patches if one.get_width() > 0]
    assert len(spans) == 2 * FIRST
    assert spans[0].get_x() == pytest.approx(2e-6)
    assert spans[0].get_width() == pytest.approx(6e-6)
    tints = {one.get_facecolor()[:3] for one in spans}
    assert len(tints) == len(TINTS)
    assert strip.get_title(loc="left") == f"the first {FIRST} samples"


def test_costs_stand_where_free_phases_end_wrong_answers_open() -> None:
    cost = painted(waveform(9))[-2]
    right, wrong = (one for one in cost.lines if one.get_marker() == "o")
    assert right.get_xdata() == pytest.approx([(12 * k + 8) * 1e-6 for k in range(3, 9)])
    assert wrong.get_xdata() == pytest.approx([(12 * k + 8) * 1e-6 for k in range(3)])
    assert wrong.get_markerfacecolor() == "white"


def test_times_are_in_microseconds_and_voltages_in_volts() -> None:
    axes = painted(waveform(9))
    assert axes[2].get_xlabel() == "time (µs)"
    assert axes[0].get_ylabel() == "v(x) (V)"
    assert axes[1].get_ylabel() == "v(y) (V)"


def test_changes_begin_at_zero_and_the_weights_that_change_most_are_drawn() -> None:
    few = painted(waveform(9))
    assert [line.get_ydata()[0] for line in few[2].lines] == [0.0] * 4
    many = painted(waveform(9, weights=100))[-1]
    lines = list(many.lines)
    assert len(lines) == WEIGHTS + 1  # and that of Ny
    assert min(line.get_ydata()[-1] for line in lines[:-1]) == 100 - WEIGHTS
    assert f"w(yxy) ({WEIGHTS} of 100)" in [text.get_text() for text in many.get_legend().get_texts()]


@pytest.mark.parametrize("samples", [1, 2])
def test_short_runs_and_runs_cut_short_are_drawn(samples: int) -> None:
    trace = waveform(samples)
    for rows in (2, 5, 11, samples * PER):
        cut = Trace(trace.plan, trace.axis[:rows], {name: one[:rows] for name, one in trace.values.items()})
        assert painted(cut)


def test_without_weights_or_answers_the_rest_is_drawn() -> None:
    trace = waveform(4, wrong=False, nodes=40)
    columns = tuple(one for one in trace.plan.columns if not one.name.startswith("w("))
    axes = painted(Trace(Plan("tran", trace.plan.axis, columns), trace.axis, trace.values))
    assert len(axes) == 3
    assert len(axes[0].lines) <= 12


def test_named_quantities_are_drawn_as_of_any_transient_and_weights_by_their_name() -> None:
    run = Run({"chip": "c"}, {"tran": waveform()}, {"Yxy": np.ones((3, 1))})
    assert len(draw(run).subfigs) == 1  # the weights are in it
    assert len(draw(run, ["w(yxy)"]).subfigs) == 1
    assert len(draw(run, ["tran", "weights"]).subfigs) == 2
    assert draw(run, ["v(y)", "w(yxy[1,0])", "phase"])
