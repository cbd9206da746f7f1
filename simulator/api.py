"""The ten public names of eqchip, one page of Python.

    chip = eqchip.load("xor")                    a chip that ships, a netlist file, a record
    chip = eqchip.parse(text)                    a netlist as text
    chip = chip.set({"train.beta": 0.5})         another chip; nothing is changed in place
    run  = eqchip.simulate(chip)                 run["v(out)"], run.tran, run.to_xarray(), run.plot()
    run  = eqchip.train(chip, file="xor.h5")     run["training/test_error"], run.weights["Yxh"]
    run  = eqchip.train("xor.h5", resume=True)   goes on with a training that was stopped
    eqchip.evaluate(run)["test_error"]           a trained chip again, on any data
    eqchip.check(chip)                           its local updates against the gradient
    run  = eqchip.sweep(chip, ablate=True)       what each imperfection costs; vary={"train.beta": "0.1:1:4"}
    chip.ideal("offset"), chip.only("offset")    without an imperfection, with it alone
    run  = eqchip.open("xor.h5")                 what a file holds, read on demand
    eqchip.models("diode")                       parameters with units, defaults, ranges, sources

Without `file` results stay in memory; with it they stream to disk in bounded memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from eqchip import threads
from eqchip.devices.describe import describe
from eqchip.errors import InputError
from eqchip.netlists.reader import parse as parse_netlist
from eqchip.simulator.building import Circuit
from eqchip.simulator.checking import SAMPLES
from eqchip.simulator.checking import check as _check
from eqchip.simulator.evaluating import evaluate as _evaluate
from eqchip.simulator.idealise import declared
from eqchip.simulator.learning.epoch import Epoch
from eqchip.simulator.loaded import LoadedChip, restore
from eqchip.simulator.loaded import load as _load
from eqchip.simulator.records.claim import Claim
from eqchip.simulator.records.reader import Record
from eqchip.simulator.records.recover import finished_name
from eqchip.simulator.resuming import chip_or_none, file_to_resume, hold_to, take_up
from eqchip.simulator.run import Run
from eqchip.simulator.simulating import simulate as _simulate
from eqchip.simulator.studies.design import ablation, grid
from eqchip.simulator.studies.ranges import spread_out
from eqchip.simulator.studies.runner import Outcome
from eqchip.simulator.studies.study import names_of, seeds_for, study
from eqchip.simulator.studies.task import Task
from eqchip.simulator.training import train as _train

__all__ = ["Circuit", "check", "evaluate", "load", "models", "open", "parse", "simulate", "sweep", "train"]

#: What stands for a chip wherever one is asked for.
AnyChip = LoadedChip | Circuit | Run | str | Path


def load(chip: str | Path) -> LoadedChip:
    """Return a chip that ships (`xor`), that of a netlist file, or that of a record, with what it learned."""
    return _sound(_load(chip))


def parse(text: str, name: str = "netlist") -> LoadedChip:
    """Return the chip of a netlist given as text; files it includes come from the packaged library."""
    return _sound(LoadedChip(parse_netlist(text, name), name))


def _sound(chip: LoadedChip) -> LoadedChip:
    """Return the chip after working out what it means, so that mistakes show where it is loaded."""
    _ = chip.circuit
    return chip


def _chip(chip: AnyChip) -> LoadedChip:
    if isinstance(chip, LoadedChip):
        return chip
    if isinstance(chip, Circuit):
        return chip.chip()
    if isinstance(chip, Run):
        if chip.file is None:
            raise InputError(
                "this run is in memory only", expected='one with a file: eqchip.train(chip, file="run.h5")'
            )
        return restore(Record(chip.file))
    if isinstance(chip, str) and "\n" in chip:
        raise InputError("this is the text of a netlist, not a name", expected="eqchip.parse(text)")
    return _load(chip)


def _start(chip: AnyChip, seed: int | None, set_threads: int | None) -> LoadedChip:
    threads.apply(set_threads)
    found = _chip(chip)
    return found if seed is None else found.set({"train.seed": float(seed)})


def simulate(
    chip: AnyChip,
    file: str | Path | None = None,
    *,
    data: str | None = None,
    seed: int | None = None,
    threads: int | None = None,
) -> Run:
    """Run the analyses of a netlist in their order: `run.op`, `run.dc`, `run.tran`, `run["v(out)"]`."""
    return _simulate(_start(chip, seed, threads), _path(file), data=data)


def train(
    chip: AnyChip,
    file: str | Path | None = None,
    *,
    data: str | None = None,
    seed: int | None = None,
    form: str = "auto",
    dtype: str | None = None,
    threads: int | None = None,
    resume: bool = False,
    watch: Callable[[Epoch], None] | None = None,
) -> Run:
    """Train a chip as its cards say: `run["training/test_error"]`, `run.weights["Yxh"]`, `run.plot()`.

    `watch` is called with every epoch as it ends. With `resume=True` the training in `file` (or, without
    one, in the record that stands for the chip) goes on where it was stopped, to the same numbers.
    """
    if resume:
        return _resume(chip, file, data, seed, form, dtype, threads, watch)
    started = _start(chip, seed, threads)
    return _train(started, _path(file), data=data, form=form, dtype=dtype, watch=watch)


def _resume(
    chip: AnyChip,
    file: str | Path | None,
    data: str | None,
    seed: int | None,
    form: str,
    dtype: str | None,
    set_threads: int | None,
    watch: Callable[[Epoch], None] | None,
) -> Run:
    threads.apply(set_threads)
    named = chip.file if isinstance(chip, Run) else chip
    if file is None:
        if not isinstance(named, str | Path):
            raise InputError(
                "resume=True of what?",
                expected='the file of a training: eqchip.train("xor", "xor.h5", resume=True)',
            )
        place, text = file_to_resume(str(named), "")
    else:
        place, text = finished_name(Path(file)), None
    found = _chip(chip) if isinstance(chip, LoadedChip | Circuit) else chip_or_none(text)
    changes: dict[str, str | float] = {} if seed is None else {"train.seed": float(seed)}
    if isinstance(found, LoadedChip):
        changes = {**found.overrides, **changes}
    elif file is not None and not isinstance(chip, Run):
        found = chip_or_none(str(chip))
    with Claim(place) as claim:
        kept = take_up(claim, found, changes)
        hold_to(kept, form, dtype, data)
        return _train(kept.chip, claim, kept=kept, watch=watch)


def evaluate(
    chip: AnyChip,
    file: str | Path | None = None,
    *,
    data: str | None = None,
    form: str = "auto",
    dtype: str | None = None,
    threads: int | None = None,
) -> Run:
    """Test a trained chip (a run, its file): `run["test_error"]`, `run["confusion/answers"]`."""
    return _evaluate(_start(chip, None, threads), _path(file), data=data, form=form, dtype=dtype)


def check(
    chip: AnyChip,
    file: str | Path | None = None,
    *,
    data: str | None = None,
    samples: int = SAMPLES,
    form: str = "auto",
    theorems: Sequence[str] = (),
    threads: int | None = None,
) -> Run:
    """Hold a chip's local updates against the gradient of its cost, over β: `run.fidelity`.

    Its theorems, all or those named, are parts of their own: `run.second_phase`, `run.through_time`,
    `run.reciprocity`.
    """
    found = _start(chip, None, threads)
    return _check(found, _path(file), data=data, samples=samples, form=form, theorems=theorems)[1]


def sweep(
    chip: AnyChip,
    file: str | Path | None = None,
    *,
    ablate: bool = False,
    vary: Mapping[str, object] | None = None,
    run: str | None = None,
    seeds: int = 1,
    data: str | None = None,
    samples: int = SAMPLES,
    form: str = "auto",
    dtype: str | None = None,
    threads: int | None = None,
    resume: bool = False,
    cost: bool = False,
    watch: Callable[[Outcome, int], None] | None = None,
) -> Run:
    """Study a chip at many points: `run["study/test_error"]`, `run.to_xarray()`, `run.plot()`.

    `ablate=True` takes each imperfection away in turn and leaves each alone; `vary` crosses values or ranges
    (`{"train.beta": [0.1, 0.2], "cell.offset": "0:0.3:4"}`). At each point the chip is trained, or, out of
    a record, evaluated (`run="train"`, `"evaluate"`, `"check"`), once for each of `seeds`. Failed points
    stand in the result with their reason. `resume=True` runs what is missing in `file`; `cost=True` keeps the
    energy a sample takes too.
    """
    found = _start(chip, None, threads)
    if ablate and vary:
        raise InputError("ablate and vary are two studies", expected="one of them")
    axes = spread_out(vary or {})
    if not ablate and not axes and seeds == 1:
        raise InputError("there is nothing to sweep", expected="ablate=True, vary={...} or seeds=")
    if resume and file is None:
        raise InputError("resume=True of what?", expected='the file of a study: sweep(chip, "xor.h5", …)')
    design = ablation(names_of(found)) if ablate else grid(axes)
    command = run or ("evaluate" if found.weights else "train")
    task = Task(command, data, form, dtype, samples, gradient=ablate, cost=cost)
    return study(found, design.over(*seeds_for(found, seeds)), task, _path(file), resume=resume, watch=watch)


def open(file: str | Path) -> Run:
    """Return what a file holds; numbers are read when they are asked for."""
    return Run.of(Record(file))


def models(name: str | None = None, *, imperfections: bool = False) -> Any:
    """Return every device and model; with a name, its parameters; or what `chip.ideal(NAME)` switches off."""
    if imperfections:
        return [one.as_dict() for one in declared().values() if name is None or name.lower() in one.owners]
    return describe(name)


def _path(file: str | Path | None) -> Path | None:
    return None if file is None else Path(file)
