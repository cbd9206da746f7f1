"""Network: a compiled circuit as kernels read it, and how it is evaluated.

    F(x) = G₀x + b(d) + i(x, d) + d/dt [C₀x + q(x, d)] = 0

G₀, C₀ hold every element with a constant Jacobian; b is what sources add; i, q are the other elements. Only
these *varying* elements are evaluated again and again, and only their entries of the Jacobian change.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from eqchip.devices.dispatch import load
from eqchip.devices.graph import Graph
from eqchip.kernels import kernel

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class Network(NamedTuple):
    """What stays the same during an analysis. Unknown `size` is ground, always 0."""

    size: int
    nodes: int  # unknowns below are voltages (rows in A), the others branch currents (rows in V)
    driven: Graph  # constant Jacobian, already in G₀ and C₀; evaluated for b
    varying: Graph
    start: IntArray  # pattern of the whole Jacobian, by columns
    index: IntArray
    g0: FloatArray  # (entries + 1)
    c0: FloatArray
    charge_start: IntArray  # C₀ alone, by columns
    charge_index: IntArray
    charge_data: FloatArray
    changing_rows: IntArray  # row and column of each changing entry; a dump follows them in `jg`, `jc`
    changing_columns: IntArray
    low: FloatArray  # (size) between which an unknown is held
    high: FloatArray
    held: IntArray  # the unknowns with such bounds
    held_spots: IntArray  # the changing entry on the diagonal of each


class Evaluation(NamedTuple):
    """Room for currents, charges and their derivatives of the varying elements, and for b."""

    f: FloatArray  # (size + 1)
    q: FloatArray
    jg: FloatArray  # (changing + 1)
    jc: FloatArray
    zero: FloatArray  # (size + 1), zeros
    nothing: FloatArray  # (0)
    dump_g: FloatArray  # (1)
    dump_c: FloatArray


def room(network: Network) -> Evaluation:
    """Return room for evaluating a network."""
    size, changing = network.size + 1, len(network.changing_rows) + 1
    return Evaluation(
        np.zeros(size),
        np.zeros(size),
        np.zeros(changing),
        np.zeros(changing),
        np.zeros(size),
        np.zeros(0),
        np.zeros(1),
        np.zeros(1),
    )


@kernel
def evaluate(network, x, d, memory, at):  # type: ignore[no-untyped-def]
    """Evaluate the varying elements at x into `at`; return whether one limited its voltages."""
    at.f[:] = 0.0
    at.q[:] = 0.0
    at.jg[:] = 0.0
    at.jc[:] = 0.0
    return load(network.varying, x, d, memory, at.f, at.q, at.jg, at.jc)


@kernel
def offset(network, d, at, f, q):  # type: ignore[no-untyped-def]
    """Set f and q (size + 1) to what the sources add."""
    f[:] = 0.0
    q[:] = 0.0
    load(network.driven, at.zero, d, at.nothing, f, q, at.dump_g, at.dump_c)


@kernel
def add_product(start, index, data, x, out):  # type: ignore[no-untyped-def]
    """Add a sparse matrix times x to `out`."""
    for j in range(len(start) - 1):
        here = x[j]
        if here != 0.0:
            for p in range(start[j], start[j + 1]):
                out[index[p]] += data[p] * here


@kernel
def charges(network, x, at, source, q):  # type: ignore[no-untyped-def]
    """Set q to all charges at x: `at.q` of an evaluation there, and what the sources add."""
    for i in range(network.size):
        q[i] = at.q[i] + source[i]
    add_product(network.charge_start, network.charge_index, network.charge_data, x, q)


@kernel
def residual(network, x, d, memory, at, f, q):  # type: ignore[no-untyped-def]
    """Set f and q (size + 1) to all currents and charges at x; return whether a voltage was limited."""
    offset(network, d, at, f, q)
    limited = evaluate(network, x, d, memory, at)
    for i in range(network.size):
        f[i] += at.f[i]
        q[i] += at.q[i]
    add_product(network.start, network.index, network.g0, x, f)
    add_product(network.charge_start, network.charge_index, network.charge_data, x, q)
    return limited


@kernel
def violation(network, x, f):  # type: ignore[no-untyped-def]
    """Return the largest current in A that Kirchhoff's law misses at a node that is free to move."""
    worst = 0.0
    for i in range(network.nodes):
        here = f[i]
        if (x[i] <= network.low[i] and here > 0.0) or (x[i] >= network.high[i] and here < 0.0):
            continue
        worst = max(worst, abs(here))
        if here != here:
            return np.inf
    return worst
