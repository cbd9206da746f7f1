"""load: the data of a chip's .data card, or of `--data`, in the states of its own nodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from eqchip.errors import InputError, Location, nearest
from eqchip.netlists.circuit import Circuit, Data
from eqchip.simulator.data.encoding import encode, features, targets_of
from eqchip.simulator.data.files import SUFFIXES, read_file
from eqchip.simulator.data.pool import Pool, Source, every
from eqchip.simulator.data.split import keep_back, rows
from eqchip.simulator.data.xor import xor
from eqchip.simulator.samples import Dataset, Samples

EMBEDDED: Mapping[str, Callable[[], Source]] = {"xor": xor}
NOT_YET = ("digits", "iris", "mnist")


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
    return _dataset(circuit, source, card if spec is None else None, at)


def find(name: str, width: int, folder: Path | None, at: Location | None) -> Source:
    """Return a source by name. `folder` is that of the netlist which names it: files must lie within."""
    word = name.lower()
    if word in EMBEDDED:
        return EMBEDDED[word]()
    if word.partition(":")[0] in NOT_YET:
        raise InputError(f"data set '{word.partition(':')[0]}' is not supported yet", at, expected=_known())
    path = Path(name)
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(
            f"no data set '{name}'", at, expected=_known(), near=nearest(word, (*EMBEDDED, *NOT_YET))
        )
    if folder is not None:
        inside = folder.resolve()
        path = (inside / path).resolve()
        if not path.is_relative_to(inside):
            raise InputError(
                f"{name} lies outside the folder of the netlist",
                at,
                expected="a file beside it, or --data FILE",
            )
    return read_file(path, width, at)


def _known() -> str:
    return ", ".join(EMBEDDED) + ", or a file ending in " + ", ".join(SUFFIXES)


def _dataset(circuit: Circuit, source: Source, card: Data | None, at: Location | None) -> Dataset:
    pool, other = source.train, source.test
    wanted = card or Data(source.name)
    scale = source.scale if wanted.scale is None else wanted.scale
    train = rows(wanted.train or "all", len(pool), "train", at)
    valid = rows(wanted.valid, len(pool), "valid", at) if wanted.valid else None
    share = float(circuit.train.get("valid", 0.0))
    if valid is None and share:
        train, valid = keep_back(train, share, int(float(circuit.train.get("seed", 0))))
        if not len(train) or not len(valid):
            raise InputError(
                f"valid={share:g} of {len(train) + len(valid)} training samples keeps back {len(valid)}",
                circuit.train_at,
                expected="a share that leaves some to train on and some to choose by",
            )

    def samples(part: Pool) -> Samples:
        return Samples(
            encode(scale * part.data, circuit.inputs, source.name, at),
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
    )
