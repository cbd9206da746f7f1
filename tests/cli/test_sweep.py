"""`eqchip sweep`, `--ideal`, `--only`, `--chip-seed` and `--explain`, as a user runs them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import eqchip
from eqchip.cli.main import run
from eqchip.simulator.loaded import LoadedChip
from eqchip.simulator.studies.task import Task

REAL = ("--set", "train.epochs=2", "--set", "cell.offset=0.2", "--set", "cell.slope_dtod=0.2")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_an_ablation_is_a_table_a_file_and_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sweep", "xor", "--ablate", "--seeds", "2", *REAL]) == 0
    out = capsys.readouterr().out
    assert "test error, by imperfection" in out
    assert "cosine, by imperfection" in out
    assert "wrote xor.h5: 12 points" in out
    assert "eqchip plot xor.h5" in out
    assert run(["sweep", "xor", "--ablate", "--seeds", "3", *REAL, "--resume", "xor.h5", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["points"], said["completed"], said["failed"]) == (18, 18, 0)
    assert (said["command"], said["run"], said["file"]) == ("sweep", "train", "xor.h5")
    found = said["ablation"]
    assert found["measures"] == ["test_error", "cosine"]
    assert {one["name"] for one in found["imperfections"]} == {"gain_mismatch", "offset"}
    assert found["as_is"]["test_error"]["seeds"] == 3
    run_again = eqchip.open("xor.h5")
    assert np.mean(run_again["study/test_error"][:3]) == pytest.approx(found["as_is"]["test_error"]["mean"])
    for command in (["plot", "xor.h5"], ["show", "xor.h5"], ["export", "xor.h5", "--to", "csv"]):
        assert run(command) == 0


def test_ranges_are_crossed_and_a_failed_point_leaves_3(capsys: pytest.CaptureFixture[str]) -> None:
    vary = ["--vary", "train.beta=0.1:1:2:log", "--vary", "cell.offset=0,0.1"]
    assert run(["sweep", "xor", *vary, "--set", "train.epochs=1", "-o", "v.h5"]) == 3
    out = capsys.readouterr().out
    assert "train.beta" in out
    assert "2 of 4 points failed:" in out
    assert "there is no equilibrium" in out
    with h5py.File("v.h5") as file:
        assert file["study/train.beta"][:].tolist() == [0.1, 0.1, 1.0, 1.0]
        assert file["study/status"][:].tolist() == [1, 1, 2, 2]
        assert "overrides" in file["provenance"]
        assert file["study"].attrs["design"] == "grid"
    assert run(["plot", "v.h5", "-o", "v.svg"]) == 0
    assert "2 of 4 points failed" in Path("v.svg").read_text()
    capsys.readouterr()
    words = ["--vary", "train.rule=contrast,chl", "--seeds", "2", "--set", "train.epochs=1", "--json"]
    assert run(["sweep", "xor", *words, "-o", "w.h5"]) == 0
    assert json.loads(capsys.readouterr().out)["points"] == 4
    assert eqchip.open("w.h5")["study"].trace.plan.attributes["train.rule"] == [
        "contrast",
        "contrast",
        "chl",
        "chl",
    ]
    assert run(["plot", "w.h5"]) == 0


def test_imperfections_go_and_come_back(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", "xor", *REAL, "--ideal", "offset", "--chip-seed", "4", "-o", "a.h5", "-q"]) == 0
    assert (
        run(["train", "xor", *REAL, "--only", "gain_mismatch", "--chip-seed", "4", "-o", "b.h5", "-q"]) == 0
    )
    with h5py.File("a.h5") as a, h5py.File("b.h5") as b:
        assert np.array_equal(a["weights/Yxh"][:], b["weights/Yxh"][:])
        assert json.loads(a["provenance/parameters"][()])["ideal"] == ["offset"]
        assert json.loads(b["provenance/parameters"][()])["only"] == ["gain_mismatch"]
    capsys.readouterr()
    losses = {}
    for name, more in (
        ("same", []),
        ("whole", ["--ideal", "none"]),
        ("perfect", ["--ideal", "all"]),
        ("other", ["--chip-seed", "5"]),
    ):
        assert run(["evaluate", "a.h5", "--json", *more]) == 0
        losses[name] = json.loads(capsys.readouterr().out)["test_loss"]
    assert len(set(losses.values())) == 4
    assert losses["same"] == eqchip.open("a.h5")["training/test_loss"][-1]
    ideal = eqchip.load("a.h5").set({"cell.slope_dtod": 0.0})
    assert losses["perfect"] == float(eqchip.evaluate(ideal)["test_loss"])


def test_what_a_chip_has_not_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", "xor", "--set", "train.epochs=1", "--ideal", "gain"]) == 0
    assert "--ideal gain: no part of xor has this imperfection (it has none)" in capsys.readouterr().err
    assert run(["check", "xor", "--samples", "1", *REAL, "--only", "gain", "--theorem", "reciprocity"]) == 0
    assert (
        "--only gain: no part of xor has this imperfection (it has gain_mismatch, offset)"
        in capsys.readouterr().err
    )


def test_explain_is_the_same_study(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", "xor", *REAL, "-o", "a.h5", "-q"]) == 0
    capsys.readouterr()
    assert run(["evaluate", "a.h5", "--explain", "--seeds", "2", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["command"], said["points"], said["failed"]) == ("evaluate", 12, 0)
    assert said["ablation"]["as_is"]["test_error"]["mean"] == said["test_error"]
    assert run(["sweep", "a.h5", "--ablate", "--seeds", "2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["ablation"] == said["ablation"]
    check = ["check", "a.h5", "--explain", "--seeds", "1", "--theorem", "reciprocity"]
    assert run([*check, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["ablation"]["measures"] == ["cosine"]
    assert run(check) == 0
    assert "costs alone" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sweep", "xor"], "there is nothing to sweep"),
        (["sweep", "xor", "--ablate"], "has no imperfection to look at"),
        (["sweep", "xor", "--ablate", "--vary", "train.beta=1,2"], "--ablate and --vary are two studies"),
        (["sweep", "xor", "--vary", "train.beta=0.1:1"], "not a range"),
        (["sweep", "xor", "--vary", "cell.ofset=1,2"], "did you mean 'offset'"),
        (["sweep", "xor", "--seeds", "2", "--resume", "none.h5"], "there is no file none.h5"),
        (["sweep", "xor", "--seeds", "2", "--resume", "a.h5", "-o", "b.h5"], "goes on in its own file"),
        (["sweep", "xor", "--seeds", "2", "--run", "evaluate"], "xor is not trained"),
        (["train", "xor", "--set", "cell.dw_min=1"], "has no parameter 'dw_min': synapse has it"),
        (["train", "xor", "--set", "syn.rrow=1"], "resistor, diode and 7 others have it"),
        (["train", "xor", "--set", "syn.read_nose=1"], " in all: eqchip models)"),
        (["train", "xor", "--set", "syn.levels=1"], "xor.cir:6:9: Yxh: levels=1: one level holds nothing"),
        (["train", "xor", "--ideal", "ofset"], "did you mean 'offset'"),
        (["train", "xor", "--ideal", "offset", "--only", "offset"], "contradict each other"),
        (["check", "xor", "--explain", "--ngspice"], "one of them"),
        (["check", "xor", "--explain", "--theorem", "reciprocity"], "has no imperfection to look at"),
        (["models", "--imperfections", "nueron"], "did you mean 'neuron'"),
    ],
)
def test_mistakes_are_said(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2
    assert message in capsys.readouterr().err
    assert not list(Path().glob("*.h5*"))


def test_a_resumed_training_keeps_its_imperfections(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", "xor", *REAL, "--ideal", "offset", "-o", "a.h5", "-q"]) == 0
    more = ["train", "--resume", "a.h5", "--set", "train.epochs=3"]
    assert run([*more, "--ideal", "gain_mismatch"]) == 2
    assert "differ from what a.h5 was trained with" in capsys.readouterr().err
    assert run([*more, "--ideal", "offset"]) == 0
    whole = eqchip.train(
        eqchip.load("xor")
        .set({"train.epochs": 3, "cell.offset": 0.2, "cell.slope_dtod": 0.2})
        .ideal("offset")
    )
    assert np.array_equal(eqchip.open("a.h5").weights["Yxh"], whole.weights["Yxh"])


def test_ctrl_c_says_how_to_go_on(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before, calls = Task.run, []

    def stop(self: Task, chip: LoadedChip, tick: Any = None) -> dict[str, float]:
        calls.append(chip)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return before(self, chip, tick)

    monkeypatch.setattr(Task, "run", stop)
    command = ["sweep", "xor", "--seeds", "4", "--set", "train.epochs=1"]
    assert run(command) == 130
    said = capsys.readouterr().err
    assert "2 of 4 points are kept in xor.h5; go on with the same command and --resume xor.h5" in said
    assert run([*command, "--resume", "xor.h5", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["completed"] == 4
    assert len(calls) == 5


def test_models_list_imperfections(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["models", "--imperfections"]) == 0
    out = capsys.readouterr().out
    assert "slope_dtod" in out
    assert "--only NAME" in out
    assert run(["models", "--imperfections", "neuron", "--json"]) == 0
    found = {one["name"]: one for one in json.loads(capsys.readouterr().out)["imperfections"]}
    assert found["offset"]["places"] == ["drawn", "node"]
    assert run(["models", "neuron", "--json"]) == 0
    neuron = {one["name"]: one for one in json.loads(capsys.readouterr().out)["parameters"]}
    assert neuron["slope_dtod"]["imperfection"] == "gain_mismatch"
    assert neuron["c"]["imperfection"] == ""


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("offset", {("offset", "neuron"), ("offset_dtod", "neuron"), ("offset", ".input")}),
        ("adc_noise", {("noise", ".output")}),
        ("dw_min", {("dw_min", "synapse")}),
        (".nudge", {("gain_error", ".nudge"), ("cost", ".nudge")}),
        ("output", {("bits", ".output")}),
    ],
)
def test_models_find_what_an_imperfection_a_parameter_or_a_card_is(
    name: str, found: set[tuple[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["models", name, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["parameters"]
    assert found <= {(one["name"], one["of"]) for one in told}
    assert run(["models", name]) == 0
    assert next(iter(found))[1] in capsys.readouterr().out


def test_a_name_that_is_both_means_the_device(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["models", "r"]) == 0
    assert capsys.readouterr().out.startswith("resistor")
