"""`eqchip show FILE.h5` and `export`, as a user runs them; what is no record, refused by all."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from eqchip.cli.main import run
from eqchip.simulator.exchange import ngspice
from eqchip.simulator.exchange.raw import read_raw

NETLIST = (
    "chip\n.bus h[2]\nV1 in 0 PULSE(0 1 1u 1u 1u 5u 20u)\nRi in h 1k\nCh h 0 1n\n.op\n.tran 1u 10u\n.end\n"
)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "chip.cir").write_text(NETLIST, encoding="utf-8")
    return tmp_path


@pytest.fixture
def record(here: Path, capsys: pytest.CaptureFixture[str]) -> str:
    assert run(["simulate", "chip.cir"]) == 0
    capsys.readouterr()
    return "chip.h5"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["plot", "nowhere.h5"], "there is no file nowhere.h5"),
        (["plot", "chip.hh5"], "did you mean 'chip.h5'?"),
        (["plot", "chip.cir"], "chip.cir is not an HDF5 file"),
        (["plot", "."], ". is a directory"),
        (["plot", "empty.h5"], "empty.h5 is empty"),
        (["plot", "foreign.h5"], "not one of eqchip"),
        (["show", "foreign.h5"], "not one of eqchip"),
        (["show", "empty.h5"], "empty.h5 is empty"),
        (["export", "chip.h5", "--to", "csv", "--group", "dc"], "has no group 'dc'"),
        (["export", "chip.h5", "--to", "csv", "-o", "nowhere/a.csv"], "cannot be written"),
        (["export", "chip.cir", "--to", "npz"], "needs what a run recorded"),
        (["export", "nowhere.h5", "--to", "raw"], "there is no file nowhere.h5"),
    ],
)
def test_wrong_input_leaves_with_2(
    arguments: list[str], message: str, record: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("empty.h5").touch()
    h5py.File("foreign.h5", "w").close()
    assert run(arguments) == 2
    shown = capsys.readouterr()
    assert message in shown.err
    assert "Traceback" not in shown.err
    assert shown.out == ""


def test_show_lists_datasets_with_shape_and_unit(record: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["show", record]) == 0
    out = capsys.readouterr().out
    assert "status: complete" in out
    assert ["op", "v(h)", "1", "×", "2", "V"] in [line.split() for line in out.splitlines()]
    assert run(["show", record, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["provenance"]["netlist"] == NETLIST
    assert "numpy" in answer["provenance"]["versions"]


def test_csv_reads_back_to_the_same_numbers(record: str) -> None:
    assert run(["export", record, "--to", "csv"]) == 0
    with open("chip.csv", newline="") as file:
        head, *rows = csv.reader(file)
    assert head == ["time", "v(in)", "v(h[0])", "v(h[1])", "i(v1)"]
    with h5py.File(record) as file:
        assert np.array_equal(np.array(rows, dtype=float)[:, 2], file["tran/v(h)"][:, 0])


def test_raw_holds_every_analysis(record: str) -> None:
    assert run(["export", record, "--to", "raw", "-o", "a.raw"]) == 0
    op, tran = read_raw("a.raw")
    assert (op.name, tran.name) == ("Operating Point", "Transient Analysis")
    with h5py.File(record) as file:
        assert np.array_equal(tran.columns["time"], file["tran/time"][:])
        assert np.array_equal(tran.columns["v(h[1])"], file["tran/v(h)"][:, 1])


def test_npz_holds_groups_and_weights(record: str) -> None:
    assert run(["export", record, "--to", "npz"]) == 0
    with np.load("chip.npz") as found, h5py.File(record) as file:
        assert np.array_equal(found["tran/v(in)"], file["tran/v(in)"][:])
        assert found["op/v(in)"].shape == (1,)
    assert run(["train", "xor", "-o", "xor.h5", "--set", "train.epochs=2", "-q"]) == 0
    assert run(["export", "xor.h5", "--to", "npz"]) == 0
    with np.load("xor.npz") as found, h5py.File("xor.h5") as file:
        assert np.array_equal(found["weights/Yxh"], file["weights/Yxh"][:])
        assert found["training/epoch"].tolist() == [1.0, 2.0]


@pytest.mark.ngspice
def test_a_trained_chip_exports_to_spice_that_ngspice_settles(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", "xor", "-o", "xor.h5", "--set", "train.epochs=5", "-q"]) == 0
    assert run(["export", "xor.h5", "--to", "spice", "-o", "xor.spice"]) == 0
    capsys.readouterr()
    (op,) = ngspice.run(Path("xor.spice").read_text())
    theirs = op.columns["v(y[0])"][0]
    assert run(["simulate", "xor.spice", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["op"]["v(y[0])"] == pytest.approx(theirs, abs=1e-5)
    assert run(["export", "xor", "--to", "spice", "-o", "fresh.spice"]) == 0
    assert Path("fresh.spice").read_text() != Path("xor.spice").read_text()
