"""Momentum: Nesterov's extrapolation of sweeps, restarted sample by sample.

A sweep computes the drive d of the groups it solves first, the lead. With momentum they are solved at

    d + m·(d − d′),   m = n/(n + 3)

instead, where d′ is the drive one sweep earlier and n counts the sweeps since the last restart. d itself is
the drive of the state that stands, so the residual costs nothing more. Drives are linear in activities: it is
the activities of all that drives the lead that are extrapolated, without a product for it.

A sample restarts with n = 0, an ordinary sweep, where the step turns against the direction it came from
(O'Donoghue & Candès, Foundations of Computational Mathematics 15 (2015), gradient scheme); with `cautious`
also where the residual grew. Cautious sweeps follow a branch: on untrained chips with many equilibria free
momentum lands in others more often. A sample that got nowhere in _PATIENCE sweeps goes on without momentum.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.kernels import kernel

Array = NDArray[Any]

#: Sweeps in which the residual must have halved, or momentum is given up.
_PATIENCE = 100


class Momentum:
    """How far the drive of each sample is extrapolated."""

    def __init__(self, samples: int, cautious: bool, dtype: Any) -> None:
        self.cautious = cautious
        self.dtype = dtype
        self.sweeps = 0
        self.count = np.zeros(samples)
        self.last = np.full(samples, np.inf)  # residual one sweep before
        self.mark = np.full(samples, np.inf)  # residual when patience began
        self.plain = np.zeros(samples, np.bool_)

    def take(self, rows: Any) -> None:
        """Keep some samples."""
        self.count, self.last = self.count[rows], self.last[rows]
        self.mark, self.plain = self.mark[rows], self.plain[rows]

    def shares(self, turn: Array, residual: Array) -> Array:
        """Return m of each sample, from what `turns` added up and the residuals of the present states."""
        self.sweeps += 1
        stop = turn > 0.0
        if self.cautious:
            stop |= residual > self.last
        self.last = residual
        if self.sweeps % _PATIENCE == 0:
            self.plain |= residual > 0.5 * self.mark
            self.mark = residual
        self.count += 1.0
        self.count[stop | self.plain] = 0.0
        return (self.count / (self.count + 3.0)).astype(self.dtype)


@kernel
def turns(drive: Array, before: Array, ahead: Array, total: Array) -> None:
    """Add to each sample's total how far its step, drive − before, turned against where it was sent."""
    for row in range(drive.shape[0]):
        d, b, a = drive[row], before[row], ahead[row]
        found = d.dtype.type(0)
        for j in range(len(d)):
            found += (a[j] - d[j]) * (d[j] - b[j])
        total[row] += found


@kernel
def extrapolate(drive: Array, before: Array, share: Array, ahead: Array) -> None:
    """Set ahead to drive + share·(drive − before)."""
    for row in range(drive.shape[0]):
        d, b, a, m = drive[row], before[row], ahead[row], share[row]
        for j in range(len(d)):
            a[j] = d[j] + m * (d[j] - b[j])
