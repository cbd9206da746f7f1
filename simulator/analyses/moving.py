"""Moving: the parameters that learn while time flows, and the columns they are recorded in.

One column an array, `w(yxh)`, an element each, row by row and named `yxh[0,1]`; of one neuron or device a
plain number. Of an array whose pairs are one device, (i, j) with i < j. `.save w(Yxh)` selects. Without it
the smallest arrays are recorded that have WIDE elements together: a row of all of a large chip would take
megabytes. What they learned is in the file all the same, as it is at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eqchip.errors import InputError, nearest
from eqchip.simulator.chip import Learnable
from eqchip.simulator.integrators.plastic import Plastic, plastic_of
from eqchip.simulator.rows import Column
from eqchip.simulator.system import Elements, System

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Elements whose course is recorded without a .save card.
WIDE = 4096


@dataclass(frozen=True, slots=True)
class Moving:
    """The parameters of all learnables, in their order."""

    plastic: Plastic
    ranges: tuple[slice, ...]  # of each learnable
    columns: tuple[Column, ...]
    picks: tuple[IntArray, ...]  # places of each column among those recorded
    left_out: tuple[str, ...] = ()  # columns too wide to record unless .save asks for them

    def values(self, rows: FloatArray) -> dict[str, FloatArray]:
        """Return the columns of a block of rows of the recorded parameters."""
        return {
            column.name: rows[:, pick] if column.width else rows[:, pick[0]]
            for column, pick in zip(self.columns, self.picks, strict=True)
        }

    def spread(self, numbers: Sequence[float]) -> FloatArray:
        """Return one number for each learnable as one for each parameter."""
        out = np.zeros(len(self.plastic.theta))
        for where, number in zip(self.ranges, numbers, strict=True):
            out[where] = number
        return out


def moving_parameters(system: System, learnables: Sequence[Learnable]) -> Moving:
    """Return the parameters of these learnables, within their bounds, and those to record."""
    graph = system.network.varying
    elements, spots, ranges = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], []
    known: dict[str, tuple[Column, IntArray]] = {}
    count = 0
    for one in learnables:
        found = system.elements(one.name)
        learning = found.instance.family.learning
        assert learning is not None  # as in every learnable
        assert found.graph.values is graph.values  # what learns while time flows varies (sparse.py)
        graph = system.felt(one.name, graph)
        own = np.arange(found.start, found.stop, dtype=np.int64)
        elements.append(own)
        spots.append(graph.value_start[own] + found.first_column + learning.column)
        ranges.append(slice(count, count + len(own)))
        known |= _columns(found, np.arange(count, count + len(own), dtype=np.int64), one.unit)
        count += len(own)
    chosen = _chosen(system.circuit.saves, known)
    taken = {column.name for column, _ in chosen}
    left_out = () if system.circuit.saves else tuple(n for n in known if "[" not in n and n not in taken)
    kept = np.concatenate([*(places for _, places in chosen), np.zeros(0, np.int64)]).astype(np.int64)
    plastic = plastic_of(graph, np.concatenate(elements), np.concatenate(spots), kept, system.size)
    for one, where in zip(learnables, ranges, strict=True):
        plastic.low[where], plastic.high[where] = one.low, one.high
    ends = np.cumsum([len(places) for _, places in chosen]).tolist()
    picks = [np.arange(end - len(places), end) for end, (_, places) in zip(ends, chosen, strict=True)]
    return Moving(plastic, tuple(ranges), tuple(column for column, _ in chosen), tuple(picks), left_out)


def _columns(found: Elements, places: IntArray, unit: str) -> dict[str, tuple[Column, IntArray]]:
    """Return the column of an instance, and of each of its elements."""
    name = found.instance.name.lower()
    if found.layout is None:
        return {f"w({name})": (Column(f"w({name})", unit), places)}
    indices = [tuple(int(k) for k in index) for index in zip(*found.layout.index, strict=True)]
    labels = tuple(f"{name}[{','.join(map(str, index))}]" for index in indices)
    columns = {f"w({name})": (Column(f"w({name})", unit, len(labels), labels), places)}
    for label, index, place in zip(labels, indices, places, strict=True):
        columns[f"w({label})"] = Column(f"w({label})", unit), places[place - places[0] :][:1]
        if found.instance.paired:  # either way round it is the same device
            other = f"w({name}[{','.join(map(str, index[::-1]))}])"
            columns[other] = Column(other, unit), columns[f"w({label})"][1]
    return columns


def _chosen(saves: Sequence[str], known: dict[str, tuple[Column, IntArray]]) -> list[tuple[Column, IntArray]]:
    """Return what is recorded: every array as far as there is room, or what `.save` names."""
    if not saves:
        whole = {name: len(places) for name, (_, places) in known.items() if "[" not in name}
        order = sorted(whole, key=lambda name: whole[name])
        room = np.cumsum([whole[name] for name in order]) <= WIDE
        taken = {name for name, fits in zip(order, room, strict=True) if fits}
        return [one for name, one in known.items() if name in taken]
    wanted = dict.fromkeys(name.lower().replace(" ", "") for name in saves if name.startswith("w("))
    for name in wanted:
        if name not in known:
            raise InputError(f"nothing called '{name}' learns", near=nearest(name, known))
    return [known[name] for name in wanted]
