"""Point: one run of a study, and its address: what its result depends on, as a hash.

    address = SHA-256 of the netlist with all it includes, every value set, the imperfections that are off,
              both seeds, what is run and on which samples, what the chip had learned, and the versions

Two points of one address are one result: it is computed once, whatever study it stands in. Names that only
label a point (`case`, `imperfection`) are no part of the address.

Limits: bits may differ between machines (BLAS kernels); an address does not know the machine.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.simulator.idealise import Switches
from eqchip.simulator.loaded import LoadedChip
from eqchip.simulator.records.provenance import versions
from eqchip.simulator.studies.task import Task
from eqchip.units import parse_number

Value = float | str

#: Names of the two seeds as --set has them.
SEED, CHIP_SEED = "train.seed", "options.chipseed"
#: Packages whose version a result depends on.
_VERSIONS = ("eqchip", "numpy", "numba", "scipy")


@dataclass(frozen=True, slots=True)
class Point:
    """What differs from the chip of the study. Nothing given: the chip as it is."""

    settings: Mapping[str, Value] = field(default_factory=dict)
    without: frozenset[str] = frozenset()  # imperfections that are off beside those of the chip
    seed: int | None = None
    chip_seed: int | None = None
    labels: Mapping[str, Value] = field(default_factory=dict)  # what the design calls it

    def changes(self) -> dict[str, Value]:
        """Return every value it sets, seeds among them."""
        found = dict(self.settings)
        if self.seed is not None:
            found[SEED] = float(self.seed)
        if self.chip_seed is not None:
            found[CHIP_SEED] = float(self.chip_seed)
        return found

    def apply(self, chip: LoadedChip) -> LoadedChip:
        """Return the chip of this point."""
        changed = chip.set(self.changes())
        return changed.ideal(*sorted(self.without)) if self.without else changed

    def switches(self, chip: LoadedChip) -> Switches:
        """Return which imperfections are off here."""
        return chip.switches.without(*sorted(self.without)) if self.without else chip.switches


@dataclass(frozen=True, slots=True)
class Ground:
    """What all points of a study share, hashed once."""

    chip: LoadedChip
    task: Task
    digest: str

    def address(self, point: Point) -> str:
        """Return the address of a point, 64 hexadecimal digits."""
        values = {**_spelled(self.chip.overrides), **_spelled(point.changes())}
        said = {
            "ground": self.digest,
            "values": sorted(values.items()),
            "off": point.switches(self.chip).as_dict(),
        }
        return _digest(json.dumps(said, sort_keys=True).encode())


def ground(chip: LoadedChip, task: Task, samples: int | None) -> Ground:
    """Return what the points of a study share; `samples` is a fingerprint of the data."""
    netlist = chip.netlist
    found = versions()
    said: dict[str, Any] = {
        "netlist": netlist.text,
        "includes": sorted(netlist.included.items()),
        "task": task.as_dict(),
        "samples": samples,
        "weights": _weights(chip.weights or {}),
        "changed": sorted(chip.changed),
        "versions": {name: found[name] for name in _VERSIONS},
    }
    return Ground(chip, task, _digest(json.dumps(said, sort_keys=True).encode()))


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _weights(weights: Mapping[str, NDArray[Any]]) -> list[tuple[str, str]]:
    arrays = {name: np.ascontiguousarray(values) for name, values in weights.items()}
    return [
        (name, _digest(f"{values.dtype}{values.shape}".encode() + values.tobytes()))
        for name, values in sorted(arrays.items())
    ]


def _spelled(values: Mapping[str, Value]) -> dict[str, str]:
    """Return values as one spelling of each: 1k and 1000 are the same."""
    return {name.lower(): _spell(value) for name, value in values.items()}


def _spell(value: Value) -> str:
    if isinstance(value, str):
        try:
            return _spell(parse_number(value))
        except ValueError:
            return value.strip()
    return repr(float(value))
