"""From a nudge to the phase of an array chip: a spring, a pull, a frozen current, or outputs that are held.

Held outputs (rule=chl) are clamped groups of a wiring of their own, on the same nodes and couplings: what
they drive is constant, and no solver has to know.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.errors import InputError, SimulationError
from eqchip.simulator.array_layout import Layout
from eqchip.simulator.chip import Nudge
from eqchip.simulator.cost.costs import cost_of
from eqchip.simulator.phase import Phase
from eqchip.simulator.pull import Pull
from eqchip.simulator.wiring import Wiring, add_drive

Array = NDArray[Any]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def nudged_phase(layout: Layout, nodes: IntArray, share: FloatArray, phase: Phase, nudge: Nudge) -> Phase:
    """Return a free phase with the nudge on; `nodes` are the outputs, `share` their β over that of all."""
    groups, places = layout.group_of[nodes], layout.place_of[nodes]
    if nudge.clamp:
        return _held(layout, nodes, phase, nudge.targets)
    if nudge.beta == 0.0:
        return phase
    phase.nudged = frozenset(int(group) for group in groups)
    cost = cost_of(layout.circuit, nudge.cost)
    if nudge.anchor is not None:
        force = -cost.slope(nudge.anchor, nudge.targets) * nudge.beta * share
        for group in phase.nudged:
            which = groups == group
            phase.k[group][:, places[which]] = force[:, which]
        return phase
    if not cost.quadratic:
        (group,) = phase.nudged
        pull = Pull(cost, group, places, nudge.targets.astype(phase.k[group].dtype), nudge.beta * share)
        phase.pull = pull
        phase.a[group][places] += pull.spring
        return phase
    for group in phase.nudged:
        which = groups == group
        at = places[which]
        beta = nudge.beta * share[which]
        phase.a[group][at] += beta
        phase.k[group][:, at] = beta * nudge.targets[:, which]
    return phase


def overcome(beta: float) -> SimulationError:
    """Return what is said of outputs that run away from their targets, and that no bound stops."""
    return SimulationError(
        f"β = {beta:g} overcomes the leak of the outputs: there is no equilibrium",
        advice="|beta| below 1, kind=frozen, or outputs with bounds (activation=hardsigmoid)",
    )


def _held(layout: Layout, nodes: IntArray, phase: Phase, targets: Array) -> Phase:
    """Return the phase in which the outputs stand at their targets."""
    wiring = phase.wiring
    groups = np.unique(layout.group_of[nodes])
    for group in groups:
        if np.count_nonzero(layout.group_of[nodes] == group) < wiring.nodes[group].size:
            raise InputError(
                f"rule=chl holds the outputs at their targets: {wiring.nodes[group].instance} has nodes that "
                "are no outputs, which is not supported in the array form",
                expected="neurons of the outputs alone, or --form sparse",
            )
    kept = tuple(
        replace(one, clamped=True) if group in groups else one for group, one in enumerate(wiring.nodes)
    )
    held = Wiring(kept, wiring.links, wiring.dtype)
    states: dict[int, Array] = {}
    for group in groups:
        which = layout.group_of[nodes] == group
        states[int(group)] = np.empty((phase.samples, wiring.nodes[group].size), wiring.dtype)
        states[int(group)][:, layout.place_of[nodes[which]]] = targets[:, which]
    constant = [drive.copy() for drive in phase.constant]
    for group in held.free:
        for link, forward in held.from_clamped[group]:
            other = link.pre if forward else link.post
            if other in states:
                add_drive(constant[group], link, forward, held.nodes[other].activity(states[other]))
    return Phase(held, constant, phase.a, phase.k, held=states)
