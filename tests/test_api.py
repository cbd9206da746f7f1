"""The ten public names, as someone in Python or a notebook uses them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

import eqchip
from eqchip.errors import EqchipError, InputError

DIVIDER = "divider\nV1 in 0 3\nR1 in out 1k\nR2 out 0 2k\n.op\n.end\n"
RC = "rc\nV1 in 0 PULSE(0 1 0 1n 1n 1 2)\nR1 in out 1k\nC1 out 0 1n\n.op\n.tran 10n 5u\n.end\n"
BUS = "bus\n.bus h[3]\nV1 in 0 4\nRt in h 1k\nRb h 0 3k\n.op\n.tran 1u 2u\n.end\n"


def test_the_names_are_ten_and_nothing_is_imported_for_them() -> None:
    assert eqchip.__all__ == sorted(eqchip.__all__)
    assert len(eqchip.__all__) == 10
    code = (
        "import sys, eqchip; assert 'numpy' not in sys.modules; print(*(n for n in dir(eqchip) if n != '_'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(eqchip.__all__) <= set(done.stdout.split())
    for name in eqchip.__all__:
        assert callable(getattr(eqchip, name))
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        eqchip.trian  # noqa: B018


def test_a_text_is_simulated_and_answers_by_name() -> None:
    run = eqchip.simulate(eqchip.parse(DIVIDER))
    assert float(run["v(out)"]) == pytest.approx(2.0)
    assert float(run.op["V(OUT)"]) == pytest.approx(2.0)
    assert run["op/i(v1)"] == pytest.approx(-1e-3)
    assert "v(out)" in run
    assert run.facts["outcome"] == "complete"
    assert run.file is None


def test_a_transient_has_an_axis_and_the_last_analysis_answers_first() -> None:
    run = eqchip.simulate(eqchip.parse(RC))
    t, out = run.tran.axis, run["v(out)"]
    assert np.array_equal(run["time"], t)
    late = t > 10e-9
    assert np.max(np.abs(out[late] - (1 - np.exp(-t[late] / 1e-6)))) < 5e-3
    assert run.op["v(out)"] == 0.0
    assert list(run.tran) == ["v(in)", "v(out)", "i(v1)"]
    assert [column.unit for column in run.tran.columns] == ["V", "V", "A"]


def test_a_bus_is_a_vector_at_rest_and_a_matrix_in_time() -> None:
    run = eqchip.simulate(eqchip.parse(BUS))
    assert run.op["v(h)"] == pytest.approx([3.0, 3.0, 3.0])
    assert run.tran["v(h)"].shape == (run.tran.axis.size, 3)
    assert np.array_equal(run.tran["v(h[2])"], run.tran["v(h)"][:, 2])
    assert run.op["v(h[1])"] == pytest.approx(3.0)


def test_set_returns_another_chip() -> None:
    chip = eqchip.parse(DIVIDER)
    other = chip.set({"R2.r": 1000.0}).set({"V1.dc": "6"})
    assert float(eqchip.simulate(other)["v(out)"]) == pytest.approx(3.0)
    assert float(eqchip.simulate(chip)["v(out)"]) == pytest.approx(2.0)
    assert "R2.r=1000.0" in repr(other)


def test_a_file_holds_what_memory_would(tmp_path: Path) -> None:
    chip = eqchip.parse(RC)
    here = eqchip.simulate(chip)
    there = eqchip.simulate(chip, file=tmp_path / "rc.h5")
    again = eqchip.open(tmp_path / "rc.h5")
    for run in (there, again):
        assert run.file == tmp_path / "rc.h5"
        assert np.array_equal(run.tran["v(out)"], here.tran["v(out)"])
        assert run.op["v(in)"] == here.op["v(in)"]
        assert run.tran.columns == here.tran.columns
    assert again.provenance["netlist"] == RC


def test_xarray_has_units_and_labels() -> None:
    pytest.importorskip("xarray")
    run = eqchip.simulate(eqchip.parse(BUS))
    found = run.tran.to_xarray()
    assert found["v(h)"].dims == ("time", "h")
    assert found["v(h)"].sel(h="h[1]").shape == run.tran.axis.shape
    assert found["v(h)"].attrs["units"] == "V"
    assert found["time"].attrs["units"] == "s"
    assert run.to_xarray("op")["v(h)"].dims == ("h",)


def test_memory_and_file_make_the_same_dataset(tmp_path: Path) -> None:
    xarray = pytest.importorskip("xarray")
    run = eqchip.simulate(eqchip.parse(BUS), file=tmp_path / "bus.h5")
    with xarray.open_dataset(tmp_path / "bus.h5", group="tran", engine="h5netcdf") as stored:
        ours = run.tran.to_xarray()
        assert set(ours.data_vars) <= set(stored.data_vars)
        for name in ours.data_vars:
            assert np.array_equal(stored[name], ours[name])
            assert stored[name].dims == ours[name].dims
        assert list(stored["h"].values) == list(ours["h"].values)


def test_results_show_themselves() -> None:
    run = eqchip.simulate(eqchip.parse("<b>\nV1 a 0 1\nR1 a 0 1k\n.op\n", "a<b>.cir"))
    assert repr(run) == "<run of simulate a<b>.cir: op>"
    assert "a&lt;b&gt;.cir" in run._repr_html_()
    assert "v(a)" in run._repr_html_()
    assert repr(run.op) == "<op: 2 quantities>"
    assert "tran" not in dir(run)
    assert "op" in dir(run)


def test_plot_returns_axes() -> None:
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure

    axes = Figure().add_subplot()
    assert eqchip.simulate(eqchip.parse(RC)).plot("v(out)", ax=axes) is axes
    assert axes.lines


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda run: run["v(ou)"], r"this run has no 'v\(ou\)'; did you mean 'v\(out\)'\?"),
        (
            lambda run: run["op/v(x)"],
            r"no 'v\(x\)' in op; did you mean 'v\(in\)'\?\n  expected one of: v\(in\), v\(out\), i\(v1\)",
        ),
        (lambda run: run["weights/Yxh"], "no weights 'Yxh'"),
        (lambda run: eqchip.evaluate(run), "this run is in memory only"),
        (lambda run: eqchip.load("xro"), r"did you mean 'xor'\?"),
        (lambda run: eqchip.load("nowhere.cir"), "does not exist"),
        (
            lambda run: eqchip.simulate(DIVIDER),
            r"this is the text of a netlist.*\n  expected eqchip.parse\(text\)",
        ),
        (lambda run: eqchip.parse("oops\nR1 a 0 1x\n"), "1x"),
        (lambda run: eqchip.parse(""), "the netlist is empty"),
        (lambda run: eqchip.parse(DIVIDER).set({"R9.r": 1.0}).circuit, "R9"),
        (lambda run: eqchip.open("nowhere.h5"), "there is no file nowhere.h5"),
        (lambda run: eqchip.models("dide"), r"did you mean 'diode'\?"),
        (lambda run: eqchip.sweep("xor"), r"there is nothing to sweep"),
        (lambda run: eqchip.train(eqchip.parse(DIVIDER)), "nothing that learns"),
        (lambda run: eqchip.check(eqchip.parse(DIVIDER)), "nothing that learns"),
        (lambda run: eqchip.simulate(eqchip.parse("x\nR1 a 0 1\nV1 a 0 1\n")), "asks for no analysis"),
        (lambda run: eqchip.simulate(eqchip.parse(DIVIDER), file="a.txt"), "records are HDF5 files"),
    ],
)
def test_mistakes_are_input_errors_with_what_would_do(act: object, message: str) -> None:
    run = eqchip.simulate(eqchip.parse(DIVIDER))
    with pytest.raises(InputError, match=message) as caught:
        act(run)  # type: ignore[operator]
    assert isinstance(caught.value, EqchipError)
    assert isinstance(caught.value, ValueError)


def test_an_unknown_part_is_an_attribute_error_that_lists_the_parts() -> None:
    run = eqchip.simulate(eqchip.parse(DIVIDER))
    with pytest.raises(AttributeError, match="no 'tran'; it has op"):
        run.tran  # noqa: B018


def test_training_evaluating_and_checking_go_hand_in_hand(tmp_path: Path) -> None:
    chip = eqchip.load("xor").set({"train.epochs": 30})
    here = eqchip.train(chip, seed=3)
    run = eqchip.train(chip, file=tmp_path / "xor.h5", seed=3)
    assert np.array_equal(run.weights["Yxh"], here.weights["Yxh"])
    assert np.array_equal(run["training/test_loss"], here["test_loss"])
    assert run["training/epoch"][-1] == 30
    found = eqchip.evaluate(run)
    assert found["test_loss"] == pytest.approx(run["test_loss"][-1], rel=1e-12)
    assert eqchip.evaluate(tmp_path / "xor.h5")["test_error"] == found["test_error"]
    checked = eqchip.check(run)
    assert checked.fidelity.axis.size > 10
    assert list(checked.fidelity.trace.plan.attributes["arrays"]) == ["Yxh", "Nh", "Yhy", "Ny"]
    trained = eqchip.load(tmp_path / "xor.h5")
    assert "trained" in repr(trained)
    w = trained.circuit.instance("Yxh")
    assert w is not None
    assert np.array_equal(w.values["w"], run.weights["Yxh"])


def test_a_run_of_a_netlist_with_includes_can_be_loaded_without_its_files(tmp_path: Path) -> None:
    folder = tmp_path / "chip"
    folder.mkdir()
    (folder / "parts.lib").write_text("* parts\n.model dd D(Is=1e-14)\n.param r=2k\n")
    (folder / "a.cir").write_text('a\n.include "parts.lib"\nV1 in 0 1\nD1 in out dd\nR1 out 0 {r}\n.op\n')
    first = eqchip.simulate(eqchip.load(folder / "a.cir").set({"r": "3k"}), file=tmp_path / "a.h5")
    for one in folder.iterdir():
        one.unlink()
    again = eqchip.simulate(eqchip.load(tmp_path / "a.h5"))
    assert again["v(out)"] == first["v(out)"]
    with h5py.File(tmp_path / "a.h5") as file:
        assert "parts.lib" in file["provenance/includes"]


def test_models_are_data() -> None:
    found = eqchip.models("diode")
    assert {"name", "unit", "default", "range", "source"} <= found["parameters"][0].keys()
    assert eqchip.models()
