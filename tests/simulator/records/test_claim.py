"""Only one run writes a file: with real processes, killed ones among them."""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from eqchip.errors import InputError
from eqchip.simulator.records import claim as module
from eqchip.simulator.records.claim import Claim, TakenError, claim_default, claim_of, claimed

HOLDER = """
import sys, time
from eqchip.simulator.records.claim import Claim
with Claim(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""

RACER = """
import sys, time
from eqchip.simulator.records.claim import claim_default
while time.time() < float(sys.argv[2]):
    pass
claim = claim_default("xor", __import__("pathlib").Path(sys.argv[1]))
claim.path.touch()
print(claim.path.name, flush=True)
time.sleep(float(sys.argv[3]))
claim.release()
"""


def holder(path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", HOLDER, path], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_the_claim_of_another_process_is_respected_until_it_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with holder(path) as process:
        try:
            assert claimed(path)
            with pytest.raises(
                TakenError,
                match=rf"is writing .*a\.h5 \(process {process.pid} on .*\n  expected another name after -o",
            ):
                Claim(path)
        finally:
            process.send_signal(signal.SIGKILL)
    assert claim_of(path).exists()  # nobody could delete it
    assert not claimed(path)
    with Claim(path):
        assert claimed(path)
    assert not claim_of(path).exists()


def test_many_that_start_at_once_get_names_of_their_own(tmp_path: Path) -> None:
    begin = str(time.time() + 1.0)
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", RACER, tmp_path, begin, "0.3"], stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    names = [run.communicate(timeout=60)[0].strip() for run in runs]
    assert sorted(names) == ["xor-2.h5", "xor-3.h5", "xor-4.h5", "xor.h5"]
    assert not list(tmp_path.glob("*.claim"))


def test_without_locks_the_process_number_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    def no_locks(handle: int, how: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    path = tmp_path / "a.h5"
    said = {"process": os.getpid(), "machine": socket.gethostname()}
    claim_of(path).write_text(json.dumps(said))
    with pytest.raises(TakenError, match=r"if it is dead, delete .*a\.h5\.claim"):
        Claim(path)
    claim_of(path).write_text(json.dumps({**said, "machine": "elsewhere"}))
    with pytest.raises(TakenError, match="on elsewhere"):
        Claim(path)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    claim_of(path).write_text(json.dumps({**said, "process": gone.pid}))
    with Claim(path):
        assert claimed(path)
    claim_of(path).write_text("cut of")
    Claim(path).release()


def test_a_claim_that_was_deleted_while_it_was_taken_is_taken_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.h5"
    lock, calls = module._lock, []

    def lose_the_first(handle: int, shared: bool = False) -> bool | None:
        calls.append(handle)
        if len(calls) == 1:
            claim_of(path).unlink()  # as the run before does when it ends
        return lock(handle, shared)

    monkeypatch.setattr(module, "_lock", lose_the_first)
    with Claim(path):
        assert len(calls) == 2
        assert claim_of(path).exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_refused(tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(InputError, match="cannot be written"):
        claim_default("xor", tmp_path / "locked")
