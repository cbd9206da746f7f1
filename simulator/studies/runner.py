"""Runner: a generator of outcomes, one for each point, in the order of the design.

A point that fails stands with its reason, and the rest goes on. Points of one address are run once. What a
point gives depends on nothing that was run before it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from eqchip.errors import EqchipError
from eqchip.simulator.studies.point import Ground, Point
from eqchip.simulator.studies.task import Metrics

#: What a point can be.
OPEN, DONE, FAILED = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one point."""

    index: int  # in the design
    address: str
    status: int
    metrics: Metrics = field(default_factory=dict)
    reason: str = ""  # of a failure
    seconds: float = 0.0


#: Called while a point runs: its number, and the share of it that is done.
Tick = Callable[[int, float], None]


def run_points(
    ground: Ground,
    points: Sequence[Point],
    known: Mapping[str, Outcome] | None = None,
    tick: Tick | None = None,
) -> Iterator[Outcome]:
    """Run points one after another; those whose address is `known` are not run again."""
    found = dict(known or {})
    for index, point in enumerate(points):
        address = ground.address(point)
        if address not in found:
            found[address] = _run(ground, index, address, point, tick)
        yield replace(found[address], index=index)


def _run(ground: Ground, index: int, address: str, point: Point, tick: Tick | None) -> Outcome:
    begin = time.monotonic()

    def count(done: float, total: float) -> None:
        if tick is not None:
            tick(index, done / total if total else 1.0)

    try:
        count(0.0, 1.0)
        metrics = ground.task.run(point.apply(ground.chip), count)
    except (EqchipError, MemoryError) as problem:
        reason = str(problem) or type(problem).__name__
        return Outcome(index, address, FAILED, reason=reason, seconds=time.monotonic() - begin)
    return Outcome(index, address, DONE, metrics, seconds=time.monotonic() - begin)
