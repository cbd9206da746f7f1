"""Which samples a check and a test are of, and whether they say so."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import eqchip
from eqchip.cli.main import run

AGAIN = "the test error is that of the training samples"
LINES = ["0,0,0", "1,0,1", "0,1,1", "1,1,0", "1,1,0"]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "five.csv").write_text("\n".join(LINES) + "\n")
    return tmp_path


def train(*more: str) -> None:
    assert run(["train", "xor", "-o", "t.h5", "--set", "train.epochs=2", *more]) == 0


def test_a_check_looks_at_what_was_trained_with(capsys: pytest.CaptureFixture[str]) -> None:
    train("--data", "five.csv", "-q")
    capsys.readouterr()
    few = ["--theorem", "reciprocity", "--json"]
    assert run(["check", "t.h5", "-o", "c.h5", *few]) == 0
    assert run(["check", "t.h5", "--data", "xor", *few]) == 0
    assert run(["check", "t.h5", "--data", "five.csv", *few]) == 0
    own, other, same = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert own["samples"] == 5
    assert other["samples"] == 4
    assert own["arrays"] == same["arrays"]
    assert own["arrays"]["Yxh"]["scale"] != other["arrays"]["Yxh"]["scale"]
    assert eqchip.open("c.h5").provenance["parameters"]["data_option"] == "five.csv"


@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_no_samples_apart_is_said(capsys: pytest.CaptureFixture[str], command: str) -> None:
    train("--data", "five.csv")
    if command == "evaluate":
        capsys.readouterr()
        assert run(["evaluate", "t.h5"]) == 0
    assert AGAIN in capsys.readouterr().err
    if command == "evaluate":
        assert run(["evaluate", "t.h5", "-q"]) == 0
        assert AGAIN not in capsys.readouterr().err


def test_samples_apart_are_not_complained_about(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=float)
    y = np.array([0, 1, 1, 0])
    np.savez(here / "two.npz", x_train=x, y_train=y, x_test=x[:2], y_test=y[:2])
    for more in (
        ["--data", "two.npz"],
        ["--data", "five.csv", "--set", "data.train=0:4", "--set", "data.test=4:5"],
        [],  # xor is all there is of xor
    ):
        train(*more)
        assert AGAIN not in capsys.readouterr().err
