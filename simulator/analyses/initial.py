"""How a transient begins: at its operating point, or (uic) from the initial conditions it is given.

Without uic, .ic holds its nodes while the operating point is found and then lets go. With uic the charges
of all elements follow from IC= on the element, else from .ic of its terminals (0 V where none is given); two
vanishing steps of backward Euler then bring every node without charge, and every current, into line. One such
step also leads over a jump.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eqchip.devices.dispatch import load
from eqchip.errors import SimulationError
from eqchip.simulator.analyses.operating import settled
from eqchip.simulator.equilibrium.operating_point import implicit_point
from eqchip.simulator.equilibrium.solver import Solver
from eqchip.simulator.integrators.track import CURRENT, LONGEST, POINTS, STEP, TIME, Track
from eqchip.simulator.stimulus import Waveforms, fill
from eqchip.simulator.system import Elements, System

FloatArray = NDArray[np.float64]

#: The vanishing steps, and the first that follows them, over the longest step of the run.
VANISHING, FIRST = 1e-7, 1e-3
#: How far from the last state one behind a jump is sought, over the largest voltages so far.
AWAY = (0.0, 0.1, -0.1, 0.3, -0.3, 1.0, -1.0, 3.0, -3.0)


def begin_at(track: Track, solver: Solver, x: FloatArray) -> None:
    """Put a track at a state: its charges, and their rates, which are the currents that flow there."""
    system, network = solver.system, solver.system.network
    track.x[:-1] = x
    track.x_1[:] = track.x_2[:] = track.x
    f, q = solver.evaluate(x, track.d)
    charged = network.c0[:-1] != 0.0
    changing = solver.at.jc[:-1] != 0.0
    rows = np.zeros(system.size, dtype=np.bool_)
    rows[network.rows[charged]] = True
    rows[network.changing_rows[changing]] = True
    track.q[:-1] = q
    track.rate[:-1] = np.where(rows, -f, 0.0)
    track.bearing[network.nodes :] = CURRENT
    track.bearing[system.pattern.columns()[charged]] = 1.0
    track.bearing[network.changing_columns[changing]] = 1.0
    track.peak[:] = np.maximum(track.peak, np.abs(x))
    track.clock[POINTS] = 1.0


def jump(track: Track, solver: Solver, waves: Waveforms, tries: int) -> bool:
    """Step over a point where voltages without charge jump, as a latch without capacitance does.

    Every charge stays. Newton's last step points along what came loose; right behind the point it would
    circle where the old state was, so each try starts further out, this way or that, and a little later.
    Returns whether there is a state.
    """
    longest = track.limits[LONGEST]
    step = VANISHING * longest * 10.0 ** min(tries, 5)
    away = track.trial[:-1] - track.x[:-1]
    away[~np.isfinite(away)] = 0.0
    away /= max(float(np.max(np.abs(away) / np.maximum(track.peak, 1e-6))), 1e-300)
    fill(waves, track.clock[TIME] + step, track.d)
    try:
        x = implicit_point(solver, track.d, track.x[:-1] + AWAY[tries] * away, track.q[:-1], step)
    except SimulationError:
        return False
    begin_at(track, solver, x)
    track.memory[:] = track.memory_kept[:] = np.nan
    track.clock[TIME] += step
    track.clock[STEP] = FIRST * longest
    return True


def let_states_move(system: System, drives: FloatArray) -> None:
    """Let go of what devices remember: at rest their states stand, in time they move."""
    for elements in system.ranges.values():
        family = elements.instance.family
        if family.state is not None:
            drives[elements.drives[:, family.drives.index(family.state.drive)]] = 1.0


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
    _follow_terminals(system, x)
    charge = initial_charges(system, solver, x, drives)
    step = VANISHING * longest
    for _ in range(2):
        x = implicit_point(solver, drives, x, charge, step)
        _, charge = solver.evaluate(x, drives)
    return x


def _follow_terminals(system: System, x: FloatArray) -> None:
    """Give every internal node the voltage of its terminal: no current flows between them yet."""
    for elements in system.ranges.values():
        family, graph = elements.instance.family, elements.graph
        if family.internal and elements.stop > elements.start:
            first, last = graph.pin_start[elements.start], graph.pin_start[elements.stop]
            pins = graph.pins[first:last].reshape(elements.stop - elements.start, -1)
            for k, node in enumerate(family.internal, len(family.terminals)):
                volts = np.append(x, 0.0)[pins[:, node.onto]]
                own = pins[:, k] != pins[:, node.onto]
                x[pins[own, k]] = volts[own]


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
