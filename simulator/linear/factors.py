"""Factoring and solving by a Scheme: refill the head when the constant part changes, the core each time.

A vector `w` of a solve stands in positions of the head's order; its end, from `head.limit` on, is the core's
share, in the order of `core_unknowns`.
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


@kernel
def refill_head(scheme, start, index, factors):  # type: ignore[no-untyped-def]
    """Eliminate the head of `factors.constant`; return -1, or the position whose pivot failed."""
    return eliminate(
        scheme.head,
        start,
        index,
        factors.constant,
        factors.head_l,
        factors.head_u,
        factors.head_pivot,
        factors.complement,
        factors.work,
    )


@kernel
def refill_core(scheme, factors):  # type: ignore[no-untyped-def]
    """Factor the core with `factors.changing`; return -1, or the position whose pivot failed."""
    total = factors.total
    total[:] = factors.complement
    for e in range(len(scheme.spots)):
        total[scheme.spots[e]] += factors.changing[e]
    core = scheme.core
    failed = eliminate(
        core,
        scheme.head.r_start,
        scheme.head.r_index,
        total,
        factors.core_l,
        factors.core_u,
        factors.core_pivot,
        factors.dense.reshape(-1),
        factors.work,
    )
    if failed >= 0:
        return failed
    failed = factor_dense(factors.dense, factors.swaps)
    return failed if failed < 0 else core.limit + failed


@kernel
def solve_core(scheme, factors, t, delta):  # type: ignore[no-untyped-def]
    """Solve the core's equations; `t` and `delta` are in the order of `core_unknowns`."""
    core = scheme.core
    w = factors.work[: core.size]
    for s in range(core.size):
        w[core.rows[s]] = t[s]
    forward(core, factors.core_l, w)
    solve_dense(factors.dense, factors.swaps, w[core.limit :])
    backward(core, factors.core_u, factors.core_pivot, w)
    for s in range(core.size):
        delta[core.columns[s]] = w[s]
        w[s] = 0.0


@kernel
def solve(scheme, factors, b, w, x):  # type: ignore[no-untyped-def]
    """Solve A x = b with a factored matrix; `w` (size) is scratch."""
    head = scheme.head
    for i in range(head.size):
        w[head.rows[i]] = b[i]
    forward(head, factors.head_l, w)
    solve_core(scheme, factors, w[head.limit :], w[head.limit :])
    backward(head, factors.head_u, factors.head_pivot, w)
    for j in range(head.size):
        x[head.columns[j]] = w[j]


@kernel
def solve_transposed(scheme, factors, b, w, x):  # type: ignore[no-untyped-def]
    """Solve Aᵀ x = b with a factored matrix; `w` (size) is scratch."""
    head = scheme.head
    core = scheme.core
    for j in range(head.size):
        w[j] = b[head.columns[j]]
    forward_transposed(head, factors.head_u, factors.head_pivot, w)
    inner = factors.work[: core.size]
    rest = w[head.limit :]
    for s in range(core.size):
        inner[s] = rest[core.columns[s]]
    forward_transposed(core, factors.core_u, factors.core_pivot, inner)
    solve_dense_transposed(factors.dense, factors.swaps, inner[core.limit :])
    backward_transposed(core, factors.core_l, inner)
    for s in range(core.size):
        rest[s] = inner[core.rows[s]]
    for s in range(core.size):
        inner[s] = 0.0
    backward_transposed(head, factors.head_l, w)
    for i in range(head.size):
        x[i] = w[head.rows[i]]
