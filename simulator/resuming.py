"""Resuming a training: which file, from where, and whether it is the same training still.

Only train.epochs may be raised. All else comes from the file: netlist, values set, form, precision, data.
A file whose run was killed is recovered first (records/recover.py).
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.errors import InputError
from eqchip.simulator.loaded import LoadedChip, load, restore
from eqchip.simulator.records.claim import Claim, claimed, numbered
from eqchip.simulator.records.provenance import versions
from eqchip.simulator.records.reader import Record, opened
from eqchip.simulator.records.recover import finished_name, killed, recover
from eqchip.simulator.records.slots import number_of, read_slots
from eqchip.simulator.records.target import part_of
from eqchip.simulator.rows import Rows, Trace
from eqchip.simulator.samples import Samples

EPOCHS = "train.epochs"


@dataclass(frozen=True, slots=True)
class Kept:
    """A training that can go on."""

    file: Path  # whole, closed
    chip: LoadedChip  # untrained, as it is to be trained from here on
    epoch: int  # epochs done
    arrays: Mapping[str, NDArray[Any]]  # see training_state.py
    planned: int  # epochs that were wanted before
    rows: Rows  # of the curves, as far as these epochs
    settling: Rows | None  # how samples settled before the training
    beginning: Mapping[str, NDArray[Any]]  # what learns, before the training
    resumed_after: tuple[int, ...]  # epochs after which it was resumed, this time included
    form: str
    dtype: str
    data: str | None
    fingerprint: int | None  # of the training samples
    notes: tuple[str, ...]  # what may change the last bits


def newest(chip: str) -> Path:
    """Return the file that `--resume` without a name means: the newest training among CHIP.h5, CHIP-2.h5 …"""
    first = numbered(chip, 1)
    mine = re.compile(re.escape(first.stem) + r"(-\d+)?\.h5(\.part)?\Z")
    busy: list[Path] = []
    found: list[tuple[float, Path]] = []
    for path in first.parent.iterdir():
        if not mine.match(path.name) or not path.is_file() or finished_name(path) in busy:
            continue
        if claimed(finished_name(path)):
            busy.append(finished_name(path))
        elif _is_training(path):
            found.append((path.stat().st_mtime, finished_name(path)))
    if not found:
        text = f"there is no training to resume among {first.stem}*.h5"
        if busy:
            text += f"; {', '.join(map(str, busy))} is being written"
        raise InputError(text, expected="--resume FILE, or a training without --resume")
    return max(found)[1]


def _is_training(path: Path) -> bool:
    try:
        with opened(path) as file:
            return number_of(file) >= 0
    except InputError:  # something else, or killed before it held anything
        return False


def take_up(claim: Claim, chip: LoadedChip | None, changes: Mapping[str, str | float]) -> Kept:
    """Return the training that the claimed file holds; what a kill left behind is made whole before."""
    _recover_newer(claim)
    record = Record(claim.path)
    with opened(claim.path) as file:
        state = read_slots(file)
    if record.facts.get("command") != "train" or state is None:
        training = record.facts.get("command") == "train"
        what = "no epoch was finished in it" if training else "it is no training"
        raise InputError(f"{claim.path} cannot be resumed: {what}", expected="a file that eqchip train wrote")
    epoch, arrays = state
    before = restore(record).untrained()
    if chip is not None:
        _same_netlist(claim.path, before, chip)
    after = before.set(_only_epochs(claim.path, before, changes))
    epochs = int(float(after.circuit.train.get("epochs", 10)))
    if epochs < epoch:
        raise InputError(
            f"{EPOCHS}={epochs}: {claim.path} holds {epoch} epochs", expected=f"more than {epoch}"
        )
    if epochs == epoch:
        raise InputError(
            f"all {epoch} epochs of {claim.path} are done",
            expected=f"more of them: --set {EPOCHS}={2 * epoch}",
        )
    training = record.traces["training"]
    known = record.provenance["parameters"]
    earlier = tuple(int(k) for k in np.atleast_1d(training.plan.attributes.get("resumed_after", ())))
    return Kept(
        claim.path,
        after,
        epoch,
        arrays,
        int(float(before.circuit.train.get("epochs", 10))),
        _rows(training, "epoch", epoch),
        _rows(record.traces["settling"], "trained", 0) if "settling" in record.traces else None,
        record.beginning,
        (*(k for k in earlier if k < epoch), epoch),
        str(record.facts["form"]),
        str(record.facts["dtype"]),
        known.get("data_option"),
        known.get("samples"),
        tuple(_other_versions(record.provenance["versions"])),
    )


def _rows(trace: Trace, name: str, most: float) -> Rows:
    """Return the rows of a table where a column (or the axis) is at most so much."""
    within = trace[name] <= most
    return Rows(trace.axis[within], {column: values[within] for column, values in trace.values.items()})


def _recover_newer(claim: Claim) -> None:
    """Recover what a killed run left, unless it was killed before its first state was there."""
    part = part_of(claim.path)
    if part.exists() and (_is_training(part) or not claim.path.exists()):
        recover(part, claim)


def _same_netlist(file: Path, before: LoadedChip, now: LoadedChip) -> None:
    """Refuse to go on with another netlist than the one that was trained."""
    texts = [("netlist", before.netlist.text, now.netlist.text)]
    names = {*before.netlist.included, *now.netlist.included}
    texts += [(n, before.netlist.included.get(n, ""), now.netlist.included.get(n, "")) for n in sorted(names)]
    for name, old, new in texts:
        if old == new:
            continue
        lines = list(zip_longest(old.splitlines(), new.splitlines(), fillvalue="nothing"))
        at = next((k for k, (was, is_now) in enumerate(lines) if was != is_now), 0)
        was, is_now = (line.strip() for line in lines[at])
        raise InputError(
            f"{file} was trained with another {name}: line {at + 1} was '{was}' and is '{is_now}'",
            expected=f"eqchip train --resume {file}, which goes on with its own, or a new training",
        )


def _only_epochs(
    file: Path, before: LoadedChip, changes: Mapping[str, str | float]
) -> dict[str, str | float]:
    """Return what may be set on resume; anything that differs from what the run has is refused."""
    known = {name.lower(): value for name, value in before.overrides.items()}
    allowed: dict[str, str | float] = {}
    for name, value in changes.items():
        if name.lower() == EPOCHS:
            allowed = {EPOCHS: value}
            continue
        was = known.get(name.lower())
        if was is None and name.lower().startswith("train."):
            was = before.circuit.train.get(name.lower().partition(".")[2])
        if was is None and name.lower() == "train.seed":
            was = 0.0
        if not _same_value(was, value):
            shown = was if isinstance(was, str) or was is None else f"{was:g}"
            has = f"has {name}={shown}" if shown is not None else "did not set it"
            raise InputError(
                f"{name}={value if isinstance(value, str) else f'{value:g}'} differs: {file} {has}",
                expected=f"the values it was trained with; only {EPOCHS} may be raised",
            )
    # One name for it, whatever its spelling was.
    for name in before.overrides:
        if allowed and name.lower() == EPOCHS:
            return {name: allowed[EPOCHS]}
    return allowed


def _same_value(was: object, value: object) -> bool:
    if was is None:
        return False
    try:
        return float(str(was)) == float(str(value))
    except ValueError:
        return str(was).strip().lower() == str(value).strip().lower()


def hold_to(kept: Kept, form: str, dtype: str | None, data: str | None) -> None:
    """Refuse another form, precision or data than the run has."""
    for name, value, was in (
        ("--form", None if form == "auto" else form, kept.form),
        ("--dtype", dtype, kept.dtype),
        ("--data", data, kept.data),
    ):
        if value is not None and value != was:
            raise InputError(
                f"{name} {value} differs: {kept.file} has {was or 'the data of its netlist'}",
                expected="what it was trained with",
            )


def fingerprint(samples: Samples) -> int:
    """Return a number that tells sets of samples apart."""
    found = zlib.crc32(str(samples.inputs.shape).encode())
    for part in (samples.inputs, samples.targets):
        found = zlib.crc32(np.ascontiguousarray(part).data, found)
    return found


def same_samples(kept: Kept, samples: Samples) -> None:
    """Refuse to go on with other samples than before, whatever their file is called."""
    if kept.fingerprint is not None and kept.fingerprint != fingerprint(samples):
        raise InputError(
            f"the training samples are not those {kept.file} was trained with", expected="the same data"
        )


def _other_versions(then: Mapping[str, str]) -> list[str]:
    now = versions()
    return [
        f"{name} was {version} and is {now[name]}: the last bits may differ"
        for name, version in then.items()
        if name in ("eqchip", "numpy", "numba", "scipy") and now.get(name) != version
    ]


def chip_or_none(name: str | None) -> LoadedChip | None:
    """Return the chip that is named beside a file to resume; a record says nothing new."""
    if name is None or Path(name).suffix.lower() in (".h5", ".hdf5", ".part"):
        return None
    return load(name)


def file_to_resume(chip: str | None, resume: str) -> tuple[Path, str | None]:
    """Return the file that `[CHIP] --resume [FILE]` means, and the chip it is to be compared with."""
    is_record = chip is not None and Path(chip).suffix.lower() in (".h5", ".hdf5", ".part")
    if not resume:
        if chip is None:
            raise InputError("--resume of what?", expected="eqchip train --resume FILE.h5, or CHIP --resume")
        named = Path(chip) if is_record else newest(load(chip).name)
    elif Path(resume).suffix.lower() in (".h5", ".hdf5", ".part"):
        named = Path(resume)
    elif chip is None:  # `eqchip train --resume CHIP`
        return finished_name(newest(load(resume).name)), resume
    else:
        raise InputError(f"--resume {resume}: not a record", expected="a file that ends in .h5 or .h5.part")
    if not killed(named).exists():
        with opened(named):  # says what is missing, and what is near
            pass
    return finished_name(named), None if is_record else chip
