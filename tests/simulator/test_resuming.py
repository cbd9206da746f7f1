"""A training that is stopped and resumed ends with the same bits as one that never was."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

from eqchip.cli.main import run
from eqchip.errors import InputError
from eqchip.simulator.api import parse
from eqchip.simulator.learning.epoch import Epoch, TrainState
from eqchip.simulator.loaded import LoadedChip
from eqchip.simulator.records.arrays import ArrayPlan
from eqchip.simulator.records.claim import Claim
from eqchip.simulator.records.provenance import Provenance
from eqchip.simulator.records.reader import Record
from eqchip.simulator.records.recorder import Recorder
from eqchip.simulator.records.slots import read_slots
from eqchip.simulator.records.target import part_of
from eqchip.simulator.resuming import fingerprint, take_up
from eqchip.simulator.rows import Column, Plan, Rows
from eqchip.simulator.samples import Samples
from eqchip.simulator.training import train
from eqchip.simulator.training_state import Keeper

TEXT = """made to be stopped
.bus x[2] h[6] y[1]
.model syn synapse(init=glorot)
.model cell neuron(activation=hardsigmoid)
Yxh x h syn
Yhy h y syn
Nh h cell
Ny y cell
.input x
.output y decode=threshold
.nudge y cost=mse
.learn Yxh rate=0.1 {more}
.learn Yhy rate=0.05
.learn Nh rate=0.1 {more}
.learn Ny rate=0.05
.data xor
.train batch=3 epochs=6 beta=0.5 {train}
.end
"""
EULER = "solve=euler free_steps=12 nudged_steps=4 eps=0.5 "
KINDS = {
    "persistent states, random signs, momentum": (EULER + "persistent=1 estimator=random", "momentum=0.9"),
    "equilibria": ("solve=equilibrium estimator=centered", ""),
    "decay": (EULER + "persistent=0 estimator=onesided", "momentum=0.5 decay=0.01"),
}


def chip(kind: str = "equilibria") -> LoadedChip:
    training, more = KINDS[kind]
    return parse(TEXT.format(train=training, more=more), "stopped.cir")


def same(one: Path, other: Path) -> None:
    """Hold two files to each other, bit by bit; only clocks may differ."""
    with h5py.File(one) as a, h5py.File(other) as b:
        assert set(a["weights"]) == set(b["weights"])
        for name in ("Yxh", "Yhy", "Nh", "Ny"):
            assert np.array_equal(a[f"weights/{name}"][()], b[f"weights/{name}"][()])
        for name, item in a["training"].items():
            if name not in ("seconds", "samples_per_second", "residual"):
                assert np.array_equal(item[()], b[f"training/{name}"][()], equal_nan=True), name
        for group in ("settling", "confusion", "cost"):
            assert set(a[group]) == set(b[group])
            for name, item in a[group].items():
                equal = item.dtype.kind != "f" or np.array_equal(item[()], b[group][name][()], equal_nan=True)
                assert equal, f"{group}/{name}"
        left, right = read_slots(a), read_slots(b)
        assert left is not None
        assert right is not None
        assert left[0] == right[0]
        assert left[1].keys() == right[1].keys()
        for name in left[1]:
            assert left[1][name].dtype == right[1][name].dtype
            assert np.array_equal(left[1][name], right[1][name]), name


def stopping(at: int, within: bool):  # type: ignore[no-untyped-def]
    """Return what interrupts a training after an epoch, or in the middle of the next one."""

    def watch(epoch: Epoch) -> None:
        if not within and epoch.number == at:
            raise KeyboardInterrupt

    def tick(passed: int, total: int, epoch: int) -> None:
        if within and epoch == at + 1:
            raise KeyboardInterrupt

    return {"watch": watch, "tick": tick}


@pytest.mark.parametrize("within", [False, True], ids=["after an epoch", "within one"])
@pytest.mark.parametrize("form", ["array", "sparse"])
@pytest.mark.parametrize("kind", KINDS)
def test_interrupted_and_resumed_is_as_never_interrupted(
    tmp_path: Path, kind: str, form: str, within: bool
) -> None:
    whole, parts = tmp_path / "whole.h5", tmp_path / "parts.h5"
    dtype = "float32" if form == "array" else None
    train(chip(kind), whole, form=form, dtype=dtype)
    with pytest.raises(KeyboardInterrupt, match="2 of 6 epochs are kept in"):
        train(chip(kind), parts, form=form, dtype=dtype, **stopping(2, within))
    with pytest.raises(KeyboardInterrupt, match="5 of 6 epochs are kept in"), Claim(parts) as claim:
        train(chip(), claim, kept=take_up(claim, chip(kind), {}), **stopping(5, within))
    with Claim(parts) as claim:
        found = train(chip(), claim, kept=take_up(claim, None, {}))
    same(whole, parts)
    assert found["training"].trace.plan.attributes["resumed_after"] == [2, 5]


def test_epochs_may_be_raised_after_the_end(tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole.h5", tmp_path / "parts.h5"
    train(chip().set({"train.epochs": 5}), whole)
    train(chip().set({"train.epochs": 2}), parts)
    with Claim(parts) as claim:
        train(chip(), claim, kept=take_up(claim, None, {"TRAIN.epochs": "5"}))
    same(whole, parts)
    assert Record(parts).provenance["overrides"] == {"train.epochs": "5"}


def test_a_schedule_over_all_epochs_takes_no_more_of_them(tmp_path: Path) -> None:
    falling = {"train.schedule": "cosine", "train.epochs": 4}
    whole, parts = tmp_path / "whole.h5", tmp_path / "parts.h5"
    train(chip().set(falling), whole)
    with pytest.raises(KeyboardInterrupt):
        train(chip().set(falling), parts, **stopping(2, False))
    with (
        Claim(parts) as claim,
        pytest.raises(InputError, match=r"run down over its 4 epochs \(schedule=cosine\)"),
    ):
        train(chip(), claim, kept=take_up(claim, None, {"train.epochs": 8}))
    with Claim(parts) as claim:
        train(chip(), claim, kept=take_up(claim, None, {}))
    same(whole, parts)


def test_a_file_that_lacks_newer_columns_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    train(chip().set({"train.epochs": 2}), path)
    with h5py.File(path, "r+") as file:
        del file["training/rate_share"], file["settling"]
    with Claim(path) as claim:
        found = train(chip(), claim, kept=take_up(claim, None, {"train.epochs": 3}))
    assert np.array_equal(found["training/rate_share"], [np.nan, np.nan, 1.0], equal_nan=True)
    assert set(found["settling/trained"]) == {1.0}


def test_what_a_kill_leaves_at_any_time_resumes_to_the_same_bits(tmp_path: Path) -> None:
    """Real processes, killed at two different times; the file is resumed after each."""
    (tmp_path / "stopped.cir").write_text(TEXT.format(train=KINDS["decay"][0], more="momentum=0.9"))
    program = (
        "import sys, time; import eqchip.simulator.training_state as s; s._SECONDS = s._TIMES = 0.0\n"
        "from eqchip.cli.main import run; sys.exit(run(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", program, "train"]
    resume = ["--resume", "stopped.h5"]
    for go_on, pause in (
        (["stopped.cir", "--set", "train.epochs=1000000"], 0.4),
        (resume, 0.2),
    ):
        process = subprocess.Popen([*command, *go_on], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        process.stdout.readline(), process.stdout.readline()  # the head and an epoch
        time.sleep(pause)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert part_of(tmp_path / "stopped.h5").exists()
    with Claim(tmp_path / "stopped.h5") as claim:
        kept = take_up(claim, None, {})
        assert kept.epoch > 3
        again = take_up(claim, None, {"train.epochs": kept.epoch + 2})
        train(chip(), claim, kept=again)
    train(again.chip, tmp_path / "whole.h5")
    same(tmp_path / "whole.h5", tmp_path / "stopped.h5")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["stopped.cir", "stopped.h5", "whole.h5"]


def test_a_slot_that_was_cut_in_two_gives_way_to_the_other(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    train(chip().set({"train.epochs": 3}), path)
    with h5py.File(path, "r+") as file:
        newest = max(("a", "b"), key=lambda name: file[f"state/{name}/number"][()])
        assert read_slots(file)[0] == 3  # type: ignore[index]
        file[f"state/{newest}/parameters/Yxh"][0, 0] += 1e-9
        found = read_slots(file)
        assert found is None or found[0] < 3
    plan = Plan("training", Column("epoch", ""), (Column("x", ""),))
    recorder = Recorder(tmp_path / "b.h5", Provenance("train", "x"), [plan], (), [ArrayPlan("w", (3,))])
    with recorder:
        recorder.add(0, Rows(np.ones(1), {"x": np.ones(1)}))
        for number in (1, 2, 3):
            recorder.store(number, {"w": np.full(3, float(number))})
    with h5py.File(tmp_path / "b.h5", "r+") as file:
        file["state/a/w"][1] = 9.0
        number, values = read_slots(file)  # type: ignore[misc]
        assert number == 2
        assert np.array_equal(values["w"], np.full(3, 2.0))
        file["state/b/number"][()] = 7
        assert read_slots(file) is None


def test_a_state_is_written_seldom_and_never_lost_to_an_interrupt() -> None:
    class Clock:
        now = 0.0

        def __call__(self) -> float:
            return self.now

    clock, stored = Clock(), []

    class Slow:
        def store(self, number: int, values: dict[str, np.ndarray]) -> None:
            stored.append((number, float(values["parameters/w"][0])))
            clock.now += 1.0  # writing takes a second, so it is done every twenty

    keeper, live = Keeper(Slow(), clock), np.zeros(1)  # type: ignore[arg-type]
    for number in range(1, 40):
        live[:] = number
        keeper.offer(TrainState(number, {"w": live}))
        clock.now += 1.0
    live[:] = 99.0  # the next epoch is under way
    assert [number for number, _ in stored] == [1, 21]
    keeper.finish()
    keeper.finish()
    assert stored == [(1, 1.0), (21, 21.0), (39, 39.0)]


@pytest.fixture
def trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "stopped.cir").write_text(TEXT.format(train=KINDS["equilibria"][0], more=""))
    assert run(["train", "stopped.cir", "--set", "train.epochs=2", "-q"]) == 0
    (tmp_path / "op.cir").write_text("op\nV1 a 0 1\nR1 a 0 1\n.op\n.end\n")
    assert run(["simulate", "op.cir", "-q"]) == 0
    (tmp_path / "other.cir").write_text(TEXT.format(train=KINDS["equilibria"][0], more="momentum=0.5"))
    (tmp_path / "xor.csv").write_text("a,b,label\n0,0,0\n1,1,0\n")
    return tmp_path / "stopped.h5"


MORE = ["--set", "train.epochs=4"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--resume", "stopped.h5"], "all 2 epochs of stopped.h5 are done\n  expected more of them: --set"),
        (["--resume", "stopped.h5", "--set", "train.epochs=1"], "train.epochs=1: stopped.h5 holds 2 epochs"),
        (
            ["--resume", "stopped.h5", "--set", "train.beta=0.7"],
            "train.beta=0.7 differs: stopped.h5 has",
        ),
        (["--resume", "stopped.h5", *MORE, "--seed", "3"], "train.seed=3 differs: stopped.h5 has"),
        (["--resume", "stopped.h5", *MORE, "--set", "cell.slope=2"], "stopped.h5 did not set it"),
        (
            ["--resume", "stopped.h5", *MORE, "--form", "sparse"],
            "sparse differs: stopped.h5 has array",
        ),
        (["--resume", "stopped.h5", *MORE, "--dtype", "float32"], "--dtype float32 differs"),
        (["--resume", "stopped.h5", *MORE, "--data", "xor.csv"], "has the data of its netlist"),
        (["other.cir", "--resume", "stopped.h5", *MORE], "line 12 was '.learn Yxh rate=0.1' and is"),
        (["other.cir", "--resume"], "there is no training to resume among other*.h5"),
        (["--resume", "op.h5"], "op.h5 cannot be resumed: it is no training"),
        (["--resume", "stoped.h5"], "did you mean 'stopped.h5'?"),
        (["--resume", "stopped.csv"], "stopped.csv"),
        (["--resume"], "--resume of what?"),
        (["stopped.cir", "--resume", "other.cir"], "--resume other.cir: not a record"),
        ([], "Missing argument 'CHIP'"),
    ],
)
def test_what_differs_is_refused_by_name(
    arguments: list[str], message: str, trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = trained.read_bytes()
    capsys.readouterr()
    assert run(["train", *arguments]) == 2
    shown = capsys.readouterr()
    assert message in shown.err
    assert "Traceback" not in shown.err
    assert trained.read_bytes() == before


def test_resume_takes_the_newest_of_its_chip_and_goes_on_in_it(
    trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["train", "stopped.cir", "--set", "train.epochs=3", "-q"]) == 0
    os.utime(trained, (1e9, 1e9))
    for arguments in (["stopped.cir", "--resume"], ["stopped-2.h5", "--resume"], ["--resume", "stopped.cir"]):
        with h5py.File("stopped-2.h5") as file:
            epochs = file["training/epoch"].shape[0]
        more = ["--set", f"train.epochs={epochs + 1}"]
        assert run(["train", *arguments, *more]) == 0
        assert f"stopped-2.h5 goes on after epoch {epochs}" in capsys.readouterr().err
    assert run(["train", "--resume", "stopped.h5", *MORE, "-o", "fork.h5", "--set", "train.beta=0.5"]) == 0
    with h5py.File("fork.h5") as file, h5py.File("stopped.h5") as old, h5py.File("stopped-2.h5") as new:
        assert [one["training/epoch"].shape[0] for one in (file, old, new)] == [4, 2, 6]
        assert np.array_equal(file["training/test_loss"][:], new["training/test_loss"][:4])


def test_other_samples_under_the_same_name_are_noticed(trained: Path) -> None:
    Path("two.csv").write_text("a,b,label\n0,0,0\n1,0,1\n")
    assert run(["train", "stopped.cir", "--data", "two.csv", "-o", "two.h5", "-q", *MORE]) == 0
    more = ["--set", "train.epochs=5"]
    assert run(["train", "--resume", "two.h5", "-q", *more]) == 0
    Path("two.csv").write_text("a,b,label\n0,0,0\n1,1,1\n")
    assert run(["train", "--resume", "two.h5", "-q", "--set", "train.epochs=6"]) == 2
    with Claim("two.h5") as claim, pytest.raises(InputError, match="the training samples are not those"):
        train(chip(), claim, kept=take_up(claim, None, {"train.epochs": 6}))


def test_a_fingerprint_tells_samples_apart() -> None:
    inputs, targets = np.arange(6.0).reshape(3, 2), np.ones((3, 1))
    one = fingerprint(Samples(inputs, targets))
    assert one == fingerprint(Samples(np.asfortranarray(inputs), targets.copy()))
    assert one != fingerprint(Samples(inputs[::-1], targets))
    assert one != fingerprint(Samples(inputs, 2 * targets))


def test_an_interrupt_says_how_to_go_on(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "eqchip", "train", "xor", "--set", "train.epochs=1000000"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.readline(), process.stdout.readline()
    second = subprocess.run(
        [sys.executable, "-m", "eqchip", "train", "--resume", "xor.h5"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert second.returncode == 2
    assert f"another run is writing xor.h5 (process {process.pid} on" in second.stderr
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "go on with: eqchip train --resume xor.h5" in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["xor.h5"]
