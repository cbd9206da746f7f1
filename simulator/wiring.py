"""Wiring: the nodes of a chip's array form and the couplings between them, as solvers see them.

Groups that no coupling joins with itself can be solved exactly at a fixed drive; groups are coloured so that
no two of one colour drive each other, and those of one colour are solved before the next colour's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.simulator.couplings.coupling import Coupling
from eqchip.simulator.nodes import Nodes

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Link:
    """A coupling and where its ends are: a group, and which of its nodes (a range)."""

    coupling: Coupling
    pre: int
    pre_part: slice
    post: int
    post_part: slice

    @property
    def looped(self) -> bool:
        """Whether it joins a group with itself."""
        return self.pre == self.post

    def ends(self, rho: Sequence[Array]) -> tuple[Array, Array]:
        """Return the activities at its rows and columns."""
        return rho[self.pre][:, self.pre_part], rho[self.post][:, self.post_part]


@dataclass(slots=True)
class Wiring:
    """All groups of nodes, inputs among them, and the links between them."""

    nodes: tuple[Nodes, ...]
    links: tuple[Link, ...]
    dtype: Any = np.float64
    free: tuple[int, ...] = field(init=False)  # groups that move
    colours: tuple[tuple[int, ...], ...] = field(init=False)  # the free groups, in the order they are solved
    #: By group: links that drive it, and whether each does so forward; from clamped groups, from free ones.
    from_clamped: tuple[tuple[tuple[Link, bool], ...], ...] = field(init=False)
    from_free: tuple[tuple[tuple[Link, bool], ...], ...] = field(init=False)
    kept: dict[Any, Any] = field(init=False, default_factory=dict)  # what solvers work out once

    def __post_init__(self) -> None:
        self.free = tuple(g for g, nodes in enumerate(self.nodes) if not nodes.clamped)
        incoming: list[list[tuple[Link, bool]]] = [[] for _ in self.nodes]
        for link in self.links:
            if link.coupling.into_post:
                incoming[link.post].append((link, True))
            if link.coupling.into_pre:
                incoming[link.pre].append((link, False))

        def kept(clamped: bool) -> tuple[tuple[tuple[Link, bool], ...], ...]:
            return tuple(
                tuple(
                    (link, forward)
                    for link, forward in found
                    if self.nodes[link.pre if forward else link.post].clamped is clamped
                )
                for found in incoming
            )

        self.from_clamped, self.from_free = kept(True), kept(False)
        self.colours = self._coloured()

    def _coloured(self) -> tuple[tuple[int, ...], ...]:
        """Colour greedily, in the order of the groups: even and odd layers of a layered chip."""
        colour: dict[int, int] = {}
        for group in self.free:
            near = {
                colour[other]
                for link in self.links
                for group_, other in ((link.pre, link.post), (link.post, link.pre))
                if group_ == group and other in colour
            }
            colour[group] = next(c for c in range(len(self.nodes) + 1) if c not in near)
        return tuple(
            tuple(group for group in self.free if colour[group] == c)
            for c in range(1 + max(colour.values(), default=-1))
        )

    @property
    def reciprocal(self) -> bool:
        """Whether there is an energy by construction: couplings tied, every group driven by its energy."""
        tied = all(
            link.coupling.mutual
            or (
                (link.coupling.into_post or self.nodes[link.post].clamped)
                and (link.coupling.into_pre or self.nodes[link.pre].clamped)
            )
            for link in self.links
        )
        return tied and all(
            (self.nodes[g].law.energy or not self.nodes[g].curved) and self.nodes[g].inlet is None
            for g in self.free
        )

    def block(self, driven: int, driver: int) -> Array | None:
        """Return the drive into one group of a unit of activity in another, (n_driven, n_driver), if any."""
        total: Array | None = None
        for link, forward in (*self.from_free[driven], *self.from_clamped[driven]):
            if (link.pre if forward else link.post) != driver:
                continue
            if total is None:
                total = np.zeros((self.nodes[driven].size, self.nodes[driver].size))
            if forward:
                total[link.post_part, link.pre_part] += link.coupling.forward_matrix().T
            else:
                total[link.pre_part, link.post_part] += link.coupling.backward_matrix()
        return total

    def matrix(self) -> Array:
        """Return the drive into every free node of a unit of activity in every other, group after group."""
        return np.block([[self._filled(driven, driver) for driver in self.free] for driven in self.free])

    def _filled(self, driven: int, driver: int) -> Array:
        found = self.block(driven, driver)
        return np.zeros((self.nodes[driven].size, self.nodes[driver].size)) if found is None else found

    def held(self, inputs: Sequence[Array]) -> dict[int, Array]:
        """Return the activities of the clamped groups, by group, of their states in their order."""
        clamped = [g for g, nodes in enumerate(self.nodes) if nodes.clamped]
        return {g: self.nodes[g].held_activity(states) for g, states in zip(clamped, inputs, strict=True)}

    def constant_drives(
        self,
        inputs: Sequence[Array],
        samples: int,
        rho: Mapping[int, Array] | None = None,
        room: Mapping[int, Array] | None = None,
    ) -> list[Array]:
        """Return what does not change during a phase: biases, and the drive of clamped nodes, by group.

        `inputs` holds the states of the clamped groups in their order; `rho` their activities and `room`
        arrays for the free groups, where there are any already.
        """
        rho = self.held(inputs) if rho is None else rho
        drives = []
        for group, nodes in enumerate(self.nodes):
            if nodes.clamped:  # nothing drives it
                drives.append(np.empty((samples, 0), self.dtype))
                continue
            drive = np.empty((samples, nodes.size), self.dtype) if room is None else room[group]
            drive[:] = nodes.pulled
            for link, forward in self.from_clamped[group]:
                if forward and link.post_part == slice(0, nodes.size):
                    link.coupling.drive_held(rho[link.pre][:, link.pre_part], drive)
                else:
                    add_drive(drive, link, forward, rho[link.pre if forward else link.post])
            drives.append(drive)
        return drives

    def drive(self, group: int, constant: Array, rho: Sequence[Array], out: Array) -> Array:
        """Return the whole drive of a free group: its constant part, and what the free groups add."""
        found = self.from_free[group]
        if len(found) == 1 and _whole(found[0], out):
            link, forward = found[0]
            if forward:
                link.coupling.drive(rho[link.pre][:, link.pre_part], out)
            else:
                link.coupling.back(rho[link.post][:, link.post_part], out)
            out += constant
            return out
        out[:] = constant
        for link, forward in found:
            add_drive(out, link, forward, rho[link.pre if forward else link.post])
        return out


def _whole(found: tuple[Link, bool], out: Array) -> bool:
    link, forward = found
    part = link.post_part if forward else link.pre_part
    return part == slice(0, out.shape[1])


def add_drive(drive: Array, link: Link, forward: bool, rho: Array) -> None:
    """Add what a link brings to its part of a group's drive."""
    if forward:
        drive[:, link.post_part] += link.coupling.drive(rho[:, link.pre_part])
    else:
        drive[:, link.pre_part] += link.coupling.back(rho[:, link.post_part])
