"""The free phase of a batch and the nudged phases that begin where it ends, by Euler's steps in one kernel.

It is what fused_euler.py does phase by phase, for chips that suit it: a thread takes its samples through all
phases, so a batch is handed out once, and what no batch changes is laid out once.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from eqchip.kernels import kernel
from eqchip.simulator.integrators.fused_euler import by_group, grain, march
from eqchip.simulator.integrators.fused_layout import BEGIN, END, Fused, Table, fused_of, matrices
from eqchip.simulator.integrators.fused_shake import Shake, quiet
from eqchip.simulator.node_kernels import Exact
from eqchip.simulator.phase import Phase
from eqchip.threads import share

Array = NDArray[Any]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class Pulled(NamedTuple):
    """Which nodes of a free group one phase pulls to targets, by how much: k = β·t."""

    group: int  # among the free ones
    places: IntArray
    outputs: IntArray
    beta: FloatArray


class Phases(NamedTuple):
    """Phases laid out: arrays with a row for each."""

    table: Table
    groups: IntArray  # (phases, groups, 5)
    a: Array  # (phases, TILE·nodes)
    steps: IntArray
    length: float  # s, of every step
    pulled: tuple[tuple[Pulled, ...], ...]
    curved: bool  # whether ρ(s) is not s
    exact: Exact
    room: dict[int, Array]  # k by number of samples: no batch touches what another leaves zero


class Ended(NamedTuple):
    """Where phases ended: states and ρ by phase and group, residuals and floors (phases, B)."""

    states: list[tuple[Array, ...]]
    rho: list[tuple[Array, ...]] | None  # None where ρ(s) = s
    residual: FloatArray
    floor: FloatArray


def phases_of(
    phases: list[Phase], steps: list[int], lengths: list[float], pulled: tuple[tuple[Pulled, ...], ...]
) -> Phases | None:
    """Lay out phases of any one batch; None where the chip does not suit."""
    fused = [fused_of(phase, length) for phase, length in zip(phases, lengths, strict=True)]
    there = [one for one in fused if one is not None]
    if len(there) < len(fused) or len({*lengths}) > 1:
        return None
    wiring = phases[0].wiring
    nodes = [wiring.nodes[group] for group in wiring.free]
    table = wiring.kept["fused", lengths[0], frozenset()]
    return Phases(
        table,
        np.stack([one.groups for one in there]),
        np.stack([one.a for one in there]),
        np.array(steps, np.int64),
        lengths[0],
        pulled,
        any(one.held_activity(state) is not state for one, state in zip(nodes, _zero(nodes), strict=True)),
        nodes[0].exact,
        {},
    )


def _zero(nodes: list[Any]) -> list[Array]:
    return [np.zeros((1, one.size), one.dtype) for one in nodes]


def room(phases: Phases, samples: int) -> tuple[Array, list[Array]]:
    """Return an array for the constant drives of a batch, and the same by group."""
    fused = phases.table.fused
    constant = np.empty(samples * int(fused.groups[-1, END]), fused.slope.dtype)
    return constant, by_group(fused, constant, samples)


def integrate(phases: Phases, constant: Array, begin: list[Array] | None, targets: list[Array]) -> Ended:
    """Run all phases of a batch from given states by group, in their intervals; None: from zero.

    `targets` has those of each nudged phase.
    """
    fused = phases.table.fused._replace(weights=matrices(phases.table))
    nodes, count = int(fused.groups[-1, END]), len(phases.steps)
    samples = len(constant) // nodes
    s = np.empty((count, len(constant)), constant.dtype)
    rho = np.empty((count, len(constant) if phases.curved else 0), constant.dtype)
    k = phases.room.get(samples)
    if k is None:
        k = phases.room[samples] = np.zeros((count, len(constant)), constant.dtype)
    if begin is None:
        s[0] = 0
    else:
        np.concatenate([part.ravel() for part in begin], out=s[0])
    for number, (pulled, wanted) in enumerate(zip(phases.pulled, targets, strict=True), 1):
        parts = by_group(fused, k[number], samples)
        for one in pulled:
            parts[one.group][:, one.places] = one.beta * wanted[:, one.outputs]
    residual, floor = np.empty((count, samples)), np.empty((count, samples))
    noise = quiet(constant.dtype)

    def work(begin: int, end: int) -> None:
        first, last = 2 * begin, min(2 * end, samples)
        run(
            fused,
            phases.groups,
            phases.a,
            phases.steps,
            constant,
            k,
            s,
            rho,
            residual,
            floor,
            first,
            last,
            noise,
            phases.exact,
        )

    share(work, -(-samples // 2), grain(fused, int(phases.steps.sum())))
    return Ended(
        [tuple(by_group(fused, one, samples)) for one in s],
        [tuple(by_group(fused, one, samples)) for one in rho] if phases.curved else None,
        residual,
        floor,
    )


@kernel
def run(
    fused: Fused,
    groups: IntArray,
    a: Array,
    steps: IntArray,
    constant: Array,
    k: Array,
    s: Array,
    rho: Array,
    residual: FloatArray,
    floor: FloatArray,
    first: int,
    last: int,
    noise: Shake,
    exact: Exact,
) -> None:
    """Take samples first … last − 1 through all phases; each but the first begins where the first ended."""
    samples = residual.shape[1]
    for phase in range(len(steps)):
        here = Fused(
            groups[phase],
            fused.slope,
            fused.shift,
            fused.low,
            fused.high,
            fused.step,
            a[phase],
            fused.links,
            fused.weights,
        )
        push = k[phase] if phase else k[phase][:0]
        if phase:
            for g in range(groups.shape[1]):
                low, high = groups[phase, g, BEGIN], groups[phase, g, END]
                wide = high - low
                b, e = samples * low + first * wide, samples * low + last * wide
                s[phase, b:e] = s[0, b:e]
        march(
            here,
            constant,
            push,
            s[phase],
            rho[phase],
            steps[phase],
            residual[phase],
            floor[phase],
            first,
            last,
            noise,
            exact,
        )
