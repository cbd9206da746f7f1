"""Phase: what stays the same while an array chip settles: inputs, biases and the nudge, for a batch of
samples.

F = −a·s + r·d + k,  d = constant + what the free nodes drive        (node_kernels.py)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.simulator.node_kernels import rates
from eqchip.simulator.pull import Pull
from eqchip.simulator.wiring import Wiring

Array = NDArray[Any]
FloatArray = NDArray[np.float64]


@dataclass(slots=True)
class Phase:
    """Arrays by group; those of clamped groups are not used."""

    wiring: Wiring
    constant: list[Array]  # (B, n)
    a: list[Array]  # (n)
    k: list[Array]  # (B, n)
    nudged: frozenset[int] = frozenset()  # groups where a is not 1 or k not 0
    pull: Pull | None = None  # a nudge whose k follows the states
    #: Where groups stand that this phase holds: its wiring has them as clamped.
    held: Mapping[int, Array] = field(default_factory=dict)

    @classmethod
    def free_running(cls, wiring: Wiring, constant: list[Array]) -> Phase:
        """Return a phase without a nudge."""
        return cls(
            wiring,
            constant,
            [np.ones(nodes.size, wiring.dtype) for nodes in wiring.nodes],
            [np.zeros_like(drive) for drive in constant],
        )

    @property
    def samples(self) -> int:
        """How many samples the batch has."""
        return len(self.constant[0])

    def take(self, rows: Any) -> Phase:
        """Return the phase of some samples."""
        return Phase(
            self.wiring,
            [drive[rows] for drive in self.constant],
            self.a,
            [force[rows] for force in self.k],
            self.nudged,
            None if self.pull is None else self.pull.take(rows),
        )

    def force(self, group: int, states: Array) -> Array:
        """Return k of a group at its states."""
        if self.pull is not None and self.pull.group == group:
            self.pull.refresh(states, self.k[group])
        return self.k[group]

    def activities(self, states: Sequence[Array]) -> list[Array]:
        """Return ρ of every free group; a clamped group keeps its (empty) place."""
        return [
            states[g] if nodes.clamped else nodes.activity(states[g])
            for g, nodes in enumerate(self.wiring.nodes)
        ]

    def drive(self, group: int, rho: Sequence[Array], out: Array) -> Array:
        """Return the whole drive of a group, past its inlet where it has one."""
        return self.wiring.nodes[group].admit(self.sum(group, rho, out))

    def sum(self, group: int, rho: Sequence[Array], out: Array) -> Array:
        """Return what is driven into a group in all."""
        return self.wiring.drive(group, self.constant[group], rho, out)

    def add_residual(
        self, group: int, drive: Array, states: Array, residual: FloatArray, floor: FloatArray
    ) -> None:
        """Raise residual to each sample's largest |τ ds/dt| of a group, floor to what rounding leaves."""
        nodes = self.wiring.nodes[group]
        rise = nodes.slope(states) if nodes.law.energy else states  # not read under direct drive
        k = self.force(group, states)
        rates(nodes.law, self.a[group], k, drive, states, rise, residual, floor)

    def residual(self, states: Sequence[Array]) -> tuple[FloatArray, FloatArray]:
        """Return the residual of each sample, and the least that rounding lets it become."""
        rho = self.activities(states)
        residual, floor = np.zeros(self.samples), np.zeros(self.samples)
        for group in self.wiring.free:
            drive = self.drive(group, rho, np.empty_like(states[group]))
            self.add_residual(group, drive, states[group], residual, floor)
        return residual, floor

    def worst(self, states: Sequence[Array]) -> str:
        """Return the name of the group farthest from equilibrium, for messages."""
        rho = self.activities(states)
        found = []
        for group in self.wiring.free:
            residual, floor = np.zeros(self.samples), np.zeros(self.samples)
            drive = self.drive(group, rho, np.empty_like(states[group]))
            self.add_residual(group, drive, states[group], residual, floor)
            found.append((float(np.max(residual)), self.wiring.nodes[group].name))
        return max(found)[1]
