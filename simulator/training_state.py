"""The state of a training as arrays of a file, and back; and when it is written.

    parameters/Yxh   momentum/Yxh   particles/0, particles/1 …   condition/Yxh/hidden

Numbers are kept in the precision they are used in, so that a resumed training goes on to the same bits.
Particles (persistent=1) are the leaves of a nest of arrays, in its own order; their form is that of a state
of the chip.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.simulator.chip import Chip
from eqchip.simulator.learning.epoch import TrainState
from eqchip.simulator.learning.particles import leaves, like
from eqchip.simulator.learning.plan import Plan
from eqchip.simulator.records.arrays import ArrayPlan
from eqchip.simulator.records.recorder import Recorder
from eqchip.simulator.samples import Samples

Array = NDArray[Any]

#: Between two writings of the state pass at least these seconds, and this many times what one takes.
_SECONDS, _TIMES = 2.0, 20.0


def state_plans(chip: Chip, plan: Plan, samples: Samples) -> list[ArrayPlan]:
    """Return the arrays that a state of this training consists of."""
    made = []
    parameters = chip.parameters()
    for one in chip.learnables:
        dims = tuple(f"{one.name}_{axis}" for axis in range(len(one.shape)))
        kind = parameters[one.name].dtype.str
        made.append(ArrayPlan(f"parameters/{one.name}", one.shape, one.unit, dims, dtype=kind))
        if one.momentum:
            made.append(ArrayPlan(f"momentum/{one.name}", one.shape, one.unit, dims, dtype=kind))
    for name, value in chip.condition().items():
        dims = tuple(f"{name}_{axis}".replace("/", "_") for axis in range(value.ndim))
        made.append(ArrayPlan(f"condition/{name}", value.shape, "", dims, dtype=value.dtype.str))
    if plan.persistent:
        for number, leaf in enumerate(leaves(_beginning(chip, plan, samples))):
            dims = ("sample", *(f"particle_{number}_{axis}" for axis in range(1, leaf.ndim)))
            shape = (len(samples), *leaf.shape[1:])
            made.append(ArrayPlan(f"particles/{number}", shape, "", dims, dtype=leaf.dtype.str))
    return made


def pack(state: TrainState) -> dict[str, Array]:
    """Return the arrays of a state by their names in a file."""
    found = {f"parameters/{name}": value for name, value in state.parameters.items()}
    found |= {f"momentum/{name}": value for name, value in state.momentum.items()}
    found |= {f"condition/{name}": value for name, value in state.condition.items()}
    if state.particles is not None:
        found |= {f"particles/{number}": leaf for number, leaf in enumerate(leaves(state.particles))}
    return found


def unpack(epoch: int, values: Mapping[str, Array], chip: Chip, plan: Plan, samples: Samples) -> TrainState:
    """Return the state that these arrays are."""
    parts: dict[str, dict[str, Array]] = {"parameters": {}, "momentum": {}, "particles": {}, "condition": {}}
    for path, value in values.items():
        kind, _, name = path.partition("/")
        parts[kind][name] = value
    particles = None
    if plan.persistent:
        kept = [parts["particles"][str(number)] for number in range(len(parts["particles"]))]
        particles = like(_beginning(chip, plan, samples), kept)
    return TrainState(epoch, parts["parameters"], parts["momentum"], particles, parts["condition"])


def _beginning(chip: Chip, plan: Plan, samples: Samples) -> Any:
    """Return the values that a phase of one sample begins with: what a state looks like."""
    course = chip.course(samples.inputs[:1], plan.free)
    return next(iter(course)).values


class Keeper:
    """Writes the state at the end of an epoch when the last writing is long enough ago.

    Else it is held in memory, until the next epoch or `finish`: an interrupt loses no epoch, a kill those
    of the last seconds (with many particles: minutes).
    """

    def __init__(self, recorder: Recorder, clock: Callable[[], float] = time.monotonic) -> None:
        self.recorder = recorder
        self.parameters: Mapping[str, Array] = {}  # of the last epoch that ended
        self._clock = clock
        self._held: tuple[int, dict[str, Array]] | None = None
        self._next = -np.inf

    def offer(self, state: TrainState) -> None:
        """Take the state at the end of an epoch."""
        self.parameters = state.parameters
        if self._clock() >= self._next:
            self._write(state.epoch, pack(state))
        else:
            # What comes in is alive: the next epoch writes over it.
            self._held = state.epoch, {name: np.array(value) for name, value in pack(state).items()}

    def finish(self) -> None:
        """Write what is held."""
        if self._held is not None:
            self._write(*self._held)

    def _write(self, epoch: int, values: dict[str, Array]) -> None:
        begin = self._clock()
        self.recorder.store(epoch, values)
        self._held = None
        end = self._clock()
        self._next = end + max(_SECONDS, _TIMES * (end - begin))
