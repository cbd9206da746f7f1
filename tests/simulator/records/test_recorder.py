import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

from eqchip.errors import InputError, SimulationError
from eqchip.simulator.records.arrays import ArrayPlan
from eqchip.simulator.records.claim import Claim, claim_default, claim_of
from eqchip.simulator.records.layout import decode, encode, group_names
from eqchip.simulator.records.provenance import Provenance
from eqchip.simulator.records.reader import Record
from eqchip.simulator.records.recorder import Recorder
from eqchip.simulator.records.target import part_of
from eqchip.simulator.rows import Column, Plan, Rows

BUS = Column("v(h)", "V", 3, ("h[0]", "h[1]", "h[2]"))
TRAN = Plan(
    "tran", Column("time", "s"), (Column("v(out)", "V"), Column("v(x/Y)", "V"), Column("i(v1)", "A"), BUS)
)
OP = Plan("op", None, (Column("v(out)", "V"), BUS))
ORIGIN = Provenance(
    "simulate", "rc", netlist="* rc\nR1 a 0 1k\n", overrides={"R1.r": 5.0}, seed=3, form="sparse"
)


def rows(first: int, count: int = 5, residual: float = 1e-13) -> Rows:
    t = 1e-6 * np.arange(first, first + count)
    return Rows(
        t,
        {"v(out)": 2 * t, "v(x/Y)": 3 * t, "i(v1)": -t, "v(h)": np.stack([t, t + 1, t + 2], axis=1)},
        residual,
    )


def record(path: Path, blocks: int = 4) -> Path:
    with Recorder(path, ORIGIN, [OP, TRAN]) as recorder:
        recorder.add(0, Rows(np.zeros(1), {"v(out)": np.array([1.5]), "v(h)": np.ones((1, 3))}, 1e-15))
        for block in range(blocks):
            recorder.add(1, rows(5 * block, residual=block * 1e-13))
    return path


def test_rows_come_back_in_the_order_they_went_in(tmp_path: Path) -> None:
    record(tmp_path / "rc.h5")
    with h5py.File(tmp_path / "rc.h5") as file:
        time = file["tran/time"][:]
        assert np.array_equal(time, 1e-6 * np.arange(20))
        assert np.array_equal(file["tran/v(out)"][:], 2 * time)
        assert np.array_equal(file["tran/v(h)"][:, 1], time + 1)
        assert file["op/v(out)"].shape == (1,)
        assert file["op/v(out)"][0] == 1.5
        assert file["tran/residual"][()] == pytest.approx(3e-13)


def test_a_slash_in_a_node_name_is_kept_in_the_long_name(tmp_path: Path) -> None:
    record(tmp_path / "rc.h5")
    with h5py.File(tmp_path / "rc.h5") as file:
        assert file["tran/v(x%2Fy)"].attrs["long_name"] == "v(x/Y)"
    assert Record(tmp_path / "rc.h5").traces["tran"]["V(X/Y)"][1] == 3e-6


@pytest.mark.parametrize("name", ["v(a)", "v(x1/net%2F)", "v(100%)", "v(%2f/%25)", "v(π)"])
def test_names_survive_the_file(name: str) -> None:
    assert "/" not in encode(name)
    assert decode(encode(name)) == name.lower()


def test_repeated_analyses_are_numbered() -> None:
    assert group_names(["op", "tran", "tran", "dc", "tran"]) == ["op", "tran", "tran_2", "dc", "tran_3"]


def test_units_are_those_of_cf_and_every_column_has_its_axis(tmp_path: Path) -> None:
    plan = Plan("dc", Column("v1", "V"), (Column("r(x)", "Ω"), Column("rho(h)", ""), Column("g", "S")))
    with Recorder(tmp_path / "a.h5", ORIGIN, [plan]) as recorder:
        recorder.add(0, Rows(np.zeros(2), {"r(x)": np.ones(2), "rho(h)": np.ones(2), "g": np.ones(2)}))
    with h5py.File(tmp_path / "a.h5") as file:
        group = file["dc"]
        assert [group[n].attrs["units"] for n in ("r(x)", "rho(h)", "g", "v1")] == ["ohm", "1", "S", "V"]
        assert all(group[name].dims[0][0].name == "/dc/v1" for name in ("r(x)", "rho(h)", "g"))
        assert group["v1"].is_scale
        assert group.attrs["NX_class"] == "NXdata"
        assert group[group.attrs["signal"]].shape == (2,)
        assert list(group.attrs["axes"]) == ["v1"]
        assert h5py.check_string_dtype(group["g"].attrs.get_id("units").dtype).length is None
    assert [column.unit for column in Record(tmp_path / "a.h5").traces["dc"].plan.columns] == ["Ω", "", "S"]


def test_a_bus_called_like_the_axis_keeps_its_own_dimension(tmp_path: Path) -> None:
    bus = Column("v(time)", "V", 2, ("time[0]", "time[1]"))
    with Recorder(tmp_path / "a.h5", ORIGIN, [Plan("tran", Column("time", "s"), (bus,))]) as recorder:
        recorder.add(0, Rows(np.arange(3.0), {"v(time)": np.ones((3, 2))}))
    with h5py.File(tmp_path / "a.h5") as file:
        assert file["tran/time"].shape == (3,)
        assert file["tran/v(time)"].dims[1][0].asstr()[1] == "time[1]"


def test_the_file_carries_its_origin(tmp_path: Path) -> None:
    path = record(tmp_path / "rc.h5")
    with h5py.File(path) as file:
        assert file["provenance/netlist"].asstr()[()] == ORIGIN.netlist
        assert json.loads(file["provenance/overrides"].asstr()[()]) == {"R1.r": 5.0}
        assert {"numpy", "hdf5", "eqchip"} <= json.loads(file["provenance/versions"].asstr()[()]).keys()
        assert file.attrs["seed"] == 3
        assert file["run/status"].asstr()[()] == "complete"
        assert file["run/finished"].asstr()[()] >= file["run/started"].asstr()[()]
    found = Record(path)
    assert found.facts["form"] == "sparse"
    assert "pools" in found.provenance["machine"]


def test_arrays_share_the_scales_of_their_buses(tmp_path: Path) -> None:
    x, h = ("x[0]", "x[1]"), ("h[0]", "h[1]", "h[2]")
    arrays = [
        ArrayPlan("weights/Yxh", (2, 3), "", ("x", "h"), (x, h)),
        ArrayPlan("weights/Yhh", (3, 3), "S", ("h", "h"), (h, h)),
        ArrayPlan("weights/Nh", (3,), "", ("h",), (h,)),
    ]
    with Recorder(tmp_path / "a.h5", ORIGIN, [OP], arrays) as recorder:
        recorder.add(0, Rows(np.zeros(1), {"v(out)": np.zeros(1), "v(h)": np.zeros((1, 3))}))
        recorder.put("weights/Yxh", np.arange(6.0).reshape(2, 3))
        recorder.put("weights/Yhh", np.eye(3))
        recorder.put("weights/Nh", np.ones(3))
        recorder.put("weights/Nh", np.full(3, 2.0))
    with h5py.File(tmp_path / "a.h5") as file:
        assert [dim[0].name for dim in file["weights/Yxh"].dims] == ["/weights/x", "/weights/h"]
        assert [dim[0].name for dim in file["weights/Yhh"].dims] == ["/weights/h", "/weights/h_2"]
        assert file["weights/Yhh"].attrs["units"] == "S"
    found = Record(tmp_path / "a.h5")
    assert set(found.arrays) == {"Yxh", "Yhh", "Nh"}
    assert np.array_equal(found.arrays["Nh"], [2, 2, 2])
    assert found.arrays["Yxh"][1, 2] == 5


def test_xarray_opens_every_group_without_a_warning(tmp_path: Path) -> None:
    xarray = pytest.importorskip("xarray")
    pytest.importorskip("h5netcdf")
    record(tmp_path / "rc.h5")
    with xarray.open_dataset(tmp_path / "rc.h5", group="tran", engine="h5netcdf") as found:
        assert found["v(h)"].dims == ("time", "h")
        assert float(found["v(h)"].sel(h="h[2]").isel(time=3)) == pytest.approx(2 + 3e-6)
        assert found["v(out)"].attrs["units"] == "V"
        assert found["time"].dtype == np.float64
    with xarray.open_datatree(tmp_path / "rc.h5", engine="h5netcdf") as tree:
        assert {"op", "tran", "run", "provenance"} <= set(tree.children)


def test_a_long_run_stays_in_bounded_memory(tmp_path: Path) -> None:
    """Eighty MB go through a recorder that may hold a few."""
    script = textwrap.dedent(
        """
        import resource, sys
        import numpy as np
        from eqchip.simulator.records.provenance import Provenance
        from eqchip.simulator.records.recorder import Recorder
        from eqchip.simulator.rows import Column, Plan, Rows
        columns = tuple(Column(f"v({i})", "V") for i in range(50))
        plan = Plan("tran", Column("time", "s"), columns)
        with Recorder(sys.argv[1], Provenance("simulate", "x"), [plan]) as recorder:
            for block in range(400):
                values = {c.name: np.full(500, float(block)) for c in columns}
                recorder.add(0, Rows(np.arange(500.0) + 500 * block, values))
                if block == 40:
                    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
        """
    )
    path = tmp_path / "long.h5"
    done = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, check=True)
    assert path.stat().st_size > 80e6
    assert int(done.stdout) < 30_000  # KB


KILLED = """
import sys, time
import numpy as np
from eqchip.simulator.records import recorder as module
from eqchip.simulator.records.provenance import Provenance
from eqchip.simulator.rows import Column, Plan, Rows
plan = Plan("tran", Column("time", "s"), (Column("v(out)", "V"), Column("v(h)", "V", 4)))
recorder = module.Recorder(sys.argv[1], Provenance("simulate", "x"), [plan])
block = 0
while True:
    t = np.arange(100.0) + 100 * block
    recorder.add(0, Rows(t, {"v(out)": 2 * t, "v(h)": np.stack([t] * 4, axis=1)}))
    recorder.flush()
    block += 1
    print(block, flush=True)
"""


@pytest.mark.parametrize("blocks", [1, 7, 60])
def test_a_killed_run_keeps_every_row_that_was_flushed(tmp_path: Path, blocks: int) -> None:
    path = tmp_path / "killed.h5"
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, path], stdout=subprocess.PIPE, text=True, env=os.environ.copy()
    )
    assert process.stdout is not None
    for line in process.stdout:
        if int(line) >= blocks:
            break
    time.sleep(0.003 * blocks)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert not path.exists()
    with h5py.File(part_of(path), "r", swmr=True) as file:
        t = file["tran/time"][:]
        assert t.shape[0] >= 100 * blocks
        assert np.array_equal(t, np.arange(t.shape[0]))
        assert file["run/status"].asstr()[()] == "running"
    found = Record(part_of(path))
    assert found.status == "running"
    trace = found.traces["tran"]
    assert trace["v(out)"].shape == trace.axis.shape
    assert np.array_equal(trace["v(out)"], 2 * trace.axis)


def test_a_reader_can_look_while_the_run_goes_on(tmp_path: Path) -> None:
    with Recorder(tmp_path / "rc.h5", ORIGIN, [TRAN]) as recorder:
        recorder.add(0, rows(0))
        recorder.flush()
        found = Record(part_of(tmp_path / "rc.h5"))
        assert found.traces["tran"].axis.shape == (5,)
        assert not (tmp_path / "rc.h5").exists()
    assert (tmp_path / "rc.h5").exists()
    assert not part_of(tmp_path / "rc.h5").exists()


def stopped(path: Path, error: BaseException) -> None:
    with Recorder(path, ORIGIN, [TRAN]) as recorder:
        recorder.add(0, rows(0))
        raise error


def test_what_failed_keeps_its_rows_and_says_why(tmp_path: Path) -> None:
    with pytest.raises(SimulationError):
        stopped(tmp_path / "rc.h5", SimulationError("the step became too small"))
    found = Record(tmp_path / "rc.h5")
    assert (found.status, found.message) == ("failed", "the step became too small")
    assert found.traces["tran"].axis.shape == (5,)


def test_what_failed_before_its_first_row_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(SimulationError), Recorder(tmp_path / "rc.h5", ORIGIN, [TRAN]):
        raise SimulationError("no operating point")
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_run_is_marked(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        stopped(tmp_path / "rc.h5", KeyboardInterrupt())
    assert Record(tmp_path / "rc.h5").status == "interrupted"


def test_a_second_run_into_one_name_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    first = Recorder(tmp_path / "rc.h5", ORIGIN, [TRAN])
    first.add(0, rows(0))
    with pytest.raises(InputError, match=r"another run is writing .*rc\.h5 \(process \d+ on "):
        Recorder(tmp_path / "rc.h5", ORIGIN, [TRAN])
    first.close()
    assert Record(tmp_path / "rc.h5").traces["tran"].axis[0] == 0.0
    record(tmp_path / "rc.h5")  # closed, it may be written again
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rc.h5"]


def test_a_run_whose_file_was_taken_away_says_so(tmp_path: Path) -> None:
    first = Recorder(tmp_path / "rc.h5", ORIGIN, [TRAN])
    first.add(0, rows(0))
    part_of(tmp_path / "rc.h5").unlink()
    with pytest.raises(InputError, match="another run is writing this file"):
        first.close()
    assert not claim_of(tmp_path / "rc.h5").exists()


def test_default_names_count_up_and_skip_what_is_being_written(tmp_path: Path) -> None:
    def name(chip: str) -> str:
        with claim_default(chip, tmp_path) as claim:
            return claim.path.name

    assert name("xor") == "xor.h5"
    (tmp_path / "xor.h5").touch()
    part_of(tmp_path / "xor-2.h5").touch()
    assert name("some/where/xor.cir") == "xor-3.h5"
    with Claim(tmp_path / "xor-3.h5"):
        assert name("xor") == "xor-4.h5"
    assert name("ep-784-500-10") == "ep-784-500-10.h5"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["xor-2.h5.part", "xor.h5"]


def test_what_cannot_become_a_record_is_refused_before_the_run(tmp_path: Path) -> None:
    (tmp_path / "folder.h5").mkdir()
    for name, message in [
        ("out.csv", r"out\.csv: records are HDF5 files\n  expected a name that ends in \.h5"),
        ("folder.h5", "is a directory"),
        ("nowhere/out.h5", "there is no directory"),
    ]:
        with pytest.raises(InputError, match=message):
            Recorder(tmp_path / name, ORIGIN, [TRAN])


@pytest.mark.parametrize("name", ["out.h5", "OUT.HDF5"])
def test_hdf5_suffixes_are_taken(tmp_path: Path, name: str) -> None:
    assert record(tmp_path / name).exists()


def test_what_the_system_says_is_said_in_its_words(tmp_path: Path) -> None:
    long = tmp_path / ("n" * 300 + ".h5")
    with pytest.raises(InputError, match=r"n\.h5 cannot be written: File name too long\Z"):
        Recorder(long, ORIGIN, [TRAN])
    with pytest.raises(InputError, match=r"n\.h5 cannot be read: File name too long\Z"):
        Record(long)
