"""What commands tell of cost: lines for people, keys for programs, the file they leave."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import pytest

from eqchip.cli.main import run

RC = "charging\nV1 in 0 pwl 0 0 1n 2\nR1 in out 1k\nC1 out 0 1n\n.options energy=1\n.tran 20n 20u\n.end\n"


def test_a_waveform_tells_its_energies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("rc.cir").write_text(RC)
    assert run(["simulate", "rc.cir", "-o", "a.h5", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["energy_joules"]
    assert told["delivered"]["v1"] == pytest.approx(4e-9, rel=1e-3)
    assert told["burnt"]["resistor"] == pytest.approx(2e-9, rel=1e-3)
    assert told["stored"] == pytest.approx(2e-9, rel=1e-6)
    with h5py.File("a.h5") as file:
        assert file.attrs["default"] == "tran"
        assert file["cost/delivered"].shape == (1, 1)
        assert file["cost/delivered"].dims[1][0].asstr()[0] == "v1"
    assert run(["simulate", "rc.cir", "-o", "b.h5", "--set", "options.energy=0"]) == 0
    assert "cost" not in capsys.readouterr().out


def test_a_training_and_its_evaluation_tell_what_a_sample_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["train", "xor", "-o", "a.h5", "--set", "train.epochs=2", "--json"]) == 0
    trained = json.loads(capsys.readouterr().out)
    assert run(["evaluate", "a.h5", "--json"]) == 0
    tested = json.loads(capsys.readouterr().out)
    assert set(trained["energy_joules"]) == {"free", "nudged", "update"}
    assert set(tested["energy_joules"]) == {"free"}
    assert 0.0 < tested["energy_joules_per_sample"] < trained["energy_joules_per_sample"]
    assert tested["energy_joules"]["free"] == pytest.approx(trained["energy_joules"]["free"])
    times = tested["settling_seconds"]
    assert 0.0 < times["median"] <= times["p95"] <= times["max"]
    assert times["tolerance"] == 0.01
    assert run(["evaluate", "a.h5"]) == 0
    out = capsys.readouterr().out
    assert "settles within 0.01 in" in out
    assert "an inference:" in out
    with h5py.File("a.h5") as file:
        kinds = file["cost/energy_free"].dims[1][0].asstr()[()].tolist()
        assert kinds == ["synapse", "neuron", "rails", "stored"]
