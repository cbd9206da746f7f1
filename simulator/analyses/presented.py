"""What a recorded learning waveform shows, phase by phase, and how its samples were answered."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from eqchip.simulator.rows import Trace

GAP, FREE, NUDGED = range(3)
#: The columns every learning waveform has, and no other analysis.
_MARKS = ("phase", "sample", "beta")


@dataclass(frozen=True, slots=True)
class Stretch:
    """One phase of one sample. Its rows come after `first`, where the phase before ended, up to `last`."""

    phase: int
    sample: int
    beta: float
    first: int
    last: int


def is_waveform(trace: Trace) -> bool:
    """Say whether a trace is that of a learning waveform."""
    return {column.name for column in trace.plan.columns}.issuperset(_MARKS)


def stretches(trace: Trace) -> list[Stretch]:
    """Return the phases in their order."""
    phase, sample, beta = (np.asarray(trace.values[name]) for name in _MARKS)
    if not phase.size:
        return []
    # The same sample may come twice in a row: a gap lies between.
    ends = np.flatnonzero(np.diff(phase))
    borders = np.unique([0, *ends, len(phase) - 1]).tolist()
    return [
        Stretch(int(phase[last]), int(sample[last]), float(beta[last]), first, last)
        for first, last in pairwise(borders)
    ]


def answers(trace: Trace) -> NDArray[np.bool_] | None:
    """Return, sample after sample, which was answered wrongly where its free phase ended; None: not known."""
    if not any(column.name == "wrong" for column in trace.plan.columns):
        return None
    ends = [one.last for one in stretches(trace) if one.phase == FREE]
    return np.asarray(np.asarray(trace.values["wrong"])[ends] > 0.5)
