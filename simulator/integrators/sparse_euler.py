"""Explicit Euler for sparse chips: v ← clip(v − Δt·f/C), every free node with a capacitance of its own to
ground.

Order 1. Nodes that ideal sources hold stand still. A node without capacitance, or one that shares a
capacitor with another node, is refused by name: that takes an implicit integrator.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eqchip.devices import dispatch
from eqchip.entries import pack
from eqchip.errors import InputError
from eqchip.kernels import kernel
from eqchip.simulator.network import Evaluated, residual
from eqchip.simulator.system import System, padded

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def integrate(
    system: System, x: FloatArray, drives: FloatArray, held: IntArray, steps: int, length: float
) -> None:
    """Move every row of x, in place, by `steps` steps of `length` seconds; unknowns `held` stay."""
    if not len(x):
        return
    network = system.network
    free = np.setdiff1d(np.arange(network.nodes), held)
    capacitance = _capacitance(system, x[0], drives[0], free)
    share = np.zeros(system.size + 1)
    share[free] = length / capacitance
    points = padded(x)
    low, high = np.append(network.low, 0.0), np.append(network.high, 0.0)
    memory = np.full(system.memory, np.inf)
    bench = Evaluated(network, system.room())
    _steps(pack(bench), network.nodes, points, drives, memory, share, low, high, steps)
    x[:] = points[:, :-1]


def _capacitance(system: System, x: FloatArray, drives: FloatArray, free: IntArray) -> FloatArray:
    """Return the capacitance of the free nodes, or raise where C is not diagonal and positive."""
    network, at = system.network, system.room()
    dispatch.load(
        network.varying, padded(x), drives, np.full(system.memory, np.inf), at.f, at.q, at.jg, at.jc
    )
    rows = np.concatenate([system.pattern.rows, network.changing_rows])
    columns = np.concatenate([system.pattern.columns(), network.changing_columns])
    data = np.concatenate([network.c0[:-1], at.jc[:-1]])
    own = np.zeros(system.size)
    np.add.at(own, rows[rows == columns], data[rows == columns])
    shared = (rows != columns) & (data != 0.0)
    moving = np.zeros(system.size, np.bool_)
    moving[free] = True
    for wrong, what in (
        (free[~(own[free] > 0.0)], "has no capacitance"),
        (rows[shared & moving[rows]], "shares a capacitance with another node"),
    ):
        if len(wrong):
            raise InputError(
                f"solve=euler: {system.names[wrong[0]]} {what}",
                expected="a capacitance to ground on every node, or solve=equilibrium",
            )
    branches = np.flatnonzero(own[network.nodes :]) + network.nodes
    if len(branches):
        raise InputError(
            f"solve=euler: {system.names[branches[0]]} is an inductor's", expected="no inductors"
        )
    return own[free]


@kernel
def _steps(
    packed: IntArray,
    nodes: int,
    x: FloatArray,
    d: FloatArray,
    memory: FloatArray,
    share: FloatArray,
    low: FloatArray,
    high: FloatArray,
    steps: int,
) -> None:
    f = np.empty(x.shape[1])
    q = np.empty(x.shape[1])
    for sample in range(len(x)):
        here = x[sample]
        for _ in range(steps):
            residual(packed, here, d[sample], memory, f, q)
            for i in range(nodes):
                here[i] = min(max(here[i] - share[i] * f[i], low[i]), high[i])
