"""Ablation: what each imperfection of a chip costs, out of a study whose design is an ablation.

Of a number m that tells how good a chip is (test error, or the cosine of its updates to the gradient):

    removed   what is gained where this imperfection is off and all others stay: m(as is) against m(without)
    added     what is lost where it is alone:                                    m(alone) against m(ideal)

both signed so that above zero the imperfection harms, both differences of runs with the same seeds, given as
their mean and their standard deviation over seeds (of single runs, not of the mean). Two that mask one
another remove little and add much, so they are ranked by the larger of the two, in magnitude. A seed of which
one of the two runs failed is left out; `seeds` says how many there were.

Limits: one at a time; interactions of two show only as the difference of `removed` and `added`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.errors import InputError
from eqchip.simulator.rows import Trace

#: Cases of an ablation, as the column `case` has them.
AS_IS, WITHOUT, ALONE, IDEAL = "as is", "without", "alone", "ideal"

#: Numbers that are looked at, in this order of importance, and whether more is worse.
MEASURES: Mapping[str, bool] = {
    "test_error": True,
    "test_loss": True,
    "cosine": False,
    "relative_error": True,
}

#: With the loss only where there is no error.
_INSTEAD = {"test_loss": "test_error", "relative_error": "cosine"}


@dataclass(frozen=True, slots=True)
class Spread:
    """A mean over seeds, with the standard deviation of single runs; None where it is not known."""

    mean: float | None
    std: float | None
    seeds: int


@dataclass(frozen=True, slots=True)
class Effect:
    """What one imperfection does to one measure."""

    without: Spread  # the measure where it is off
    alone: Spread  # the measure where it is alone
    removed: Spread
    added: Spread

    @property
    def size(self) -> float:
        """What it is ranked by."""
        return max(
            (abs(one.mean) for one in (self.removed, self.added) if one.mean is not None), default=-1.0
        )


@dataclass(frozen=True, slots=True)
class Ablation:
    """What was found, by measure and imperfection; imperfections in the order of their rank."""

    measures: tuple[str, ...]
    as_is: Mapping[str, Spread]
    ideal: Mapping[str, Spread]
    effects: Mapping[str, Mapping[str, Effect]]  # by imperfection, then by measure

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "measures": list(self.measures),
            "as_is": {name: asdict(one) for name, one in self.as_is.items()},
            "ideal": {name: asdict(one) for name, one in self.ideal.items()},
            "imperfections": [
                {"name": name, **{measure: asdict(one) for measure, one in found.items()}}
                for name, found in self.effects.items()
            ],
        }


def ablation_of(trace: Trace) -> Ablation:
    """Work out the ranking from the rows of a study."""
    texts = trace.plan.attributes
    if texts.get("design") != "ablation":
        raise InputError("this study is no ablation", expected="one of eqchip sweep CHIP --ablate")
    cases = np.array(_list(texts["case"]))
    names = np.array(_list(texts["imperfection"]))
    measures = _measures(trace)

    def runs(measure: str, case: str, name: str = "") -> NDArray[np.float64]:
        # Rows of one case are those of its seeds, in the same order for every case (design.py).
        return np.asarray(trace.values[measure][(cases == case) & (names == name)], dtype=np.float64)

    effects: dict[str, dict[str, Effect]] = {}
    for name in dict.fromkeys(names[names != ""].tolist()):
        effects[name] = {}
        for measure in measures:
            worse = 1.0 if MEASURES[measure] else -1.0
            without, alone = runs(measure, WITHOUT, name), runs(measure, ALONE, name)
            effects[name][measure] = Effect(
                _spread(without),
                _spread(alone),
                _spread(worse * (runs(measure, AS_IS) - without)),
                _spread(worse * (alone - runs(measure, IDEAL))),
            )
    if measures:
        order = sorted(effects, key=lambda name: -effects[name][measures[0]].size)
        effects = {name: effects[name] for name in order}
    return Ablation(
        measures,
        {measure: _spread(runs(measure, AS_IS)) for measure in measures},
        {measure: _spread(runs(measure, IDEAL)) for measure in measures},
        effects,
    )


def _measures(trace: Trace) -> tuple[str, ...]:
    """Return the measures that any point has."""
    there = [
        name
        for name in MEASURES
        if name in trace.values and np.isfinite(np.asarray(trace.values[name])).any()
    ]
    return tuple(name for name in there if _INSTEAD.get(name) not in there)


def _spread(values: NDArray[np.float64]) -> Spread:
    found = values[np.isfinite(values)]
    mean = float(found.mean()) if found.size else None
    std = float(found.std(ddof=1)) if found.size > 1 else None
    return Spread(mean, std, int(found.size))


def _list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [str(one) for one in value]
