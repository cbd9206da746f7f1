"""Data from files: `.npz`, `.h5` and `.csv`.

npz and h5 hold two arrays, `x` and `y` (also `inputs` and `targets`, `data` and `target`), or four:
`x_train`, `y_train`, `x_test`, `y_test`. What has more than two dimensions, such as images, is laid out
flat. csv holds a sample a line, numbers between commas, the chip's inputs first, then its answers; a first
line of names is skipped.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, is_zipfile

import numpy as np
from numpy.typing import NDArray

from eqchip.errors import InputError, Location
from eqchip.simulator.data.pool import Pool, Source

Array = NDArray[Any]

PAIRS = (("x_train", "y_train"), ("x", "y"), ("inputs", "targets"), ("data", "target"))
TEST = ("x_test", "y_test")
SUFFIXES = (".npz", ".h5", ".hdf5", ".csv")


def read_file(path: Path, features: int, at: Location | None = None) -> Source:
    """Return the samples of a file; `features` is how many numbers of a csv line are inputs."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(f"{path.name}: not a data file", at, expected="FILE" + " | FILE".join(SUFFIXES))
    if not path.is_file():
        raise InputError(f"{path}: there is no such file", at)
    if suffix == ".csv":
        return Source(path.name, _csv(path, features))
    arrays = _npz(path, at) if suffix == ".npz" else _h5(path, at)
    return _source(path, arrays, at)


def _npz(path: Path, at: Location | None) -> dict[str, Array]:
    wanted = {name for pair in (*PAIRS, TEST) for name in pair}
    if not is_zipfile(path):  # NumPy would speak of pickles
        raise InputError(
            f"{path.name}: not a readable npz file", at, expected="a file that numpy.savez wrote"
        )
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files if name in wanted}
    except (BadZipFile, ValueError, OSError, EOFError) as error:
        raise InputError(f"{path.name}: not a readable npz file ({error})", at) from error


def _h5(path: Path, at: Location | None) -> dict[str, Array]:
    import h5py

    wanted = {name for pair in (*PAIRS, TEST) for name in pair}
    try:
        with h5py.File(path, "r") as file:
            found = {name: file[name] for name in file if name in wanted}
            return {name: one[()] for name, one in found.items() if isinstance(one, h5py.Dataset)}
    except OSError as error:
        raise InputError(f"{path.name}: not a readable HDF5 file ({error})", at) from error


def _source(path: Path, arrays: Mapping[str, Array], at: Location | None) -> Source:
    for pair in PAIRS:
        if pair[0] in arrays and pair[1] in arrays:
            train = _pool(path, arrays, pair, at)
            test = _pool(path, arrays, TEST, at) if TEST[0] in arrays and TEST[1] in arrays else None
            return Source(path.name, train, test)
    raise InputError(
        f"{path.name}: no data and answers in it",
        at,
        expected="two arrays called " + ", or ".join(f"{x} and {y}" for x, y in PAIRS),
    )


def _pool(path: Path, arrays: Mapping[str, Array], pair: tuple[str, str], at: Location | None) -> Pool:
    data, answers = (arrays[name] for name in pair)
    for name, values in zip(pair, (data, answers), strict=True):
        if not (np.issubdtype(values.dtype, np.number) or values.dtype == np.bool_) or values.ndim == 0:
            raise InputError(f"{path.name}: {name} holds no array of numbers", at)
    if len(data) != len(answers) or not len(data):
        raise InputError(f"{path.name}: {pair[0]} has {len(data)} samples, {pair[1]} has {len(answers)}", at)
    flat = data.reshape(len(data), -1)
    if answers.ndim > 1:
        answers = answers.reshape(len(answers), -1)
    for name, values in zip(pair, (flat, answers), strict=True):
        if np.issubdtype(values.dtype, np.inexact) and not np.all(np.isfinite(values)):
            raise InputError(f"{path.name}: {name} holds numbers that are not finite", at)
    return Pool(flat, answers)


def _csv(path: Path, features: int) -> Pool:
    table: list[list[float]] = []
    with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
        for number, cells in enumerate(csv.reader(file), start=1):
            if not any(cell.strip() for cell in cells):
                continue
            values = [_number(cell) for cell in cells]
            if number == 1 and all(value is None for value in values):
                continue  # names of the columns
            table.append(_row(path, number, cells, values, len(table[0]) if table else None))
    if not table:
        raise InputError(f"{path.name}: no sample in it", expected="a sample a line, numbers between commas")
    found = np.array(table)
    if found.shape[1] <= features:
        raise InputError(
            f"{path.name}: {found.shape[1]} numbers a line",
            expected=f"{features} inputs, then the answers",
        )
    answers = found[:, features:]
    return Pool(found[:, :features], answers[:, 0] if answers.shape[1] == 1 else answers)


def _number(cell: str) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if np.isfinite(value) else None


def _row(
    path: Path, number: int, cells: list[str], values: list[float | None], width: int | None
) -> list[float]:
    line = ",".join(cells)
    for position, value in enumerate(values):
        if value is None:
            column = sum(len(cell) + 1 for cell in cells[:position]) + 1
            here = Location(str(path), number, column, line, len(cells[position]))
            raise InputError(f"'{cells[position].strip()}' is not a number", here, expected="a finite number")
    if width is not None and len(values) != width:
        raise InputError(
            f"{len(values)} numbers",
            Location(str(path), number, 1, line, len(line)),
            expected=f"{width} numbers, as in the first line",
        )
    return [value for value in values if value is not None]
