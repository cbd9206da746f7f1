"""Factoring and solving by a Scheme: refill the head when the constant part changes, the core each time.

A vector `w` of a solve stands in positions of the head's order; its end, from `head.limit` on, is the core's
share, in the order of `core_unknowns`. All of it is for kernels that have unpacked a Scheme.
"""

from __future__ import annotations

from eqchip.kernels import kernel
from eqchip.simulator.linear.dense import factor_dense, solve_dense, solve_dense_transposed
from eqchip.simulator.linear.elimination import (
    backward,
    backward_transposed,
    eliminate,
    forward,
    forward_transposed,
)
from eqchip.simulator.linear.pattern import FloatArray, IntArray
from eqchip.simulator.linear.scheme import Scheme


@kernel(inner=True)
def refill_head(scheme: Scheme, start: IntArray, index: IntArray) -> int:
    """Eliminate the head of `scheme.constant`; return -1, or the position whose pivot failed."""
    return eliminate(scheme.head, start, index, scheme.constant, scheme.work)


@kernel(inner=True)
def refill_core(scheme: Scheme) -> int:
    """Factor the core with `scheme.changing`; return -1, or the position whose pivot failed."""
    total, spots, changing, complement = scheme.total, scheme.spots, scheme.changing, scheme.head.remainder
    for p in range(len(complement)):
        total[p] = complement[p]
    for e in range(len(spots)):
        total[spots[e]] += changing[e]
    failed = eliminate(scheme.core, scheme.head.r_start, scheme.head.r_index, total, scheme.work)
    if failed < 0:
        failed = factor_dense(scheme.factor_dense, scheme.core.remainder, scheme.swaps)
        if failed >= 0:
            failed += scheme.core.limit
    return failed


@kernel(inner=True)
def solve_core(scheme: Scheme, t: FloatArray, delta: FloatArray) -> None:
    """Solve the core's equations; `t` and `delta` are in the order of `core_unknowns`."""
    core = scheme.core
    w, rows, columns = scheme.work, core.rows, core.columns
    for s in range(len(rows)):
        w[rows[s]] = t[s]
    forward(core, w)
    solve_dense(core.remainder, scheme.swaps, w[core.limit :])
    backward(core, w)
    for s in range(len(rows)):
        delta[columns[s]] = w[s]
        w[s] = 0.0


@kernel(inner=True)
def solve(scheme: Scheme, b: FloatArray, w: FloatArray, x: FloatArray) -> None:
    """Solve A x = b with a factored matrix; `w` (size) is scratch."""
    head = scheme.head
    rows, columns = head.rows, head.columns
    for i in range(len(rows)):
        w[rows[i]] = b[i]
    forward(head, w)
    solve_core(scheme, w[head.limit :], w[head.limit :])
    backward(head, w)
    for j in range(len(rows)):
        x[columns[j]] = w[j]


@kernel(inner=True)
def solve_transposed(scheme: Scheme, b: FloatArray, w: FloatArray, x: FloatArray) -> None:
    """Solve Aᵀ x = b with a factored matrix; `w` (size) is scratch."""
    head = scheme.head
    core = scheme.core
    rows, columns = head.rows, head.columns
    for j in range(len(rows)):
        w[j] = b[columns[j]]
    forward_transposed(head, w)
    inner, rest = scheme.work, w[head.limit :]
    core_rows, core_columns = core.rows, core.columns
    for s in range(len(core_rows)):
        inner[s] = rest[core_columns[s]]
    forward_transposed(core, inner)
    solve_dense_transposed(core.remainder, scheme.swaps, inner[core.limit :])
    backward_transposed(core, inner)
    for s in range(len(core_rows)):
        rest[s] = inner[core_rows[s]]
    for s in range(len(core_rows)):
        inner[s] = 0.0
    backward_transposed(head, w)
    for i in range(len(rows)):
        x[i] = w[rows[i]]
