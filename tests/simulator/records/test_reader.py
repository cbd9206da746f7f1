from pathlib import Path

import h5py
import numpy as np
import pytest

from eqchip.errors import InputError
from eqchip.simulator.records.provenance import Provenance
from eqchip.simulator.records.reader import Record
from eqchip.simulator.records.recorder import Recorder
from eqchip.simulator.rows import Column, Plan, Rows


def test_a_record_reads_what_the_plan_said(tmp_path: Path) -> None:
    columns = (Column("v(b)", "V"), Column("v(a)", "V"), Column("v(h)", "V", 2, ("h[0]", "h[1]")))
    plan = Plan("dc", Column("v1", "V"), columns, {"note": "slow", "stop": 2.0})
    with Recorder(tmp_path / "a.h5", Provenance("simulate", "a"), [plan]) as recorder:
        recorder.add(
            0, Rows(np.arange(3.0), {"v(b)": np.ones(3), "v(a)": np.zeros(3), "v(h)": np.ones((3, 2))})
        )
    trace = Record(tmp_path / "a.h5").traces["dc"]
    assert trace.plan == plan  # order, units, labels and attributes
    assert np.array_equal(trace["v1"], [0, 1, 2])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: None, r"there is no file .*rum\.h5; did you mean 'run\.h5'\?"),
        (lambda p: p.mkdir(), "is a directory"),
        (lambda p: p.touch(), r"rum\.h5 is empty\n  expected an HDF5 file"),
        (lambda p: p.write_text("* netlist\n"), "is not an HDF5 file"),
        (lambda p: h5py.File(p, "w").close(), "not one of eqchip"),
        (lambda p: p.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(40)), "cannot be read"),
    ],
)
def test_what_is_no_record_is_refused(tmp_path: Path, make: object, message: str) -> None:
    (tmp_path / "run.h5").touch()
    path = tmp_path / "rum.h5"
    make(path)  # type: ignore[operator]
    with pytest.raises(InputError, match=message):
        Record(path)


def test_a_file_still_being_written_is_pointed_at(tmp_path: Path) -> None:
    (tmp_path / "a.h5.part").touch()
    with pytest.raises(InputError, match=r"a\.h5\.part is being written, or was killed"):
        Record(tmp_path / "a.h5")


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.attrs["schema"] = "eqchip"
        file.attrs["schema_version"] = 99
    with pytest.raises(InputError, match=r"newer eqchip \(schema 99; known: 1\)"):
        Record(tmp_path / "a.h5")


def recorded(path: Path) -> Path:
    plan = Plan("dc", Column("v1", "V"), (Column("v(a)", "V"),))
    with Recorder(path, Provenance("simulate", "a"), [plan]) as recorder:
        recorder.add(0, Rows(np.arange(3.0), {"v(a)": np.ones(3)}))
    return path


@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
def test_a_file_that_was_cut_off_is_refused_at_once(tmp_path: Path, share: float) -> None:
    """Opened as one that is being written, HDF5 would wait for the missing end without end."""
    path = recorded(tmp_path / "a.h5")
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.truncate(int(share * size))
    with pytest.raises(
        InputError, match=rf"a\.h5 is cut off: it has {int(share * size):,} of {size:,} bytes"
    ):
        Record(path)


def test_a_file_that_lacks_a_part_is_refused(tmp_path: Path) -> None:
    path = recorded(tmp_path / "a.h5")
    with h5py.File(path, "r+") as file:
        del file["run"]
    with pytest.raises(InputError, match=r"a\.h5 lacks what every record has: .*component not found"):
        Record(path)
