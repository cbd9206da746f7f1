"""Stores: the devices that hold the weights of a chip's arrays, where they are not ideal.

A weight that is asked for is not the weight that is stored, nor that the one a phase reads: between them
stand the places drawn, programmed, stored and read (devices/place.py), which cells pass in this order.
Arrays of ideal devices have no cells here, and pay for none.

A bus coupled to itself has one cell a pair: the upper triangle of its array, mirrored. Where an array's mask
leaves devices out there are none.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.devices.cells.cells import Cells, cells_of
from eqchip.errors import InputError
from eqchip.netlists.circuit import Circuit, Instance
from eqchip.simulator.manufacture import chip_seed
from eqchip.simulator.spread import in_shape
from eqchip.simulator.streams import stream

Array = NDArray[Any]


class Store:
    """The cells of one array, and how they stand in it."""

    def __init__(self, instance: Instance, cells: Cells) -> None:
        self.name = instance.name
        self.cells = cells
        self._paired, self._there = instance.paired, instance.crossings()

    @property
    def weights(self) -> Array:
        """The weights stored, in the shape of the array."""
        return self._whole(self.cells.weights)

    @property
    def fluctuates(self) -> bool:
        """Whether what is read differs from one phase to the next."""
        return self.cells.fluctuates

    def read(self, random: np.random.Generator) -> Array:
        """Return the weights as one phase reads them."""
        return self._whole(self.cells.read(random))

    @property
    def direct(self) -> bool:
        """Whether every weight has a cell of its own, so that cells can lay them where they are used."""
        return not self._paired and self._there is None

    def program(self, weights: Array, random: np.random.Generator, exact: bool = False) -> None:
        """Bring the cells to these weights, as well as they can be; or exactly."""
        self.cells.program(np.asarray(weights, dtype=np.float64), random, exact)

    def change(self, request: Array, random: np.random.Generator) -> None:
        """Ask the cells for a change; where a pair has one cell, or none is, no other is pulsed."""
        if self._paired:
            request = np.triu(request)
        if self._there is not None:
            request = np.where(self._there, request, 0.0)
        self.cells.change(np.asarray(request, dtype=np.float64), random)

    @property
    def by_trains(self) -> bool:
        """Whether pulses come by trains that rows and columns share, so that updates must be products."""
        return self.cells.by_trains

    def change_by_trains(
        self, rows: Array, columns: Array, factor: float, random: np.random.Generator
    ) -> None:
        """Ask the cells for factor·rows ⊗ columns, sample by sample."""
        self.cells.change_by_trains(rows, columns, factor, random)

    def change_by_products(
        self, rows: Array, columns: Array, factor: float, random: np.random.Generator
    ) -> None:
        """Ask the cells for factor·Σ rows ⊗ columns; those of a direct store."""
        self.cells.change_by_products(rows, columns, factor, random)

    def wait(self, seconds: float, random: np.random.Generator) -> None:
        """Let time pass."""
        self.cells.wait(seconds, random)

    def _whole(self, values: Array) -> Array:
        if self._paired:
            upper = np.triu(values)
            values = upper + np.triu(upper, 1).T
        return values if self._there is None else np.where(self._there, values, 0.0)


def stores_of(circuit: Circuit) -> dict[str, Store]:
    """Return the stores of a circuit's arrays that have imperfect cells, by lower-case name; programmed.

    What was learned stands as it was left; what was given or drawn is programmed once, when the chip is made.
    Either is as old as `.options age=` says.
    """
    seed, found = chip_seed(circuit), dict[str, Store]()
    age = float(circuit.options.get("age", 0.0))
    for instance in circuit.instances:
        learning = instance.family.learning
        if learning is None or instance.family.coupling is None or not instance.shape:
            continue
        name, given = instance.name.lower(), in_shape(circuit, instance)

        def chip_stream(what: str, name: str = name) -> np.random.Generator:
            return stream(seed, "drawn", name, what)

        try:
            cells = cells_of(given, instance.shape, chip_stream)
        except InputError as fault:  # devices know no cards
            at = instance.model.at if instance.model is not None else instance.at
            said = f"{instance.name}: {fault.message}"
            raise InputError(said, at, expected=fault.expected, near=fault.near) from None
        if cells is None:
            continue
        store = found[name] = Store(instance, cells)
        weights = np.broadcast_to(np.asarray(given[learning.parameter], np.float64), instance.shape)
        store.program(weights, stream(seed, "programmed", name), instance.learned)
        if age > 0.0:
            store.wait(age, stream(seed, "aged", name))
    return found


def programmed(circuit: Circuit) -> Circuit:
    """Return a manufactured circuit with weights as its devices hold them: for analyses that change none."""
    stores = stores_of(circuit)
    if not stores:
        return circuit
    held = [
        one
        if (store := stores.get(one.name.lower())) is None or one.family.learning is None
        else replace(one, values={**one.values, one.family.learning.parameter: store.weights}, learned=True)
        for one in circuit.instances
    ]
    return replace(circuit, instances=held)
