"""`eqchip train xor --set train.solve=…`, for every solver and every way to say how long a phase lasts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from eqchip.cli.main import run
from eqchip.netlists.roles import SOLVERS
from eqchip.netlists.training import TIMELESS

TIMED = tuple(name for name in SOLVERS if name != "equilibrium" and name not in TIMELESS)
STEPS = ("train.free_steps=50", "train.nudged_steps=40", "train.eps=0.4")
SECONDS = ("train.free=30u", "train.nudged=20u")
DIRECT = ("cell.drive=direct", "cell.activation=hardsigmoid")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def command(solve: str, settings: Sequence[str], *more: str) -> list[str]:
    words = ["train", "xor", "--set", f"train.solve={solve}", "--set", "train.epochs=1"]
    for one in settings:
        words += ["--set", one]
    return [*words, *more]


@pytest.mark.parametrize("form", ["array", "sparse"])
@pytest.mark.parametrize("solve", TIMED)
def test_every_solver_trains_and_says_how_long_a_free_phase_takes(
    solve: str, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    losses = []
    # τ of xor is 1 µs; steps that the netlist's own tol= gives way to
    for settings, latency in ((STEPS, 20e-6), (SECONDS, 30e-6), (("train.tol=1e-4",), None)):
        assert run(command(solve, settings, "--form", form, "--json", "-q", "-o", "run.h5")) == 0
        Path("run.h5").unlink()
        answer = json.loads(capsys.readouterr().out)
        assert answer["form"] == form
        if latency is not None:
            assert answer["latency_seconds"] == pytest.approx(latency)
        assert 5e-6 < answer["latency_seconds"] < 60e-6
        losses.append(answer["test_loss"])
    # All end near the same equilibria, so they learn the same.
    assert losses == pytest.approx([losses[0]] * 3, rel=2e-3)


def test_iterations_without_time_have_no_latency(capsys: pytest.CaptureFixture[str]) -> None:
    steps = ("train.free_steps=30", "train.nudged_steps=20", *DIRECT)
    assert run(command("discrete", steps, "--json", "-q")) == 0
    assert json.loads(capsys.readouterr().out)["latency_seconds"] is None
    assert run(command("discrete", ("train.tol=1e-6", *DIRECT), "--json", "-q")) == 0
    assert json.loads(capsys.readouterr().out)["latency_seconds"] is None


@pytest.mark.parametrize(
    ("solve", "settings", "more", "message"),
    [
        ("rk4", ("train.free=1u", "train.nudged=1u", "train.eps=0.1"), [], "both say how long a phase lasts"),
        ("equilibrium", SECONDS, [], "free= has no meaning for solve=equilibrium"),
        ("discrete", SECONDS, [], "free= has no meaning for solve=discrete"),
        ("heun", ("train.free_steps=9",), [], "solve=heun needs nudged_steps= eps="),
        ("heun", ("train.free=9u",), [], "solve=heun needs nudged="),
        ("rk4", ("cell.c=0",), [], "solve=rk4 needs capacitance on every node: h has none"),
        ("rk4", ("cell.c=0",), ["--form", "sparse"], "solve=rk4"),
        ("trap", ("cell.c=0",), [], "solve=trap needs capacitance on every node: the chip has none"),
        ("discrete", ("train.free_steps=9", "train.nudged_steps=9"), [], "h weighs it with ρ′"),
        ("discrete", ("train.tol=1e-6", *DIRECT), ["--form", "sparse"], "is for the array form of chips"),
        ("rk", (), [], "did you mean 'rk4'?"),
    ],
)
def test_what_a_solver_has_no_meaning_for_leaves_with_2(
    solve: str,
    settings: Sequence[str],
    more: Sequence[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(command(solve, settings, *more)) == 2
    shown = capsys.readouterr()
    assert message in shown.err
    assert "Traceback" not in shown.err


def test_a_phase_that_does_not_come_to_rest_fails_and_says_what_is_left(
    capsys: pytest.CaptureFixture[str],
) -> None:
    # All neurons at once, tied strongly: activities jump to and fro between two states.
    swinging = ("cell.drive=direct", "cell.activation=tanh", "syn.init=uniform", "syn.spread=9")
    assert run(command("discrete", ("train.tol=1e-6", *swinging))) == 1
    shown = capsys.readouterr().err
    assert "samples did not settle to tol=1e-06 in 10000 steps" in shown
    assert "Traceback" not in shown
