"""How far a solution misses Kirchhoff's law: the current, in amperes, that does not add up at a node."""

from __future__ import annotations

from eqchip.kernels import kernel
from eqchip.simulator.equilibrium.bench import ALPHA, Bench, FloatArray


@kernel(inner=True)
def leaks(bench: Bench, x: FloatArray, r: FloatArray) -> float:
    """Return the largest current in A by which Kirchhoff's law is missed at nodes free to move."""
    low, high, f, q = bench.network.low, bench.network.high, bench.at.f, bench.at.q
    alpha = bench.ws.control[ALPHA]
    worst = 0.0
    for i in range(bench.network.nodes):
        here = r[i] + f[i] + alpha * q[i]
        if (x[i] <= low[i] and here > 0.0) or (x[i] >= high[i] and here < 0.0):
            continue
        size = abs(here)
        if size > worst or size != size:  # NaN is the largest, and stays
            worst = size
    return worst


@kernel(inner=True)
def flow(bench: Bench, x: FloatArray, b: FloatArray) -> float:
    """Return the largest current in A: of a source, of a varying element or in a branch."""
    f, nodes = bench.at.f, bench.network.nodes
    largest = 0.0
    for i in range(bench.network.size):
        largest = max(largest, abs(b[i]), abs(f[i])) if i < nodes else max(largest, abs(x[i]))
    return largest


@kernel(inner=True)
def core_leaks(bench: Bench) -> float:
    """Return the largest current in A that a node of the core misses, by the residual kept up to date."""
    unknowns, f, q = bench.scheme.core_unknowns, bench.at.f, bench.at.q
    pinned, held, rows = bench.ws.pinned, bench.network.held, bench.scheme.head.rows
    alpha, nodes, limit = bench.ws.control[ALPHA], bench.network.nodes, bench.scheme.head.limit
    w, t = bench.ws.w[limit:], bench.ws.t
    for s in range(len(unknowns)):
        i = unknowns[s]
        t[s] = abs(w[s] - f[i] - alpha * q[i]) if i < nodes else 0.0
    for k in range(len(held)):
        if pinned[k] != 0.0:
            t[rows[held[k]] - limit] = 0.0
    worst = 0.0
    for s in range(len(unknowns)):
        worst = t[s] if t[s] > worst or t[s] != t[s] else worst
    return worst
