"""Averaged contrasts: the local signal of a phase averaged over its last steps, as a noisy chip needs it.

A chip that fluctuates has no end state to read. The stochastic form of the theorem of 2017 takes the mean of
∂E/∂θ over the stationary distribution of each phase; a chip takes its mean over time. It is the mean of the
signal, ⟨ρ_i ρ_j⟩, not the signal of mean states, ⟨ρ_i⟩⟨ρ_j⟩: correlations count.

The last N states of a phase are laid one after another as if they were samples of one batch N times as large:
a contrast, which is a mean over a batch, is then that over time and batch.

Source: Scellier & Bengio, Front. Comput. Neurosci. 11:24 (2017).
Limits: what is averaged is the stationary distribution of the steps: in soft modes it has an error of order h
(euler, expeuler) or h² (heun, rk4): integrators/shaken.py.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from eqchip.simulator.chip import Array, Chip, Nudge, Settling, State


def averaged(
    chip: Chip, inputs: Array, settling: Settling, nudge: Nudge | None, start: State | None, count: int
) -> tuple[State, State]:
    """Return the end of a phase, and its last `count` states as one."""
    states: deque[State] = deque(maxlen=count)
    states.extend(chip.course(inputs, settling, nudge, start))
    return states[-1], over_time(states)


def over_time(states: Sequence[State]) -> State:
    """Return states of one batch as one state of samples laid end to end."""
    last = states[-1]
    kept = {key: value for key, value in last.extra.items() if key == "inputs"}
    return replace(
        last,
        values=_joined([one.values for one in states]),
        residual=np.concatenate([one.residual for one in states]),
        iterations=np.concatenate([one.iterations for one in states]),
        settled=np.concatenate([one.settled for one in states]),
        extra={key: _joined([value] * len(states)) for key, value in kept.items()},
        durations=None,
    )


def _joined(parts: Sequence[Any]) -> Any:
    """Return a nest of arrays laid end to end along their first axes."""
    first = parts[0]
    if isinstance(first, np.ndarray):
        return np.concatenate(parts)
    if isinstance(first, dict):
        return {key: _joined([one[key] for one in parts]) for key in first}
    found = [_joined(each) for each in zip(*parts, strict=True)]
    return type(first)._make(found) if hasattr(first, "_make") else type(first)(found)
