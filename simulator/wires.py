"""Wires: arrays with line resistance or capacitance, written out as nodes, resistors and capacitors.

A `Y` array whose card gives wires (devices/wires.py) gets a node on the row and one on the column at every
crossing; segments of a resistance above 0 become resistors between them, what is joined by 0 Ω is one node.
From there on it is a circuit as any other: both phases, time, records and SPICE see the same wires, currents
balance at every crossing, and each device learns from the voltage it has itself.

    NAME.row, NAME.col     buses of the crossings' nodes, row by row; v(NAME.row) is recorded where .save says
    NAME.rows, NAME.cols   the resistors          NAME.crow, NAME.ccol     the capacitors

Source: Kirchhoff's laws. Limits: as of devices/wires.py; no wires between a bus and itself.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.devices.circuit.capacitor import CAPACITOR
from eqchip.devices.circuit.resistor import RESISTOR
from eqchip.devices.wires import (
    CAPACITANCES,
    COLUMN,
    COLUMN_CAPACITANCE,
    COLUMN_END,
    DRIVER,
    LOAD,
    NAMES,
    RESISTANCES,
    ROW,
    ROW_CAPACITANCE,
    ROW_END,
    SIGNAL,
)
from eqchip.errors import InputError
from eqchip.netlists.circuit import GROUND, Circuit, Instance, IntArray, Model
from eqchip.simulator.spread import in_shape

FloatArray = NDArray[np.float64]


def with_wires(circuit: Circuit) -> Circuit:
    """Return the circuit with the wires of its arrays written out."""
    wired = {one.name: given for one in circuit.instances if (given := _wires_of(circuit, one)) is not None}
    bare = [one for one in circuit.instances if one.name not in wired and _named(circuit, one)]
    if not wired and not bare:
        return circuit
    made = _Written(circuit)
    for one in bare:  # whose crossings are its bus nodes
        for line, nodes in zip(("row", "col"), one.crossing_nodes(), strict=True):
            made.buses[f"{one.name}.{line}"] = nodes.ravel()
    instances: list[Instance] = []
    for one in circuit.instances:
        instances += made.array(one, wired[one.name]) if one.name in wired else [one]
    elements = {}
    for key, values in circuit.elements.items():
        left = {name: value for name, value in values.items() if key[0] not in wired or name not in NAMES}
        if left:
            elements[key] = left
    return replace(
        circuit,
        nodes=made.names,
        buses={**circuit.buses, **made.buses},
        inner=circuit.inner | made.buses.keys(),
        instances=instances,
        elements=elements,
    )


def _named(circuit: Circuit, instance: Instance) -> bool:
    """Say whether a .save names crossings of an array that has had no wires written out."""
    begins = tuple(f"v({instance.name.lower()}.{line}" for line in ("row", "col"))
    return (
        len(instance.shape) == 2
        and bool(instance.family.wires)
        and f"{instance.name}.row" not in circuit.buses
        and any(save.startswith(begins) for save in circuit.saves)
    )


def _wires_of(circuit: Circuit, instance: Instance) -> dict[str, Any] | None:
    """Return the parameters of an array that has wires; None of one that has none."""
    if len(instance.shape) != 2 or not instance.family.wires or instance.ports is not None:
        return None
    single = {name for key, each in circuit.elements.items() if key[0] == instance.name for name in each}
    if not NAMES & {*instance.given(), *single}:
        return None
    values = in_shape(circuit, instance)
    if not any(np.any(np.asarray(values.get(one.name, 0.0))) for one in (*RESISTANCES, *CAPACITANCES)):
        return None
    if instance.looped:
        raise InputError(
            f"{instance.name}: wires of an array between a bus and itself are not supported",
            instance.at,
            expected="two buses",
        )
    return values


class _Written:
    """A circuit while wires are written out: the nodes it has so far."""

    def __init__(self, circuit: Circuit) -> None:
        self.names = list(circuit.nodes)
        self.buses: dict[str, IntArray] = {}
        self.models: dict[int, Model] = {}

    def array(self, instance: Instance, given: dict[str, Any]) -> list[Instance]:
        """Return an array between its wires, and the wires."""
        rows, columns = (np.asarray(nodes, dtype=np.int64) for nodes in instance.nodes)
        name, shape = instance.name, instance.shape
        row_end, column_end = (str(given.get(one.name, one.default)) for one in (ROW_END, COLUMN_END))
        row_nodes, row_wires = self.lines(
            f"{name}.row",
            rows,
            _at_crossings(shape, given, ROW.name),
            _of_lines(instance, given, DRIVER.name),
            row_end,
        )
        column_nodes, column_wires = self.lines(
            f"{name}.col",
            columns,
            _at_crossings(shape, given, COLUMN.name).T,
            _of_lines(instance, given, LOAD.name),
            column_end,
        )
        column_nodes = np.ascontiguousarray(column_nodes.T)
        self.buses[f"{name}.row"] = row_nodes.ravel()
        self.buses[f"{name}.col"] = column_nodes.ravel()
        port = str(given.get(SIGNAL.name, SIGNAL.default)) == "port"
        device = replace(
            instance,
            nodes=(row_nodes, column_nodes),
            values={name: value for name, value in instance.values.items() if name not in NAMES},
            model=self.model(instance.model),
            ports=(rows, columns),
            port_signal=port,
        )
        capacitors = [
            _capacitors(f"{name}.{one.name}", nodes, _at_crossings(shape, given, one.name))
            for one, nodes in ((ROW_CAPACITANCE, row_nodes), (COLUMN_CAPACITANCE, column_nodes))
        ]
        return [device, *row_wires, *column_wires, *(part for group in capacitors for part in group)]

    def lines(
        self, name: str, bus: IntArray, along: FloatArray, end: FloatArray, where: str
    ) -> tuple[IntArray, list[Instance]]:
        """Return the node of every crossing of some lines (lines, crossings), and their resistors.

        Lines are worked on from their driven end. What 0 Ω joins is one run of crossings with one node; the
        first run is the bus node where nothing is between them, the last one too where both ends are driven.
        """
        if where in ("right", "bottom"):
            along = along[:, ::-1]
        ohms = along.copy()  # of the way to each crossing from the one before it, or from the bus node
        ohms[:, 0] += end
        far = along[:, -1] + end if where == "both" else np.full(len(bus), np.inf)
        run = np.cumsum(ohms > 0.0, axis=1)
        begins = ohms > 0.0
        joined = (run == run[:, -1:]) & (far == 0.0)[:, None]
        run[joined] = 0
        fresh = begins & ~joined
        count = np.count_nonzero(fresh)
        own = np.zeros(run.shape, dtype=np.int64)
        own[fresh] = len(self.names) + np.arange(count)
        nodes = np.where(run > 0, np.maximum.accumulate(own, axis=1), bus[:, None])
        before = np.concatenate([bus[:, None], nodes[:, :-1]], axis=1)
        wire = begins & (before != nodes)
        last = (where == "both") & (far > 0.0) & (nodes[:, -1] != bus)
        resistors = _resistors(
            f"{name}s",
            np.concatenate([before[wire], nodes[last, -1]]),
            np.concatenate([nodes[wire], bus[last]]),
            np.concatenate([ohms[wire], far[last]]),
        )
        lines, places = (axis.tolist() for axis in np.nonzero(fresh))
        if where in ("right", "bottom"):
            nodes = nodes[:, ::-1]
            places = [along.shape[1] - 1 - place for place in places]
        if name.endswith(".col"):
            lines, places = places, lines
        self.names += [f"{name}[{i}][{j}]" for i, j in zip(lines, places, strict=True)]
        return nodes, resistors

    def model(self, model: Model | None) -> Model | None:
        """Return a model without its wires: the same one for every array that shares it."""
        if model is None or not NAMES & model.values.keys():
            return model
        if id(model) not in self.models:
            left = {name: value for name, value in model.values.items() if name not in NAMES}
            self.models[id(model)] = replace(model, values=left)
        return self.models[id(model)]


def _at_crossings(shape: tuple[int, ...], given: dict[str, Any], name: str) -> FloatArray:
    """Return a number for every crossing."""
    return np.array(np.broadcast_to(np.asarray(given.get(name, 0.0), dtype=np.float64), shape))


def _of_lines(instance: Instance, given: dict[str, Any], name: str) -> FloatArray:
    """Return a number for every line: a row's stands at its column 0, a column's at its row 0."""
    axis = 0 if name == DRIVER.name else 1
    values = _at_crossings(instance.shape, given, name)
    values = values if axis == 0 else values.T
    nominal = (
        float(instance.given().get(name, 0.0)) if np.ndim(instance.given().get(name, 0.0)) == 0 else None
    )
    if nominal is not None and np.any(values[:, 1:] != nominal):
        place = f"{instance.name}[{'i,0' if axis == 0 else '0,j'}].{name}"
        raise InputError(
            f"{name} is one number a {'row' if axis == 0 else 'column'}",
            instance.at,
            expected=f"{place}=…; a single segment is {'rrow' if axis == 0 else 'rcol'}",
        )
    return values[:, 0].copy()


def _resistors(name: str, first: IntArray, second: IntArray, ohms: FloatArray) -> list[Instance]:
    if not len(ohms):
        return []
    return [Instance(name, RESISTOR, (first, second), {"r": ohms}, shape=(len(ohms),))]


def _capacitors(name: str, nodes: IntArray, farads: FloatArray) -> list[Instance]:
    there = farads > 0.0
    if not np.any(there):
        return []
    count = int(np.count_nonzero(there))
    ground = np.full(count, GROUND, dtype=np.int64)
    return [Instance(name, CAPACITOR, (nodes[there], ground), {"c": farads[there]}, shape=(count,))]
