"""Study: run the points of a design, and give back the labelled dataset, in memory or in a file.

chip, task, design ─addresses→ Store ─run_points→ Outcome, Outcome … ─put→ HDF5, Run
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from eqchip.errors import InputError
from eqchip.simulator.data.load import load as load_data
from eqchip.simulator.idealise import imperfections
from eqchip.simulator.loaded import LoadedChip
from eqchip.simulator.manufacture import chip_seed
from eqchip.simulator.records.claim import Claim
from eqchip.simulator.records.reader import Record
from eqchip.simulator.resuming import fingerprint
from eqchip.simulator.run import Run
from eqchip.simulator.simulating import origin, seed_of
from eqchip.simulator.studies.design import Design
from eqchip.simulator.studies.point import Ground, Value, ground
from eqchip.simulator.studies.runner import DONE, FAILED, OPEN, Outcome, run_points
from eqchip.simulator.studies.store import GROUP, Store, take_up
from eqchip.simulator.studies.task import Task

#: Called with every outcome as it comes; `points` in all.
Watch = Callable[[Outcome, int], None]
#: Called while a point runs, with the points done, a share of one with them.
Tick = Callable[[float, int], None]


def seeds_for(chip: LoadedChip, count: int) -> tuple[list[int | None], list[int | None]]:
    """Return the seeds of runs and of manufacture; a chip that has learned is made already, and stays."""
    if count < 1:
        raise InputError(f"seeds={count}", expected="1 or more")
    first, made = seed_of(chip.circuit), chip_seed(chip.circuit)
    runs: list[int | None] = [first + k for k in range(count)]
    chips: list[int | None] = [None if chip.weights else made + k for k in range(count)]
    return runs, chips


def names_of(chip: LoadedChip) -> list[str]:
    """Return the imperfections a chip has, in the order in which they act."""
    return list(imperfections(chip.circuit))


def study(
    chip: LoadedChip,
    design: Design,
    task: Task,
    file: str | os.PathLike[str] | None = None,
    *,
    resume: bool = False,
    arguments: Sequence[str] = (),
    watch: Watch | None = None,
    tick: Tick | None = None,
) -> Run:
    """Run what is missing of a study. Failed points stand in it with their reason."""
    begin = time.monotonic()
    base = ground(chip, task, _samples(chip, task))
    _refuse_early(chip, design, task)
    addresses = [base.address(point) for point in design.points]
    about = {"command": task.command, "chip": chip.name, "imperfections": names_of(chip)}
    store = Store(design, addresses, task.columns(chip), about)
    if file is None:
        _fill(store, base, {}, watch, tick)
        return Run(_facts(chip, task, begin), {GROUP: store.trace()})
    claim = file if isinstance(file, Claim) else Claim(Path(file))
    try:
        known = take_up(claim, addresses) if resume else {}
        where = origin("sweep", chip, task.form, task.dtype or "", arguments, task.data)
        said: dict[str, Any] = {GROUP: {"task": task.as_dict(), **about}, "data_option": task.data}
        where = replace(where, parameters={**where.parameters, **said})
        for index, address in enumerate(addresses):
            if address in known:
                store.put(replace(known[address], index=index))
        with store.record(claim, where) as recorder:
            try:
                _fill(store, base, known, watch, tick)
            except KeyboardInterrupt:
                kept = len(design) - store.count(OPEN)
                raise KeyboardInterrupt(f"{kept} of {len(design)} points are kept in {claim.path}") from None
            if store.count(FAILED):
                recorder.message = f"{store.count(FAILED)} of {len(design)} points failed"
    finally:
        if claim is not file:
            claim.release()
    return Run.of(Record(claim.path))


def _fill(
    store: Store, base: Ground, known: Mapping[str, Outcome], watch: Watch | None, tick: Tick | None
) -> None:
    total = len(store.design)

    def count(index: int, share: float) -> None:
        if tick is not None:
            tick(index + share, total)

    for outcome in run_points(base, store.design.points, known, count):
        if store.numbers["status"][outcome.index] == OPEN:
            store.put(outcome)
        if watch is not None:
            watch(outcome, total)


def _refuse_early(chip: LoadedChip, design: Design, task: Task) -> None:
    """Raise what the user got wrong of the study as a whole, before anything runs: it is no failed point."""
    if task.command == "evaluate" and chip.weights is None and chip.circuit.learns:
        raise InputError(
            f"{chip.name} is not trained", expected="a file that eqchip train wrote, or --run train"
        )
    if task.command != "evaluate" and not chip.circuit.learns:
        raise InputError(
            f"{chip.name} has nothing that learns: no .learn card", expected="a chip with .learn and .data"
        )
    seen: set[tuple[str, Value]] = set()
    for point in design.points:
        new = point.settings.items() - seen
        if new:  # each value once: is there such a name, and may it have this value
            _ = point.apply(chip).circuit
            seen |= new


def _samples(chip: LoadedChip, task: Task) -> int | None:
    """Return a number that tells the samples apart; None for a chip without."""
    data = chip.data if task.data is None else task.data
    if chip.circuit.data is None and data is None:
        return None
    found = load_data(chip.circuit, data)
    return fingerprint(found.train) ^ (fingerprint(found.test) << 1)


def _facts(chip: LoadedChip, task: Task, begin: float) -> dict[str, Any]:
    return {
        "command": "sweep",
        "chip": chip.name,
        "form": task.form,
        "dtype": task.dtype or "",
        "seed": seed_of(chip.circuit),
        "outcome": "complete",
        "seconds": time.monotonic() - begin,
    }


def counts(run: Run) -> dict[str, int]:
    """Return the keys that `sweep` adds to what every --json has."""
    status = run[GROUP]["status"]
    return {
        "points": len(status),
        "completed": int((status == DONE).sum()),
        "failed": int((status == FAILED).sum()),
    }
