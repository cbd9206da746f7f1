import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eqchip.errors import InputError
from eqchip.simulator.pictures.draw import draw, draw_on_axes, picture_of, save
from eqchip.simulator.pictures.style import figure, style
from eqchip.simulator.records.arrays import ArrayPlan
from eqchip.simulator.records.provenance import Provenance
from eqchip.simulator.records.reader import Record
from eqchip.simulator.records.recorder import Recorder
from eqchip.simulator.rows import Column, Plan, Rows, Trace
from eqchip.simulator.run import Run

pytest.importorskip("matplotlib")

TRAN = Plan(
    "tran",
    Column("time", "s"),
    (
        Column("v(out)", "V"),
        Column("v(in)", "V"),
        Column("i(v1)", "A"),
        Column("v(h)", "V", 20, tuple(f"h[{k}]" for k in range(20))),
    ),
)
OP = Plan("op", None, (Column("v(out)", "V"), Column("i(v1)", "A")))
CURVES = ("train_error", "test_error", "valid_error", "train_loss", "test_loss", "valid_loss")
EPOCHS = Plan("training", Column("epoch", ""), tuple(Column(name, "") for name in CURVES))


def tran() -> Trace:
    t = np.linspace(0, 5e-6, 50)
    values = {
        "v(out)": 0.02 * t / t[-1],
        "v(in)": 0.09 * np.sin(1e6 * t),
        "i(v1)": 1e-9 * np.cos(1e6 * t),
        "v(h)": np.outer(t, np.ones(20)),
    }
    return Trace(TRAN, t, values)


def training(epochs: int = 30) -> Trace:
    numbers = np.arange(1.0, epochs + 1.0)
    values = {name: np.full(epochs, np.nan) if "valid" in name else 0.5 / numbers for name in CURVES}
    return Trace(EPOCHS, numbers, values)


def check() -> Trace:
    betas = np.logspace(-4, 0, 9)
    plan = Plan(
        "fidelity",
        Column("beta", ""),
        (Column("relative_error(yxh)", ""), Column("relative_error(nh)", "")),
        {
            "arrays": ["Yxh", "Nh"],
            "beta": 0.1,
            "cosine": [0.5, np.nan],
            "slope": [2.0, np.nan],
            "best_beta": [1e-4, np.nan],
        },
    )
    return Trace(plan, betas, {"relative_error(yxh)": betas**2, "relative_error(nh)": np.full(9, np.nan)})


def painted(trace: Trace, names: Sequence[str] = ()) -> list[Any]:
    """The axes of the picture of one part, drawn once."""
    with style():
        picture = picture_of(trace, names)
        made = figure(picture.height)
        axes = list(picture.paint(made))
        made.canvas.draw()
    return axes


@pytest.fixture
def record(tmp_path: Path) -> Path:
    trace = tran()
    arrays = [ArrayPlan("weights/Gxh", (2, 3), "S"), ArrayPlan("weights/Nh", (3,))]
    with Recorder(tmp_path / "a.h5", Provenance("simulate", "a.cir"), [TRAN, OP], arrays) as recorder:
        recorder.add(0, Rows(trace.axis, trace.values))
        recorder.add(1, Rows(np.zeros(1), {"v(out)": np.ones(1), "i(v1)": np.array([-1e-3])}))
        recorder.put("weights/Gxh", 1e-6 * np.arange(6.0).reshape(2, 3))
        recorder.put("weights/Nh", np.arange(3.0))
    return tmp_path / "a.h5"


@pytest.fixture
def run(record: Path) -> Run:
    return Run.of(Record(record))


def test_a_transient_has_a_panel_for_each_unit_in_engineering_units() -> None:
    panels = painted(tran())
    assert [panel.get_ylabel() for panel in panels] == ["voltage (mV)", "i(v1) (nA)", "node of h"]
    assert panels[-1].get_xlabel() == "time (µs)"
    assert [text.get_text() for text in panels[-1].get_xticklabels()] == ["0", "1", "2", "3", "4", "5"]
    assert [line.get_label() for line in panels[0].lines] == ["v(out)", "v(in)"]
    assert np.max(panels[0].lines[0].get_xdata()) == 5e-6  # the data stay in SI


def test_ticks_have_the_decimals_of_the_finest() -> None:
    plan = Plan("dc", Column("v1", "V"), (Column("v(out)", "V"),))
    panel = painted(Trace(plan, np.linspace(-1, 1, 5), {"v(out)": np.linspace(-0.9, 0.9, 5)}))[0]
    assert panel.get_ylabel() == "v(out) (V)"  # volts down to a tenth
    ticks = [text.get_text() for text in panel.get_xticklabels()]
    assert ticks[:3] == ["−1.00", "−0.75", "−0.50"]
    assert "0.00" in ticks


def test_the_legend_stands_outside_the_data_and_inside_the_picture() -> None:
    panel = painted(tran())[0]
    box = panel.get_legend().get_window_extent()
    assert box.x0 >= panel.get_window_extent().x1
    assert box.x1 <= panel.figure.bbox.x1


def test_a_nested_sweep_is_one_curve_a_pass() -> None:
    x = np.tile(np.linspace(-1, 1, 11), 3)
    plan = Plan("dc", Column("v1", "V"), (Column("v2", "V"), Column("v(out)", "V")))
    held = np.repeat([0.0, 0.5, 1.0], 11)
    panel = painted(Trace(plan, x, {"v2": held, "v(out)": x * held}))[0]
    assert [line.get_xdata().size for line in panel.lines] == [11, 11, 11]
    assert [line.get_label() for line in panel.lines] == ["v2 = 0 V", "v2 = 500 mV", "v2 = 1 V"]


def test_a_map_shows_each_stretch_of_time_the_row_nearest_to_it() -> None:
    # Steps of any length: half of the time belongs to the last row.
    t = np.array([0.0, 1e-9, 2e-9, 1.0])
    values = np.outer(np.arange(4.0), np.ones(20))
    plan = Plan("tran", Column("time", "s"), (Column("v(h)", "V", 20),))
    image = painted(Trace(plan, t, {"v(h)": values}))[0].images[0].get_array()
    assert image.shape[0] == 20
    assert np.mean(image == 3.0) == pytest.approx(0.5, abs=0.01)
    assert image[0, 0] in (0.0, 1.0, 2.0)


def test_a_thousand_nodes_are_twelve_lines_and_a_note() -> None:
    columns = tuple(Column(f"v(n{k})", "V") for k in range(1000))
    t = np.linspace(0, 1, 50)
    panel = painted(Trace(Plan("tran", Column("time", "s"), columns), t, {c.name: t for c in columns}))[0]
    assert len(panel.lines) == 12
    assert panel.get_title(loc="left") == "the 12 that move most … and 988 more (name them)"
    assert len({(line.get_color(), line.get_linestyle()) for line in panel.lines}) == 12


def test_an_operating_point_is_sorted_and_labelled_and_says_what_is_missing() -> None:
    columns = tuple(Column(f"v(n{k})", "V") for k in range(60))
    trace = Trace(Plan("op", None, columns), np.zeros(1), {f"v(n{k})": np.array([k]) for k in range(60)})
    panel = painted(trace)[0]
    assert panel.get_title(loc="left") == "the 40 farthest from zero … and 20 more (name them)"
    assert [text.get_text() for text in panel.get_yticklabels()] == [f"v(n{k})" for k in range(59, 19, -1)]
    assert panel.texts[0].get_text() == "59 V"


def test_nodes_of_a_bus_are_dots_of_an_operating_point() -> None:
    plan = Plan("op", None, (Column("v(h)", "V", 20, tuple(f"h[{k}]" for k in range(20))),))
    panel = painted(Trace(plan, np.zeros(1), {"v(h)": np.arange(20.0)[None, :]}))[0]
    assert panel.get_yticklabels()[0].get_text() == "v(h[19])"
    assert panel.lines[0].get_xdata().size == 20


def test_a_training_shows_error_in_per_cent_and_loss_on_a_log_scale() -> None:
    upper, lower = painted(training())
    assert (upper.get_ylabel(), lower.get_ylabel()) == ("error (%)", "loss")
    assert max(float(np.max(line.get_ydata())) for line in upper.lines) == 50.0
    assert lower.get_yscale() == "log"
    assert len(lower.lines) == 2  # nothing is known of the valid samples


def test_curves_carry_their_last_values_apart_from_each_other() -> None:
    upper, _ = painted(training())
    assert {text.get_text() for text in upper.texts} == {"train 1.67 %", "test 1.67 %"}
    low, high = sorted((text.get_window_extent() for text in upper.texts), key=lambda box: float(box.y0))
    assert high.y0 >= low.y1 - 1.0


def test_without_errors_only_the_loss_is_drawn() -> None:
    plan = Plan("training", Column("epoch", ""), (Column("train_error", ""), Column("train_loss", "")))
    values = {"train_error": np.full(3, np.nan), "train_loss": np.array([1.0, 0.5, 0.2])}
    assert len(painted(Trace(plan, np.arange(3.0), values))) == 1
    with pytest.raises(InputError, match="neither error nor loss is known"):
        picture_of(Trace(plan, np.arange(3.0), {name: np.full(3, np.nan) for name in values}))


def test_a_check_shows_slopes_angles_and_the_planned_beta() -> None:
    left, right = painted(check())
    assert [text.get_text() for text in left.get_legend().get_texts()] == ["Yxh, slope 2.00"]
    assert [text.get_text() for text in right.texts] == ["0.5000, 60°", "no gradient"]
    assert [text.get_text() for text in left.texts] == ["trained at β = 0.1", "∝ β²"]
    ring = next(line for line in left.lines if line.get_markersize() == 9)
    assert (ring.get_xdata()[0], ring.get_ydata()[0]) == pytest.approx((1e-4, 1e-8))
    guide = next(line for line in left.lines if line.get_linestyle() == ":")
    (x0, x1), (y0, y1) = guide.get_xdata(), guide.get_ydata()
    assert np.log(y1 / y0) / np.log(x1 / x0) == pytest.approx(2.0)


def test_weights_are_maps_over_histograms_that_count_every_value(run: Run) -> None:
    with style():
        axes = draw(run, ["weights"]).axes
    assert [at.get_title(loc="left") for at in axes if at.get_title(loc="left")] == ["Gxh  2 × 3", "Nh  3"]
    histogram = next(at for at in axes if at.get_xlabel() == "weight (µS)")
    assert sum(bar.get_height() for bar in histogram.patches) == 6


def test_a_run_is_drawn_whole_or_what_is_named(run: Run) -> None:
    titles = [part.get_suptitle() for part in draw(run).subfigs]
    assert titles == ["a.cir  ·  tran", "a.cir  ·  op", "a.cir  ·  weights"]
    only = draw(run, ["tran/v(h[3])", "i(v1)", "Nh"])
    assert [part.get_suptitle() for part in only.subfigs] == [
        "a.cir  ·  tran",
        "a.cir  ·  op",  # the last part that has i(v1)
        "a.cir  ·  weights",
    ]
    assert only.subfigs[0].axes[0].get_ylabel() == "v(h[3]) (µV)"


@pytest.mark.parametrize(("suffix", "head"), [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<?xml")])
def test_pictures_are_written_in_each_format_the_same_twice(
    run: Run, tmp_path: Path, suffix: str, head: bytes
) -> None:
    paths = tmp_path / f"a.{suffix}", tmp_path / f"b.{suffix}"
    for path in paths:
        save(draw(run, ["tran/v(out)"]), path)
    assert paths[0].read_bytes().startswith(head)
    assert paths[0].read_bytes() == paths[1].read_bytes()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "trans",
            r"this run has no 'trans'; did you mean 'tran'\?\n  expected one of: tran, op, weights, Gxh",
        ),
        ("v(ouy)", r"this run has no 'v\(ouy\)'; did you mean 'v\(out\)'\?"),
        ("op/v(x)", r"no 'v\(x\)' in op"),
        ("weights/gxh", r"no weights 'gxh'; did you mean 'Gxh'\?\n  expected one of: Gxh, Nh"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(run: Run, name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        draw(run, [name])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a.gif", r"no such picture format.*\n  expected a name that ends in \.png, \.pdf or \.svg"),
        ("nowhere/a.png", "cannot be written: No such file or directory"),
    ],
)
def test_a_picture_that_cannot_be_written_is_refused(
    run: Run, tmp_path: Path, name: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        save(draw(run, ["op"]), tmp_path / name)


def test_a_run_of_nothing_and_a_part_without_rows_are_refused() -> None:
    with pytest.raises(InputError, match="this run holds nothing to draw"):
        draw(Run({}, {}))
    empty = Trace(TRAN, np.zeros(0), {})
    with pytest.raises(InputError, match="tran holds no rows"):
        draw(Run({}, {"tran": empty}))


def test_drawing_into_axes_of_the_user_leaves_their_settings() -> None:
    import matplotlib
    from matplotlib.figure import Figure

    before = dict(matplotlib.rcParams)
    axes = Figure().add_subplot()
    assert draw_on_axes(tran(), ["v(out)"], axes) is axes
    assert axes.get_ylabel() == "v(out) (mV)"
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize(
    "trace",
    [tran(), training(), check(), Trace(OP, np.zeros(1), {"v(out)": np.ones(1), "i(v1)": np.ones(1)})],
    ids=lambda trace: trace.plan.kind,
)
def test_every_kind_fits_into_axes_of_the_user(trace: Trace) -> None:
    from matplotlib.figure import Figure

    axes = Figure(layout="constrained").add_subplot()
    draw_on_axes(trace, (), axes)
    axes.figure.canvas.draw()
    assert axes.lines
    assert axes.get_xlabel()


def test_quantities_of_two_units_do_not_go_into_one_axes() -> None:
    from matplotlib.figure import Figure

    with pytest.raises(InputError, match="need 2 panels, and these are axes for one"):
        draw_on_axes(tran(), ["v(out)", "i(v1)"], Figure().add_subplot())
    assert len(draw_on_axes(tran(), ["v(out)", "i(v1)"]).figure.axes) == 2


def test_without_matplotlib_the_message_names_the_extra() -> None:
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "from eqchip.errors import MissingExtra\n"
        "from eqchip.simulator.pictures.draw import draw\n"
        "from eqchip.simulator.run import Run\n"
        "try:\n    draw(Run({}, {}))\n"
        "except MissingExtra as problem:\n    print(problem)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "drawing needs matplotlib: pip install 'eqchip[plot]'\n"
