"""How a transient begins: at its operating point, or (uic) from the initial conditions it is given.

Without uic, .ic holds its nodes while the operating point is found and then lets go. With uic the charges
of all elements follow from IC= on the element, else from .ic of its nodes (0 V where none is given); two
vanishing steps of backward Euler then bring every node without charge, and every current, into line.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eqchip.devices.dispatch import load
from eqchip.simulator.analyses.operating import settled
from eqchip.simulator.equilibrium.operating_point import implicit_point
from eqchip.simulator.equilibrium.solver import Solver
from eqchip.simulator.system import Elements, System

FloatArray = NDArray[np.float64]

#: The vanishing steps, over the longest step of the run.
VANISHING = 1e-9


def operating_state(system: System, drives: FloatArray) -> FloatArray:
    """Return the state at the operating point, with .ic held."""
    found: FloatArray = settled(system, drives, system.circuit.initial).x[0]
    return found


def given_state(system: System, solver: Solver, drives: FloatArray, longest: float) -> FloatArray:
    """Return the state that the initial conditions lead to (uic)."""
    x = np.zeros(system.size)
    for node, volts in system.circuit.initial.items():
        if node:
            x[system.unknown_of_node[node]] = volts
    for elements in system.ranges.values():
        given = elements.instance.given().get("ic")
        if elements.instance.family.ic and given is not None and len(elements.branches):
            x[elements.branches] = elements.numbers(given)
    charge = initial_charges(system, solver, x, drives)
    step = VANISHING * longest
    for _ in range(2):
        x = implicit_point(solver, drives, x, charge, step)
        _, charge = solver.evaluate(x, drives)
    return x


def initial_charges(system: System, solver: Solver, x: FloatArray, drives: FloatArray) -> FloatArray:
    """Return the charge of every row at x, elements with an IC of their own charged to that."""
    _, charge = solver.evaluate(x, drives)
    for elements in system.ranges.values():
        given = elements.instance.given().get("ic")
        if not elements.instance.family.ic or given is None or len(elements.branches):
            continue
        here, _ = _own_charges(system, elements, x, drives, None)
        volts = elements.numbers(given)
        there, rows = _own_charges(system, elements, x, drives, volts)
        inside = rows < system.size
        np.add.at(charge, rows[inside], (there - here)[inside])
    return charge


def _own_charges(
    system: System, elements: Elements, x: FloatArray, drives: FloatArray, volts: FloatArray | None
) -> tuple[FloatArray, NDArray[np.int64]]:
    """Return what these elements store at each of their pins, and the rows it belongs to.

    With `volts`, terminal 1 is at 0 V and every other pin at that voltage. Each pin gets a place of its own.
    """
    graph = elements.graph
    first, last = graph.pin_start[elements.start], graph.pin_start[elements.stop]
    pins = graph.pins[first:last]
    own = graph.pins.copy()
    own[first:last] = np.arange(len(pins))
    alone = graph._replace(
        pins=own,
        family=np.clip(graph.family, elements.start, elements.stop),
        entries=np.zeros_like(graph.entries),
    )
    u = np.append(x, 0.0)[pins]
    if volts is not None:
        width = len(pins) // (elements.stop - elements.start)
        u = np.repeat(volts, width).reshape(-1, width)
        u[:, 1] = 0.0
        u = u.ravel()
    f, q = np.zeros(len(pins)), np.zeros(len(pins))
    memory = np.full(int(graph.memory_start[-1]), np.inf)
    load(alone, u, drives, memory, f, q, np.zeros(1), np.zeros(1))
    return q, pins
