"""Passive: a circuit of resistors, capacitors and sources as a LinearNetwork, where it is one.

What voltage sources say of nodes, E·v = V, leaves v = N·u free for noise, with N a basis of E's null space;
NᵀCN and NᵀGN are again those of a passive network. Voltages follow as N·(shapes·modes).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from scipy.linalg import null_space

from eqchip.errors import InputError
from eqchip.simulator.noise.currents import Currents
from eqchip.simulator.noise.linear_network import LinearNetwork, linear_network
from eqchip.simulator.system import System

FloatArray = NDArray[np.float64]

#: Unknowns up to which matrices are dense.
MOST = 1500


@dataclass(frozen=True, slots=True)
class Passive:
    """Modes of a circuit, and the density of what shakes its free voltages."""

    network: LinearNetwork
    density: FloatArray  # (m, m) A²/Hz
    lift: FloatArray  # (voltages, modes): of all nodes, of a unit of each mode


def passive_of(system: System, currents: Currents) -> Passive | None:
    """Return the modes of a circuit; None: it is not one of constant R, C and sources, or too large."""
    network = system.network
    if not system.affine or currents.varying or currents.slow or system.size > MOST:
        return None
    g, c = (np.zeros((system.size, system.size)) for _ in range(2))
    g[system.pattern.rows, system.pattern.columns()] = network.g0[:-1]
    c[system.pattern.rows, system.pattern.columns()] = network.c0[:-1]
    n = network.nodes
    said = g[n:, :n]
    if np.any(g[n:, n:]) or np.any(c[n:]) or np.any(c[:, n:]) or not np.array_equal(g[:n, n:], said.T):
        return None
    free = null_space(said) if len(said) else np.eye(n)
    try:
        found = linear_network(free.T @ c[:n, :n] @ free, free.T @ g[:n, :n] @ free, 0.0)
    except InputError:  # an amplifier, or a negative resistance: no passive network
        return None
    into = free.T @ (currents.into.tocsr()[:n] @ sparse.diags(np.sqrt(currents.density)))
    return Passive(found, into @ into.T, free @ found.shapes)
