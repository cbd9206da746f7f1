"""Tables for other programs: CSV of one analysis, NPZ of everything in a file."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.errors import InputError
from eqchip.simulator.rows import Trace

Array = NDArray[Any]


def flat_columns(trace: Trace) -> Iterator[tuple[str, Array]]:
    """Yield every scalar column of a trace, its axis first; a bus is one column per node, `v(h[3])`."""
    if trace.plan.axis is not None:
        yield trace.plan.axis.name, trace.axis
    for column in trace.plan.columns:
        values = trace.values[column.name]
        if not column.width:
            yield column.name, values
            continue
        opening = column.name.partition("(")[0]
        for k in range(column.width):
            label = column.labels[k] if column.labels else f"{column.name}[{k}]"
            yield f"{opening}({label})" if column.labels else label, values[:, k]


def write_csv(path: Path | str, trace: Trace) -> None:
    """Write one trace, a column per quantity, in SI units; numbers read back to the same float."""
    names, columns = zip(*flat_columns(trace), strict=True)
    try:
        with Path(path).open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(names)
            writer.writerows(zip(*(column.tolist() for column in columns), strict=True))
    except OSError as problem:
        raise InputError(f"{path} cannot be written: {problem.strerror}") from None


def write_npz(path: Path | str, arrays: Mapping[str, Array]) -> None:
    """Write named arrays: `weights/Yxh`, `tran/time`, `tran/v(out)` …"""
    try:
        with Path(path).open("wb") as file:
            save: Any = np.savez_compressed  # its stub takes every name for an option
            save(file, **{name: np.asarray(value) for name, value in arrays.items()})
    except OSError as problem:
        raise InputError(f"{path} cannot be written: {problem.strerror}") from None
