"""`eqchip train` and `evaluate`, as a user runs them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

from eqchip.cli.main import run


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def trained(*more: str) -> None:
    assert run(["train", "xor", "-o", "xor.h5", "--set", "train.epochs=4", *more]) == 0


def test_training_writes_curves_and_weights_and_says_what_to_try(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["train", "xor", "--set", "train.epochs=5"]) == 0
    out = capsys.readouterr().out
    assert "test error" in out
    assert "next: eqchip plot xor.h5" in out
    with h5py.File("xor.h5") as file:
        assert np.array_equal(file["training/epoch"][:], [1, 2, 3, 4, 5])
        assert file["training/test_error"].shape == (5,)
        assert file["weights/Yxh"].shape == (2, 10)
        assert file["weights/Yxh"].dims[0][0].asstr()[0] == "x[0]"
        assert np.all(np.isfinite(file["weights/Ny"][:]))
        assert file.attrs["form"] == "array"


def test_json_has_the_keys_of_a_training(capsys: pytest.CaptureFixture[str]) -> None:
    trained("--json", "--seed", "7", "--form", "sparse")
    answer = json.loads(capsys.readouterr().out)
    shared = {"command", "chip", "form", "dtype", "seed", "outcome", "seconds", "file"}
    own = {
        "test_error",
        "train_error",
        "test_loss",
        "epochs",
        "samples_per_second",
        "latency_seconds",
        "energy_joules_per_sample",
    }
    assert shared | own <= answer.keys()
    assert (answer["form"], answer["seed"], answer["epochs"]) == ("sparse", 7, 4)


def test_a_seed_gives_the_same_weights_and_another_gives_others() -> None:
    weights = []
    for name, seed in (("a.h5", "1"), ("b.h5", "1"), ("c.h5", "2")):
        assert run(["train", "xor", "-o", name, "--seed", seed, "--set", "train.epochs=2", "-q"]) == 0
        with h5py.File(name) as file:
            weights.append(file["weights/Yxh"][:])
    assert np.array_equal(weights[0], weights[1])
    assert not np.array_equal(weights[0], weights[2])


def test_a_trained_chip_answers_again_as_it_did(capsys: pytest.CaptureFixture[str]) -> None:
    trained("--json")
    first = json.loads(capsys.readouterr().out)
    assert run(["evaluate", "xor.h5", "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["command"] == "evaluate"
    assert again["test_loss"] == pytest.approx(first["test_loss"], rel=1e-12)
    assert again["test_error"] == first["test_error"]
    assert run(["evaluate", "xor.h5", "--form", "sparse", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["test_loss"] == pytest.approx(first["test_loss"], rel=1e-6)


def test_evaluate_reacts_to_set(capsys: pytest.CaptureFixture[str]) -> None:
    trained("--json")
    first = json.loads(capsys.readouterr().out)
    assert run(["evaluate", "xor.h5", "--set", "cell.slope=3", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["test_loss"] != first["test_loss"]


def test_training_a_record_starts_from_its_beginning(capsys: pytest.CaptureFixture[str]) -> None:
    trained()
    assert run(["train", "xor.h5", "-o", "again.h5"]) == 0  # epochs=4 is part of the record
    with h5py.File("xor.h5") as first, h5py.File("again.h5") as again:
        assert np.array_equal(first["weights/Yxh"][:], again["weights/Yxh"][:])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "xr"], "did you mean 'xor'?"),
        (["train", "xor", "--set", "train.epoch=3"], "did you mean 'epochs'?"),
        (["train", "xor", "--set", "train.epochs=-1"], "epochs"),
        (["train", "xor", "--set", "train.rule=coupled"], "not supported yet"),
        (["train", "xor", "--data", "nowhere.npz"], "nowhere.npz"),
        (["train", "xor", "--data", "mnist:nowhere"], "nowhere"),
        (["train", "xor", "--dtype", "float16"], "'float16' is not one of"),
        (["train", "plain.cir"], "plain.cir has nothing that learns: no .learn card"),
        (["evaluate", "xor"], "xor is not trained\n  expected a file that eqchip train wrote"),
        (["evaluate", "nowhere.h5"], "there is no file nowhere.h5"),
        (["evaluate", "plain.h5"], "is not an HDF5 file"),
    ],
)
def test_wrong_input_leaves_with_2(
    arguments: list[str], message: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "plain.cir").write_text("plain\nV1 a 0 1\nR1 a 0 1k\n.op\n")
    (here / "plain.h5").write_text("plain")
    assert run(arguments) == 2
    shown = capsys.readouterr()
    assert message in shown.err
    assert "Traceback" not in shown.err
    assert not list(here.glob("xor*"))


def test_an_interrupt_keeps_the_epochs_that_were_done(here: Path) -> None:
    command = [sys.executable, "-m", "eqchip", "train", "xor", "--set", "train.epochs=10000000"]
    process = subprocess.Popen(command, cwd=here, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        process.stdout.readline(), process.stdout.readline()  # the head and the first epoch
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "epochs are kept in xor.h5" in err
    assert "Traceback" not in err
    with h5py.File(here / "xor.h5") as file:
        assert file["run/status"].asstr()[()] == "interrupted"
        assert np.array_equal(file["training/epoch"][:], 1 + np.arange(file["training/epoch"].shape[0]))
        assert np.all(np.isfinite(file["weights/Yxh"][:]))
    assert run(["evaluate", "xor.h5"]) == 0


def test_an_empty_name_for_the_result_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", "xor", "-o", ""]) == 2
    assert "records are HDF5 files" in capsys.readouterr().err


def test_errors_of_samples_kept_to_choose_by_are_shown_and_kept(capsys: pytest.CaptureFixture[str]) -> None:
    shared = ["train", "iris", "--set", "train.epochs=1", "-o"]
    assert run([*shared, "all.h5"]) == 0
    assert "valid error" not in capsys.readouterr().out
    assert run([*shared, "part.h5", "--set", "data.valid=90:120"]) == 0
    assert "valid error" in capsys.readouterr().out
    with h5py.File("part.h5") as file:
        assert 0.0 <= file["training/valid_error"][0] <= 1.0


def test_missing_files_of_mnist_are_said_with_the_command_to_use(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EQCHIP_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert run(["train", "ep-784-500-10"]) == 2
    said = capsys.readouterr().err
    assert f"the files of MNIST are not in {tmp_path / 'mnist'}" in said
    assert "--data mnist:DIR" in said
