"""`mask=` and `values=`: matrices of arrays out of files, and arrays that start like others."""

import os
from pathlib import Path

import h5py
import numpy as np
import pytest

from eqchip.errors import InputError
from eqchip.netlists.circuit import Instance
from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.reader import parse, read
from eqchip.simulator.compile import compile_chip
from eqchip.simulator.loaded import load
from eqchip.simulator.weights import with_weights

MASK = np.array([[1, 0, 1], [0, 1, 1]])
WEIGHTS = np.array([[0.5, -1.5, 2.0], [0.25, 0.0, -3.0]])
CARDS = """masks
.bus x[2] h[3]
.model s synapse(init=uniform spread=0.5)
.model cell neuron(activation=tanh)
Yxh x h s {setting}
{more}
Nh h cell
.input x
.output h decode=linear
.nudge h
.learn Yxh rate=0.1
.data set.npz
.train beta=0.1 tol=1e-9 batch=2 epochs=1
.end
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    square = np.array([[0, 1, 2], [1, 0, 3], [2, 3, 0.0]])
    named = {"mask": MASK, "w": WEIGHTS, "square": square, "flat": np.zeros(3), "text": np.array([["a"]])}
    np.savez(tmp_path / "m.npz", bad=np.array([[np.nan]]), **named)
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file["weights/Yxh"] = WEIGHTS
        file["mask"] = MASK.astype(bool)
        file["far"] = h5py.ExternalLink("other.h5", "/w")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["w"] = WEIGHTS
    np.savez(tmp_path / "set.npz", x=np.ones((4, 2)), y=np.full((4, 3), 0.3))
    return tmp_path


def write(folder: Path, setting: str, more: str = "*") -> Path:
    path = folder / "chip.cir"
    path.write_text(CARDS.format(setting=setting, more=more), encoding="utf-8")
    return path


def array(path: Path, name: str = "Yxh") -> Instance:
    found = with_weights(elaborate(read(path))).instance(name)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "reference", ["m.npz:w", "m.h5:/weights/Yxh", "M.H5:weights/Yxh", "'m.h5:/weights/Yxh'"]
)
def test_values_are_the_weights_a_row_a_node_of_the_first_bus(folder: Path, reference: str) -> None:
    if reference.startswith("M") and not (folder / "M.H5").exists():
        os.symlink(folder / "m.h5", folder / "M.H5")
    np.testing.assert_array_equal(array(write(folder, f"values={reference}")).given()["w"], WEIGHTS)


@pytest.mark.parametrize("reference", ["m.npz:mask", "m.h5:/mask"])
@pytest.mark.parametrize("form", ["array", "sparse"])
def test_where_the_mask_is_zero_there_is_no_device(folder: Path, reference: str, form: str) -> None:
    path = write(folder, f"mask={reference} values=m.npz:w")
    found = array(path)
    assert found.count == 4
    assert list(zip(*(axis.tolist() for axis in found.places()), strict=True)) == [
        (0, 0),
        (0, 2),
        (1, 1),
        (1, 2),
    ]
    chip = compile_chip(elaborate(read(path)), form)
    np.testing.assert_array_equal(chip.parameters()["Yxh"], np.where(MASK, WEIGHTS, 0.0))
    chip.write({"Yxh": np.ones((2, 3))})
    np.testing.assert_array_equal(chip.parameters()["Yxh"], MASK)


def test_weights_that_are_drawn_are_those_without_a_mask(folder: Path) -> None:
    plain, masked = array(write(folder, "")), array(write(folder, "mask=m.npz:mask"))
    np.testing.assert_array_equal(plain.given()["w"], masked.given()["w"])


def test_a_bus_with_itself_takes_a_symmetric_matrix_or_one_direction(folder: Path) -> None:
    path = write(folder, "", "Yhh h h s values=m.npz:square")
    chip = compile_chip(elaborate(read(path)), "array")
    assert chip.circuit.instance("Yhh") is not None
    np.savez(folder / "n.npz", w=np.arange(9.0).reshape(3, 3))
    path = write(folder, "", "Yhh h h s values=n.npz:w")
    with pytest.raises(InputError, match=r"values= of Yhh is not symmetric: \[0,1\] and \[1,0\]"):
        elaborate(read(path))
    assert array(write(folder, "", "Yhh h h s values=n.npz:w dir=forward"), "Yhh").given()["w"][2, 0] == 6.0


def test_an_array_starts_like_another_whatever_the_order(folder: Path) -> None:
    for first, second in (("", "Yback x h s values=Yxh dir=backward"), ("values=Yback", "Yback x h s")):
        path = write(folder, first, second)
        one, two = array(path), array(path, "Yback")
        np.testing.assert_array_equal(one.given()["w"], two.given()["w"])
        assert len(np.unique(one.given()["w"])) == 6
    np.testing.assert_array_equal(
        array(write(folder, "values=m.npz:w", "Yback x h s values=yxh"), "Yback").given()["w"], WEIGHTS
    )


def test_a_record_needs_no_other_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import eqchip

    monkeypatch.chdir(folder)
    write(folder, "mask=m.npz:mask values=m.h5:/weights/Yxh")
    run = eqchip.train(eqchip.load("chip.cir"), "run.h5")
    for name in ("m.npz", "m.h5", "chip.cir"):
        (folder / name).unlink()
    again = load("run.h5").compile()
    np.testing.assert_array_equal(again.parameters()["Yxh"], run.weights["Yxh"])
    assert np.count_nonzero(run.weights["Yxh"]) == 4
    untrained = load("run.h5").untrained().compile()
    np.testing.assert_array_equal(untrained.parameters()["Yxh"], np.where(MASK, WEIGHTS, 0.0))


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("mask=m.h5", r"chip.cir:5:16: 'm.h5' names no matrix in a file"),
        ("mask=Yxh", "'Yxh' names no matrix in a file"),
        ("mask=m.txt:a", "there is no file"),
        ("values=no.npz:w", "there is no file '.*no.npz'"),
        ("values=chip.cir:w", "'chip.cir' is neither .h5 nor .npz"),
        ("values=../m.npz:w", "leads out of the folder"),
        ("values=/etc/m.npz:w", "is not a path from the folder of this file"),
        ("values=m.npz:ww", "there is no 'ww' in m.npz; did you mean 'w'"),
        ("values=m.h5:/weights", "there is no '/weights' in m.h5"),
        ("values=m.h5:/far", "lies in another file"),
        ("values=m.npz:flat", "m.npz:flat is no matrix of numbers: 3 of float64"),
        ("values=m.npz:text", "is no matrix of numbers: 1 × 1 of <U1"),
        ("values=m.npz:bad", "holds numbers that are not finite"),
        ("values=m.npz:square", r"5:18: m.npz:square is 3 × 3, Yxh is 2 × 3"),
        ("w=1 values=m.npz:w", "5:15: Yxh has w= and values="),
        ("values=m.npz:w w=1", "Yxh has w= and values="),
        ("values=Yxx", "cannot start with the weights of Yxx: there is no array 'Yxx'; did you mean 'yxh'"),
        ("values=Yxh", "Yxh starts with those of Yxh itself"),
        ("values=broken.npz:w", "broken.npz is not a readable npz file"),
        ("values=broken.h5:w", "broken.h5 is not a readable HDF5 file"),
    ],
)
def test_what_is_no_matrix_is_refused_where_it_stands(folder: Path, setting: str, message: str) -> None:
    for name in ("broken.npz", "broken.h5"):
        (folder / name).write_text("hello")
    with pytest.raises(InputError, match=message):
        elaborate(read(write(folder, setting)))


def test_other_arrays_must_fit(folder: Path) -> None:
    with pytest.raises(InputError, match="cannot start with the weights of Yxh: Yxh is 2 × 3 of synapse"):
        elaborate(read(write(folder, "", "Yhh h h s values=Yxh")))
    diodes = ".model d D(is=1e-14)\nYd x h d values=m.npz:w"
    with pytest.raises(InputError, match="values= of a diode is not supported yet"):
        elaborate(read(write(folder, "", diodes)))
    with pytest.raises(InputError, match=r"set Yxh\[0,1\].w: Yxh has no device at \[0,1\]"):
        elaborate(read(write(folder, "mask=m.npz:mask")), {"Yxh[0,1].w": 1.0})


def test_a_netlist_that_is_no_file_names_none(folder: Path) -> None:
    with pytest.raises(InputError, match=r"a netlist that is no file has no 'm.npz:w' beside it"):
        parse(CARDS.format(setting="values=m.npz:w", more="*"))


def test_a_file_too_large_is_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eqchip.netlists.matrices.MOST_BYTES", 40)
    for reference in ("m.npz:w", "m.h5:/weights/Yxh"):
        with pytest.raises(InputError, match="holds more than 0 MiB there"):
            read(write(folder, f"values={reference}"))
