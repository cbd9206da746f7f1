"""Epoch, Evaluation: what training and testing report; TrainState: what a resume needs.

Errors are fractions of samples answered wrongly, None where outputs are read as they are (decode=linear).
Losses are means over samples. Latency is the physical duration of a free phase in seconds, there only where a
phase was run step by step in time; an equilibrium that was found directly says nothing about time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from eqchip.simulator.chip import Array, State, Weights


@dataclass(slots=True)
class PhaseReport:
    """How one kind of phase went, over all samples it was run on."""

    samples: int = 0
    iterations: float = 0.0  # mean a sample
    most_iterations: int = 0
    residual: float = 0.0  # mean over samples of the largest |dv/dt|·τ left, in state units
    largest_residual: float = 0.0
    unsettled: int = 0  # samples whose residual stayed above tol
    seconds: float = 0.0  # mean duration a sample; NaN where time was not stepped

    def add(self, state: State) -> None:
        """Count one batch in."""
        more = len(state.residual)
        total = self.samples + more
        # Sums by the arrays' own methods: this is done for every phase of every batch.
        self.iterations += (float(state.iterations.sum()) / more - self.iterations) * more / total
        self.residual += (float(state.residual.sum()) / more - self.residual) * more / total
        durations = math.nan if state.durations is None else float(state.durations.sum()) / more
        self.seconds += (durations - self.seconds) * more / total
        self.most_iterations = max(self.most_iterations, int(state.iterations.max()))
        self.largest_residual = max(self.largest_residual, float(state.residual.max()))
        self.unsettled += more - int(np.count_nonzero(state.settled))
        self.samples = total


@dataclass(slots=True)
class TrainState:
    """All that the next epoch depends on, beside the chip, the samples and the plan."""

    epoch: int  # epochs done
    parameters: Weights
    momentum: Weights = field(default_factory=dict)
    particles: Any = None  # nest of arrays, a row for each training sample; None unless persistent
    condition: Weights = field(default_factory=dict)  # of devices that are not ideal (Chip.condition)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How a chip answers a set of samples."""

    samples: int
    error: float | None
    loss: float
    seconds: float
    samples_per_second: float
    latency: float | None  # s, mean of the free phase
    free: PhaseReport
    confusion: Array | None = None  # [true class, class answered]; None where outputs stand for no classes
    durations: Array | None = None  # (samples,) s, of each free phase; None where time was not stepped


@dataclass(frozen=True, slots=True)
class Epoch:
    """One pass over the training samples, and the test after it.

    `train_error` and `train_loss` are those of the free phases *during* the epoch, before each update.
    `state` refers to live arrays: it is that of this epoch until the next one is asked for.
    """

    number: int  # from 1
    samples: int
    train_error: float | None
    train_loss: float
    test_error: float | None
    test_loss: float
    valid_error: float | None
    valid_loss: float | None
    seconds: float  # of training; testing is not in it
    samples_per_second: float
    latency: float | None
    phases: dict[str, PhaseReport]  # free, then nudged by factor: "+β", "−β"
    state: TrainState
    test: Evaluation | None = None


def latency(report: PhaseReport) -> float | None:
    """Return the mean duration of a phase in seconds; None where time was not stepped."""
    return report.seconds if math.isfinite(report.seconds) else None
