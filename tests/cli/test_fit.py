"""`eqchip fit` and `eqchip models --library`, as a user calls them."""

import json
from pathlib import Path

import numpy as np
import pytest

from eqchip.cli.main import run
from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.reader import read


@pytest.fixture
def pulses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(2)
    lines = ["device,pulse,g (uS)"]
    for device in range(2):
        w = -0.9
        for k in range(61):
            w += 0.0 if not k else 0.06 * (1 - w) if k <= 30 else -0.05 * (1 + w)
            lines.append(f"{device},{k},{50 + 40 * w + 0.02 * random.standard_normal():.5f}")
    file = tmp_path / "My data-1.csv"
    file.write_text("\n".join(lines) + "\n")
    return file


def test_a_fit_writes_a_library_a_picture_and_one_object(
    pulses: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    assert run(["fit", pulses.name, "--model", "softbounds", "-p", "a.svg", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["command"] == "fit"
    assert (said["outcome"], said["chip"], said["seed"]) == ("complete", None, None)
    assert said["file"] == "my_data_1.lib"
    assert (said["devices"], said["trains"], said["model"]) == (2, 4, "softbounds")
    assert said["models"]["softbounds"]["residual"] < 0.01 * (said["range"][1] - said["range"][0])
    assert pulses.with_name("a.svg").read_text().startswith("<?xml")
    chip = pulses.with_name("chip.cir")
    chip.write_text("t\n.include my_data_1.lib\n.model syn ako:my_data_1 (wscale=3)\nR1 a 0 1\n.op\n")
    found = elaborate(read(chip)).models["syn"].values
    assert found["dw_min"] == pytest.approx(said["values"]["dw_min"], rel=1e-6)
    assert found["wscale"] == 3.0


def test_without_a_model_all_are_compared_and_the_best_is_kept(
    pulses: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["fit", pulses.name, "-o", "best.lib", "--name", "best", "-q"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[0] == "model"
    table = [line.split() for line in lines[1:8]]
    assert {row[0] for row in table} == {
        "constant", "linear", "softbounds", "exponential", "power", "pmax", "table",
    }  # fmt: skip
    above = [float(row[-1]) for row in table]
    assert above[0] == 0.0
    assert above == sorted(above)
    assert f"update={table[0][0]} " in pulses.with_name("best.lib").read_text()
    assert lines[-1].startswith("wrote best.lib: .include best.lib")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "softbond"], "no model 'softbond' to fit; did you mean 'softbounds'?"),
        (["--name", "9"], "'9' is no name for a model"),
        (["--unit", "uA"], "--unit uA: no unit of conductance"),
        (["-p", "a.gif"], "a.gif: no such picture format"),
        (["--model", "softbounds", "-o", "no/where.lib"], "no/where.lib cannot be written"),
    ],
)
def test_what_cannot_be_done_is_said(
    pulses: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["fit", pulses.name, *arguments]) == 2
    assert message in capsys.readouterr().err


def test_a_wrong_line_is_shown(pulses: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pulses.write_text("device,pulse,g (uS)\n0,0,1\n0,1,one\n")
    assert run(["fit", pulses.name]) == 2
    assert "My data-1.csv:3:5: 'one' is not a number" in capsys.readouterr().err


def test_libraries_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["models", "--library", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["library"]
    assert {"name", "library", "technology", "type", "text", "source"} == set(listed[0])
    assert "pcm_nandakumar" in {one["name"] for one in listed}
    assert run(["models", "--library", "pcm"]) == 0
    said = capsys.readouterr().out
    assert "Phase-change memory: .include pcm.lib" in said
    assert "reram_om" not in said
    assert run(["models", "--library", "pcn"]) == 2
    assert "no library 'pcn'" in capsys.readouterr().err


def test_a_model_of_a_library_is_shown_with_its_values(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["models", "ecram_kim"]) == 0
    said = capsys.readouterr().out
    assert "source: S. Kim et al., IEDM 2019" in said
    assert "dw_min            0.00028214" in said or "0.00028214" in said
    assert run(["models", "ecram_kim", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["values"]["gamma_down"] == 0.7342
