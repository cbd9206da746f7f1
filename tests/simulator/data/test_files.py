"""Data files: what is read, and what is said when they are wrong."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from eqchip.errors import InputError
from eqchip.simulator.data.files import PAIRS, read_file


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("names", PAIRS)
@pytest.mark.parametrize("kind", ["npz", "h5"])
def test_arrays_are_found_by_any_of_their_names(tmp_path: Path, names: tuple[str, str], kind: str) -> None:
    images, answers = np.arange(24).reshape(2, 3, 4), np.array([0, 1])
    path = tmp_path / f"set.{kind}"
    if kind == "npz":
        np.savez(path, **{names[0]: images, names[1]: answers})
    else:
        with h5py.File(path, "w") as file:
            file[names[0]], file[names[1]] = images, answers
    found = read_file(path, 12)
    assert found.train.data.tolist() == images.reshape(2, 12).tolist()
    assert found.train.answers.tolist() == [0, 1]
    assert found.test is None


def test_a_table_is_inputs_then_answers(tmp_path: Path) -> None:
    found = read_file(write(tmp_path / "t.csv", "a,b,class\n0.5, 1,0\n\n-2,3e1,1\n"), 2).train
    assert found.data.tolist() == [[0.5, 1], [-2, 30]]
    assert found.answers.tolist() == [0, 1]
    two = read_file(write(tmp_path / "u.csv", "1,2,3\n4,5,6\n"), 1).train
    assert two.answers.tolist() == [[2, 3], [5, 6]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,2,3\n4,abc,6\n", r"t\.csv:2:3: 'abc' is not a number"),
        ("1,2,3\n4,nan,6\n", r"t\.csv:2:3: 'nan' is not a number"),
        ("1,2,3\n4,5\n", r"t\.csv:2:1: 2 numbers"),
        ("a,b,c\n", "no sample in it"),
        ("1,2\n", "2 numbers a line"),
    ],
)
def test_a_table_that_is_wrong_says_where(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_file(write(tmp_path / "t.csv", text), 2)


def test_files_that_are_not_what_they_are_called_are_refused(tmp_path: Path) -> None:
    for name, message in (("a.npz", "not a readable npz file"), ("a.h5", "not a readable HDF5 file")):
        with pytest.raises(InputError, match=message):
            read_file(write(tmp_path / name, "hello"), 2)
    with pytest.raises(InputError, match="there is no such file"):
        read_file(tmp_path / "b.npz", 2)
    with pytest.raises(InputError, match=r"b\.txt: not a data file"):
        read_file(tmp_path / "b.txt", 2)


def test_arrays_that_are_wrong_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    for arrays, message in (
        ({"z": np.zeros(3)}, "no data and answers in it"),
        ({"x": np.zeros((3, 2)), "y": np.zeros(2)}, "x has 3 samples, y has 2"),
        ({"x": np.array([["a"]]), "y": np.zeros(1)}, "x holds no array of numbers"),
        ({"x": np.array([[np.inf]]), "y": np.zeros(1)}, "x holds numbers that are not finite"),
    ):
        np.savez(path, **arrays)
        with pytest.raises(InputError, match=message):
            read_file(path, 2)


def test_no_code_is_run_from_an_archive(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.array([{"a": 1}], dtype=object), y=np.zeros(1))
    with pytest.raises(InputError, match="not a readable npz file"):
        read_file(tmp_path / "a.npz", 2)
