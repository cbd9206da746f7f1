"""Fidelity: how well what the devices feel follows the gradient of the loss, for `eqchip check`.

Imperfections stay frozen at their drawn values. The reference is recurrent backpropagation at the free
equilibrium, itself held against finite differences of the loss at a few parameters drawn at random.

* *As planned*: the estimate exactly as training makes it (its β, its solver, its steps). Of each array
  cosine, relative error ‖e‖/‖g‖ and scale ⟨estimate, g⟩/⟨g, g⟩ of the batch mean, e = estimate − g; bias,
  the mean of e over the elements over the RMS of g (do all devices err to one side?); and std, the spread
  of e from sample to sample over ‖g‖ (what a larger batch averages out).
* *Noise*, of a chip that has some: the estimate as planned again, with the noise of DRAWS batches; the mean
  cosine of a single draw, and the spread from draw to draw over ‖g‖ (all else here has the noise off).
* *Written*, of a chip whose devices are not ideal: what they make of the steps of those batches, over −rate;
  its mean cosine with g, and its scale ⟨change, g⟩/⟨g, g⟩.
* *Sweep*: the same estimator at equilibrium over a range of β. At small β what is left of settling, divided
  by β, makes the noise floor; at large β the curvature of F shows, with the order of the estimator as its
  slope. Where a phase does not settle (−β beyond the leak of an output), there is no error to report.
  Rules without a β (chl, rbp, bptt) have no sweep.
* *Own target*, of a rule that has another than dLoss/dθ: cosine and relative error of the estimate as planned
  against it, so that what settling left can be told from where the rule means to go.

Not every rule has dLoss/dθ as its target; `target` says which it has (rules/rule.py), and the sweep is held
against that where it can be computed.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from eqchip.errors import InputError, SimulationError
from eqchip.simulator.chip import Array, Chip, Settling, State, Weights
from eqchip.simulator.learning.acting import check_acting
from eqchip.simulator.learning.agreement import cosine, curvature_slope, least, ratio, relative_error
from eqchip.simulator.learning.estimate import estimate, settle_free
from eqchip.simulator.learning.particles import Particles
from eqchip.simulator.learning.plan import Plan
from eqchip.simulator.learning.references import finite_differences
from eqchip.simulator.learning.theorems.theorem import Theorem
from eqchip.simulator.learning.window import Window
from eqchip.simulator.moment import Moment
from eqchip.simulator.streams import stream

#: The β of the sweep, from the noise floor to the curvature; closer where high orders fall steeply.
BETAS = tuple(float(beta) for beta in (*np.logspace(-8, -2, 13), *np.logspace(-2, 0, 17)[1:-1]))
#: Residual to which equilibria are settled, in state units; above UNSETTLED a β of the sweep has no estimate.
TOL, UNSETTLED = 1e-14, 1e-9
#: Batches whose noise is drawn.
DRAWS = 16


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
    #: The estimate as planned, against the target of a rule that has one of its own; else None.
    own_cosine: float | None = None
    own_error: float | None = None
    #: Of one draw of the chip's noise, and the spread from draw to draw; None: it has none.
    noisy_cosine: float | None = None
    noise: float | None = None
    #: Of what devices make of a step; None: they are ideal.
    written_cosine: float | None = None
    written_scale: float | None = None

    @property
    def seen_cosine(self) -> float | None:
        """The cosine of what a batch really does: as written, with noise, or of the estimate alone."""
        for one in (self.written_cosine, self.noisy_cosine):
            if one is not None:
                return one
        return self.cosine


@dataclass(frozen=True, slots=True)
class Fidelity:
    """What a check found."""

    estimator: str
    rule: str
    target: str  # of the rule as β → 0, in words
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
    reference_jumps: int  # parameters where finite differences jump to another branch or over a kink
    aimed: bool = False  # the sweep is held against the rule's own target, not against dLoss/dθ
    held: float | None = None  # share of the nodes that stand at a bound, where theorems were tried
    window: Window | None = None  # of β, on the same samples
    theorems: tuple[Theorem, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        plain = asdict(replace(self, theorems=()))
        return {**plain, "theorems": {one.name: one.as_dict() for one in self.theorems}}


def fidelity(
    chip: Chip,
    inputs: Array,
    targets: Array,
    plan: Plan,
    betas: tuple[float, ...] = BETAS,
    picks: int = 12,
    seed: int = 0,
    window: Window | None = None,
) -> Fidelity:
    """Check a chip on a batch of samples; slopes are those within the window of β, where it is known."""
    if not chip.learnables:
        raise InputError("there is nothing to check: no .learn card", expected=".learn ARRAY|NEURONS rate=")
    check_acting(chip, plan)
    still = Settling(tol=TOL)
    free = settle_free(chip, inputs, still)
    reference = chip.gradient(free, inputs, targets)
    exact = plan.with_(free=still, nudged=still)
    if not plan.estimator:
        betas = ()
    sweep = [_settled_estimates(chip, inputs, targets, exact.with_(beta=beta)) for beta in betas]
    planned = _estimates(chip, inputs, targets, plan)
    spreads = _spreads(chip, inputs, targets, plan, still, free)
    noisy = _noisy(chip, inputs, targets, plan, seed)
    written = _written(chip, noisy or [planned] * DRAWS, len(inputs), seed)
    aim = plan.methods()[1].aim
    aimed = reference if aim is None else aim(chip, free, inputs, targets, plan)
    arrays: dict[str, ArrayFidelity] = {}
    for name, wanted in reference.items():
        errors = [None if found is None else relative_error(found[name], aimed[name]) for found in sweep]
        best_error, best_beta = least(betas, errors)
        arrays[name] = ArrayFidelity(
            cosine=cosine(planned[name], wanted),
            relative_error=relative_error(planned[name], wanted),
            scale=ratio(float(np.vdot(planned[name], wanted)), float(np.vdot(wanted, wanted))),
            bias=ratio(float(np.mean(planned[name] - wanted)), float(np.sqrt(np.mean(wanted**2)))),
            std=ratio(spreads[name], float(np.linalg.norm(wanted))),
            errors=errors,
            best_beta=best_beta,
            best_error=best_error,
            slope=curvature_slope(betas, errors, math.inf if window is None else window.limit),
            own_cosine=cosine(planned[name], aimed[name]) if aim is not None else None,
            own_error=relative_error(planned[name], aimed[name]) if aim is not None else None,
            **_noise(noisy, name, wanted),
            **_as_written(written, name, wanted),
        )
    drawn = finite_differences.pick(chip, picks, stream(seed, "check"))
    slopes = finite_differences.loss_slopes(chip, inputs, targets, plan.methods()[2], drawn, TOL)
    measured = [(one, slope) for one, slope in zip(drawn, slopes, strict=True) if slope is not None]
    margin, slowest = chip.stability(free)
    return Fidelity(
        estimator=plan.estimator,
        rule=plan.rule,
        target=plan.methods()[1].limit,
        solve=plan.free.solve,
        samples=len(inputs),
        beta=plan.beta,
        arrays=arrays,
        betas=list(betas),
        reciprocity=chip.reciprocity(free),
        stability=margin,
        slowest=slowest,
        residual=float(np.max(free.residual)),
        reference_error=_reference_error(reference, measured),
        reference_picks=len(measured),
        reference_jumps=len(drawn) - len(measured),
        aimed=aim is not None,
        window=window,
    )


def _estimates(chip: Chip, inputs: Array, targets: Array, plan: Plan) -> Weights:
    """Return the estimate in the mean over the signs that an estimator draws."""
    draws = plan.methods()[0].draws
    found = [estimate(chip, inputs, targets, plan, sign).values for sign in draws]
    return {name: np.mean([one[name] for one in found], axis=0) for name in found[0]}


def _noisy(chip: Chip, inputs: Array, targets: Array, plan: Plan, seed: int) -> list[Weights]:
    """Return the estimate with the noise of some batches; none where noise makes no difference."""
    rows, found = np.arange(len(inputs)), list[Weights]()
    try:
        for number in range(DRAWS):
            chip.moment = Moment(seed, "check", number, rows)
            found.append(_estimates(chip, inputs, targets, plan))
            if number == 1 and all(np.array_equal(found[0][name], found[1][name]) for name in found[0]):
                return []
    finally:
        chip.moment = None
    return found


def _noise(noisy: list[Weights], name: str, wanted: Array) -> dict[str, float | None]:
    """Return how an array fares in noise."""
    if not noisy:
        return {}
    draws = np.array([one[name].ravel() for one in noisy])
    spread = math.sqrt(
        float(np.mean(np.sum((draws - draws.mean(axis=0)) ** 2, axis=1)) * DRAWS / (DRAWS - 1))
    )
    cosines = [cosine(one[name], wanted) for one in noisy]
    known = [one for one in cosines if one is not None]
    return {
        "noisy_cosine": float(np.mean(known)) if known else None,
        "noise": ratio(spread, float(np.linalg.norm(wanted))),
    }


def _written(chip: Chip, estimates: list[Weights], count: int, seed: int) -> list[Weights]:
    """Return what the devices make of steps along some estimates, over −rate; none of ideal devices."""
    condition, before = chip.condition(), chip.parameters()
    if not condition:
        return []
    rates, found = {one.name: one.rate for one in chip.learnables if one.rate}, list[Weights]()
    try:
        for number, values in enumerate(estimates):
            chip.moment = Moment(seed, "check", number, np.arange(count))
            chip.change({name: -rate * values[name] for name, rate in rates.items()})
            after = chip.parameters()
            found.append({name: (before[name] - after[name]) / rate for name, rate in rates.items()})
            chip.write(before)
            chip.restore(condition)
    finally:
        chip.moment = None
        chip.write(before)
        chip.restore(condition)
    return found


def _as_written(written: list[Weights], name: str, wanted: Array) -> dict[str, float | None]:
    """Return how an array follows the gradient once its devices have changed."""
    changes = [one[name] for one in written if name in one]
    if not changes:
        return {}
    cosines = [one for one in (cosine(change, wanted) for change in changes) if one is not None]
    length = float(np.vdot(wanted, wanted))
    return {
        "written_cosine": float(np.mean(cosines)) if cosines else None,
        "written_scale": ratio(float(np.mean([np.vdot(change, wanted) for change in changes])), length),
    }


def _settled_estimates(chip: Chip, inputs: Array, targets: Array, plan: Plan) -> Weights | None:
    """Return the estimate at equilibrium; None when a phase found none."""
    draws = plan.methods()[0].draws
    try:
        found = [estimate(chip, inputs, targets, plan, sign) for sign in draws]
    except SimulationError:
        return None
    # A phase may say that a sample did not settle though little is left: its β was not reached.
    states = [state for one in found for state in (one.free, *one.nudged)]
    if any(np.max(one.residual) > UNSETTLED or not np.all(one.settled) for one in states):
        return None
    return {name: np.mean([one.values[name] for one in found], axis=0) for name in found[0].values}


def _spreads(
    chip: Chip, inputs: Array, targets: Array, plan: Plan, still: Settling, free: State
) -> dict[str, float]:
    """Return the root mean square over samples of ‖e_k − mean e‖, by learnable."""
    stood = Particles(len(inputs))
    stood.keep(np.arange(len(inputs)), free)
    apart: list[Weights] = []
    for row in range(len(inputs)):
        x, t = inputs[row : row + 1], targets[row : row + 1]
        wanted = chip.gradient(settle_free(chip, x, still, stood.recall(np.array([row]))), x, t)
        found = _estimates(chip, x, t, plan)
        apart.append({name: found[name] - wanted[name] for name in wanted})
    out = {}
    for name in apart[0]:
        errors = np.array([one[name].ravel() for one in apart])
        out[name] = float(np.sqrt(np.mean(np.sum((errors - errors.mean(axis=0)) ** 2, axis=1))))
    return out


def _reference_error(
    reference: Weights, measured: list[tuple[tuple[str, tuple[int, ...]], float]]
) -> float | None:
    if not measured:
        return None
    wanted = np.array([slope for _, slope in measured])
    found = np.array([reference[name][index] for (name, index), _ in measured])
    return ratio(float(np.max(np.abs(found - wanted))), float(np.max(np.abs(wanted))))
