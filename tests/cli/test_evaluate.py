"""`eqchip evaluate` and `recover`, as a user runs them; what they leave in files."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

import eqchip
from eqchip.cli.main import run
from eqchip.simulator.cost.confusion import confusion, wilson
from eqchip.simulator.cost.decoding import Readout, Several
from eqchip.simulator.records.recover import lookup3


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def trained(epochs: int = 10, *more: str) -> None:
    assert run(["train", "xor", "-o", "xor.h5", "--set", f"train.epochs={epochs}", "-q", *more]) == 0


def test_error_has_its_interval_and_mistakes_their_names(capsys: pytest.CaptureFixture[str]) -> None:
    trained()
    capsys.readouterr()
    assert run(["evaluate", "xor.h5", "-o", "ev.h5"]) == 0
    out = capsys.readouterr().out
    assert "4 test samples: error 25.00 % (4.56 to 69.94 %)" in out
    assert "most frequent mistakes: 0 for 1 (1)" in out
    assert "next: eqchip plot ev.h5" in out
    with h5py.File("ev.h5") as file, h5py.File("xor.h5") as first:
        counts = file["confusion/answers"][:]
        assert counts.sum() == 4
        assert (
            1 - np.trace(counts) / 4 == file["evaluation/test_error"][0] == first["training/test_error"][-1]
        )
        assert np.array_equal(counts, first["confusion/answers"][:])
        assert file["cost/latency"].shape == (4,)
        assert list(file["cost"].attrs["devices"]) == ["synapse", "neuron", "voltage source"]
        assert list(file["cost"].attrs["device_counts"]) == [30, 11, 2]
    assert run(["plot", "ev.h5"]) == 0


def test_it_is_tested_with_what_it_was_trained_with(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "two.csv").write_text("a,b,label\n0,0,0\n1,0,1\n")
    trained(3, "--data", "two.csv")
    capsys.readouterr()
    for more, samples in (([], 2), (["--data", "xor"], 4)):
        assert run(["evaluate", "xor.h5", "--json", *more]) == 0
        assert json.loads(capsys.readouterr().out)["samples"] == samples


def test_answers_of_python_are_a_run(here: Path) -> None:
    trained()
    found = eqchip.evaluate("xor.h5")
    assert found["test_error"] == 0.25
    assert found["evaluation/test_loss"] > 0
    assert found["confusion/answers"].sum() == 4
    assert found.to_xarray("confusion")["answers"].dims[0] == "class"
    assert "evaluate xor" in repr(found)
    assert "test_error_low" in found._repr_html_()
    again = eqchip.evaluate("xor.h5", "ev.h5")
    assert float(again["test_loss"]) == float(found["test_loss"])


def test_epochs_are_watched_and_resumed_from_python(here: Path) -> None:
    seen: list[int] = []
    whole = eqchip.train(eqchip.load("xor").set({"train.epochs": 4}), watch=lambda e: seen.append(e.number))
    assert seen == [1, 2, 3, 4]
    assert {"settling", "cost", "confusion", "training"} == set(whole.parts)
    chip = eqchip.load("xor").set({"train.epochs": 2})
    eqchip.train(chip, "xor.h5")
    with h5py.File("xor.h5", "r+") as file:  # as if it had been planned
        file["provenance/overrides"][()] = json.dumps({"train.epochs": 4})
    parts = eqchip.train("xor.h5", resume=True, watch=lambda e: seen.append(e.number))
    assert seen == [1, 2, 3, 4, 3, 4]
    assert np.array_equal(parts.weights["Yxh"], whole.weights["Yxh"])
    assert np.array_equal(parts["training/test_loss"], whole["training/test_loss"])
    assert np.array_equal(parts.beginning["Yxh"], whole.beginning["Yxh"])
    assert np.array_equal(parts["settling/v(h)"], whole["settling/v(h)"])
    with pytest.raises(eqchip.errors.InputError, match="all 4 epochs"):
        eqchip.train("xor", "xor.h5", resume=True)
    with pytest.raises(eqchip.errors.InputError, match="did not set it"):
        eqchip.train(eqchip.load("xor").set({"cell.slope": 2}), "xor.h5", resume=True)
    with pytest.raises(eqchip.errors.InputError, match="of what"):
        eqchip.train(eqchip.load("xor"), resume=True)


def test_settling_is_followed_to_the_outputs_that_are_read(here: Path) -> None:
    trained(30)
    settling = eqchip.open("xor.h5")["settling"]
    last = (settling["trained"] == 1) & (settling["phase"] == 1)
    free = settling["step"][last] == settling["step"][last].max()
    found = settling["v(y)"][last][free][:, 0]
    chip = eqchip.load("xor.h5").compile()
    from eqchip.simulator.chip import Settling
    from eqchip.simulator.data.load import load

    wanted = chip.outputs(chip.settle(load(chip.circuit).test.inputs[:3], Settling(tol=1e-10)))[:, 0]
    assert found == pytest.approx(wanted, abs=1e-3)
    assert settling["residual"][last][free] == pytest.approx(np.zeros(3), abs=1e-3)
    # The nudged phase begins where the free one ended.
    for sample in range(3):
        one = (settling["trained"] == 1) & (settling["sample"] == sample)
        ends = settling["v(h)"][one & (settling["phase"] == 1)][-1]
        assert np.array_equal(settling["v(h)"][one & (settling["phase"] == 2)][0], ends)
        assert np.all(np.diff(settling["time"][one]) >= 0)


def test_every_group_of_a_training_opens_in_xarray(here: Path) -> None:
    xarray = pytest.importorskip("xarray")
    pytest.importorskip("h5netcdf")
    trained(2)
    with xarray.open_datatree("xor.h5", engine="h5netcdf") as tree:
        found = set(tree.children)
        assert {"settling", "cost", "confusion", "training", "weights", "weights_before", "state"} <= found
        assert tree["settling"]["v(h)"].dims == ("row", "h")
        assert tree["state/a/parameters"]["Yxh"].shape == (2, 10)


def test_a_killed_file_is_closed_and_resumed_or_read(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = [sys.executable, "-m", "eqchip", "train", "xor", "--set", "train.epochs=1000000"]
    process = subprocess.Popen(command, cwd=here, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline(), process.stdout.readline()
    assert run(["recover", "xor.h5"]) == 2
    assert "another run is writing xor.h5" in capsys.readouterr().err
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert run(["recover", "xor.h5.part", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["outcome"], answer["file"], answer["source"]) == ("interrupted", "xor.h5", "xor.h5.part")
    with h5py.File("xor.h5") as file:  # plainly: no swmr any more
        assert file["run/status"].asstr()[()] == "interrupted"
        lengths = {len(one) for name, one in file["training"].items() if one.shape}
        assert lengths == {answer["rows"]["training"]}
    assert sorted(path.name for path in here.iterdir()) == ["xor.h5"]
    assert run(["recover", "xor.h5"]) == 2
    assert "xor.h5 was closed properly" in capsys.readouterr().err
    Path("xor.h5").rename("b.h5.part")
    Path("b.h5").touch()
    assert run(["recover", "b.h5.part"]) == 2
    assert "b.h5 exists\n  expected another name after -o" in capsys.readouterr().err
    assert run(["recover", "b.h5.part", "-o", "c.h5"]) == 0
    Path("d.h5.part").write_text("no HDF5")
    assert run(["recover", "d.h5.part"]) == 2
    assert run(["recover", "e.h5.part"]) == 2


def test_lookup3_gives_the_published_hashes() -> None:
    assert lookup3(b"") == 0xDEADBEEF
    assert lookup3(b"Four score and seven years ago") == 0x17770551


def test_confusion_counts_class_by_answer() -> None:
    outputs = np.array([[0.9, 0.1, 0.0], [0.2, 0.1, 0.3], [0.0, 1.0, 0.2]])
    targets = np.eye(3)[[0, 1, 1]]
    found = confusion(Readout("argmax"), outputs, targets)
    assert found is not None
    assert found.tolist() == [[1, 0, 0], [0, 1, 1], [0, 0, 0]]
    sides = confusion(Readout("sign"), np.array([[0.3], [-0.2]]), np.array([[1.0], [1.0]]))
    assert sides is not None
    assert sides.tolist() == [[0, 0], [1, 1]]
    assert confusion(Readout("linear"), outputs, targets) is None
    assert confusion(Readout("sign"), outputs, targets) is None
    assert confusion(Several((Readout(), Readout()), (2, 1)), outputs, targets) is None


@pytest.mark.parametrize(("wrong", "samples"), [(0, 10), (3, 10), (10, 10), (392, 10000)])
def test_wilson_holds_where_the_normal_test_does(wrong: int, samples: int) -> None:
    """Its ends are the p at which |p − wrong/samples| is z standard deviations of p."""
    z = 1.959963984540054
    for end in wilson(wrong, samples):
        if 1e-9 < end < 1.0 - 1e-9:
            assert abs(end - wrong / samples) == pytest.approx(z * np.sqrt(end * (1 - end) / samples))
    low, high = wilson(wrong, samples)
    assert 0.0 <= low <= wrong / samples <= high <= 1.0
