""".tran … noise: one time course of a circuit whose devices fluctuate.

Every device with noise has it at its own temperature unless thermal= says otherwise; neurons as their models
say. The course begins without noise, and has a row at every multiple of TSTEP. Two ways:

    resistors, capacitors, sources   the course without noise, by the adaptive steps of any transient, and
                                     beside it that of the noise by exact steps (noise/linear_network.py):
                                     variance and spectrum are right at any TSTEP
    any other circuit                fixed steps of TSTEP, or of TMAX where that is less, and to the corners
                                     of sources, trapezoidal on charges (integrators/noisy_march.py):
                                     variance right for linear circuits, to second order in f for others

A draw is a function of the seed, the step and the source. Nodes without a capacitance pass their noise on and
show none (noise/charges.py): theirs is white, of infinite variance. So is that of currents through sources:
those are not recorded.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray

from eqchip.devices import random
from eqchip.entries import pack
from eqchip.errors import InputError, SimulationError
from eqchip.netlists.circuit import Tran
from eqchip.simulator.analyses.columns import Recording, recording
from eqchip.simulator.analyses.initial import VANISHING, begin_at
from eqchip.simulator.analyses.transient import Tolerances, begun, stretch
from eqchip.simulator.equilibrium.operating_point import implicit_point
from eqchip.simulator.equilibrium.solver import Solver
from eqchip.simulator.integrators.noisy_march import noisy_march
from eqchip.simulator.integrators.plastic import nothing_plastic
from eqchip.simulator.integrators.track import STOP, TIME, Track
from eqchip.simulator.moment import Moment
from eqchip.simulator.noise.charges import landing
from eqchip.simulator.noise.currents import Currents, currents_of
from eqchip.simulator.noise.passive import Passive, passive_of
from eqchip.simulator.noise.shaking import Intensity, Shaking
from eqchip.simulator.outcome import Outcome
from eqchip.simulator.rows import Column, Plan, Rows
from eqchip.simulator.stimulus import Waveforms, corners, fill, stimulus
from eqchip.simulator.system import System

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Numbers in a block.
BLOCK = 500_000
#: Numbers up to which a matrix is dense.
SMALL = 10_000
#: Rows at most.
MOST_ROWS = 100_000_000


def noisy_tran(system: System, card: Tran, seed: int) -> Iterator[Plan | Rows]:
    """Run .tran … noise."""
    if not 1.0 <= card.stop / card.step <= MOST_ROWS:
        raise InputError(
            f"a noisy transient of {card.stop / card.step:.3g} steps",
            card.at,
            expected=f"TSTOP from 1 to {MOST_ROWS:,} times TSTEP",
        )
    chosen = _without_white(system, recording(system), card)
    yield Plan("tran", Column("time", "s"), chosen.columns, {"residual_unit": "A", "noise": 1, "seed": seed})
    currents = currents_of(system)
    key = random.key(seed, "tran noise")
    passive = passive_of(system, currents)
    if passive is not None:
        yield from _beside(system, card, chosen, passive, key)
    else:
        yield from _Course(system, card, chosen, currents, seed).rows()


def _without_white(system: System, chosen: Recording, card: Tran) -> Recording:
    """Return what is recorded: no current of a branch without flux, whose noise is white."""
    network = system.network
    fluxes = np.zeros(system.size, np.bool_)
    fluxes[network.rows[network.c0[:-1] != 0.0]] = True
    pairs = list(zip(chosen.columns, chosen.unknowns, strict=True))
    white = [column.name for column, at in pairs if np.any((at >= network.nodes) & ~fluxes[at])]
    asked = {name.lower() for name in system.circuit.saves}
    if found := [name for name in white if name in asked]:
        raise InputError(
            f"{found[0]} of a noisy transient is white: its variance has no end",
            card.at,
            expected="voltages, or the current of an inductor",
        )
    kept = [(column, at) for column, at in pairs if column.name not in white]
    return Recording(tuple(column for column, _ in kept), tuple(at for _, at in kept))


def _nothing_kept(card: Tran) -> InputError:
    return InputError(
        "nothing in this circuit keeps noise: no node has a capacitance, so all noise is white",
        card.at,
        expected="a capacitor, or .tran without noise",
    )


def _grid(card: Tran) -> FloatArray:
    """Return the times of the rows: multiples of TSTEP up to TSTOP, 0 among them."""
    return np.asarray(card.step * np.arange(int(card.stop / card.step * (1.0 + 1e-9)) + 1))


def _draws(key: random.Key, first: int, count: int, sources: int) -> FloatArray:
    """Return normals (count, sources) of steps counted from `first`."""
    out = np.empty((count, sources))
    random.normals(out, *key, np.arange(first, first + count), 0, 0)
    return out


def _beside(
    system: System, card: Tran, chosen: Recording, passive: Passive, key: random.Key
) -> Iterator[Rows]:
    """Yield the rows of a course without noise, with the exact course of the noise beside it."""
    brought = passive.network.fresh(passive.density, card.step)
    kept, nodes, grid = passive.network.kept(card.step), system.network.nodes, _grid(card)
    if not len(kept):
        raise _nothing_kept(card)
    modes, step = np.zeros(len(kept)), 0
    for times, rows, leak in _still(system, card, grid, chosen):
        normal = _draws(key, step, len(times), len(kept)) @ brought.T
        moved = np.empty((len(times), len(kept)))
        for k in range(len(times)):
            if step + k:
                modes = modes * kept + normal[k]
            moved[k] = modes
        step += len(times)
        shaken = np.zeros((len(times), system.size))
        shaken[:, :nodes] = moved @ passive.lift.T
        late = times >= card.start * (1.0 - 1e-9)
        if np.any(late):
            yield Rows(times[late], chosen.values((rows + shaken[:, chosen.kept])[late]), leak)


def _still(
    system: System, card: Tran, grid: FloatArray, chosen: Recording
) -> Iterator[tuple[FloatArray, FloatArray, float]]:
    """Yield times of the grid, the recorded unknowns there without noise, and the worst leak."""
    solver, waves = Solver(system), stimulus(system, card.step, card.stop)
    tolerances = Tolerances.of(system)
    longest = min(card.longest or card.step, card.stop / 2.0)
    track = begun(system, solver, card, waves, longest, tolerances)
    kept, most = chosen.kept, max(64, min(16384, BLOCK // max(system.size, 1)))
    if not (system.sources or card.uic or system.circuit.initial):
        for first in range(0, len(grid), most):
            times = grid[first : first + most]
            yield times, np.tile(track.x[kept], (len(times), 1)), 0.0
        return
    yield grid[:1], track.x[None, kept].copy(), 0.0
    stops = _stops(system, card, grid)
    track.limits[STOP] = grid[-1]
    solver.prepare(track.x, track.d, tolerances.control(), 2.0 / longest)
    quiet = nothing_plastic(system.network.varying)
    for times, rows, leak in stretch(solver, track, waves, stops, kept, 0.0, tolerances, quiet):
        near = np.minimum(np.searchsorted(grid, times * (1.0 + 1e-12), side="right") - 1, len(grid) - 1)
        on = np.abs(times - grid[near]) <= 1e-9 * card.step
        if np.any(on):
            yield times[on], rows[on], leak


def _stops(system: System, card: Tran, grid: FloatArray) -> FloatArray:
    """Return the grid and the corners of sources between its times, without 0."""
    found = corners(system, card.step, card.stop)
    found = found[(found > 0.0) & (found < grid[-1])]
    off = np.abs(found / card.step - np.round(found / card.step)) > 1e-9
    return np.unique(np.concatenate([found[off], grid[1:]]))


class _Course:
    """Fixed steps of a circuit that is not passive and linear."""

    def __init__(self, system: System, card: Tran, chosen: Recording, currents: Currents, seed: int) -> None:
        self.system, self.card, self.chosen, self.currents = system, card, chosen, currents
        self.key = random.key(seed, "tran noise")
        self.waves: Waveforms = stimulus(system, card.step, card.stop)
        self.solver, self.control = Solver(system), Tolerances.of(system).control()
        self.longest = min(card.longest or card.step, card.step)
        self.track: Track = begun(system, self.solver, card, self.waves, self.longest, Tolerances.of(system))
        self.packed = pack(self.track), pack(self.waves)
        self.landed = self._landed()
        if currents.count and not currents.slow and not abs(self.landed).max():
            raise _nothing_kept(card)
        slow = Intensity(np.zeros(system.size), currents.slow)
        moment = Moment(seed, "tran", 0, np.zeros(1, np.int64))
        self.shaking = Shaking(slow, moment) if currents.slow else None
        self.taken = 0  # steps

    def _landed(self) -> sparse.csc_matrix | FloatArray:
        """Return what charge 1 As of every source leaves in every row (size, sources)."""
        system, into, solver = self.system, self.currents.into, self.solver
        network, size = system.network, system.size
        solver.evaluate(self.track.x[:-1], self.track.d)
        places = network.changing_rows, network.changing_columns

        def matrix(constant: FloatArray, changing: FloatArray, share: float) -> sparse.csc_matrix:
            fixed = sparse.csc_matrix((constant[:-1], network.rows, network.start), shape=(size, size))
            return fixed + share * sparse.csc_matrix((changing[:-1], places), shape=(size, size))

        c = matrix(network.c0, solver.at.jc, 1.0)
        # K must be the same with slopes three times as steep: only those next to bare nodes enter it.
        shares = (1.0,) if system.affine else (1.0, 3.0)
        states = tuple(matrix(network.g0, solver.at.jg, share) for share in shares)
        rows = np.unique(into.tocoo().row)
        reach = landing(c, states, system.network.nodes, rows, self.card.step, lambda k: system.names[k])
        found = sparse.csc_matrix(reach @ into)
        return found.toarray() if found.shape[0] * found.shape[1] <= SMALL else found

    def rows(self) -> Iterator[Rows]:
        """Yield the rows."""
        card, corner = self.card, _stops(self.system, self.card, _grid(self.card))
        known = set(corners(self.system, card.step, card.stop).tolist())
        if card.start <= 0.0:
            yield Rows(np.zeros(1), self.chosen.values(self.track.x[None, self.chosen.kept].copy()), 0.0)
        at, most = 0, max(1, min(4096, BLOCK // (self.currents.count + self.system.size)))
        still = not (self.currents.varying or self.currents.slow)
        # From one corner of a source to the next; a corner that is no multiple of TSTEP gets no row.
        borders = [k for k, time in enumerate(corner) if time in known or k == len(corner) - 1]
        for border in borders:
            while at <= border:
                last = min(border + 1, at + most)
                begin = float(self.track.clock[TIME])
                times, lengths, row = self._split(begin, corner[at:last])
                found = self._blocks(times, lengths, most if still else 1)
                here = times[row]
                on = np.abs(here - np.round(here / card.step) * card.step) <= 1e-9 * card.step
                on &= here >= card.start * (1.0 - 1e-9)
                if np.any(on):
                    yield Rows(here[on], self.chosen.values(found[row][on]), 0.0)
                at = last
            if at < len(corner):
                self._restart()

    def _split(self, begin: float, ends: FloatArray) -> tuple[FloatArray, FloatArray, IntArray]:
        """Return times and lengths of steps that land on `ends`, and which of them do."""
        gaps = np.diff(ends, prepend=begin)
        # Lengths that differ by rounding alone are one: each length is a factorisation.
        gaps = np.where(np.abs(gaps / self.card.step - 1.0) < 1e-6, self.card.step, gaps)
        parts = np.maximum(np.ceil(gaps / self.longest * (1.0 - 1e-9)).astype(np.int64), 1)
        lengths = np.repeat(gaps / parts, parts)
        last = np.cumsum(parts) - 1
        within = np.arange(len(lengths)) - np.repeat(last - parts, parts)
        times = np.repeat(ends - gaps, parts) + within * lengths
        times[last] = ends
        return times, lengths, last

    def _blocks(self, times: FloatArray, lengths: FloatArray, most: int) -> FloatArray:
        """Return the kept unknowns at each time."""
        out = np.empty((len(times), len(self.chosen.kept)))
        for first in range(0, len(times), most):
            last = min(first + most, len(times))
            pushes = self._pushes(lengths[first:last])
            self._march(times[first:last], lengths[first:last], pushes, out[first:last])
        return out

    def _pushes(self, lengths: FloatArray) -> FloatArray:
        """Return 2·(c + K·√(D/h)·ξ) of some steps; of one alone where currents depend on the state."""
        normal = _draws(self.key, self.taken, len(lengths), self.currents.count)
        strength = self.currents.deviations(self.track.x) / np.sqrt(lengths)[:, None]
        pushes = np.asarray((self.landed @ (normal * strength).T).T)
        self.taken += len(lengths)
        if self.shaking is not None:
            slow = self.shaking.push()
            pushes += 0.0 if slow is None else slow
            self.shaking.advance(self.taken, float(lengths[0]))
        return np.ascontiguousarray(2.0 * pushes)

    def _march(self, times: FloatArray, lengths: FloatArray, pushes: FloatArray, out: FloatArray) -> None:
        """Step on, with new pivots where they fail."""
        solver, track, at, tries, failed = self.solver, self.track, 0, 0, -1
        solver.prepare(track.x, track.d, self.control, 2.0 / lengths[0])
        state, waves = self.packed
        while at < len(times):
            code, at = noisy_march(
                solver.packed, state, waves, times, lengths, pushes, at, self.chosen.kept, out
            )
            if code == Outcome.DONE:
                return
            tries = tries + 1 if at == failed else 1
            failed = at
            if code != Outcome.REPIVOT or tries > 3:
                raise SimulationError(
                    f"Newton's method found no next step: stopped at t = {track.clock[TIME]:.6g} s",
                    advice="a shorter TSTEP, or a TMAX below it",
                    time=float(track.clock[TIME]),
                )
            solver.alpha = 2.0 / lengths[at]
            solver.repivot(track.x, track.d)

    def _restart(self) -> None:
        """Take the currents behind a corner of a source from the state there."""
        track, solver, step = self.track, self.solver, VANISHING * self.longest
        fill(self.waves, float(track.clock[TIME]) + step, track.d)
        x = implicit_point(solver, track.d, track.x[:-1], track.q[:-1], step)
        fill(self.waves, float(track.clock[TIME]), track.d)
        begin_at(track, solver, x)
        track.memory[:] = track.memory_kept[:] = np.nan
