"""Pictures of a training: confusion, settling, receptive fields, weights before and after."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from eqchip.errors import InputError
from eqchip.simulator.pictures.draw import draw, draw_on_axes, picture_of
from eqchip.simulator.pictures.fields import fields_picture, is_square
from eqchip.simulator.pictures.style import figure, style
from eqchip.simulator.pictures.weights import weights_picture
from eqchip.simulator.rows import Column, Plan, Trace
from eqchip.simulator.run import Run

pytest.importorskip("matplotlib")

COUNTS = np.array([[8.0, 2.0, 0.0], [0.0, 5.0, 0.0], [1.0, 1.0, 2.0]])
ROW = ("trained", "sample", "phase", "nudge", "step", "time", "residual")


def confusion() -> Trace:
    plan = Plan("confusion", Column("class", ""), (Column("answers", "", 3, ("0", "1", "2")),))
    return Trace(plan, np.arange(3.0), {"answers": COUNTS})


def settling(timed: bool = True) -> Trace:
    columns = (*(Column(name, "") for name in ROW), Column("v(y)", "V", 2, ("y[0]", "y[1]")))
    parts = [(w, s, p) for w in (0.0, 1.0) for s in (0.0, 1.0) for p in (1.0, 2.0)]
    table = np.array([(w, s, p, p - 1, k, 10 * (p - 1) + k, 0.5**k) for w, s, p in parts for k in range(11)])
    values: dict[str, Any] = dict(zip(ROW, table.T, strict=True))
    values["time"] = 1e-6 * values["time"] if timed else np.full(len(table), np.nan)
    values["v(y)"] = np.stack([values["trained"], values["sample"]], axis=1)
    return Trace(Plan("settling", Column("row", ""), columns), np.arange(float(len(table))), values)


def training() -> Trace:
    plan = Plan("training", Column("epoch", ""), (Column("train_loss", ""), Column("test_loss", "")))
    return Trace(plan, np.arange(1.0, 4.0), {"train_loss": np.ones(3), "test_loss": np.ones(3)})


def painted(picture: Any) -> Any:
    with style():
        made = figure(picture.height)
        axes = list(picture.paint(made))
        made.canvas.draw()
    return made, axes


def test_a_confusion_matrix_counts_mistakes_and_the_error_of_each_class() -> None:
    _, (left, right) = painted(picture_of(confusion()))
    assert left.get_title(loc="left") == "4 of 19 test samples answered wrongly"
    written = {(t.get_position()[1], t.get_position()[0]): int(t.get_text()) for t in left.texts}
    assert written == {(r, c): int(COUNTS[r, c]) for r, c in zip(*np.nonzero(COUNTS), strict=True)}
    assert [bar.get_width() for bar in right.patches] == pytest.approx([20.0, 0.0, 50.0])


def test_a_confusion_matrix_fits_into_axes_of_the_user() -> None:
    made = figure(3.0)
    axes = made.add_subplot()
    assert draw_on_axes(confusion(), ax=axes) is axes
    assert len(axes.texts) == np.count_nonzero(COUNTS)


def test_settling_shows_one_sample_before_and_after_with_its_phases_shaded() -> None:
    made, _ = painted(picture_of(settling()))
    voltages_before, voltages_after, left_before, _ = made.axes
    assert [one.get_title(loc="left") for one in (voltages_before, voltages_after)] == [
        "before training, test sample 0",
        "after training, test sample 0",
    ]
    first, second = voltages_after.lines
    assert np.all(first.get_ydata() == 1.0)  # trained
    assert np.all(second.get_ydata() == 0.0)  # the first sample alone
    assert len(first.get_xdata()) == 22
    spans = [
        patch.get_extents().transformed(left_before.transData.inverted()) for patch in left_before.patches
    ]
    assert [(span.x0, span.x1) for span in spans] == [
        pytest.approx((0.0, 1e-5)),
        pytest.approx((1e-5, 2e-5)),
    ]
    assert left_before.get_yscale() == "log"
    assert left_before.get_xlabel() == "time (µs)"


def test_settling_without_time_or_residual_goes_by_states() -> None:
    trace = settling(timed=False)
    trace.values["residual"][:] = np.nan  # type: ignore[index]
    made, _ = painted(picture_of(trace))
    assert len(made.axes) == 2
    assert made.axes[0].get_xlabel() == "state"
    assert made.axes[0].get_xlim() == (0.0, 21.0)


def test_fields_are_the_largest_changes_as_squares() -> None:
    before = np.random.default_rng(0).normal(size=(49, 60))
    values = before.copy()
    values[3, 7] += 2.0
    values[:, 50] += 0.5
    made, axes = painted(fields_picture("Yxh", values, before))
    drawn = [at for at in axes if at.images]
    assert len(drawn) == 36
    titles = [at.get_title(loc="center") for at in drawn]
    assert {"7", "50"} <= set(titles)
    field = np.asarray(drawn[titles.index("7")].images[0].get_array())
    assert field.shape == (7, 7)
    assert field[0, 3] == pytest.approx(2.0)
    assert np.count_nonzero(np.abs(field) > 1e-12) == 1
    assert "7 × 7 changes of weights of each of 60 columns, the 36 of largest norm" in made.get_supxlabel()


def test_rows_that_are_neurons_are_no_picture() -> None:
    weights = {"Yxh": np.ones((64, 100)), "Nh": np.ones(100), "Yhy": np.ones((100, 10))}
    found = Run({"chip": "x"}, {"training": training()}, weights)
    shown = [room.get_supxlabel() for room in draw(found, ["fields"]).subfigs]
    assert len(shown) == 1
    assert shown[0].startswith("Yxh: 8 × 8")


def test_a_latency_that_nothing_measured_is_no_picture() -> None:
    plan = Plan("cost", Column("sample", ""), (Column("latency", "s"),))
    trace = Trace(plan, np.arange(2.0), {"latency": np.full(2, np.nan)})
    with pytest.raises(InputError, match="no time was stepped"):
        draw(Run({"chip": "x"}, {"cost": trace}), ["cost"])


def test_a_class_without_mistakes_has_an_axis_of_one_percent() -> None:
    plan = Plan("confusion", Column("class", ""), (Column("answers", "", 2, ("0", "1")),))
    _, (_, right) = painted(picture_of(Trace(plan, np.arange(2.0), {"answers": 2.0 * np.eye(2)})))
    assert right.get_xlim() == (0.0, 1.0)


def test_squares_are_pictures_from_some_size_on() -> None:
    assert [size for size in (1, 4, 9, 25, 36, 50, 64, 784, 785) if is_square(size)] == [36, 64, 784]


def test_what_was_before_training_is_an_outline_that_counts_every_value() -> None:
    after = np.linspace(-1.0, 1.0, 200).reshape(10, 20)
    _, (_, lower) = painted(weights_picture({"Y": after}, {}, {"Y": 0.9 * after}))
    outline = next(patch for patch in lower.patches if type(patch).__name__ == "StepPatch")
    assert outline.get_data().values.sum() == 200
    _, (_, lower) = painted(weights_picture({"Y": after}, {}))
    assert not [patch for patch in lower.patches if type(patch).__name__ == "StepPatch"]


def test_a_training_is_drawn_curves_first_and_without_what_is_empty() -> None:
    latency = Plan("cost", Column("sample", ""), (Column("latency", "s"),))
    cost = Trace(latency, np.arange(2.0), {"latency": np.ones(2)})
    empty = Trace(confusion().plan, np.empty(0), {"answers": np.empty((0, 3))})
    weights = {"Yxh": np.ones((36, 2)), "Nh": np.ones(2)}
    parts = {"settling": settling(), "cost": cost, "confusion": confusion(), "training": training()}
    run = Run({"chip": "x"}, parts, weights)

    def titles(one: Run, *names: str) -> list[str]:
        return [room.get_suptitle().partition("·")[2].strip() for room in draw(one, names).subfigs]

    assert titles(run) == ["training", "confusion", "settling", "fields", "weights"]
    assert titles(Run({"chip": "x"}, {**parts, "confusion": empty}, weights))[1] == "settling"
    assert titles(run, "cost", "fields") == ["cost", "fields"]
