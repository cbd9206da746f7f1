"""`eqchip plot`, from the shell's view."""

import json
from pathlib import Path

import numpy as np
import pytest

from eqchip.cli.main import run
from eqchip.simulator.records.provenance import Provenance
from eqchip.simulator.records.recorder import Recorder
from eqchip.simulator.rows import Column, Plan, Rows

pytest.importorskip("matplotlib")

PLAN = Plan("tran", Column("time", "s"), (Column("v(out)", "V"), Column("i(v1)", "A")))


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the record of a run, `rc.h5`."""
    monkeypatch.chdir(tmp_path)
    t = np.linspace(0.0, 1e-3, 20)
    with Recorder(tmp_path / "rc.h5", Provenance("simulate", "rc"), [PLAN]) as recorder:
        recorder.add(0, Rows(t, {"v(out)": t, "i(v1)": -t}))
    return tmp_path


def test_a_picture_is_written_beside_its_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plot", "rc.h5"]) == 0
    assert capsys.readouterr().out == "wrote rc.png\n"
    assert Path("rc.png").read_bytes().startswith(b"\x89PNG")


def test_what_is_named_is_drawn_and_json_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plot", "rc.h5", "--only", "v(out)", "-o", "out.svg", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer == {
        "command": "plot",
        "chip": "rc",
        "file": "out.svg",
        "source": "rc.h5",
        "parts": ["tran"],
        "only": ["v(out)"],
    }
    text = Path("out.svg").read_text(encoding="utf-8")
    assert "v(out) (mV)" in text
    assert "i(v1)" not in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rc.h5", "--only", "v(ouy)"], "no 'v(ouy)'; did you mean 'v(out)'?"),
        (["rc.h5", "-o", "rc.jpg"], "rc.jpg: no such picture format"),
        (["rd.h5"], "there is no file rd.h5; did you mean 'rc.h5'?"),
    ],
)
def test_a_mistake_is_a_message(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["plot", *arguments]) == 2
    assert message in capsys.readouterr().err
