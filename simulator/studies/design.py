"""Designs: which points a study has. Each is a list of points in a fixed order; nothing is run here.

    listed      points as given
    grid        every value of every axis with every value of the others, the last axis fastest
    ablation    as it is; each imperfection off; each alone; all off

Any design is repeated over seeds. Seed number k of all points is the same, so that points differ in what the
design varies and not in their luck (common random numbers); of a chip that is yet to be made, its seed of
manufacture goes with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

from eqchip.errors import InputError
from eqchip.simulator.ablation import ALONE, AS_IS, IDEAL, WITHOUT
from eqchip.simulator.studies.point import Point, Value


@dataclass(frozen=True, slots=True)
class Design:
    """Points in order, and what kind of design they are."""

    kind: str  # listed | grid | ablation
    points: tuple[Point, ...]
    axes: tuple[str, ...] = ()  # labels that vary

    def __len__(self) -> int:
        return len(self.points)

    def over(self, seeds: Sequence[int | None], chips: Sequence[int | None]) -> Design:
        """Return the design repeated: once for each pair of a seed and a chip's seed."""
        repeated = (
            replace(point, seed=seed, chip_seed=chip)
            for point in self.points
            for seed, chip in zip(seeds, chips, strict=True)
        )
        return replace(self, points=tuple(repeated))


def listed(settings: Iterable[Mapping[str, Value]]) -> Design:
    """Return a point for each set of values."""
    given = [dict(one) for one in settings]
    axes = tuple(dict.fromkeys(name for one in given for name in one))
    return Design("listed", tuple(Point(one, labels=one) for one in given), axes)


def grid(axes: Mapping[str, Sequence[Value]]) -> Design:
    """Return the crossed design of some axes; of none, a single point: the chip as it is."""
    for name, values in axes.items():
        if not values:
            raise InputError(f"{name} is varied over no value", expected=f"{name}=a,b,c or {name}=low:high:n")
    points = (dict(zip(axes, values, strict=True)) for values in product(*axes.values()))
    return replace(listed(points), kind="grid", axes=tuple(axes))


def ablation(names: Sequence[str]) -> Design:
    """Return the design that tells what each of these imperfections does, off and alone."""
    if not names:
        raise InputError(
            "this chip has no imperfection to look at: every one has its ideal value",
            expected="values for some of those that eqchip models --imperfections lists",
        )
    every = frozenset(names)
    cases = [
        (AS_IS, "", frozenset[str]()),
        *((WITHOUT, name, frozenset({name})) for name in names),
        *((ALONE, name, every - {name}) for name in names),
        (IDEAL, "", every),
    ]
    points = tuple(
        Point(without=off, labels={"case": case, "imperfection": name}) for case, name, off in cases
    )
    return Design("ablation", points, ("case", "imperfection"))
