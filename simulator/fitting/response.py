"""What was measured: conductance after each pulse, of one device after the other.

A *train* is a run of pulses of one direction. Row k of a train is the conductance after pulse `counts[k]`;
the first row is where it starts from, so a train of n rows has n − 1 steps, of counts[k + 1] − counts[k]
pulses each. Where one train follows another without a gap in the numbering of the pulses, the last row of the
one is also the first row of the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.errors import InputError

Array = NDArray[Any]

#: Of a device's range: a turn smaller than this is noise, one greater begins a train of the other direction.
TURN = 0.4
FIRST = 0.15
#: Rows on either side of a turn within which its place is looked for.
WINDOW = 40


@dataclass(frozen=True, slots=True)
class Train:
    """Pulses of one direction: +1 raises the conductance, −1 lowers it."""

    device: str
    direction: int
    counts: Array  # pulses since the beginning of the train, rising from 0
    values: Array  # S

    @property
    def steps(self) -> int:
        """How many steps it has."""
        return len(self.values) - 1


@dataclass(frozen=True, slots=True)
class Response:
    """Every train of a measurement."""

    trains: tuple[Train, ...]
    name: str  # of the file, for messages and comments

    @property
    def devices(self) -> tuple[str, ...]:
        """The names of the devices, in the order of the file."""
        return tuple(dict.fromkeys(train.device for train in self.trains))

    @property
    def steps(self) -> int:
        """How many steps there are in all."""
        return sum(train.steps for train in self.trains)

    def of(self, device: str) -> tuple[Train, ...]:
        """Return the trains of one device."""
        return tuple(train for train in self.trains if train.device == device)

    def spans(self) -> tuple[Array, Array]:
        """Return the lowest and the highest conductance of each device, in siemens."""
        values = [np.concatenate([train.values for train in self.of(one)]) for one in self.devices]
        return np.array([one.min() for one in values]), np.array([one.max() for one in values])

    def range(self) -> tuple[float, float]:
        """Return the nominal range: the mean over devices of the lowest and of the highest conductance."""
        low, high = self.spans()
        return float(low.mean()), float(high.mean())


def trains_of(device: str, counts: Array, values: Array, directions: Array | None) -> list[Train]:
    """Cut what was measured on one device into trains.

    `directions`: +1 or −1 a row, as a column of the file says; None: inferred. Where the numbering of the
    pulses falls back a new measurement begins; within one, the conductance turns by more than noise would.
    """
    found: list[Train] = []
    borders = [0, *(np.flatnonzero(np.diff(counts) <= 0) + 1).tolist(), len(counts)]
    for first, last in pairwise(borders):
        part = slice(first, last)
        given = None if directions is None else directions[part]
        found += _cut(device, counts[part], values[part], given)
    return found


def _cut(device: str, counts: Array, values: Array, directions: Array | None) -> list[Train]:
    if directions is None:
        turns = turning_points(values)
        ends = [0, *turns, len(values) - 1]
    else:
        # The pulse of a row led to it: the row before a change is where the next train starts from.
        turns = np.flatnonzero(np.diff(directions)).tolist()
        ends = [0, *turns, len(values) - 1]
    found = []
    for first, last in pairwise(ends):
        if last == first:
            continue
        rows = slice(first, last + 1)
        if directions is None:
            rise = values[last] - values[first]
            direction = 1 if rise > 0 else -1
        else:
            direction = int(directions[last])
        found.append(Train(device, direction, counts[rows] - counts[first], values[rows]))
    return found


def turning_points(values: Array) -> list[int]:
    """Return the rows at which the conductance turns by more than `TURN` of its range.

    A row is a turn once the values have left it by that much: the highest or lowest of its surroundings.
    What comes before the first turn is a train of its own when it moves by at least `FIRST` of the range.
    """
    threshold = TURN * float(np.ptp(values))
    least = FIRST * float(np.ptp(values))
    found: list[int] = []
    if threshold == 0.0:
        return found
    low = high = 0
    heading = 0
    for k in range(1, len(values)):
        if values[k] > values[high]:
            high = k
        if values[k] < values[low]:
            low = k
        if heading <= 0 and values[k] - values[low] > threshold:
            if heading < 0 or values[0] - values[low] > least:
                found.append(low)
            heading, high = 1, k
        elif heading >= 0 and values[high] - values[k] > threshold:
            if heading > 0 or values[high] - values[0] > least:
                found.append(high)
            heading, low = -1, k
    return _refined(values, [turn for turn in found if 0 < turn < len(values) - 1])


def _refined(values: Array, turns: list[int]) -> list[int]:
    """Move each turn to where two parabolas that meet there fit best.

    Devices that saturate are flat before they turn: their extreme is noise, anywhere on the flat stretch.
    """
    ends = [0, *turns, len(values) - 1]
    moved = []
    for before, turn, after in zip(ends[:-2], ends[1:-1], ends[2:], strict=True):
        reach = min((turn - before) // 3, (after - turn) // 3, WINDOW)
        if reach < 3:
            moved.append(turn)
            continue
        rows = np.arange(max(before, turn - 2 * reach), min(after, turn + 2 * reach) + 1)
        left = [_misfit(rows - at, values[rows]) for at in range(turn - reach, turn + reach + 1)]
        moved.append(turn - reach + int(np.argmin(left)))
    return moved


def _misfit(from_turn: Array, values: Array) -> float:
    falling, rising = np.minimum(from_turn, 0.0), np.maximum(from_turn, 0.0)
    table = np.stack([np.ones(len(values)), falling, falling**2, rising, rising**2], axis=1)
    coefficients = np.linalg.lstsq(table, values, rcond=None)[0]
    return float(((values - table @ coefficients) ** 2).sum())


def check(response: Response) -> None:
    """Refuse what no model can be fitted to."""
    if not response.steps:
        raise InputError(
            f"{response.name}: no pulse in it", expected="a conductance before and after a pulse"
        )
    low, high = response.range()
    if not high > low:
        raise InputError(f"{response.name}: the conductance never changes")
