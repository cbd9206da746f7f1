"""Stimulus: what the sources of a system do over one run, as kernels read it, and where it has corners."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eqchip.devices.circuit.waveform import Waveforms, breakpoints, fill, table
from eqchip.simulator.system import System

__all__ = ["Waveforms", "corners", "fill", "stimulus"]


def stimulus(system: System, step: float, stop: float) -> Waveforms:
    """Return the waveforms of every source that has one; TSTEP and TSTOP are their defaults."""
    return table([one for one, _ in system.sources], [slot for _, slot in system.sources], step, stop)


def corners(system: System, step: float, stop: float) -> NDArray[np.float64]:
    """Return the times at which some source has a corner, increasing, up to `stop`."""
    found = [breakpoints(one, step, stop) for one, _ in system.sources]
    return np.unique(np.concatenate([*found, [stop]]))
