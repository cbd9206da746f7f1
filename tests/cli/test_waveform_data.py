"""`eqchip simulate --data` for learning waveforms; values set that nothing reads."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import eqchip
from eqchip.cli.main import run
from eqchip.simulator.analyses import moving

OP = """a chip with an operating point
.bus x[2] y[1]
.model syn synapse(init=glorot)
.model cell neuron(activation=tanh)
Y1 x y syn
Ny y cell
.input x
.output y decode=threshold
.nudge y
.learn Y1 rate=0.1
.data xor
.op
.end
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ones.csv").write_text("1,1,1\n1,1,0\n1,1,1\n")
    return tmp_path


def test_a_waveform_learns_from_other_samples(capsys: pytest.CaptureFixture[str]) -> None:
    chip = eqchip.load("stdp-waveform")
    text = chip.netlist.text.replace("576u", "60u")
    Path("short.cir").write_text(text)
    assert run(["simulate", "short.cir", "-q", "--data", "ones.csv", "-o", "a.h5"]) == 0
    found = eqchip.open("a.h5")
    assert set(found["sample"]) <= {0.0, 1.0, 2.0}
    held = found["phase"] == 1
    assert np.allclose(found["v(x)"][held], 1.0)  # gain=2 offset=-1 of ones
    assert found.provenance["parameters"]["data_option"] == "ones.csv"
    capsys.readouterr()
    assert run(["evaluate", "a.h5", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["samples"] == 3
    # Out of its record it goes on with the same samples.
    assert run(["simulate", "a.h5", "-q", "-o", "b.h5"]) == 0
    assert np.allclose(eqchip.open("b.h5")["v(x)"][eqchip.open("b.h5")["phase"] == 1], 1.0)
    same = eqchip.simulate(eqchip.load("./short.cir"), data="ones.csv")
    assert np.array_equal(same["v(y)"], found["v(y)"])


def test_data_for_nothing_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    Path("op.cir").write_text(OP)
    assert run(["simulate", "op.cir", "--data", "ones.csv", "-o", "a.h5"]) == 2
    assert "shows no samples" in capsys.readouterr().err
    assert not Path("a.h5").exists()


def test_values_that_nothing_reads_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    Path("op.cir").write_text(OP)
    more = ["--set", "train.beta=0.3", "--set", "learn.Y1.rate=0.2", "--set", "cell.slope=2"]
    assert run(["simulate", "op.cir", "-o", "a.h5", *more]) == 0
    err = capsys.readouterr().err
    assert "train.beta changes nothing" in err
    assert "learn.Y1.rate changes nothing" in err
    assert "cell.slope" not in err


def test_weights_of_wide_chips_are_recorded_when_asked_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving, "WIDE", 10)  # yxh has 8, yhy 4, nh 4, ny 1
    text = eqchip.load("stdp-waveform").netlist.text.replace("576u", "15u")
    Path("wide.cir").write_text(text)
    Path("asked.cir").write_text(text.replace(".end", ".save v(y) w(Yxh)\n.end"))
    assert run(["simulate", "wide.cir", "-o", "wide.h5"]) == 0
    err = capsys.readouterr().err
    assert "w(yxh) is not recorded" in err
    assert ".save w(yxh)" in err
    wide = eqchip.open("wide.h5")
    assert {name for name in wide.tran if name.startswith("w(")} == {"w(yhy)", "w(nh)", "w(ny)"}
    assert wide.weights["Yxh"].shape == (2, 4)
    assert run(["plot", "wide.h5"]) == 0
    capsys.readouterr()
    assert run(["simulate", "asked.cir", "-o", "asked.h5"]) == 0
    assert "not recorded" not in capsys.readouterr().err
    asked = eqchip.open("asked.h5")
    assert np.array_equal(asked["w(yxh)"][-1], wide.weights["Yxh"].ravel())
