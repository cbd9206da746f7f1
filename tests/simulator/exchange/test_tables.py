import csv
from pathlib import Path

import numpy as np
import pytest

from eqchip.errors import InputError
from eqchip.simulator.exchange.tables import flat_columns, write_csv, write_npz
from eqchip.simulator.rows import Column, Plan, Trace

COLUMNS = (Column("v(out)", "V"), Column("v(h)", "V", 2, ("h[0]", "h[1]")))


def trace() -> Trace:
    t = np.array([0.0, 1e-9, 1.0 / 3.0])
    values = {"v(out)": np.array([1e-300, -0.1, np.pi]), "v(h)": np.array([[1, 2], [3, 4], [5, 6.0]])}
    return Trace(Plan("tran", Column("time", "s"), COLUMNS), t, values)


def test_numbers_survive_csv(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", trace())
    with (tmp_path / "a.csv").open(newline="") as file:
        head, *rows = csv.reader(file)
    assert head == ["time", "v(out)", "v(h[0])", "v(h[1])"]
    found = np.array(rows, dtype=np.float64)
    assert np.array_equal(found[:, 0], trace().axis)
    assert np.array_equal(found[:, 1], trace()["v(out)"])
    assert np.array_equal(found[:, 3], [2, 4, 6])


def test_an_operating_point_has_no_axis_column() -> None:
    plan = Plan("op", None, (Column("v(out)", "V"),))
    assert [name for name, _ in flat_columns(Trace(plan, np.zeros(1), {"v(out)": np.ones(1)}))] == ["v(out)"]


def test_npz_keeps_names_with_slashes(tmp_path: Path) -> None:
    write_npz(tmp_path / "a.npz", {"weights/Yxh": np.eye(3), "tran/v(out)": np.arange(3)})
    with np.load(tmp_path / "a.npz") as found:
        assert set(found.files) == {"weights/Yxh", "tran/v(out)"}
        assert np.array_equal(found["weights/Yxh"], np.eye(3))


@pytest.mark.parametrize(
    "write", [lambda p: write_csv(p, trace()), lambda p: write_npz(p, {"a": np.ones(1)})]
)
def test_a_table_that_cannot_be_written_is_refused(tmp_path: Path, write: object) -> None:
    with pytest.raises(InputError, match="cannot be written: No such file or directory"):
        write(tmp_path / "nowhere" / "a")  # type: ignore[operator]
