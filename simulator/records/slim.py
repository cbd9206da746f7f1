"""Slim: the file of a run that ended in order, without the slot that is not its last.

While a run may be killed, two slots hold its state (slots.py): with particles, by far the largest part of the
file. HDF5 gives no room back inside a file, so what is kept is written into a new one: laid out by the code
that laid out the first, then filled from it dataset by dataset, in bounded memory. The old file stays as it
is until the new one has its name.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py

from eqchip.simulator.records.slots import newest_name

#: Files smaller than this keep both slots: there is nothing to gain.
WORTH = 4 << 20  # bytes

_BLOCK = 8 << 20  # bytes copied at once


def slim(old: Path, new: Path, lay_out: Callable[[h5py.File, str], None]) -> bool:
    """Write `old` to `new` with its newest slot alone; False where that is not worth it.

    `lay_out` makes everything in an empty file, with one slot of that name.
    """
    if old.stat().st_size < WORTH:
        return False
    with h5py.File(old, "r") as source:
        name = newest_name(source)
        if name is None:
            return False
        with h5py.File(new, "w", track_order=True, libver=("v110", "v110")) as target:
            lay_out(target, name)
            datasets: list[str] = []
            target.visititems(
                lambda path, item: datasets.append(path) if isinstance(item, h5py.Dataset) else None
            )
            for path in datasets:
                _copy(source[path], target[path])
    return True


def _copy(old: h5py.Dataset, new: h5py.Dataset) -> None:
    """Give a dataset the numbers of another, of the same kind."""
    if old.shape != new.shape:
        new.resize(old.shape)
    if old.size == 0:
        return
    if old.ndim == 0 or old.nbytes <= _BLOCK:
        new[...] = old[...]
        return
    rows = max(1, _BLOCK * old.shape[0] // old.nbytes)
    for first in range(0, old.shape[0], rows):
        new[first : first + rows] = old[first : first + rows]
