"""Stimulus: what the sources of a system do over one run, as kernels read it, and where it has corners."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from eqchip.devices.circuit.waveform import Waveforms, breakpoints, fill, table
from eqchip.kernels import kernel
from eqchip.netlists.circuit import Waveform
from eqchip.simulator.system import System

__all__ = ["Waveforms", "corners", "drives_at", "fill", "set_ramps", "stimulus"]

_RAMP = Waveform("pwl", (0.0, 0.0, 1.0, 0.0))
_POINTS = 4  # numbers of a ramp: a time and a value, twice


def stimulus(system: System, step: float, stop: float, ramps: Sequence[int] = ()) -> Waveforms:
    """Return the waveforms of every source that has one; TSTEP and TSTOP are their defaults.

    The drives `ramps` get one straight line each, which `set_ramps` lays anew as a run goes on.
    """
    waves = [*(one for one, _ in system.sources), *[_RAMP] * len(ramps)]
    return table(waves, [*(slot for _, slot in system.sources), *ramps], step, stop)


@kernel
def drives_at(
    waves: Waveforms, base: NDArray[np.float64], times: NDArray[np.float64], out: NDArray[np.float64]
) -> None:
    """Set each row of `out` to the drives at one of the times; what no waveform sets is as in `base`."""
    for b in range(len(times)):
        out[b] = base
        fill(waves, times[b], out[b])


def set_ramps(
    waves: Waveforms, begin: float, end: float, before: NDArray[np.float64], after: NDArray[np.float64]
) -> None:
    """Lay the last lines of a table from the values `before` to those `after`, held outside."""
    for k, (low, high) in enumerate(zip(before, after, strict=True), len(waves.slots) - len(before)):
        last = waves.start[k + 1]
        waves.numbers[last - _POINTS : last] = begin, low, end, high


def corners(system: System, step: float, stop: float) -> NDArray[np.float64]:
    """Return the times at which some source has a corner, increasing, up to `stop`."""
    found = [breakpoints(one, step, stop) for one, _ in system.sources]
    return np.unique(np.concatenate([*found, [stop]]))
