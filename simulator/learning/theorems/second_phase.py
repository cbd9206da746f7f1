"""The second phase is recurrent backpropagation.

On a chip with J = Jᵀ that starts its nudged phase at the free equilibrium, the current of its capacitors is
the error derivative that runs through the adjoint process:

    i(t) = −f − β ∂cost/∂v = C dv/dt        −i(t)/β → λ(t)    as β → 0
    dλ/dt = −Jᵀ C⁻¹ λ,  λ(0) = ∂cost/∂v

for any explicit one-step method on both sides, step by step: around its equilibrium the chip is linear, so a
method of stability polynomial R(z) takes i to R(−hJC⁻¹)·i, and λ to R(−hJᵀC⁻¹)·λ. The current is that at the
*start* of each step (C·Δv/h is Euler's alone). With f curved the difference is O(β).

Source: Scellier & Bengio, Neural Computation 31 (2019), theorem 1. Limits: every node needs a capacitance of
its own; the nudge pulls by β·∂cost/∂v (no errors of .nudge; a frozen one, outputs read exactly); units at a
bound take no part, and none may reach or leave a bound meanwhile.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eqchip.errors import SimulationError
from eqchip.simulator.backward import Linearised
from eqchip.simulator.chip import Nudge, Settling
from eqchip.simulator.integrators.methods import integrator
from eqchip.simulator.integrators.stepping import pace
from eqchip.simulator.learning.agreement import curvature_slope, least, relative_error
from eqchip.simulator.learning.theorems.theorem import AGREES, Ground, Theorem, table, with_slope

FloatArray = NDArray[np.float64]

NAME = "second_phase"
STATEMENT = "the capacitor currents of the nudged phase, over −β, are recurrent backpropagation, step by step"
#: Explicit methods, and the degree of their stability polynomial 1 + z + … + zᵖ/p!.
DEGREES = {"euler": 1, "heun": 2, "rk4": 4}
BETAS = (1e-7, 3e-7, 1e-6, 3e-6, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2)
STEPS = 40  # at most
NODES = 6  # whose course is kept


def second_phase(ground: Ground) -> Theorem:
    """Hold the currents of the nudged phase against recurrent backpropagation."""
    chip, free = ground.chip, ground.free
    at = chip.linearised(free, ground.inputs, Nudge(ground.targets, cost=ground.plan.cost))
    if not np.all(np.isfinite(at.rate)):
        why = "a node has no capacitance of its own: no explicit method steps it"
        return Theorem(NAME, STATEMENT, False, why, None)
    if not np.any(at.pull):
        return Theorem(NAME, STATEMENT, False, ground.silence(), None)
    sample = int(np.argmax(np.sum(at.pull**2, axis=1)))  # the one that is most wrong
    ways = sorted(DEGREES, key=lambda name: name != ground.plan.nudged.solve)  # the plan's own first
    errors: dict[str, list[float | None]] = {}
    shown: tuple[FloatArray, FloatArray] | None = None
    moved, growth = 0, 0.0
    for way in ways:
        phase = ground.nudged(way, STEPS)
        length = pace(chip.tau, phase, integrator(way)).length
        adjoints = backpropagated(at, length, DEGREES[way], phase.steps)
        growth = max(growth, float(np.linalg.norm(adjoints[-1]) / np.linalg.norm(adjoints[0])))
        errors[way] = []
        for beta in BETAS:
            try:
                found, changed = currents(ground, phase, beta, at)
            except SimulationError:
                errors[way].append(None)
                continue
            moved = max(moved, changed) if beta == BETAS[0] else moved
            errors[way].append(relative_error(-found / beta, adjoints))
            if way == ways[0] and beta == 1e-4:
                shown = -found[:, sample] / beta, adjoints[:, sample]
    best = {way: least(BETAS, found)[0] for way, found in errors.items()}
    slopes = {way: curvature_slope(BETAS, found) for way, found in errors.items()}
    applies, why = _conditions(ground, moved, growth)
    agrees = all(error is not None and error < AGREES for error in best.values())
    steps = ground.nudged(ways[0], STEPS).steps
    numbers = {
        "best_error": best,
        "slope": slopes,
        "betas": list(BETAS),
        "errors": errors,
        "steps": steps,
        "changed_bounds": moved,
    }
    facts = {
        "methods": ways,
        "betas": list(BETAS),
        "applies": applies,
        "why": why,
        **{f"errors_{way}": found for way, found in errors.items()},
        **{f"slope_{way}": slope for way, slope in slopes.items()},
    }
    kept = None
    if shown is not None:
        pick = np.sort(np.argsort(-np.max(np.abs(shown[1]), axis=0))[:NODES])
        columns = {"current": shown[0][:, pick], "adjoint": shown[1][:, pick]}
        kept = table(NAME, "step", np.arange(steps, dtype=float), columns, facts)
    said = ", ".join(f"{way} {with_slope(best[way], slopes[way])}" for way in ways)
    return Theorem(
        NAME,
        STATEMENT,
        applies,
        why,
        agrees if applies else None,
        f"relative error over {steps} steps: {said}",
        numbers,
        kept,
    )


def _conditions(ground: Ground, moved: int, growth: float) -> tuple[bool, str]:
    missed = ground.chip.unmet(frozen=ground.plan.kind == "frozen")
    if missed:
        return False, missed
    if not ground.symmetric:
        return False, f"J is not symmetric: ‖J − Jᵀ‖/‖J‖ = {ground.reciprocity:.2g}"
    if not ground.stability > 0.0:
        return False, "the free equilibrium is not stable"
    if growth > 1.0:
        return False, f"the steps are too long to come back to rest: adjoints grow {growth:.2g}-fold"
    if moved:
        return False, f"{moved} units reach or leave a bound at the smallest β"
    return True, "J = Jᵀ, started at the free equilibrium; β → 0"


def backpropagated(at: Linearised, length: float, degree: int, steps: int) -> FloatArray:
    """Return λ at the start of each step, (steps, B, n): dλ/dt = −Jᵀ rate λ by a method of that degree."""
    adjoint, out = at.pull, []
    for _ in range(steps):
        out.append(adjoint)
        term = adjoint
        for power in range(1, degree + 1):
            term = -(length / power) * at.transposed(at.rate * term)
            adjoint = adjoint + term
    return np.array(out)


def currents(ground: Ground, phase: Settling, beta: float, at: Linearised) -> tuple[FloatArray, int]:
    """Return the current at the start of each step of a nudged phase, and the units that met a bound."""
    chip = ground.chip
    anchor = chip.outputs(ground.free) if ground.plan.kind == "frozen" else None
    nudge = Nudge(ground.targets, beta, anchor, ground.plan.cost)
    out, changed = [], 0
    for state in chip.course(ground.inputs, phase, nudge, ground.free):
        here = chip.linearised(state, ground.inputs, nudge)
        out.append(here.force)
        changed = max(changed, int(np.count_nonzero(here.held != at.held)))
    return np.array(out[:-1]), changed
