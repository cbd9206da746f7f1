"""`eqchip check`, as a user runs it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from eqchip.cli.main import run
from eqchip.simulator.exchange import ngspice


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_gradient_theorem_shows_as_a_slope_of_two(capsys: pytest.CaptureFixture[str]) -> None:
    """The centered estimate errs by O(β²), and by nothing else: the floor lies far below."""
    assert run(["check", "xor", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    shared = {"command", "chip", "form", "dtype", "seed", "outcome", "seconds", "file"}
    assert shared | {"beta", "reciprocity", "arrays"} <= answer.keys()
    assert answer["dtype"] == "float64"
    assert answer["reciprocity"] < 1e-12
    assert set(answer["arrays"]) == {"Yxh", "Nh", "Yhy", "Ny"}
    for one in answer["arrays"].values():
        assert {"cosine", "relative_error", "scale", "bias", "std"} <= one.keys()
        assert one["slope"] == pytest.approx(2.0, abs=0.1)
        assert one["best_error"] < 1e-5


def test_people_see_tables_and_can_keep_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "xor", "-o", "c.h5"]) == 0
    out = capsys.readouterr().out
    assert "cosine" in out
    assert "slope" in out
    assert "stable" in out
    assert "next: eqchip plot c.h5" in out
    assert run(["plot", "c.h5"]) == 0
    assert Path("c.png").stat().st_size > 10_000


def test_both_forms_agree(capsys: pytest.CaptureFixture[str]) -> None:
    found = []
    for form in ("array", "sparse"):
        assert run(["check", "xor", "--form", form, "--json"]) == 0
        found.append(json.loads(capsys.readouterr().out))
    assert [one["form"] for one in found] == ["array", "sparse"]
    for name, one in found[0]["arrays"].items():
        assert found[1]["arrays"][name]["cosine"] == pytest.approx(one["cosine"], abs=1e-6)


def test_a_trained_record_is_checked_with_its_weights(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", "xor", "-o", "xor.h5", "--set", "train.epochs=30", "--json"]) == 0
    assert run(["check", "xor", "--json"]) == 0
    assert run(["check", "xor.h5", "--json"]) == 0
    _, fresh, trained = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert fresh["arrays"]["Yxh"]["cosine"] != trained["arrays"]["Yxh"]["cosine"]


RECTIFIER = (
    "rectifier\nV1 in 0 SIN(0 2 1k)\nD1 in out dd\nR1 out 0 1k\nC1 out 0 1u\n.model dd D(Is=1e-14)\n"
    ".op\n.dc V1 -1 1 0.25\n.tran 10u 2m\n.end\n"
)


@pytest.mark.ngspice
def test_voltages_are_those_of_ngspice(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "rectifier.cir").write_text(RECTIFIER)
    assert run(["check", "rectifier.cir", "--ngspice", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["ngspice"]
    names = [f"{one['quantity']} {one['analysis']}" for one in found]
    assert names == ["v op", "i op", "v dc", "i dc", "v tran", "i tran"]
    assert all(one["missing"] == [] for one in found)
    assert [one["compared"] for one in found] == [2, 1] * 3
    voltages = {one["analysis"]: one["difference"] for one in found if one["quantity"] == "v"}
    assert voltages["op"] < 1e-6
    assert voltages["dc"] < 1e-6
    assert voltages["tran"] < 2e-3
    assert run(["check", "rectifier.cir", "--ngspice"]) == 0
    assert "tran: 2 voltages within" in capsys.readouterr().out


@pytest.mark.ngspice
def test_a_difference_is_seen(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Give ngspice another resistor."""
    (here / "divider.cir").write_text("divider\nV1 in 0 3\nR1 in out 1k\nR2 out 0 2k\n.op\n")
    genuine = ngspice.run

    def other(text: str, **options: object) -> object:
        return genuine(text.replace("R2 out 0 2000", "R2 out 0 1000"), **options)  # type: ignore[arg-type]

    monkeypatch.setattr(ngspice, "run", other)
    assert run(["check", "divider.cir", "--ngspice", "--json"]) == 0
    voltages, currents = json.loads(capsys.readouterr().out)["ngspice"]
    assert voltages["column"] == "v(out)"
    assert voltages["absolute"] == pytest.approx(0.5, rel=1e-6)
    assert currents["difference"] > 0.1


def test_without_ngspice_the_message_says_so(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "divider.cir").write_text("divider\nV1 in 0 3\nR1 in 0 1k\n.op\n")
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert run(["check", "divider.cir", "--ngspice"]) == 1
    err = capsys.readouterr().err
    assert "ngspice is not installed\n  try installing the package ngspice" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["xr"], "did you mean 'xor'?"),
        (["plain.cir"], "plain.cir has nothing that learns: no .learn card"),
        (["xor", "-o", "c.png"], "records are HDF5 files"),
        (["xor", "--samples", "0"], "--samples"),
        (["xor", "--data", "iris"], "iris has 4 numbers a sample"),
        (["xor", "--theorem", "second_fase"], "did you mean 'second_phase'?"),
    ],
)
def test_wrong_input_leaves_with_2(
    arguments: list[str], message: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "plain.cir").write_text("plain\nV1 a 0 1\nR1 a 0 1k\n.op\n")
    assert run(["check", *arguments]) == 2
    shown = capsys.readouterr()
    assert message in shown.err
    assert "Traceback" not in shown.err


def test_parts_without_energy_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "xor", "--samples", "1"]) == 0
    assert "every part has an energy" in capsys.readouterr().out
    assert run(["check", "xor", "--samples", "1", "--set", "cell.drive=direct"]) == 0
    out = capsys.readouterr().out
    assert "no energy in Yxh, Yhy, Nh, Ny: the update need not follow the gradient" in out
    assert run(["check", "xor", "--samples", "1", "--set", "Yhy.dir=forward", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["without_energy"] == ["Yhy"]


def test_theorems_are_tried_and_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "xor", "-o", "c.h5", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert set(answer["theorems"]) == {"second_phase", "through_time", "reciprocity"}
    for one in answer["theorems"].values():
        assert (one["applies"], one["holds"]) == (True, True)
        assert {"statement", "why", "measured"} <= one.keys()
    for slope in answer["theorems"]["second_phase"]["slope"].values():
        assert slope == pytest.approx(1.0, abs=0.05)
    assert (
        run(["plot", "c.h5", "--only", "through_time", "--only", "second_phase", "--only", "reciprocity"])
        == 0
    )
    assert Path("c.png").stat().st_size > 50_000


def test_what_does_not_apply_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--samples", "2", "--set", "cell.drive=direct", "--theorem", "second_phase"]
    assert run(["check", "xor", *options]) == 0
    out = capsys.readouterr().out
    assert "second_phase: does not apply\n" in out
    assert "J is not symmetric" in out
    assert "through_time" not in out
    assert run(["check", "xor", "--samples", "2", "--set", "cell.c=0"]) == 0
    out = capsys.readouterr().out
    assert "a node has no capacitance of its own" in out
    assert "there are no explicit steps" in out


def test_rules_without_beta_are_checked_and_kept(capsys: pytest.CaptureFixture[str]) -> None:
    steps = ["solve=euler", "free_steps=200", "nudged_steps=100", "eps=0.2", "rule=bptt"]
    settings = [part for one in steps for part in ("--set", f"train.{one}")]
    assert run(["check", "xor", *settings, "-o", "b.h5"]) == 0
    out = capsys.readouterr().out
    assert "bptt rule, no β, solve=euler" in out
    assert "over β:" not in out
    assert run(["plot", "b.h5"]) == 0
    assert run(["check", "xor", "--set", "train.rule=chl", "--samples", "1"]) == 0
    assert "its target: d(E clamped − E free)/dθ" in capsys.readouterr().out


@pytest.mark.parametrize(("points", "order"), [(4, 4), (6, 6)])
def test_the_holomorphic_estimate_has_its_order(
    points: int, order: int, capsys: pytest.CaptureFixture[str]
) -> None:
    more = [
        "--set",
        "train.estimator=holomorphic",
        "--set",
        f"train.points={points}",
        "--theorem",
        "reciprocity",
    ]
    assert run(["check", "xor", *more, "--samples", "2", "--json"]) == 0
    for one in json.loads(capsys.readouterr().out)["arrays"].values():
        assert one["slope"] == pytest.approx(order, abs=0.06)
        assert one["best_error"] < 1e-6


CLAMPED = ["--set", "cell.activation=hardsigmoid", "--set", "Nh.bias=0.4", "--set", "Ny.bias=0.4"]


def test_units_at_a_bound_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "xor", *CLAMPED, "--theorem", "second_phase"]) == 0
    out = capsys.readouterr().out
    assert "% of the nodes stand at a bound" in out
    assert "no unit reaches or leaves a bound; beyond, errors have kinks" in out
    assert "second_phase: holds" in out
