"""The flagship as a user runs it: simulate, plot, evaluate, go on; and Ctrl-C in between."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

import eqchip
from eqchip.cli.main import run


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_chip_learns_xor_in_its_waveform_and_everything_is_in_the_file(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["simulate", "stdp-waveform"]) == 0
    out = capsys.readouterr().out
    assert "48 samples, answered where their free phases end: 8 wrong, 0 among the last 12" in out
    assert "next: eqchip plot stdp-waveform.h5" in out
    with h5py.File("stdp-waveform.h5") as file:
        tran = file["tran"]
        assert {"time", "phase", "sample", "v(y)", "w(yxh)"} <= set(tran)
        assert tran["w(yxh)"].shape == (len(tran["time"]), 8)
        assert tran["w(yxh)"].attrs["units"] == "1"
        assert tran["w(yxh)"].dims[1][0].asstr()[0] == "yxh[0,0]"
        assert np.array_equal(tran["w(yxh)"][-1], file["weights/Yxh"][:].ravel())
        assert tran.attrs["rule"] == "stdp"
    assert run(["evaluate", "stdp-waveform.h5", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["test_error"] == 0.0
    assert run(["plot", "stdp-waveform.h5"]) == 0
    assert (here / "stdp-waveform.png").stat().st_size > 50_000
    assert run(["lint", "stdp-waveform"]) == 0
    for target in ("spice", "csv", "npz", "raw"):
        assert run(["export", "stdp-waveform.h5", "--to", target, "-o", f"a.{target}"]) == 0


def test_a_file_goes_on_with_what_it_learned(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["simulate", "stdp-waveform", "-q"]) == 0
    assert run(["simulate", "stdp-waveform.h5", "-q", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out.splitlines()[-1])
    first, second = eqchip.open("stdp-waveform.h5"), eqchip.open(answer["file"])
    assert np.array_equal(first.weights["Yxh"].ravel(), second["tran/w(yxh)"][0])
    assert not np.any(second["wrong"][second["phase"] == 2])  # from its first sample on


def test_set_and_seed_change_the_waveform(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["simulate", "stdp-waveform", "-q", "--set", "protocol.free=20u", "-o", "a.h5"]) == 0
    assert run(["simulate", "stdp-waveform", "-q", "--seed", "3", "-o", "b.h5"]) == 0
    slow, other, same = eqchip.open("a.h5"), eqchip.open("b.h5"), eqchip.simulate("stdp-waveform")
    assert np.count_nonzero(np.diff(slow["phase"]) == 1) // 2 == 24
    assert not np.array_equal(other["w(yxh)"][0], same["w(yxh)"][0])
    with pytest.raises(eqchip.errors.InputError):
        eqchip.load("stdp-waveform").set({"protocol.free": "0.1u"}).circuit  # noqa: B018


def test_the_clock_is_shown_and_recorded(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["show", "stdp-waveform", "--set", "protocol.gap=2u", "--json"]) == 0
    assert '"protocol": {"free": 8e-06, "nudged": 3e-06, "gap": 2e-06}' in capsys.readouterr().out
    assert run(["simulate", "stdp-waveform", "-q", "-o", "a.h5", "--set", "protocol.free=9u"]) == 0
    with h5py.File("a.h5") as file:
        recorded = json.loads(file["provenance/parameters"].asstr()[()])
    assert recorded["protocol"] == {"free": 9e-06, "nudged": 3e-06, "gap": 1e-06}


def test_the_same_seed_gives_the_same_waveform_to_the_last_bit() -> None:
    one, two = (eqchip.simulate("stdp-waveform") for _ in range(2))
    for name in ("time", "v(h)", "w(yhy)"):
        assert np.array_equal(one[name], two[name])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ((".protocol free=8u nudged=3u gap=1u", ""), "a learning waveform needs a card .protocol"),
        (("estimator=random", "estimator=centered rule=contrast"), "rule is given twice"),
        (
            ("rule=stdp estimator=random", "rule=contrast estimator=centered"),
            "takes more than one nudge a sample",
        ),
        ((".data   xor", ".data nowhere.npz"), "nowhere.npz"),
    ],
)
def test_mistakes_leave_with_2_and_a_place(
    changed: tuple[str, str], message: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from eqchip.netlists.chips import find_chip

    text = find_chip("stdp-waveform").read_text(encoding="utf-8")
    assert changed[0] in text
    (here / "wrong.cir").write_text(text.replace(*changed), encoding="utf-8")
    assert run(["simulate", "wrong.cir"]) == 2
    shown = capsys.readouterr()
    assert message in shown.err
    assert "wrong.cir:" in shown.err
    assert "Traceback" not in shown.err
    assert not (here / "wrong.h5").exists()


def test_an_interrupt_keeps_the_rows_and_what_was_learned(here: Path) -> None:
    command = [sys.executable, "-m", "eqchip", "simulate", "stdp-waveform", "-o", "long.h5"]
    long = here / "long.cir"
    from eqchip.netlists.chips import find_chip

    text = find_chip("stdp-waveform").read_text(encoding="utf-8").replace("576u learn", "100 learn")
    long.write_text(text, encoding="utf-8")
    process = subprocess.Popen(
        [*command[:4], "long.cir", *command[5:]], cwd=here, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        limit = time.monotonic() + 90
        part = here / "long.h5.part"
        while not (part.exists() and part.stat().st_size > 1_000_000):
            assert process.poll() is None
            assert time.monotonic() < limit
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130
    assert b"rows are kept in long.h5" in err
    assert b"Traceback" not in err
    kept = eqchip.open("long.h5")
    assert kept.facts["outcome"] == "interrupted"
    assert np.all(np.diff(kept["time"]) > 0.0)
    assert np.array_equal(kept.weights["Yxh"].ravel(), kept["w(yxh)"][-1])
    # What it learned so far is a chip like any other.
    assert eqchip.evaluate("long.h5")["test_loss"] is not None
