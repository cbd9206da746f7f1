"""The vector-field rule follows the gradient as far as the chip is reciprocal.

At equilibrium, as β → 0, the nudged phase moves the state by δv = −β J⁻¹ ∂cost/∂v, so what devices add up is

    update    u = −(∂f/∂θ)ᵀ J⁻¹ ∂cost/∂v            gradient    g = −(∂f/∂θ)ᵀ J⁻ᵀ ∂cost/∂v

the same where J = Jᵀ, and at an angle otherwise. A family of chips around this one has J(a) = S + a·A, S and
A the symmetric and the antisymmetric part of its own J and all else alike: a = 0 is reciprocal, a = 1 is this
chip. Where J = Jᵀ, A strengthens what lies above the diagonal of S by a and weakens what lies below: a = 0 is
this chip, and at a = 1 later nodes no longer act back on earlier ones. Over the family the cosine of u and g
is plotted against ‖J − Jᵀ‖/‖J‖.

Source: Scellier, Goncalves, Binas, Mesnard & Bengio, arXiv 1808.04873 (2018). Limits: J is held as a matrix,
of up to 2000 nodes; W = Wᵀ under direct drive does not make J symmetric.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eqchip.errors import SimulationError
from eqchip.simulator.chip import Nudge, Settling, Weights
from eqchip.simulator.learning.agreement import cosine
from eqchip.simulator.learning.references.vector_field_limit import felt
from eqchip.simulator.learning.theorems.theorem import Ground, Theorem, short, table

FloatArray = NDArray[np.float64]

NAME = "reciprocity"
STATEMENT = "the vector-field update tends to the gradient where J = Jᵀ, and leaves it as ‖J − Jᵀ‖/‖J‖ grows"
#: How much of the antisymmetric part each chip of the family has.
FAMILY = (0.0, 0.125, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0)
#: The same for a reciprocal chip, whose way back is weakened.
WEAKENED = (0.0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0)
NODES = 2000  # at most
BETA = 1e-5  # of the chip's own update, measured
#: Cosine that counts as 1, and as that of the family at the chip itself.
SAME = 1e-6
ALL = "all"


def reciprocity(ground: Ground) -> Theorem:
    """Hold the vector-field update of a family of chips against the gradient."""
    chip, free = ground.chip, ground.free
    at = chip.linearised(free, ground.inputs, Nudge(ground.targets, cost=ground.plan.cost))
    samples, size = at.pull.shape
    if size > NODES:
        why = f"{size} nodes: J is looked at as a matrix of up to {NODES}"
        return Theorem(NAME, STATEMENT, False, why, None)
    if not np.any(at.pull):
        return Theorem(NAME, STATEMENT, False, ground.silence(), None)
    if missed := chip.unmet(alike=True, frozen=ground.plan.kind == "frozen"):
        return Theorem(NAME, STATEMENT, False, missed, None)
    family = WEAKENED if ground.symmetric else FAMILY
    ratios = np.zeros(len(family))
    moved = np.zeros((2, len(family), samples, size))
    stable = np.ones(len(family), np.bool_)
    for k in range(samples):
        j, keep = at.matrix(k), ~at.held[k]
        j = j[np.ix_(keep, keep)]
        even, odd, pull = 0.5 * (j + j.T), 0.5 * (j - j.T), at.pull[k, keep]
        if ground.symmetric:
            odd = np.triu(even, 1) - np.tril(even, -1)
        for index, share in enumerate(family):
            one = even + share * odd
            ratios[index] += 4.0 * share**2 * np.sum(odd**2) / max(np.sum(one**2), 1e-300)
            moved[0, index, k, keep] = -np.linalg.solve(one, pull)
            moved[1, index, k, keep] = -np.linalg.solve(one.T, pull)
        stable &= _stable(even, odd, at.rate[keep], family)
    ratios = np.sqrt(ratios / samples)
    cosines: dict[str, list[float | None]] = {}
    for index in range(len(family)):
        found, wanted = (felt(chip, free, moved[side, index]) for side in (0, 1))
        for name in found:
            cosines.setdefault(name, []).append(cosine(found[name], wanted[name]))
        cosines.setdefault(ALL, []).append(cosine(_flat(found), _flat(wanted)))
    own = _measured(ground)
    here = family.index(0.0 if ground.symmetric else 1.0)
    closest = None if own is None else own[ALL]
    agrees = (
        cosines[ALL][0] is not None
        and abs(1.0 - (cosines[ALL][0] or 0.0)) < SAME
        and closest is not None
        and abs(closest - (cosines[ALL][here] or 0.0)) < 1e-3
    )
    if ground.symmetric:
        why = "J = Jᵀ: the update of this chip tends to the gradient; the family weakens its way back"
    else:
        why = f"‖J − Jᵀ‖/‖J‖ = {ratios[here]:.2g}: exact only for the reciprocal end of the family"
    numbers = {
        "asymmetry": [float(one) for one in ratios],
        "share": list(family),
        "cosine": cosines,
        "stable": [bool(one) for one in stable],
        "measured": own,
        "beta": BETA,
    }
    facts = {
        "names": [name for name in cosines if name != ALL],
        "why": why,
        "own_asymmetry": float(ratios[here]),
        "measured": None if own is None else [own[name] for name in cosines],
        "stable": [float(one) for one in stable],
    }
    columns = {
        f"cosine({name.lower()})": np.array([np.nan if one is None else one for one in found])
        for name, found in cosines.items()
    }
    kept = table(NAME, "asymmetry", ratios, columns, facts)
    said = ", ".join(
        f"{short(float(ratio))}: {_fixed(one)}"
        for ratio, one in zip(ratios[::2], cosines[ALL][::2], strict=True)
    )
    text = f"cosine of this chip's own update {_fixed(closest)}; over ‖J − Jᵀ‖/‖J‖ {said}"
    return Theorem(NAME, STATEMENT, True, why, bool(agrees), text, numbers, kept)


def _fixed(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def _stable(
    even: FloatArray, odd: FloatArray, rate: FloatArray, family: tuple[float, ...]
) -> NDArray[np.bool_]:
    """Return which chips of the family come back to their equilibrium."""
    if not np.all(np.isfinite(rate)):
        rate = np.ones_like(rate)
    return np.array(
        [np.min(np.linalg.eigvals(rate[:, None] * (even + share * odd)).real) > 0.0 for share in family]
        if len(even)
        else [True] * len(family)
    )


def _measured(ground: Ground) -> dict[str, float | None] | None:
    """Return the cosine of the chip's own update at a small β, and the gradient; None: it did not settle."""
    chip, plan = ground.chip, ground.plan
    anchor = chip.outputs(ground.free) if plan.kind == "frozen" else None
    nudge = Nudge(ground.targets, BETA, anchor, plan.cost)
    try:
        ended = chip.settle(ground.inputs, Settling(tol=1e-13), nudge, ground.free)
    except SimulationError:
        return None
    found = chip.vector_field(ground.free, ended)
    wanted = chip.gradient(ground.free, ground.inputs, ground.targets, plan.cost)
    return {
        **{name: cosine(found[name], wanted[name]) for name in found},
        ALL: cosine(_flat(found), _flat(wanted)),
    }


def _flat(values: Weights) -> FloatArray:
    return np.concatenate([np.ravel(values[name]) for name in sorted(values)])
