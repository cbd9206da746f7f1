"""MNIST and its format: where it is looked for, and what is said when it is not what it should be."""

import gzip
import hashlib
import os
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eqchip.errors import InputError
from eqchip.netlists.circuit import Circuit, Data, Input, Output
from eqchip.simulator.data import mnist as module
from eqchip.simulator.data.idx import read_idx
from eqchip.simulator.data.load import load
from eqchip.simulator.data.mnist import idx, mnist

IMAGES = np.arange(3 * 4 * 4, dtype=np.uint8).reshape(3, 4, 4)


def packed(values: Any, *, gz: bool = False, kind: int = 8) -> bytes:
    array = np.asarray(values, dtype=np.uint8)
    raw = bytes([0, 0, kind, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()
    return gzip.compress(raw) if gz else raw


def folder(path: Path, gz: bool = False, dash: str = "-") -> Path:
    path.mkdir(parents=True, exist_ok=True)
    end = ".gz" if gz else ""
    for part, count in (("train", 3), ("t10k", 2)):
        (path / f"{part}-images{dash}idx3-ubyte{end}").write_bytes(packed(IMAGES[:count], gz=gz))
        (path / f"{part}-labels{dash}idx1-ubyte{end}").write_bytes(packed(np.arange(count), gz=gz))
    return path


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sums of the small files above in place of MNIST's."""

    def md5(values: Any) -> str:
        return hashlib.md5(packed(values), usedforsecurity=False).hexdigest()

    parts = [(name, md5(IMAGES[:n]), md5(np.arange(n))) for name, n in (("train", 3), ("t10k", 2))]
    monkeypatch.setattr(module, "PARTS", parts)


def chip(card: Data | None = None) -> Circuit:
    nodes = np.arange(16)
    return Circuit(inputs=[Input("x", nodes)], outputs=[Output("y", np.arange(10))], data=card)


@pytest.mark.parametrize("gz", [False, True])
@pytest.mark.parametrize("dash", ["-", "."])
def test_both_ways_to_pack_and_to_name_are_read(tmp_path: Path, small: None, gz: bool, dash: str) -> None:
    found = mnist(folder(tmp_path, gz, dash))
    assert found.train.data.dtype == np.uint8  # a byte a pixel until a chip takes them
    np.testing.assert_array_equal(found.train.data, IMAGES.reshape(3, 16))
    assert found.test is not None
    assert found.test.answers.tolist() == [0, 1]


def test_it_is_found_by_the_option_then_the_variable_then_the_users_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small: None
) -> None:
    places = [tmp_path / name for name in ("given", "variable", "user")]
    monkeypatch.setattr(module, "user_data_path", lambda *_, **__: places[2])
    monkeypatch.setenv("EQCHIP_DATA", str(places[1]))
    with pytest.raises(InputError) as missing:
        load(chip(Data("mnist")))
    for text in (
        str(places[1] / "mnist"),
        str(places[2] / "mnist"),
        "--data mnist:DIR",
        "nothing is downloaded",
    ):
        assert text in str(missing.value)
    folder(places[2] / "mnist")
    assert len(load(chip(Data("mnist"))).train) == 3
    folder(places[1] / "mnist")
    (places[2] / "mnist" / "train-images-idx3-ubyte").unlink()
    assert len(load(chip(Data("mnist"))).train) == 3
    folder(places[0])
    (places[1] / "mnist" / "train-images-idx3-ubyte").unlink()
    # The ranges of the card are of the same set, wherever it lies.
    assert len(load(chip(Data("mnist", train="0:2")), f"mnist:{places[0]}").train) == 2


def test_a_netlist_names_no_folder_outside_its_own(tmp_path: Path) -> None:
    circuit = chip(Data("mnist:../elsewhere"))
    circuit.file = str(tmp_path / "inner" / "chip.cir")
    with pytest.raises(InputError, match="lies outside the folder of the netlist"):
        load(circuit)


def test_grey_values_are_scaled_to_one(tmp_path: Path, small: None) -> None:
    folder(tmp_path)
    found = load(chip(), f"mnist:{tmp_path}").train.inputs
    np.testing.assert_allclose(found, IMAGES.reshape(3, 16) / 255, rtol=1e-7)
    assert found.dtype == np.float32


def test_other_numbers_are_not_taken_for_mnist(tmp_path: Path) -> None:
    folder(tmp_path)
    with pytest.raises(InputError, match="train-images-idx3-ubyte is not MNIST's") as raised:
        mnist(tmp_path)
    assert f"--data idx:{tmp_path}" in str(raised.value)
    assert len(idx(tmp_path).train) == 3
    assert load(chip(), f"idx:{tmp_path}").name == tmp_path.name


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "begins with the bytes of nothing"),
        (
            b"PK\x03\x04",
            "begins with the bytes 50 4b 03 04: it is no IDX file of unsigned bytes in 3 dimensions",
        ),
        (packed([1, 2]), "begins with the bytes 00 00 08 01"),
        (packed(IMAGES, kind=13), "begins with the bytes 00 00 0d 03"),
        (packed(IMAGES)[:9], "ends within its header"),
        (packed(IMAGES)[:-5], "says it holds 3 × 4 × 4 numbers, and holds 43"),
        (packed(IMAGES) + b"\0", "and holds 49"),
        (packed(IMAGES, gz=True)[:-12], "ends before its content does"),
        (packed(IMAGES, gz=True)[:20] + b"\xff" * 9 + packed(IMAGES, gz=True)[29:], "is damaged"),
    ],
)
def test_files_that_are_damaged_say_how(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a-idx3-ubyte").write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_idx(tmp_path / "a-idx3-ubyte", 3)


def test_what_is_missing_or_does_not_match_is_named(tmp_path: Path) -> None:
    folder(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(packed([1, 2, 3]))
    with pytest.raises(
        InputError, match="t10k-images-idx3-ubyte has 2 images, t10k-labels-idx1-ubyte 3 labels"
    ):
        idx(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(InputError, match="there is no t10k-labels-idx1-ubyte in"):
        idx(tmp_path)
    for spec, message in (("mnist:", "'mnist:' names no folder"), ("idx:/none/at/all", "there is no folder")):
        with pytest.raises(InputError, match=message):
            load(chip(), spec)
    with pytest.raises(InputError, match="cannot be read"):
        read_idx(tmp_path / "none", 1)


@pytest.mark.mnist
def test_mnist_is_mnist() -> None:
    place = Path(os.environ.get("EQCHIP_DATA", "/none")) / "mnist"
    if not place.is_dir():
        pytest.skip("no MNIST in $EQCHIP_DATA/mnist")
    found = mnist()
    assert found.test is not None
    assert (found.train.data.shape, found.test.data.shape) == ((60000, 784), (10000, 784))
    # As published: mean 0.1307 and standard deviation 0.3081 of all pixels of the training images.
    grey = found.train.data / np.float32(255)
    assert abs(float(grey.mean(dtype=np.float64)) - 0.1307) < 5e-5
    assert abs(float(grey.std(dtype=np.float64)) - 0.3081) < 5e-5
    assert np.bincount(found.train.answers).tolist() == [
        5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949,
    ]  # fmt: skip
