"""What a chip cannot do of its .train is refused where it stands, though it is seen only when it settles."""

from __future__ import annotations

from pathlib import Path

import pytest

import eqchip
from eqchip.cli.main import run
from eqchip.errors import InputError

TEXT = """a chip
.bus x[2] h[3] y[1]
.model syn synapse(init=glorot)
.model cell neuron(activation={activation} c={c})
Yxh x h syn
Yhy h y syn
Nh h cell
Ny y cell
.input x
.output y decode=threshold
.nudge y
.learn Yxh rate=0.1
.data xor
.train batch=4
+ epochs=1 {train}
.set options.gunit=1
.end
"""
BARE = "solve=heun free_steps=5 nudged_steps=2 eps=0.1"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(here: Path, train: str, c: str = "1p", activation: str = "hardsigmoid") -> None:
    (here / "chip.cir").write_text(
        TEXT.format(train=train, c=c, activation=activation).replace(".set options.gunit=1\n", "")
    )


@pytest.mark.parametrize("command", ["train", "check"])
@pytest.mark.parametrize(
    ("train", "c", "place", "said"),
    [
        (BARE, "0", "chip.cir:15:12", "solve=heun needs capacitance"),
        ("solve=discrete free_steps=5 nudged_steps=2", "1p", "chip.cir:15:12", "solve=discrete"),
        ("points=3 estimator=holomorphic", "1p", "chip.cir:", "estimator=holomorphic needs analytic"),
    ],
)
def test_a_refusal_has_the_place_of_its_value(
    here: Path, capsys: pytest.CaptureFixture[str], command: str, train: str, c: str, place: str, said: str
) -> None:
    write(here, train, c, "sigmoid" if "discrete" in train else "hardsigmoid")
    more = ["-o", "t.h5"] if command == "train" else []
    assert run([command, "chip.cir", *more]) == 2
    err = capsys.readouterr().err
    assert err.startswith(place)
    assert said in err
    assert "^" in err


def test_what_comes_from_outside_has_no_place_in_the_file(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(here, "free_steps=5 nudged_steps=2 eps=0.1 solve=trap", "0")
    assert run(["train", "chip.cir", "--set", "train.solve=heun", "-o", "t.h5"]) == 2
    err = capsys.readouterr().err
    assert "solve=heun needs capacitance" in err
    assert "chip.cir" not in err


def test_from_python_it_is_an_error_with_a_place(here: Path) -> None:
    write(here, BARE, "0")
    with pytest.raises(InputError, match="needs capacitance") as caught:
        eqchip.train("./chip.cir")
    assert caught.value.at is not None
    assert (caught.value.at.line, caught.value.at.column) == (15, 12)
    with pytest.raises(InputError, match="needs capacitance") as caught:
        eqchip.train(eqchip.parse((here / "chip.cir").read_text(), "text"))
    assert caught.value.at is not None
    assert caught.value.at.line == 15
