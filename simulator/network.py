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
from eqchip.entries import unpack
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
    rows: IntArray
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


class Evaluated(NamedTuple):
    """A network and where it is evaluated."""

    network: Network
    at: Evaluation


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


@kernel(inner=True)
def evaluate(network: Network, x: FloatArray, d: FloatArray, memory: FloatArray, at: Evaluation) -> int:
    """Evaluate the varying elements at x into `at`; return whether one limited its voltages."""
    f, q, jg, jc = at.f, at.q, at.jg, at.jc
    for i in range(len(f)):
        f[i] = 0.0
        q[i] = 0.0
    for e in range(len(jg)):
        jg[e] = 0.0
        jc[e] = 0.0
    return load(network.varying, x, d, memory, f, q, jg, jc)


@kernel(inner=True)
def offset(network: Network, d: FloatArray, at: Evaluation, f: FloatArray, q: FloatArray) -> None:
    """Set f and q (size + 1) to what the sources add."""
    for i in range(len(f)):
        f[i] = 0.0
        q[i] = 0.0
    load(network.driven, at.zero, d, at.nothing, f, q, at.dump_g, at.dump_c)


@kernel
def add_product(start: IntArray, index: IntArray, data: FloatArray, x: FloatArray, out: FloatArray) -> None:
    """Add a sparse matrix times x to `out`."""
    for j in range(len(start) - 1):
        here = x[j]
        if here != 0.0:
            for p in range(start[j], start[j + 1]):
                out[index[p]] += data[p] * here


@kernel
def residual(
    packed: IntArray, x: FloatArray, d: FloatArray, memory: FloatArray, f: FloatArray, q: FloatArray
) -> int:
    """Set f and q (size + 1) to all currents and charges at x; `packed` holds a Network and an Evaluation.

    Returns whether a voltage was limited; memory of +∞ limits nothing.
    """
    bench = unpack(packed, Evaluated)
    network = bench.network
    at = bench.at
    offset(network, d, at, f, q)
    limited = evaluate(network, x, d, memory, at)
    own_f, own_q = at.f, at.q
    for i in range(network.size):
        f[i] += own_f[i]
        q[i] += own_q[i]
    add_product(network.start, network.rows, network.g0, x, f)
    add_product(network.charge_start, network.charge_index, network.charge_data, x, q)
    return limited
