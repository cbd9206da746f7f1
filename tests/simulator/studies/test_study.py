"""Studies as they run: every point is what a run of its own gives; nothing that was finished is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import eqchip
from eqchip.errors import InputError
from eqchip.simulator.checking import compare_gradients
from eqchip.simulator.loaded import LoadedChip
from eqchip.simulator.records.claim import Claim
from eqchip.simulator.records.target import part_of
from eqchip.simulator.run import Run
from eqchip.simulator.studies.design import grid
from eqchip.simulator.studies.runner import DONE, FAILED, OPEN, Outcome
from eqchip.simulator.studies.store import outcomes
from eqchip.simulator.studies.study import counts, seeds_for, study
from eqchip.simulator.studies.task import Task

DIVIDER = "divider\nV1 a 0 1\nR1 a b 1k\nR2 b 0 1k\n.op\n.end\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def xor(**changes: str | float) -> LoadedChip:
    return eqchip.load("xor").set({"train.epochs": 2, "cell.offset": 0.1, "cell.slope_dtod": 0.2, **changes})


def same(found: Run, wanted: Run) -> bool:
    """Whether two studies are the same, times apart."""
    part, twin = found["study"], wanted["study"]
    if list(part) != list(twin):
        return False
    texts = [key for key, value in part.trace.plan.attributes.items() if isinstance(value, list)]
    return all(
        np.array_equal(part[name], twin[name], equal_nan=True) for name in part if name != "seconds"
    ) and all(part.trace.plan.attributes[name] == twin.trace.plan.attributes[name] for name in texts)


def test_a_point_is_the_run_of_its_chip() -> None:
    chip = xor()
    found = eqchip.sweep(chip, ablate=True, seeds=2)
    part, texts = found["study"], found["study"].trace.plan.attributes
    assert counts(found) == {"points": 12, "completed": 12, "failed": 0}
    for case, name, seed, changed in (
        ("as is", "", 0, chip),
        ("as is", "", 1, chip.set({"train.seed": 1, "options.chipseed": 1})),
        ("without", "offset", 0, chip.ideal("offset")),
        ("alone", "offset", 1, chip.set({"train.seed": 1, "options.chipseed": 1}).only("offset")),
        ("ideal", "", 0, chip.ideal("all")),
    ):
        row = next(
            k
            for k in range(12)
            if (texts["case"][k], texts["imperfection"][k], part["seed"][k]) == (case, name, seed)
        )
        twin = eqchip.train(changed)
        assert part["test_loss"][row] == twin["training/test_loss"][-1]
        assert part["test_error"][row] == twin["training/test_error"][-1]
        cosines = [one.cosine for one in compare_gradients(changed).arrays.values()]
        assert part["cosine"][row] == pytest.approx(np.mean([c for c in cosines if c is not None]))
        assert part["cosine(yxh)"][row] == cosines[0]


def test_a_trained_chip_is_evaluated_as_it_was_made(here: Path) -> None:
    eqchip.train(xor(), "run.h5")
    found = eqchip.sweep("run.h5", vary={"cell.offset": [0.1, 0.3]}, seeds=2)
    assert found["study"].trace.plan.attributes["command"] == "evaluate"
    assert np.isnan(found["study"]["chip_seed"]).all()
    for row, offset in ((0, 0.1), (2, 0.3)):
        run = eqchip.evaluate(eqchip.load("run.h5").set({"cell.offset": offset}))
        assert found["study"]["test_loss"][row] == float(run["test_loss"])
    checked = eqchip.sweep("run.h5", vary={"train.beta": "0.1:0.2:2"}, run="check")
    twin = compare_gradients(eqchip.load("run.h5").set({"train.beta": 0.2}))
    assert checked["study"]["relative_error(yhy)"][1] == twin.arrays["Yhy"].relative_error
    assert checked["study"]["reciprocity"][1] == twin.reciprocity
    assert {"reciprocity", "stability", "slowest", "cosine(nh)"} <= set(checked["study"])


def test_a_point_that_fails_stands_with_its_reason(here: Path) -> None:
    # β = 1 overcomes the leak of the outputs.
    found = eqchip.sweep(xor(), "s.h5", vary={"train.beta": [0.1, 1.0, 0.2]})
    assert found["study"]["status"].tolist() == [DONE, FAILED, DONE]
    assert np.isnan(found["study"]["test_loss"][1])
    assert np.isfinite(found["study"]["test_loss"][[0, 2]]).all()
    assert "there is no equilibrium" in found["study"].trace.plan.attributes["reason"][1]
    with h5py.File("s.h5") as file:
        assert file["run/message"][()] == b"1 of 3 points failed"
    assert found.facts["outcome"] == "complete"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: eqchip.sweep("xor", vary={"train.beat": "1,2"}),
            r"did you mean 'beta'|has no parameter 'beat'",
        ),
        (lambda: eqchip.sweep("xor", vary={"train.beta": "a,b"}), "beta"),
        (lambda: eqchip.sweep("xor", vary={"train.batch": [4, 0.5]}), "batch=0.5|out of range"),
        (lambda: eqchip.sweep(eqchip.parse(DIVIDER), seeds=2), "has nothing that learns"),
        (lambda: eqchip.sweep("xor"), "there is nothing to sweep"),
        (lambda: eqchip.sweep("xor", ablate=True), "has no imperfection to look at"),
        (lambda: eqchip.sweep("xor", ablate=True, vary={"train.beta": [1.0]}), "two studies"),
        (lambda: eqchip.sweep("xor", seeds=2, run="evaluate"), "xor is not trained"),
        (lambda: eqchip.sweep("xor", seeds=2, resume=True), "resume=True of what"),
        (lambda: eqchip.sweep("xor", "none.h5", seeds=2, resume=True), "there is no file none.h5"),
    ],
)
def test_mistakes_in_a_study_are_no_failed_points(call: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()
    assert not list(Path().iterdir())


def test_the_file_is_a_dataset_for_xarray() -> None:
    xarray = pytest.importorskip("xarray")
    found = eqchip.sweep(xor(), "s.h5", ablate=True)
    with xarray.open_dataset("s.h5", group="study", engine="h5netcdf") as dataset:
        assert dict(dataset.sizes) == {"points": 6}
        alone = dataset.where((dataset["case"] == "alone").compute(), drop=True)
        assert alone["imperfection"].values.tolist() == ["gain_mismatch", "offset"]
        assert np.array_equal(dataset["test_loss"], found["study"]["test_loss"])
        assert dataset["seconds"].attrs["units"] == "s"
        assert dataset.attrs["design"] == "ablation"
    memory = eqchip.sweep(xor(), ablate=True)
    assert same(memory, found)
    assert memory.to_xarray()["status"].values.tolist() == [DONE] * 6


def test_a_larger_study_runs_only_what_is_missing() -> None:
    chip = xor()
    eqchip.sweep(chip, "s.h5", ablate=True)
    before = outcomes(Path("s.h5"))
    larger = eqchip.sweep(chip, "s.h5", ablate=True, seeds=2, resume=True)
    assert same(larger, eqchip.sweep(chip, ablate=True, seeds=2))
    after = outcomes(Path("s.h5"))
    assert {name: after[name].seconds for name in before} == {
        name: one.seconds for name, one in before.items()
    }
    # Of two imperfections, one alone is the other away: four addresses, in six rows.
    with pytest.raises(InputError, match=r"s\.h5 has 4 finished points that are not in this study"):
        eqchip.sweep(chip, "s.h5", ablate=True, seeds=1, resume=True)
    assert outcomes(Path("s.h5")).keys() == after.keys()
    eqchip.train(chip, "t.h5")
    with pytest.raises(InputError, match=r"t\.h5 is no study"):
        eqchip.sweep(chip, "t.h5", ablate=True, resume=True)


def _stopped(chip: LoadedChip, after: int, file: str = "s.h5") -> None:
    design = grid({"train.beta": [0.1, 0.2, 0.3, 0.4]}).over(*seeds_for(chip, 1))
    seen: list[Outcome] = []

    def watch(outcome: Outcome, total: int) -> None:
        seen.append(outcome)
        if len(seen) == after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match=f"{after} of 4 points are kept in {file}"):
        study(chip, design, Task("train"), file, watch=watch)


def test_an_interrupt_keeps_what_was_finished() -> None:
    _stopped(xor(), 2)
    assert eqchip.open("s.h5")["study"]["status"].tolist() == [DONE, DONE, OPEN, OPEN]
    assert eqchip.open("s.h5").facts["outcome"] == "interrupted"
    vary = {"train.beta": [0.1, 0.2, 0.3, 0.4]}
    assert same(eqchip.sweep(xor(), "s.h5", vary=vary, resume=True), eqchip.sweep(xor(), vary=vary))
    assert not part_of(Path("s.h5")).exists()


def test_a_part_without_the_rows_of_the_file_before_it_is_not_taken() -> None:
    _stopped(xor(), 3)
    Path("s.h5").rename("kept.h5")
    _stopped(xor(), 1)
    Path("s.h5").rename("s.h5.part")
    Path("kept.h5").rename("s.h5")
    with Claim("s.h5"):
        pass
    vary = {"train.beta": [0.1, 0.2, 0.3, 0.4]}
    before = outcomes(Path("s.h5"))
    eqchip.sweep(xor(), "s.h5", vary=vary, resume=True)
    after = outcomes(Path("s.h5"))
    assert len(after) == 4
    assert all(after[name].seconds == one.seconds for name, one in before.items())


def test_kill_9_loses_no_finished_point(here: Path) -> None:
    """The parent is killed at some point while it runs; the rest gives what an undisturbed study has."""
    values = [0.1, 0.15, 0.2, 0.25, 0.3, 0.35]
    vary = "train.beta=" + ",".join(map(str, values))
    sets = [word for name, value in xor().overrides.items() for word in ("--set", f"{name}={value}")]
    command = [sys.executable, "-m", "eqchip", "sweep", "xor", "--vary", vary, *sets, "-o", "s.h5", "-q"]
    begun = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    part = part_of(here / "s.h5")
    deadline = time.monotonic() + 120.0
    done = 0
    while done < 2 and begun.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
        done = _done(part)
    os.kill(begun.pid, signal.SIGKILL)
    begun.wait()
    if begun.returncode == 0:
        pytest.skip("it was done before it could be killed")
    kept = outcomes(part)
    assert len(kept) >= done
    found = eqchip.sweep(xor(), "s.h5", vary={"train.beta": values}, resume=True)
    assert same(found, eqchip.sweep(xor(), vary={"train.beta": values}))
    after = outcomes(Path("s.h5"))
    assert all(after[name].seconds == one.seconds for name, one in kept.items())
    assert {path.name for path in here.iterdir()} <= {"s.h5", "s.h5.claim"}


def _done(part: Path) -> int:
    """Return how many points a file that is being written has."""
    if not part.exists():
        return 0
    try:
        with h5py.File(part, "r", swmr=True) as file:
            return int(np.count_nonzero(file["study/status"][:]))
    except (OSError, KeyError, RuntimeError):  # it is being laid out
        return 0
