"""A run that ended keeps one slot of its state, and loses nothing else."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from eqchip.simulator.api import parse
from eqchip.simulator.loaded import LoadedChip
from eqchip.simulator.records import recorder, slim
from eqchip.simulator.records.claim import Claim
from eqchip.simulator.records.reader import Record
from eqchip.simulator.records.recorder import Recorder
from eqchip.simulator.records.slots import newest_name, number_of, read_slots
from eqchip.simulator.resuming import take_up
from eqchip.simulator.training import train

#: What a clock or a process writes.
OWN = ("run/", "provenance/process", "training/seconds", "training/samples_per_second")
TEXT = """chip
.bus x[2] h[40] y[1]
.model syn synapse(init=glorot)
.model cell neuron(activation=hardsigmoid)
Yxh x h syn
Yhy h y syn
Nh h cell
Ny y cell
.input x
.output y decode=threshold
.nudge y
.learn Yxh rate=0.1 momentum=0.5
.learn Yhy rate=0.1
.data xor
.train batch=3 epochs=4 solve=euler free_steps=9 nudged_steps=4 eps=0.5 persistent=1 estimator=random
.end
"""


def chip() -> LoadedChip:
    return parse(TEXT, "chip.cir")


def everything(path: Path) -> dict[str, object]:
    """Return every value and every attribute of a file by its place; of what refers, what to."""
    found: dict[str, object] = {}

    def plain(file: h5py.File, value: object) -> object:
        if isinstance(value, h5py.Reference):
            return file[value].name
        if isinstance(value, np.ndarray) and value.dtype.kind == "O":
            return [plain(file, one) for one in value.ravel()]
        if isinstance(value, np.ndarray) and value.dtype.names:
            return [[plain(file, part) for part in one.tolist()] for one in value]
        return value.tolist() if isinstance(value, np.ndarray | np.generic) else value

    with h5py.File(path) as file:

        def note(name: str, item: h5py.Group | h5py.Dataset) -> None:
            if isinstance(item, h5py.Dataset):
                found[name] = (str(item.dtype), item.shape, item.maxshape, plain(file, item[()]))
            for key, value in item.attrs.items():
                found[f"{name}@{key}"] = plain(file, value)

        file.visititems(note)
        note("", file)
    return {name: repr(value) for name, value in found.items() if not name.startswith(OWN)}


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """The same training with both slots kept, and with one."""
    full, thin = tmp_path / "full.h5", tmp_path / "thin.h5"
    train(chip(), full)
    monkeypatch.setattr(slim, "WORTH", 0)
    monkeypatch.setattr(slim, "_BLOCK", 256)
    train(chip(), thin)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["full.h5", "thin.h5"]
    return full, thin


def test_all_but_a_slot_is_there(files: tuple[Path, Path]) -> None:
    full, thin = (everything(path) for path in files)
    with h5py.File(files[0]) as file:
        kept = newest_name(file)
        state = read_slots(file)
    with h5py.File(files[1]) as file:
        (name,) = file["state"]
        left = read_slots(file)
        assert number_of(file) == 4
    assert state is not None
    assert left is not None
    assert state[0] == left[0] == 4
    for one in state[1]:
        assert np.array_equal(state[1][one], left[1][one])
    spare = f"state/{'ab'.replace(kept or '', '')}"
    # Which slot is the newest depends on when they were written: its name is not what is compared.
    rest = {one: value for one, value in full.items() if not one.startswith(spare)}
    thin = {one.replace(f"state/{name}", f"state/{kept}"): value for one, value in thin.items()}
    thin = {one: value.replace(f"state/{name}", f"state/{kept}") for one, value in thin.items()}
    assert thin == rest
    assert list(Record(files[1]).traces) == list(Record(files[0]).traces)


def test_more_epochs_go_on_to_the_same_bits(files: tuple[Path, Path], tmp_path: Path) -> None:
    whole = tmp_path / "whole.h5"
    train(chip().set({"train.epochs": 7}), whole)
    with Claim(files[1]) as claim:
        train(chip(), claim, kept=take_up(claim, None, {"train.epochs": 7}))
    with h5py.File(whole) as a, h5py.File(files[1]) as b:
        left, right = read_slots(a), read_slots(b)
        assert left is not None
        assert right is not None
        assert left[0] == right[0] == 7
        for name in left[1]:
            assert np.array_equal(left[1][name], right[1][name]), name


def test_an_interrupted_run_keeps_the_newest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slim, "WORTH", 0)
    path = tmp_path / "a.h5"

    def stop(epoch: object) -> None:
        if epoch.number == 2:  # type: ignore[attr-defined]
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(chip(), path, watch=stop)
    with h5py.File(path) as file:
        assert len(file["state"]) == 1
        assert number_of(file) == 2
    assert Record(path).status == "interrupted"


def test_without_room_for_a_copy_both_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slim, "WORTH", 0)

    def full(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(slim, "_copy", full)
    train(chip(), tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5") as file:
        assert len(file["state"]) == 2
        assert number_of(file) == 4
    assert [one.name for one in tmp_path.iterdir()] == ["a.h5"]


def test_a_kill_while_copying_leaves_the_whole_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    def kill(*_: object) -> None:
        raise Killed

    monkeypatch.setattr(recorder, "slim", kill)
    path = tmp_path / "a.h5"
    with pytest.raises(Killed):
        train(chip(), path)
    assert not path.exists()
    monkeypatch.undo()
    with Claim(path) as claim:
        kept = take_up(claim, None, {"train.epochs": 5})
    assert kept.epoch == 4


def test_half_the_room_with_particles(tmp_path: Path) -> None:
    from eqchip.simulator.records.arrays import ArrayPlan
    from eqchip.simulator.records.provenance import Provenance
    from eqchip.simulator.rows import Column, Plan, Rows

    plan = Plan("training", Column("epoch", ""), (Column("x", ""),))
    values = {"particles/0": np.random.default_rng(0).random((5000, 256)).astype("f4")}
    state = [ArrayPlan("particles/0", (5000, 256), "", ("sample", "node"), dtype="<f4")]
    with Recorder(tmp_path / "a.h5", Provenance("train", "x"), [plan], (), state) as made:
        made.add(0, Rows(np.ones(1), {"x": np.ones(1)}))
        made.store(1, {"particles/0": 0.0 * values["particles/0"]})
        made.store(2, values)
    assert (tmp_path / "a.h5").stat().st_size < 1.05 * values["particles/0"].nbytes
    with h5py.File(tmp_path / "a.h5") as file:
        found = read_slots(file)
        assert found is not None
        assert found[0] == 2
        assert np.array_equal(found[1]["particles/0"], values["particles/0"])
