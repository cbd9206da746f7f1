"""Newton's method for one time point: F(x) = A x + b + i(x) + α·q(x) = 0, all in one kernel.

A = G₀ + α·C₀ is constant and b gathers sources and history; α = 0 at DC, 2/h for the trapezoidal rule. Only
the unknowns that varying elements touch, the core, are iterated on: the others follow linearly, so they are
eliminated before and filled in after (linear/scheme.py). With the Jacobian J = S + V of the core (S the
Schur complement of A, V the varying part) a solved step J Δ = t tells the linear residual after it without a
product with S:

    w′ = w − S Δ = (w − t) + V Δ

**Held unknowns** (clamped activations) at a bound, pushed outwards, get a stiff diagonal, which makes their
step zero; every step is projected into the bounds. **Junction limiting** is the elements' own affair; an
iterate where one limited has not converged. **Reuse**: while steps shrink fast, an old factorisation will do.
**Passes**: what the iteration carries along is rounded by the currents of its first, wild steps, which is too
much for nodes that only gmin ties down. So the residual is computed anew, until it would move nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from eqchip.entries import Entry, call, unpack, view
from eqchip.kernels import kernel
from eqchip.simulator.equilibrium.bench import (
    ALPHA,
    AMPERES,
    DONE,
    FAILED,
    ITERATIONS,
    LAST_STEP,
    LEAK,
    LIMIT,
    NOT_CONVERGED,
    NOT_FINITE,
    RELATIVE,
    REPIVOT,
    REUSE,
    SHRINK,
    VERIFY,
    VIOLATION,
    VOLTS,
    Bench,
    FloatArray,
)
from eqchip.simulator.equilibrium.violation import core_leaks, flow, leaks
from eqchip.simulator.linear.elimination import backward, forward
from eqchip.simulator.linear.factors import refill_core, refill_head, solve_core
from eqchip.simulator.network import add_product, evaluate

#: The diagonal of a held unknown, over the largest entry of the core.
STIFF = 1e12
#: The last step with an old factorisation over the tolerance: what it leaves is not squared, and adds up.
STALE = 0.05
#: Passes over the whole system; more than one repairs rounding of large linear parts.
PASSES = 3
#: The part of the largest current that a node may miss after the last pass.
ROUNDING = 1e-9
#: What the residuals of the other nodes may add to the step that those of the core ask for.
WIDE = 10.0


@kernel(inner=True)
def _right_hand_side(bench: Bench, x: FloatArray) -> bool:
    """Set t = w − i(x), zero where a bound holds, and w ← w − t; return whether other bounds hold now."""
    unknowns, f, q = bench.scheme.core_unknowns, bench.at.f, bench.at.q
    low, high, held = bench.network.low, bench.network.high, bench.network.held
    t, pinned, alpha = bench.ws.t, bench.ws.pinned, bench.ws.control[ALPHA]
    limit = bench.scheme.head.limit
    w = bench.ws.w[limit:]
    for s in range(len(unknowns)):
        i = unknowns[s]
        force = f[i] + alpha * q[i]
        t[s] = w[s] - force
        w[s] = force
    changed = False
    for k in range(len(held)):
        i = held[k]
        s = bench.scheme.head.rows[i] - limit
        outward = -t[s]
        pin = (x[i] <= low[i] and outward > 0.0) or (x[i] >= high[i] and outward < 0.0)
        if pin != (pinned[k] != 0.0):
            pinned[k] = 1.0 if pin else 0.0
            changed = True
        if pin:
            w[s] += t[s]
            t[s] = 0.0
    return changed


@kernel(inner=True)
def _refill(bench: Bench) -> int:
    """Factor the core at the present evaluation; return -1, or the position that failed."""
    changing, jg, jc, pinned = bench.scheme.changing, bench.at.jg, bench.at.jc, bench.ws.pinned
    alpha = bench.ws.control[ALPHA]
    for e in range(len(changing)):
        changing[e] = jg[e] + alpha * jc[e]
    largest = 0.0
    for k in range(len(pinned)):
        if pinned[k] != 0.0:
            if largest == 0.0:
                largest = _largest(bench.scheme.head.remainder, changing)
            changing[bench.network.held_spots[k]] += STIFF * largest
    failed = refill_core(bench.scheme)
    bench.ws.valid[0] = 1.0 if failed < 0 else 0.0
    bench.ws.found[FAILED] = failed + bench.scheme.head.limit
    return failed


@kernel(inner=True)
def _largest(first: FloatArray, second: FloatArray) -> float:
    worst = 0.0
    for p in range(len(first)):
        worst = max(worst, abs(first[p]))
    for p in range(len(second)):
        worst = max(worst, abs(second[p]))
    return worst


@kernel(inner=True)
def _advance(bench: Bench, x: FloatArray) -> None:
    """Take the step: update x, and the linear residual `w` of the core (which holds w − t before)."""
    scheme, head = bench.scheme, bench.scheme.head
    rows, columns, changing = scheme.spot_rows, scheme.spot_columns, scheme.changing
    delta, total, unknowns, limit = bench.ws.delta, bench.ws.total, scheme.core_unknowns, head.limit
    w = bench.ws.w[limit:]
    held, pinned = bench.network.held, bench.ws.pinned
    for k in range(len(held)):
        if pinned[k] != 0.0:
            # The stiff diagonal leaves 1e-25 V; off its bound by that, a node would no longer be held there.
            delta[head.rows[held[k]] - limit] = 0.0
    for e in range(len(rows)):
        w[rows[e]] += changing[e] * delta[columns[e]]
    for s in range(len(unknowns)):
        x[unknowns[s]] += delta[s]
    for k in range(len(held)):
        i = held[k]
        inside = min(max(x[i], bench.network.low[i]), bench.network.high[i])
        back = inside - x[i]
        if back != 0.0:
            # The step was cut: the linear residual moves by a column of the complement.
            s = head.rows[i] - limit
            x[i] = inside
            delta[s] += back
            for p in range(head.r_start[s], head.r_start[s + 1]):
                w[head.r_index[p]] -= head.remainder[p] * back
    for s in range(len(unknowns)):
        total[s] += delta[s]


@kernel(inner=True)
def _step_size(bench: Bench, x: FloatArray) -> float:
    """Return the largest step over its tolerance."""
    volts = amperes = 0.0
    most_volts = most_amperes = 0.0
    unknowns, delta, control = bench.scheme.core_unknowns, bench.ws.delta, bench.ws.control
    nodes = bench.network.nodes
    for s in range(len(unknowns)):
        i = unknowns[s]
        step = abs(delta[s])
        if i < nodes:
            volts = max(volts, abs(x[i]))
            if not step <= most_volts:
                most_volts = step
        else:
            amperes = max(amperes, abs(x[i]))
            if not step <= most_amperes:
                most_amperes = step
    by_volts = most_volts / (control[RELATIVE] * volts + control[VOLTS])
    by_amperes = most_amperes / (control[RELATIVE] * amperes + control[AMPERES])
    return float(by_volts if not by_amperes > by_volts else by_amperes)


@kernel(inner=True)
def _moved(bench: Bench, x: FloatArray) -> float:
    """Return the largest correction of a whole pass, which `w` holds, over its tolerance."""
    volts = amperes = 0.0
    most_volts = most_amperes = 0.0
    w, columns, control = bench.ws.w, bench.scheme.head.columns, bench.ws.control
    nodes = bench.network.nodes
    for j in range(len(columns)):
        i = columns[j]
        if i < nodes:
            volts = max(volts, abs(x[i]))
            most_volts = max(most_volts, abs(w[j]))
        else:
            amperes = max(amperes, abs(x[i]))
            most_amperes = max(most_amperes, abs(w[j]))
    by_volts = most_volts / (control[RELATIVE] * volts + control[VOLTS])
    by_amperes = most_amperes / (control[RELATIVE] * amperes + control[AMPERES])
    return float(max(by_volts, by_amperes))


@kernel(inner=True)
def _would_move(bench: Bench, x: FloatArray) -> float:
    """Return the step of the core, over its tolerance, that the residual asks for: what `r` and `at` hold."""
    unknowns, f, q, r = bench.scheme.core_unknowns, bench.at.f, bench.at.q, bench.ws.r
    t, pinned, held, rows = bench.ws.t, bench.ws.pinned, bench.network.held, bench.scheme.head.rows
    alpha, limit = bench.ws.control[ALPHA], bench.scheme.head.limit
    for s in range(len(unknowns)):
        i = unknowns[s]
        t[s] = -(r[i] + f[i] + alpha * q[i])
    for k in range(len(held)):
        if pinned[k] != 0.0:
            t[rows[held[k]] - limit] = 0.0
    solve_core(bench.scheme, t, bench.ws.delta)
    return _step_size(bench, x)


@kernel(inner=True)
def retune(bench: Bench, alpha: float) -> int:
    """Set the constant matrix to G₀ + α·C₀ and eliminate its head; -1 when that went well."""
    constant, g0, c0 = bench.scheme.constant, bench.network.g0, bench.network.c0
    for p in range(len(g0)):
        constant[p] = g0[p] + alpha * c0[p]
    bench.ws.control[ALPHA] = alpha
    bench.ws.valid[0] = 0.0
    return refill_head(bench.scheme, bench.network.start, bench.network.rows)


def _newton(packed: Any, x_at: Any, d_at: Any, drives: int, memory_at: Any, numbers: int, b_at: Any) -> int:
    """Solve for x in place, starting from it."""
    bench = unpack(packed, Bench)
    network, head, ws, at = bench.network, bench.scheme.head, bench.ws, bench.at
    size = network.size
    x, b = view(x_at, (size + 1,)), view(b_at, (size + 1,))
    d, memory = view(d_at, (drives,)), view(memory_at, (numbers,))
    r, w, total, rows, columns = ws.r, ws.w, ws.total, head.rows, head.columns
    control, found = ws.control, ws.found
    reuse = control[REUSE] != 0.0
    varies = len(bench.scheme.spots) > 1
    found[ITERATIONS] = 0.0
    found[VIOLATION] = np.nan
    moved = 0.0
    limited = evaluate(network, x, d, memory, at)
    for turn in range(PASSES + 1):
        for i in range(size):
            r[i] = b[i]
        add_product(network.start, network.rows, bench.scheme.constant, x, r)
        if turn > 0:
            found[VIOLATION] = leaks(bench, x, r)
            small = found[VIOLATION] <= control[LEAK]
            if small and turn == 1 and varies:
                moved = WIDE * _would_move(bench, x)
            if small and moved <= 1.0:
                return DONE
            if turn == PASSES:
                # What several passes leave is rounding, or else the factors are not those of this matrix.
                return DONE if small or found[VIOLATION] <= ROUNDING * flow(bench, x, b) else REPIVOT
        for i in range(size):
            w[rows[i]] = -r[i]
        forward(head, w)
        for s in range(len(total)):
            total[s] = 0.0
        # Iterate on the core: `w` holds its linear right-hand side, `at` the evaluation at x.
        code = NOT_CONVERGED
        refresh = varies and not reuse and turn == 0
        before = np.inf
        for _ in range(int(control[LIMIT])):
            changed = _right_hand_side(bench, x)
            fresh = changed or refresh or ws.valid[0] == 0.0
            if fresh and _refill(bench) >= 0:
                return REPIVOT
            solve_core(bench.scheme, ws.t, ws.delta)
            _advance(bench, x)
            found[ITERATIONS] += 1.0
            step = _step_size(bench, x)
            found[LAST_STEP] = step
            if not step < np.inf:
                return NOT_FINITE
            if not varies:
                code = DONE
                break
            was = limited
            limited = evaluate(network, x, d, memory, at)
            if step <= (1.0 if fresh else STALE) and limited == 0 and was == 0:
                code = DONE
                break
            refresh = not reuse or step > control[SHRINK] * before
            before = step
        if control[VERIFY] == 0.0:
            found[VIOLATION] = core_leaks(bench)
        for s in range(len(total)):
            w[head.limit + s] = total[s]
        backward(head, w)
        for j in range(head.limit):
            x[columns[j]] += w[j]
        if turn > 0:
            moved = _moved(bench, x)
        if code != DONE or control[VERIFY] == 0.0:
            return code
    return DONE


_WORD, _INTS, _FLOATS = types.int64, types.CPointer(types.int64), types.CPointer(types.float64)
NEWTON = Entry(_newton, _WORD(_INTS, _FLOATS, _FLOATS, _WORD, _FLOATS, _WORD, _FLOATS))


@kernel(inner=True)
def newton(packed: Any, address: int, x: FloatArray, d: FloatArray, memory: FloatArray, b: FloatArray) -> int:
    """Solve for x in place; `packed` is a Bench and `address` its Newton's. More is found in `ws.found`."""
    return call(address, (packed, x, d, len(d), memory, len(memory), b))
