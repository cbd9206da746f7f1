"""The updates of the nudged phase are backpropagation through time, step by step.

    Δ(t) = [∂E/∂θ(s_t) − ∂E/∂θ(s_{t−1})]/β           →   ∇(t) = dLoss/dθ_{T−t+1}        as β → 0
    δ(t) = (s_t − s_{t−1})/(β·gain)                  →  −dLoss/ds_{T−t+1}

s_t is the state after t nudged steps, ∇(t) the part that the t-th step before the end has in the gradient
through the last K steps of the free phase (gain: what a unit of force adds to a state in one step). Their
sums are the update of equilibrium propagation and the truncated gradient.

It is strict where a step is s ← ∂Φ/∂s and the last K free steps were at rest: Euler's method on a chip with
J = Jᵀ, whatever the capacitances, as long as the units at a bound stay the same. For s ← ρ(Ws) with tied
weights the updates of weights and biases agree where the readout is linear, and approximately elsewhere;
those of the neurons do not.

Source: Ernoult, Grollier, Querlioz, Bengio & Scellier, NeurIPS 32 (2019), theorem 1 and section 3.2.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.errors import SimulationError
from eqchip.simulator.backward import Unrolled
from eqchip.simulator.chip import Nudge, Settling, State, Weights
from eqchip.simulator.learning.agreement import cosine, curvature_slope, least, relative_error
from eqchip.simulator.learning.estimate import estimate
from eqchip.simulator.learning.references.backpropagation_through_time import gradient, last_states
from eqchip.simulator.learning.settled import settle_free
from eqchip.simulator.learning.theorems.theorem import AGREES, Ground, Theorem, table, with_slope

FloatArray = NDArray[np.float64]

NAME = "through_time"
STATEMENT = "the updates of the nudged phase are backpropagation through time, step by step"
#: Solvers whose steps are run backwards; any other chip is looked at with the first.
SOLVERS = ("euler", "expeuler", "discrete")
BETAS = (1e-7, 3e-7, 1e-6, 3e-6, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2)
STEPS = 40  # at most
ENTRIES = 4  # of every array, whose course is kept
#: The neurons beside the arrays; no instance has such a name.
NEURONS = "neurons"


def through_time(ground: Ground) -> Theorem:
    """Hold the updates of the nudged phase against backpropagation through the last free steps."""
    chip, plan = ground.chip, ground.plan
    solve = plan.free.solve if plan.free.solve in SOLVERS else SOLVERS[0]
    phase = ground.nudged(solve, STEPS)
    if solve != "discrete" and not chip.tau > 0.0:
        return Theorem(NAME, STATEMENT, False, "no time constant: there are no explicit steps", None)
    free = ground.free
    if solve == "discrete":  # its fixed point, to rounding
        still = Settling(solve, tol=1e-13, limit=100_000)
        free = settle_free(chip, ground.inputs, still, free)
    back = chip.through_time([free] * (phase.steps + 1), phase, ground.targets, plan.cost)
    at = chip.linearised(free, ground.inputs)
    wanted = {name: np.array(one) for name, one in _gradients(back).items()}
    wanted[NEURONS] = np.where(at.held, 0.0, wanted[NEURONS])
    if not any(np.any(one) for one in wanted.values()):
        return Theorem(NAME, STATEMENT, False, ground.silence(), None)
    errors: dict[str, list[float | None]] = {name: [] for name in wanted}
    shown: dict[str, FloatArray] = {}
    for beta in BETAS:
        try:
            found = updates(ground, free, phase, beta, back)
        except SimulationError:
            found = {}
        for name, one in wanted.items():
            errors[name].append(relative_error(found[name], one) if name in found else None)
        if beta == 1e-4:
            shown = found
    best = {name: least(BETAS, one)[0] for name, one in errors.items()}
    # Discrete dynamics nudge behind ρ: a clamped output at its bound is no linear readout.
    pressed = solve == "discrete" and bool(np.any(at.held & (back.neurons(0) != 0.0)))
    strict = ground.symmetric and not pressed
    met, why = _conditions(ground, solve, back, pressed)
    arrays = [name for name in wanted if name != NEURONS]
    agrees = all((best[name] or 0.0) < AGREES for name in (wanted if strict else arrays))
    applies = met and (strict or agrees)
    slopes = {name: curvature_slope(BETAS, one) for name, one in errors.items()}
    numbers: dict[str, Any] = {
        "solve": solve,
        "steps": phase.steps,
        "best_error": best,
        "slope": slopes,
        "betas": list(BETAS),
        "errors": errors,
        "as_trained": _as_trained(ground),
    }
    facts = {
        "names": list(wanted),
        "betas": list(BETAS),
        "solve": solve,
        "applies": applies,
        "why": why,
        **{f"errors_{name.lower()}": one for name, one in errors.items()},
        **{f"slope_{name.lower()}": one for name, one in slopes.items()},
    }
    kept = table(NAME, "step", np.arange(1.0, phase.steps + 1), _courses(shown, wanted), facts)
    said = ", ".join(f"{name} {with_slope(best[name], slopes[name])}" for name in wanted)
    return Theorem(
        NAME,
        STATEMENT,
        applies,
        why,
        agrees if applies else None,
        f"relative error over {phase.steps} steps of {solve}: {said}",
        numbers,
        kept,
    )


def _conditions(ground: Ground, solve: str, back: Unrolled, pressed: bool) -> tuple[bool, str]:
    """Return whether the statement may apply, and at what strength."""
    missed = ground.chip.unmet(frozen=ground.plan.kind == "frozen", compared=True)
    if missed:
        return False, missed
    if not ground.stability > 0.0:
        return False, "the free equilibrium is not stable"
    growth = float(np.linalg.norm(back.neurons(back.steps)) / np.linalg.norm(back.neurons(0)))
    if growth > 1.0:
        return False, f"steps of solve={solve} do not come back to rest here: adjoints grow {growth:.2g}-fold"
    if pressed:
        return True, "outputs stand at a bound, and s ← ρ(Ws) + β(t − s) nudges behind ρ: agrees only roughly"
    if ground.symmetric:
        return True, "s ← ∂Φ/∂s, the last K free steps at rest; β → 0"
    skew = f"‖J − Jᵀ‖/‖J‖ = {ground.reciprocity:.2g}"
    if solve == "discrete":
        return True, f"s ← ρ(Ws), {skew}: of weights and biases, tied and with a linear readout; else roughly"
    return True, f"{skew}: of weights and biases, tied and with a linear readout; else roughly"


def _gradients(back: Unrolled) -> dict[str, list[FloatArray]]:
    """Return ∇(t) of every array and −dLoss/ds of the neurons, for t = 1 … K."""
    out: dict[str, list[FloatArray]] = {NEURONS: []}
    for t in range(1, back.steps + 1):
        out[NEURONS].append(-back.neurons(t - 1))
        for name, one in back.weights(t, t).items():
            out.setdefault(name, []).append(np.asarray(one, dtype=np.float64))
    return out


def updates(
    ground: Ground, free: State, phase: Settling, beta: float, back: Unrolled
) -> dict[str, FloatArray]:
    """Return Δ(t) of every array and δ(t) of the neurons, for t = 1 … K."""
    chip, plan = ground.chip, ground.plan
    anchor = chip.outputs(free) if plan.kind == "frozen" else None
    nudge = Nudge(ground.targets, beta, anchor, plan.cost)
    course = chip.course(ground.inputs, phase, nudge, free)
    before = next(course)
    arrays: list[Weights] = []
    neurons = []
    for after in course:
        arrays.append({name: one / beta for name, one in chip.contrast(before, after).items()})
        neurons.append(chip.displacement(before, after) / (beta * back.gain))
        before = after
    out = {name: np.array([one[name] for one in arrays], dtype=np.float64) for name in arrays[0]}
    return {NEURONS: np.array(neurons), **out}


def _courses(found: dict[str, FloatArray], wanted: dict[str, FloatArray]) -> dict[str, FloatArray]:
    """Return the courses of the entries of every array that have most of the gradient."""
    out: dict[str, FloatArray] = {}
    for name, gradient_ in wanted.items():
        # Of the neurons, those of the sample that is most wrong.
        sample = int(np.argmax(np.sum(gradient_[0] ** 2, axis=-1))) if name == NEURONS else 0
        here = gradient_[:, sample] if name == NEURONS else gradient_.reshape(len(gradient_), -1)
        pick = np.sort(np.argsort(-np.sum(np.abs(here), axis=0))[:ENTRIES])
        there = found[name][:, sample] if name == NEURONS else found[name].reshape(len(gradient_), -1)
        out[f"update({name.lower()})"] = there[:, pick]
        out[f"gradient({name.lower()})"] = here[:, pick]
    return out


def _as_trained(ground: Ground) -> dict[str, Any] | None:
    """Return how the update in training, with its β and its steps, compares with the truncated gradient."""
    plan = ground.plan
    steps = plan.free.solve in SOLVERS and plan.free.steps and plan.nudged.steps
    if not steps or plan.methods()[1].signal is None or plan.methods()[1].clamp:
        return None
    chip, draws = ground.chip, plan.methods()[0].draws
    course = last_states(chip, ground.inputs, replace(plan, persistent=False))
    wanted = gradient(chip, course, ground.targets, plan)
    found = [estimate(chip, ground.inputs, ground.targets, plan, sign).values for sign in draws]
    mean = {name: np.mean([one[name] for one in found], axis=0) for name in wanted}
    return {
        name: {"cosine": cosine(mean[name], one), "relative_error": relative_error(mean[name], one)}
        for name, one in wanted.items()
    }
