"""Fidelity: how well what the devices feel follows the gradient of the loss, for `eqchip check`.

Imperfections stay frozen at their drawn values. The reference is recurrent backpropagation at the free
equilibrium, itself held against finite differences of the loss at a few parameters drawn at random.

* *As planned*: the estimate exactly as training makes it (its β, its solver, its steps). Of each array
  cosine, relative error ‖e‖/‖g‖ and scale ⟨estimate, g⟩/⟨g, g⟩ of the batch mean, e = estimate − g; bias,
  the mean of e over the elements over the RMS of g (do all devices err to one side?); and std, the spread
  of e from sample to sample over ‖g‖ (what a larger batch averages out).
* *Sweep*: the same estimator at equilibrium over a range of β. At small β what is left of settling, divided
  by β, makes the noise floor; at large β the curvature of F shows, with the order of the estimator as its
  slope. Where a phase does not settle (−β beyond the leak of an output), there is no error to report.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from eqchip.errors import InputError, SimulationError
from eqchip.simulator.chip import Array, Chip, Settling, Weights
from eqchip.simulator.learning.estimate import estimate, settle_free
from eqchip.simulator.learning.plan import Plan
from eqchip.simulator.learning.references import finite_differences
from eqchip.simulator.streams import stream

#: The β of the sweep, from the noise floor to the curvature.
BETAS = tuple(float(beta) for beta in np.logspace(-6, 0, 25)[:-1])
#: Residual to which equilibria are settled, in state units; above UNSETTLED a β of the sweep has no estimate.
TOL, UNSETTLED = 1e-12, 1e-9


@dataclass(frozen=True, slots=True)
class ArrayFidelity:
    """One array (or the biases of one group) against the gradient of its parameters."""

    cosine: float | None  # None, here and below: the gradient is zero
    relative_error: float | None
    scale: float | None
    bias: float | None
    std: float | None
    errors: list[float | None]  # relative error at each β of the sweep; None: it did not settle
    best_beta: float | None
    best_error: float | None
    slope: float | None  # of log error against log β, where curvature rules


@dataclass(frozen=True, slots=True)
class Fidelity:
    """What a check found."""

    estimator: str
    rule: str
    solve: str
    samples: int
    beta: float  # the plan's, over the energy scale
    arrays: dict[str, ArrayFidelity]
    betas: list[float]
    reciprocity: float  # ‖J − Jᵀ‖/‖J‖
    stability: float  # smallest decay rate, over 1/τ; negative: not stable
    slowest: float  # time constant, s
    residual: float  # largest left of settling in the sweep's free phase, state units
    reference_error: float | None  # of the reference against finite differences, over the largest
    reference_picks: int

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return asdict(self)


def fidelity(
    chip: Chip,
    inputs: Array,
    targets: Array,
    plan: Plan,
    betas: tuple[float, ...] = BETAS,
    picks: int = 12,
    seed: int = 0,
) -> Fidelity:
    """Check a chip on a batch of samples."""
    if not chip.learnables:
        raise InputError("there is nothing to check: no .learn card", expected=".learn ARRAY|NEURONS rate=")
    still = Settling(tol=TOL)
    free = settle_free(chip, inputs, still)
    reference = chip.gradient(free, inputs, targets)
    exact = plan.with_(free=still, nudged=still)
    sweep = [_settled_estimates(chip, inputs, targets, exact.with_(beta=beta)) for beta in betas]
    planned = _estimates(chip, inputs, targets, plan)
    spreads = _spreads(chip, inputs, targets, plan, still)
    arrays: dict[str, ArrayFidelity] = {}
    for name, wanted in reference.items():
        errors = [None if found is None else relative_error(found[name], wanted) for found in sweep]
        best_error, best_beta = min(
            ((error, beta) for error, beta in zip(errors, betas, strict=True) if error is not None),
            default=(None, None),
        )
        arrays[name] = ArrayFidelity(
            cosine=cosine(planned[name], wanted),
            relative_error=relative_error(planned[name], wanted),
            scale=_ratio(float(np.vdot(planned[name], wanted)), float(np.vdot(wanted, wanted))),
            bias=_ratio(float(np.mean(planned[name] - wanted)), float(np.sqrt(np.mean(wanted**2)))),
            std=_ratio(spreads[name], float(np.linalg.norm(wanted))),
            errors=errors,
            best_beta=best_beta,
            best_error=best_error,
            slope=curvature_slope(betas, errors),
        )
    drawn = finite_differences.pick(chip, picks, stream(seed, "check"))
    measured = finite_differences.loss_slopes(chip, inputs, targets, plan.methods()[2], drawn, TOL)
    margin, slowest = chip.stability(free)
    return Fidelity(
        estimator=plan.estimator,
        rule=plan.rule,
        solve=plan.free.solve,
        samples=len(inputs),
        beta=plan.beta,
        arrays=arrays,
        betas=list(betas),
        reciprocity=chip.reciprocity(free),
        stability=margin,
        slowest=slowest,
        residual=float(np.max(free.residual)),
        reference_error=_reference_error(reference, drawn, measured),
        reference_picks=len(drawn),
    )


def _estimates(chip: Chip, inputs: Array, targets: Array, plan: Plan) -> Weights:
    """Return the estimate in the mean over the signs that an estimator draws."""
    draws = plan.methods()[0].draws
    found = [estimate(chip, inputs, targets, plan, sign).values for sign in draws]
    return {name: np.mean([one[name] for one in found], axis=0) for name in found[0]}


def _settled_estimates(chip: Chip, inputs: Array, targets: Array, plan: Plan) -> Weights | None:
    """Return the estimate at equilibrium; None when a phase found none."""
    draws = plan.methods()[0].draws
    try:
        found = [estimate(chip, inputs, targets, plan, sign) for sign in draws]
    except SimulationError:
        return None
    if any(np.max(state.residual) > UNSETTLED for one in found for state in (one.free, *one.nudged)):
        return None
    return {name: np.mean([one.values[name] for one in found], axis=0) for name in found[0].values}


def _spreads(chip: Chip, inputs: Array, targets: Array, plan: Plan, still: Settling) -> dict[str, float]:
    """Return the root mean square over samples of ‖e_k − mean e‖, by learnable."""
    apart: list[Weights] = []
    for row in range(len(inputs)):
        x, t = inputs[row : row + 1], targets[row : row + 1]
        wanted = chip.gradient(settle_free(chip, x, still), x, t)
        found = _estimates(chip, x, t, plan)
        apart.append({name: found[name] - wanted[name] for name in wanted})
    out = {}
    for name in apart[0]:
        errors = np.array([one[name].ravel() for one in apart])
        out[name] = float(np.sqrt(np.mean(np.sum((errors - errors.mean(axis=0)) ** 2, axis=1))))
    return out


def cosine(found: Array, wanted: Array) -> float | None:
    """Return the cosine of the angle between two arrays; None where one of them is zero."""
    return _ratio(float(np.vdot(found, wanted)), float(np.linalg.norm(found) * np.linalg.norm(wanted)))


def relative_error(found: Array, wanted: Array) -> float | None:
    """Return ‖found − wanted‖/‖wanted‖."""
    return _ratio(float(np.linalg.norm(found - wanted)), float(np.linalg.norm(wanted)))


def _ratio(top: float, bottom: float) -> float | None:
    return top / bottom if bottom else None


def curvature_slope(betas: Sequence[float], errors: Sequence[float | None]) -> float | None:
    """Return the log-log slope of the error where curvature rules: well above the floor, well below 1.

    The floor falls as 1/β and the curvature grows with β. The fit takes the β above the best one whose
    errors are at least 30 times the least and at most 10⁻², where both corrections are small. None: fewer
    than three.
    """
    pairs = [(beta, error) for beta, error in zip(betas, errors, strict=True) if error]
    if not pairs:
        return None
    least, best = min((error, beta) for beta, error in pairs)
    usable = [(beta, error) for beta, error in pairs if beta > best and 30.0 * least < error < 1e-2]
    if len(usable) < 3:
        return None
    logs = np.log(np.array(usable))
    return float(np.polyfit(logs[:, 0], logs[:, 1], 1)[0])


def _reference_error(
    reference: Weights, drawn: list[tuple[str, tuple[int, ...]]], measured: list[float]
) -> float | None:
    if not drawn:
        return None
    wanted = np.array(measured)
    found = np.array([reference[name][index] for name, index in drawn])
    return _ratio(float(np.max(np.abs(found - wanted))), float(np.max(np.abs(wanted))))
