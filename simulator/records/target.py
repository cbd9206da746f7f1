"""What a file of results may be called, before anything is computed; what it is called while written."""

from __future__ import annotations

import os
from pathlib import Path

from eqchip.errors import InputError
from eqchip.simulator.records.reason import reason


def part_of(path: Path) -> Path:
    """Return the name a file has while it is written."""
    return path.with_name(path.name + ".part")


def check_target(path: Path) -> None:
    """Refuse what cannot become a record, before anything is computed."""
    if path.suffix.lower() not in (".h5", ".hdf5"):
        raise InputError(
            f"{path}: records are HDF5 files",
            expected="a name that ends in .h5 (eqchip export writes others)",
        )
    try:
        is_folder = path.is_dir()
    except OSError as problem:  # a name too long
        raise InputError(f"{path} cannot be written: {reason(problem)}") from None
    if is_folder:
        raise InputError(f"{path} is a directory", expected="the name of a file")
    if not path.parent.is_dir():
        raise InputError(f"{path}: there is no directory {path.parent}")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise InputError(f"{path}: the directory {path.parent} cannot be written")
