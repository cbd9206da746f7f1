"""load: the data of a chip's .data card, or of `--data`, in the states of its own nodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from eqchip.errors import InputError, Location, nearest
from eqchip.netlists.circuit import Circuit, Data
from eqchip.simulator.data.digits import digits
from eqchip.simulator.data.encoding import encode, features, targets_of
from eqchip.simulator.data.files import SUFFIXES, read_file
from eqchip.simulator.data.iris import iris
from eqchip.simulator.data.mnist import idx, mnist
from eqchip.simulator.data.pool import Pool, Source, every
from eqchip.simulator.data.split import apart, keep_back, rows
from eqchip.simulator.data.xor import xor
from eqchip.simulator.samples import Dataset, Samples

EMBEDDED: Mapping[str, Callable[[], Source]] = {"xor": xor, "iris": iris, "digits": digits}

#: Sets in a folder of files, as NAME:DIR; mnist is looked for where it usually is when no folder is named.
FOLDERS: Mapping[str, Callable[[Path, Location | None], Source]] = {"mnist": mnist, "idx": idx}


def load(circuit: Circuit, spec: str | None = None) -> Dataset:
    """Return what a chip is trained on and tested with; `spec` (a name, a file) replaces its .data card."""
    card = circuit.data
    at = card.at if card is not None and spec is None else None
    if spec is None:
        if card is None:
            raise InputError(
                "there is nothing to learn from: no .data card and no --data",
                expected=".data xor, or .data FILE with FILE ending in " + ", ".join(SUFFIXES),
            )
        source = find(card.name, features(circuit.inputs), Path(circuit.file).parent, at)
    else:
        source = find(spec, features(circuit.inputs), None, None)
    for what, role in ((".input", circuit.inputs), (".output", circuit.outputs)):
        if not role:
            raise InputError(f"data need a chip with an {what} card", at, expected=f"{what} BUS")
    return _dataset(circuit, source, _ranges(card, spec), at)


def _ranges(card: Data | None, spec: str | None) -> Data | None:
    """Return the card whose ranges count: those of a netlist are of its own set, those of --set of any."""
    if card is None or spec is None or _set(spec) == _set(card.name):
        return card
    outside = {name: getattr(card, name) for name in card.outside}
    return Data(spec, **outside)


def _set(name: str) -> str:
    return name.partition(":")[0].lower() if name.partition(":")[0].lower() in FOLDERS else name


def find(name: str, width: int, folder: Path | None, at: Location | None) -> Source:
    """Return a source by name. `folder` is that of the netlist which names it: files must lie within."""
    word = name.lower()
    if word in EMBEDDED:
        return EMBEDDED[word]()
    if word == "mnist":
        return mnist(None, at)
    kind, colon, place = name.partition(":")
    if colon and kind.lower() in FOLDERS:
        if not place:
            raise InputError(f"'{name}' names no folder", at, expected=f"{kind}:DIR")
        there = _within(Path(place).expanduser(), folder, at)
        if not there.is_dir():
            raise InputError(f"there is no folder {there}", at, expected=f"{kind}:DIR with four files in it")
        return FOLDERS[kind.lower()](there, at)
    path = Path(name)
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(
            f"no data set '{name}'", at, expected=_known(), near=nearest(word, (*EMBEDDED, *FOLDERS))
        )
    return read_file(_within(path, folder, at), width, at)


def _within(path: Path, folder: Path | None, at: Location | None) -> Path:
    """Return a path; one that a netlist names must lie in its folder."""
    if folder is None:
        return path
    inside = folder.resolve()
    found = (inside / path).resolve()
    if not found.is_relative_to(inside):
        raise InputError(
            f"{path} lies outside the folder of the netlist",
            at,
            expected="a file beside it, or --data FILE",
        )
    return found


def _known() -> str:
    return ", ".join(EMBEDDED) + ", mnist, mnist:DIR, idx:DIR, or a file ending in " + ", ".join(SUFFIXES)


def _dataset(circuit: Circuit, source: Source, card: Data | None, at: Location | None) -> Dataset:
    pool, other = source.train, source.test
    wanted = card or Data(source.name)
    scale = source.scale if wanted.scale is None else wanted.scale
    valid = rows(wanted.valid, len(pool), "valid", at) if wanted.valid else None
    train = rows(wanted.train or "all", len(pool), "train", at)
    share = float(circuit.train.get("valid", 0.0))
    if valid is not None:
        train = apart(train, valid, wanted.train, wanted.valid, at)
        if share:
            raise InputError(
                f".train valid={share:g} and .data valid={wanted.valid} both keep samples back",
                circuit.train_at,
                expected="one of the two",
            )
    elif share:
        train, valid = keep_back(train, share, int(float(circuit.train.get("seed", 0))))
        if not len(train) or not len(valid):
            raise InputError(
                f"valid={share:g} of {len(train) + len(valid)} training samples keeps back {len(valid)}",
                circuit.train_at,
                expected="a share that leaves some to train on and some to choose by",
            )

    def samples(part: Pool) -> Samples:
        return Samples(
            encode(part.data, scale, circuit.inputs, source.name, at),
            targets_of(part.answers, circuit.outputs, source.name, at),
        )

    if other is not None:
        test = other.take(rows(wanted.test, len(other), "test", at) if wanted.test else every(other))
    else:
        # Without samples kept apart, the test is the training set; `test=` says otherwise.
        test = pool.take(rows(wanted.test, len(pool), "test", at) if wanted.test else train)
    return Dataset(
        source.name,
        samples(pool.take(train)),
        samples(test),
        samples(pool.take(valid)) if valid is not None and len(valid) else None,
        again=other is None and not wanted.test and source.name not in EMBEDDED,
    )
