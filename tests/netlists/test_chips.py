"""Chips by name."""

import re
from pathlib import Path

import pytest

from eqchip.errors import InputError
from eqchip.netlists.chips import chip_names, find_chip
from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.reader import read


@pytest.mark.parametrize("name", chip_names())
def test_what_ships_is_found_by_name_and_elaborates(name: str) -> None:
    found = elaborate(read(find_chip(name.upper())))
    assert found.instances


def test_xor_is_a_whole_experiment() -> None:
    found = elaborate(read(find_chip("xor")))
    assert found.data is not None
    assert found.data.name == "xor"
    assert [len(one.nodes) for one in (*found.inputs, *found.outputs)] == [2, 1]
    assert {one.target for one in found.learns} == {"Yxh", "Yhy", "Nh", "Ny"}
    assert found.train["estimator"] == "centered"
    steps = {"train.solve": "euler", "train.free_steps": 9, "train.nudged_steps": 9, "train.eps": 0.3}
    assert elaborate(read(find_chip("xor")), steps).train["solve"] == "euler"


def test_a_slash_or_a_suffix_makes_it_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "xor").write_text("mine\nR1 a 0 1\n")
    (tmp_path / "my.cir").write_text("mine\nR1 a 0 1\n")
    monkeypatch.chdir(tmp_path)
    assert find_chip("./xor") == Path("xor")
    assert find_chip("my.cir") == Path("my.cir")
    assert find_chip("xor").parent.name == "chips"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("xro", "no chip is called 'xro'; did you mean 'xor'?"),
        ("none.cir", "'none.cir' does not exist"),
        ("./xor", "'./xor' does not exist"),
        ("./", "'./' is a folder"),
    ],
)
def test_what_is_not_there_is_said(
    name: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=re.escape(message)):
        find_chip(name)


def test_a_file_without_suffix_is_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine").write_text("mine\nR1 a 0 1\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as caught:
        find_chip("mine")
    assert "./mine for the file beside you" in (caught.value.expected or "")
