"""The command line itself: quick help, names that are nearly right, exit codes, no traceback."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from eqchip.cli.examples import EXAMPLES
from eqchip.cli.main import COMMANDS, PLANNED, commands, run


def test_help_lists_every_command_and_imports_no_numpy() -> None:
    code = (
        "import sys; from eqchip.cli.main import run; code = run(['--help']);"
        "assert not {'numpy', 'numba', 'h5py', 'scipy'} & set(sys.modules); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert all(f"  {name}" in done.stdout for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_that_imports_no_numpy(name: str) -> None:
    code = (
        f"import sys; from eqchip.cli.main import run; run([{name!r}, '--help']);"
        "assert 'numpy' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"Usage: eqchip {name}")


def test_every_command_has_examples() -> None:
    assert set(EXAMPLES) == set(COMMANDS)


@pytest.mark.parametrize(("name", "line"), [(n, line) for n, ones in EXAMPLES.items() for line, _ in ones])
def test_an_example_in_help_is_a_command_line_that_is_understood(name: str, line: str) -> None:
    word, *arguments = shlex.split(line)
    assert word == name
    command = commands.get_command(None, name)  # type: ignore[arg-type]
    assert command is not None
    # A command keeps the help option it was first asked for: ask as the program does.
    parent = click.Context(commands, info_name="eqchip", **commands.context_settings)
    context = command.make_context(name, arguments, parent)  # reads options and words, runs nothing
    for pair in context.params.get("settings", ()):
        assert "=" in pair
    shown = command.get_help(context)
    assert f"eqchip {line}\n" in shown or f"eqchip {line}  " in shown
    assert max(len(one) for one in shown.splitlines()[-8:]) < 100


@pytest.mark.parametrize("name", PLANNED)
def test_a_command_that_is_to_come_is_refused_by_name(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([name, "xor"]) == 2
    assert f"{name} is not in this version" in capsys.readouterr().err


def test_the_list_names_what_there_is() -> None:
    for name in COMMANDS:
        assert commands.get_command(None, name).name == name  # type: ignore[arg-type, union-attr]


def test_a_mistyped_command_is_answered_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["simulte"]) == 2
    assert "did you mean 'simulate'?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "xro"], "did you mean 'xor'?"),
        (["show", "nowhere.cir"], "'nowhere.cir' does not exist"),
        (["show", "nowhere.h5"], "there is no file nowhere.h5"),
        (["show", "xor", "--set", "train.beta"], "not an assignment"),
        (["show", "xor", "--set", "cell.gleek=1u"], "gleak"),
        (["lint", "./"], "is a folder"),
        (["models", "neuronn"], "did you mean 'neuron'?"),
        (["export", "xor", "--to", "csv"], "needs what a run recorded"),
        (["export", "xor"], "Missing option '--to'"),
        (["export", "xor", "--to", "spicy"], "'spicy' is not one of"),
        (["doctor", "--jsn"], "No such option"),
    ],
)
def test_wrong_input_leaves_with_2_and_says_why(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(arguments) == 2
    shown = capsys.readouterr()
    assert message in shown.err
    assert "Traceback" not in shown.err
    assert shown.out == ""


def test_an_error_in_a_netlist_points_at_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "typo.cir"
    path.write_text("typo\nR1 a 0 1k\nD1 a 0 dide\n.model diode D\n.op\n.end\n", encoding="utf-8")
    assert run(["show", str(path)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith(f"{path}:3:8: ")
    assert "did you mean 'diode'?" in lines[0]
    assert lines[2].index("^") - 2 == "D1 a 0 dide".index("dide")


def test_json_is_one_object_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (
        ["show", "--json"],
        ["show", "xor", "--json"],
        ["models", "D", "--json"],
        ["doctor", "--json"],
    ):
        assert run(arguments) == 0
        answer = json.loads(capsys.readouterr().out)
        assert answer["command"] == arguments[0]


def test_lint_leaves_with_2_for_errors_and_0_for_warnings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "chip.cir"
    path.write_text("warned\nV1 a 0 1\nR1 a 0 1k\n.param unused=1\n.op\n.end\n", encoding="utf-8")
    assert run(["lint", str(path)]) == 0
    assert "warning" in capsys.readouterr().out
    path.write_text("wrong\nV1 a 0 1\nR1 a 0 1k\nQ1 a b c q\n.op\n.end\n", encoding="utf-8")
    assert run(["lint", str(path), "--json"]) == 2
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert any("not supported yet" in one["message"] for one in findings)


def test_a_shown_netlist_reads_back_as_the_same_chip(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["show", "xor", "--stage", "netlist"]) == 0
    path = tmp_path / "again.cir"
    path.write_text(capsys.readouterr().out, encoding="utf-8")
    assert run(["show", str(path), "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert run(["show", "xor", "--json"]) == 0
    first = json.loads(capsys.readouterr().out)
    again.pop("chip"), first.pop("chip")
    assert again == first


def test_what_is_set_shows(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["show", "xor", "--set", "train.beta=0.03", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["train"]["beta"] == 0.03
