"""`eqchip simulate`, as a user runs it."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest

from eqchip.cli.interrupts import Interrupts
from eqchip.cli.main import run
from eqchip.simulator.records.shield import shielded

DIVIDER = (
    "divider\nV1 in 0 3\nR1 in out 1k\nR2 out 0 2k\nC1 out 0 1n\n.op\n.dc V1 0 5 0.5\n.tran 1u 10u\n.end\n"
)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "divider.cir").write_text(DIVIDER, encoding="utf-8")
    return tmp_path


def test_every_analysis_goes_to_one_file_named_after_the_chip(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["simulate", "divider.cir"]) == 0
    out = capsys.readouterr().out
    assert "v(out)" in out
    assert "next: eqchip plot divider.h5" in out
    with h5py.File("divider.h5") as file:
        assert [name for name in file if name in ("op", "dc", "tran")] == ["op", "dc", "tran"]
        assert file["op/v(out)"][0] == pytest.approx(2.0, rel=1e-9)
        assert np.allclose(file["dc/v(out)"][:], 2 / 3 * file["dc/v1"][:], atol=1e-9)
        assert file["tran/time"][-1] == pytest.approx(1e-5)
        assert file["provenance/netlist"].asstr()[()] == DIVIDER


def test_a_second_run_takes_the_next_name(here: Path) -> None:
    assert run(["simulate", "divider.cir"]) == 0
    assert run(["simulate", "divider.cir"]) == 0
    assert (here / "divider-2.h5").exists()


def test_json_has_the_shared_keys_and_the_operating_point(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["simulate", "divider.cir", "--json", "-o", "a.h5"]) == 0
    shown = capsys.readouterr()
    answer = json.loads(shown.out)
    shared = {"command", "chip", "form", "dtype", "seed", "outcome", "seconds", "file"}
    assert shared <= answer.keys()
    assert answer["op"]["v(out)"] == pytest.approx(2.0)
    assert answer["op"]["i(v1)"] == pytest.approx(-1e-3)
    assert (answer["file"], answer["outcome"], answer["form"]) == ("a.h5", "complete", "sparse")


def test_a_bus_is_answered_node_by_node(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "bus.cir").write_text("bus\n.bus a[2]\nV1 in 0 1\nRt in a 1k\nRb a 0 3k\n.op\n", encoding="utf-8")
    assert run(["simulate", "bus.cir", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)["op"]
    assert answer == pytest.approx({"v(in)": 1, "v(a[0])": 0.75, "v(a[1])": 0.75, "i(v1)": -5e-4})
    with h5py.File("bus.h5") as file:
        assert file["op/v(a)"].shape == (1, 2)


def test_set_changes_the_answer_and_is_recorded(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["simulate", "divider.cir", "--set", "R1.r=2k", "--set", "V1.dc=8", "--json", "-o", "a.h5"]
    assert run(arguments) == 0
    assert json.loads(capsys.readouterr().out)["op"]["v(out)"] == pytest.approx(4.0)
    with h5py.File("a.h5") as file:
        overrides = json.loads(file["provenance/overrides"].asstr()[()])
    assert overrides == {"R1.r": "2k", "V1.dc": "8"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.cir"], "'nowhere.cir' does not exist"),
        (["xro"], "did you mean 'xor'?"),
        (["divider.cir", "-o", "a.csv"], "records are HDF5 files"),
        (["divider.cir", "-o", "nowhere/a.h5"], "there is no directory nowhere"),
        (["divider.cir", "-o", "folder.h5"], "folder.h5 is a directory"),
        (["divider.cir", "--set", "R1.q=3"], "R1"),
        (["divider.cir", "--set", "R7.r=3"], "R7"),
        (["divider.cir", "--set", "R1.r"], "--set R1.r: not an assignment"),
        (["divider.cir", "--set", "R1.r=1x"], "1x"),
        (["divider.cir", "--threads", "0"], "--threads"),
        (["empty.cir"], "the netlist is empty"),
        (["folder.h5"], "is a directory"),
        (["broken.h5"], "is not an HDF5 file"),
        (["empty.h5"], "empty.h5 is empty"),
        (["silent.cir"], "silent.cir asks for no analysis\n  expected a card .op, .dc or .tran"),
        (["xor"], "eqchip train xor trains it"),
    ],
)
def test_wrong_input_leaves_with_2_without_a_file_or_a_traceback(
    arguments: list[str], message: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "folder.h5").mkdir()
    (here / "broken.h5").write_text("no HDF5\n")
    (here / "empty.h5").touch()
    (here / "empty.cir").touch()
    (here / "silent.cir").write_text("silent\nR1 a 0 1k\nV1 a 0 1\n")
    before = sorted(here.iterdir())
    assert run(["simulate", *arguments]) == 2
    shown = capsys.readouterr()
    assert message in shown.err
    assert "Traceback" not in shown.err
    assert shown.out == ""
    assert sorted(here.iterdir()) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_refused(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "locked").mkdir(mode=0o500)
    assert run(["simulate", "divider.cir", "-o", "locked/a.h5"]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_what_cannot_be_solved_leaves_with_1_and_advice(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "loop.cir").write_text("loop\nV1 a 0 1\nV2 a 0 2\nR1 a 0 1k\n.op\n", encoding="utf-8")
    assert run(["simulate", "loop.cir"]) == 1
    err = capsys.readouterr().err
    assert "try " in err
    assert "Traceback" not in err
    assert not (here / "loop.h5").exists()


LONG = "long\nV1 in 0 SIN(0 1 1k)\nR1 in out 1k\nC1 out 0 1n\n.tran 1u 1000 0 1u\n.end\n"


@pytest.fixture
def long_run(here: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start a simulation that takes for ever; it does not outlive the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start(**streams: int) -> subprocess.Popen[bytes]:
        (here / "long.cir").write_text(LONG, encoding="utf-8")
        command = [sys.executable, "-m", "eqchip", "simulate", "long.cir"]
        process = subprocess.Popen(command, cwd=here, **streams)  # type: ignore[call-overload]
        started.append(process)
        return process  # type: ignore[no-any-return]

    yield start
    for process in started:
        process.kill()
        process.wait()


def _until(path: Path, size: int) -> None:
    limit = time.monotonic() + 60
    while not (path.exists() and path.stat().st_size > size):
        assert time.monotonic() < limit
        time.sleep(0.05)


def test_an_interrupt_leaves_with_130_and_keeps_what_was_done(
    here: Path, long_run: Callable[..., subprocess.Popen[bytes]]
) -> None:
    process = long_run(stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    _until(here / "long.h5.part", 1_000_000)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert out == b""
    assert b"rows are kept in long.h5" in err
    assert b"Traceback" not in err
    with h5py.File(here / "long.h5") as file:
        assert file["run/status"].asstr()[()] == "interrupted"
        time_axis = file["tran/time"][:]
        assert all(file["tran"][name].shape == time_axis.shape for name in ("v(in)", "v(out)", "i(v1)"))
        assert time_axis.size > 1000
        assert np.all(np.diff(time_axis) > 0)


def test_progress_is_shown_on_a_terminal_only(
    here: Path, long_run: Callable[..., subprocess.Popen[bytes]]
) -> None:
    master, slave = pty.openpty()
    process = long_run(stdout=subprocess.DEVNULL, stderr=slave)
    os.close(slave)
    seen = b""
    limit = time.monotonic() + 60
    while b"left" not in seen and time.monotonic() < limit:
        if select.select([master], [], [], 1.0)[0]:
            seen += os.read(master, 65536)
    assert b"tran at" in seen
    assert b"left" in seen
    assert process.poll() is None
    os.close(master)


def test_an_interrupt_within_a_write_waits_for_its_end() -> None:
    done = []

    def write() -> None:
        with shielded():
            signal.raise_signal(signal.SIGINT)
            done.append("written")

    with pytest.raises(KeyboardInterrupt):
        write()
    assert done == ["written"]


def test_a_lost_interrupt_is_raised_at_the_next_block() -> None:
    with Interrupts() as interrupts:
        interrupts.check()
        with contextlib.suppress(KeyboardInterrupt):  # as a destructor does
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            interrupts.check()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_commands_to_try_next_are_quoted_as_a_shell_wants_it(capsys: pytest.CaptureFixture[str]) -> None:
    Path("two words.cir").write_text("* t\nV1 a 0 1\nR1 a 0 1k\n.op\n.end\n")
    assert run(["simulate", "two words.cir"]) == 0
    assert "next: eqchip show 'two words.h5'" in capsys.readouterr().out
