import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from eqchip.errors import InputError
from eqchip.simulator.pictures.draw import draw_on_axes, draw_record, main_group
from eqchip.simulator.pictures.fidelity import draw_fidelity
from eqchip.simulator.pictures.style import style
from eqchip.simulator.pictures.traces import draw_point, draw_traces
from eqchip.simulator.pictures.training import draw_training
from eqchip.simulator.records.provenance import Provenance
from eqchip.simulator.records.reader import Record
from eqchip.simulator.records.recorder import ArrayPlan, Recorder
from eqchip.simulator.rows import Column, Plan, Rows, Trace

pytest.importorskip("matplotlib")

TRAN = Plan(
    "tran",
    Column("time", "s"),
    (Column("v(out)", "V"), Column("v(in)", "V"), Column("i(v1)", "A"), Column("v(h)", "V", 12)),
)
OP = Plan("op", None, (Column("v(out)", "V"), Column("i(v1)", "A")))


def tran() -> Trace:
    t = np.linspace(0, 5e-6, 50)
    values = {
        "v(out)": 0.2 * t / t[-1],
        "v(in)": 0.9 * np.sin(1e6 * t),
        "i(v1)": 1e-9 * np.cos(1e6 * t),
        "v(h)": np.outer(t, np.ones(12)),
    }
    return Trace(TRAN, t, values)


@pytest.fixture
def record(tmp_path: Path) -> Record:
    trace = tran()
    arrays = [ArrayPlan("weights/Yxh", (2, 3)), ArrayPlan("weights/Nh", (3,))]
    with Recorder(tmp_path / "a.h5", Provenance("simulate", "a.cir"), [TRAN, OP], arrays) as recorder:
        recorder.add(0, Rows(trace.axis, trace.values))
        recorder.add(1, Rows(np.zeros(1), {"v(out)": np.ones(1), "i(v1)": np.array([-1e-3])}))
        recorder.put("weights/Yxh", np.ones((2, 3)))
        recorder.put("weights/Nh", np.arange(3.0))
    return Record(tmp_path / "a.h5")


def test_a_transient_has_a_panel_for_each_unit_in_engineering_units() -> None:
    with style():
        made = draw_traces(tran())
        made.canvas.draw()
        panels = made.axes[:3]
        assert [panel.get_ylabel() for panel in panels] == ["voltage (mV)", "i(v1) (nA)", "node of h"]
        assert panels[-1].get_xlabel() == "time (µs)"
        assert [text.get_text() for text in panels[-1].get_xticklabels()] == ["0", "1", "2", "3", "4", "5"]
        assert [line.get_label() for line in panels[0].lines] == ["v(out)", "v(in)"]


def test_the_legend_stands_outside_the_data() -> None:
    with style():
        made = draw_traces(tran())
        made.canvas.draw()
        panel = made.axes[0]
        assert panel.get_legend().get_window_extent().x0 >= panel.get_window_extent().x1


def test_a_nested_sweep_is_one_curve_a_pass() -> None:
    x = np.tile(np.linspace(-1, 1, 11), 3)
    plan = Plan("dc", Column("v1", "V"), (Column("v(out)", "V"),))
    with style():
        panel = draw_traces(Trace(plan, x, {"v(out)": x})).axes[0]
    assert [line.get_xdata().size for line in panel.lines] == [11, 11, 11]


def test_an_operating_point_of_many_nodes_shows_the_largest_and_says_so() -> None:
    columns = tuple(Column(f"v(n{k})", "V") for k in range(60))
    trace = Trace(Plan("op", None, columns), np.zeros(1), {f"v(n{k})": np.array([k]) for k in range(60)})
    with style():
        panel = draw_point(trace).axes[0]
    assert panel.get_title(loc="left") == "the 40 largest of 60"
    assert panel.get_yticklabels()[0].get_text() == "v(n20)"


def test_a_training_shows_error_in_per_cent_and_loss_on_a_log_scale() -> None:
    names = ("train_error", "test_error", "valid_error", "train_loss", "test_loss", "valid_loss")
    plan = Plan("training", Column("epoch", ""), tuple(Column(name, "") for name in names))
    epochs = np.arange(1.0, 31.0)
    values = {name: np.full(30, np.nan) if "valid" in name else 0.5 / epochs for name in names}
    with style():
        upper, lower = draw_training(Trace(plan, epochs, values)).axes
    assert upper.get_ylabel() == "error (%)"
    assert max(float(np.max(line.get_ydata())) for line in upper.lines) == 50.0
    assert lower.get_yscale() == "log"
    assert len(lower.lines) == 2  # nothing is known of the valid samples


def test_without_errors_only_the_loss_is_drawn() -> None:
    plan = Plan("training", Column("epoch", ""), (Column("train_error", ""), Column("train_loss", "")))
    values = {"train_error": np.full(3, np.nan), "train_loss": np.array([1.0, 0.5, 0.2])}
    with style():
        assert len(draw_training(Trace(plan, np.arange(3.0), values)).axes) == 1


def test_a_check_shows_slopes_angles_and_the_planned_beta() -> None:
    betas = np.logspace(-4, 0, 9)
    plan = Plan(
        "fidelity",
        Column("beta", ""),
        (Column("relative_error(yxh)", ""), Column("relative_error(nh)", "")),
        {"arrays": ["Yxh", "Nh"], "beta": 0.1, "cosine": [0.5, np.nan], "slope": [2.0, np.nan]},
    )
    values = {"relative_error(yxh)": betas**2, "relative_error(nh)": np.full(9, np.nan)}
    with style():
        left, right = draw_fidelity(Trace(plan, betas, values)).axes
    assert [text.get_text() for text in left.get_legend().get_texts()] == ["Yxh: slope 2.00"]
    assert [text.get_text() for text in right.texts] == ["0.5  (60°)", "no gradient"]
    assert [text.get_text() for text in left.texts] == ["β = 0.1"]


@pytest.mark.parametrize(("suffix", "head"), [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<?xml")])
def test_pictures_are_written_in_each_format(
    record: Record, tmp_path: Path, suffix: str, head: bytes
) -> None:
    path = tmp_path / f"a.{suffix}"
    assert draw_record(record, path) == "tran"
    assert path.read_bytes().startswith(head)


def test_every_group_has_a_picture(record: Record, tmp_path: Path) -> None:
    assert main_group(record) == "tran"
    for group in ("op", "weights", "tran"):
        assert draw_record(record, tmp_path / f"{group}.png", group) == group


@pytest.mark.parametrize(
    ("name", "group", "message"),
    [
        ("a.gif", None, r"no such picture format\n  expected a name that ends in \.png, \.pdf or \.svg"),
        (
            "a.png",
            "trans",
            r"has no group 'trans'; did you mean 'tran'\?\n  expected one of: tran, op, weights",
        ),
        ("nowhere/a.png", None, "cannot be written: No such file or directory"),
    ],
)
def test_what_cannot_be_drawn_is_refused(
    record: Record, tmp_path: Path, name: str, group: str | None, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        draw_record(record, tmp_path / name, group)


def test_drawing_into_axes_of_the_user_leaves_their_settings(record: Record) -> None:
    import matplotlib
    from matplotlib.figure import Figure

    before = matplotlib.rcParams["axes.grid"]
    axes = Figure().add_subplot()
    assert draw_on_axes(record.traces["tran"], ["v(out)"], axes) is axes
    assert axes.get_ylabel() == "v(out) (mV)"
    assert matplotlib.rcParams["axes.grid"] == before


def test_without_matplotlib_the_message_names_the_extra(record: Record, tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "from eqchip.errors import MissingExtra\n"
        "from eqchip.simulator.pictures.draw import draw_record\n"
        "from eqchip.simulator.records.reader import Record\n"
        "from pathlib import Path\n"
        "try:\n    draw_record(Record(sys.argv[1]), Path('x.png'))\n"
        "except MissingExtra as problem:\n    print(problem)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, record.path], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout == "drawing needs matplotlib: pip install 'eqchip[plot]'\n"
