"""Cells: an array of memory devices, from the change that is asked for to the weight that is read.

    request ─pulses→ steps ─time→ stored value ─reading→ weight of a phase

A weight is wscale·(value − reference), or wscale·(value₊ − value₋) of a pair. Every other file of this room
is one idea on this way; this one runs them in their order. A value is hidden + offset: offset is the noise
that the last write left (write_noise_std), of which the next pulses know nothing.

The energy of a change is V²·t·Σ n·G, with G = gmin + (gmax − gmin)·(w − w_min)/(w_max − w_min) at the mean of
the values before and after. Setting weights up (`program`) costs nothing; refreshing them does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.devices.cells import pairs, pulses, steps
from eqchip.devices.cells.affine import Affine, affine_rows
from eqchip.devices.cells.curved import curved_rows, largest_group
from eqchip.devices.cells.declarations import PARAMETERS
from eqchip.devices.cells.drawn import Drawn, Stream
from eqchip.devices.cells.laying import lay
from eqchip.devices.cells.manufactured import acts, energies, held_bounds
from eqchip.devices.cells.normals import key_of, normals
from eqchip.devices.cells.programming import Programming
from eqchip.devices.cells.read import Reading
from eqchip.devices.cells.stored import Keeping
from eqchip.devices.cells.symmetry import symmetry_points
from eqchip.errors import InputError
from eqchip.threads import share

__all__ = ["PARAMETERS", "Cells", "cells_of"]

Array = NDArray[Any]
FloatArray = NDArray[np.float64]

_STATE = ("hidden", "offset", "age", "nu", "taken", "traps")


class Cells:
    """An array of memory devices. Weights and requests have the shape of the array; units are those of W."""

    def __init__(self, given: Mapping[str, Any], shape: tuple[int, ...], chip_stream: Stream) -> None:
        self.shape = tuple(shape)
        self.kind = str(given.get("cells", pairs.SINGLE))
        self._all = (pairs.planes(self.kind), *self.shape)
        drawn = Drawn(given, self._all, chip_stream)
        self.wscale, self.dw_min = drawn.number("wscale"), steps.step_of(drawn)
        low, high = steps.bounds(drawn)
        self._devices = steps.devices_of(drawn, self.dw_min, low, high)
        self._group = 1.0 if isinstance(self._devices, Affine) else largest_group(self._devices)
        self._multiplicative = drawn.word("mult_noise") == "1"
        self._mode, self._longest = pulses.MODES[drawn.word("pulses")], int(drawn.number("bl"))
        if self._mode == pulses.SHARED and self._longest > pulses.LONGEST_SHARED:
            raise InputError(f"bl={self._longest}: shared trains have at most {pulses.LONGEST_SHARED} pulses")
        self._way = self._mode, self._longest, pairs.SHARES[self.kind], self.kind == pairs.ONESIDED
        self._low, self._high = self._fixed(drawn, low, high)
        self._bounds = steps.nominal_bounds(drawn)
        unbounded = drawn.word("update") == "ideal" and not (drawn.has("w_max") and drawn.has("w_min"))
        self._range = (-math.inf, math.inf) if unbounded else self._bounds
        self._programming = Programming(drawn, *self._bounds)
        self._keeping = Keeping(drawn, self._bounds[1])
        self._reading = Reading(drawn, self._bounds[1])
        self._write_noise = drawn.number("write_noise_std") * self.dw_min
        self._refresh, self._turns = int(drawn.number("refresh")), 0
        self._level = self.wscale * drawn.number("reference")
        self._column = _column(given, self.shape, chip_stream) if self.kind == pairs.REFERENCE else None
        self._zero = np.zeros(()) if self._column else drawn.absolute("reference")
        if drawn.word("symmetry") == "1":
            height = math.prod(self._all[:-1])
            self._zero = self._zero + symmetry_points(self._devices, height).reshape(self._all)
        self._zero_rows = steps.rows(self._zero, self._all)
        self._zero = np.broadcast_to(self._zero, self._all)
        self._joule, self._conductance = energies(drawn, given, self.wscale, self._bounds)
        if drawn.word("update") == "ideal" and math.isnan(self._joule):
            self._joule, self._conductance = 0.0, (0.0, 0.0)  # ideal changes need no pulse, and no energy

        self.hidden = np.clip(np.zeros(self._all), self._low, self._high)
        self.offset = np.zeros(self._all if self._write_noise else ())
        aging = self._keeping.drifts or self._reading.flicker > 0.0
        self.age = np.zeros(self._all if aging else ())
        self.nu = self._keeping.exponents(self.hidden) if self._keeping.drifts else np.zeros(())
        self.taken = np.zeros(self._all if self._programming.wears else ())  # pulses of each device
        self.traps = np.asarray(self._reading.first)
        if self._column is not None:
            self._column.program(np.full(self._column.shape, self._level), chip_stream("column"), exact=True)
        self.energy = 0.0 if math.isfinite(self._joule) else math.nan
        self.pulses = 0.0
        self.lost = 0.0  # pulses asked for beyond the longest train

    def _fixed(self, drawn: Drawn, low: FloatArray, high: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the bounds with those of stuck devices on both sides of where they stand."""
        least, most, stuck = held_bounds(drawn, low, high)
        if stuck:
            self._hold(least, most)
        return least, most

    def _hold(self, low: FloatArray, high: FloatArray) -> None:
        """Let pulses move devices within these bounds only; their steps stay as they are."""
        least, most = steps.rows(low, self._all), steps.rows(high, self._all)
        if isinstance(self._devices, Affine):
            self._devices = self._devices._replace(low=least, high=most)
        else:
            self._devices = self._devices._replace(least=least, most=most)

    # -- what stands -----------------------------------------------------------------------------------

    def _weights(self, values: FloatArray) -> FloatArray:
        found = pairs.joined(self.kind, values - self._zero)
        return self.wscale * found

    @property
    def weights(self) -> FloatArray:
        """The weights stored now."""
        found = self._weights(self.hidden + self.offset)
        return found if self._column is None else found - self._column.weights

    def lay(self, out: Array, random: np.random.Generator | None = None) -> None:
        """Set out, of any precision, to the weights stored; with `random` as one phase reads them."""
        reading = self._reading
        if random is not None and not (reading.plain and self._column is None):
            out[...] = self._read(random)
            return
        width = self._all[-1]
        column = np.zeros(0) if self._column is None else np.ravel(self._column.weights)
        lay(
            out.reshape(-1, width),
            self.hidden.reshape(-1, width),
            self.offset.reshape(-1, width) if self.offset.ndim else np.zeros((0, width)),
            self._zero_rows,
            column,
            self.wscale,
            (0.0, 0.0) if random is None else (reading.noise, reading.relative),
            (0, 0) if random is None else key_of(random),
        )

    @property
    def fluctuates(self) -> bool:
        """Whether a reading differs from what is stored."""
        return self._reading.fluctuates

    @property
    def ages(self) -> bool:
        """Whether anything of the devices changes while time passes."""
        own = self.moves or self.age.ndim > 0 or bool(self._reading.rtn)
        return own or (self._column is not None and self._column.ages)

    @property
    def moves(self) -> bool:
        """Whether what is stored changes while time passes."""
        return self._keeping.active or (self._column is not None and self._column.moves)

    def read(self, random: np.random.Generator) -> FloatArray:
        """Return the weights as one phase reads them."""
        out = np.empty(self.shape)
        self.lay(out, random)
        return out

    def _read(self, random: np.random.Generator) -> FloatArray:
        found = self._weights(self._reading.read(self.hidden + self.offset, self.age, self.traps, random))
        return found if self._column is None else found - self._column.read(random)

    # -- writing ---------------------------------------------------------------------------------------

    def program(self, weights: Array, random: np.random.Generator, exact: bool = False) -> None:
        """Bring the devices to these weights as well as they can be; `exact`: as they once stood."""
        wanted = np.asarray(weights, dtype=np.float64) / self.wscale
        if self._column is not None:
            if not exact:
                self._column.program(np.full(self._column.shape, self._level), random)
            wanted = wanted + self._column.weights / self.wscale
        self._set(pairs.split(self.kind, wanted, *self._range) + self._zero, random, exact)

    def _set(self, wanted: FloatArray, random: np.random.Generator, exact: bool) -> None:
        if exact:  # stuck devices stand where they are even then
            stuck = self._low == self._high
            wanted = np.where(stuck, self._low, wanted)
        else:
            held = self._programming.on_levels(np.clip(wanted, self._low, self._high))
            wanted = np.clip(self._programming.missed(held, random), self._low, self._high)
        self.hidden = np.array(wanted)
        self.offset = np.zeros(self.offset.shape)
        self.age = np.zeros(self.age.shape)
        if self._keeping.drifts:
            self.nu = self._keeping.exponents(self.hidden)

    @property
    def by_trains(self) -> bool:
        """Whether pulses come where the trains of a row and a column coincide."""
        return self._mode == pulses.SHARED

    def change(self, request: Array, random: np.random.Generator) -> None:
        """Ask for a change of the weights: it is made in pulses, as the devices make it."""
        if self._mode == pulses.SHARED:
            raise InputError(
                "pulses=shared needs what rows and columns do, not the change of each weight alone",
                expected="a rule and estimator whose updates are products; or pulses=independent",
            )
        matrix = np.multiply(request, 1.0 / (self.wscale * self.dw_min), dtype=np.float64, order="C")
        asked = pulses.of_matrix(matrix.reshape(-1, self._all[-1]), *self._way)
        self._pulse(asked, *key_of(random), random)

    def change_by_products(
        self, rows: Array, columns: Array, factor: float, random: np.random.Generator
    ) -> None:
        """Ask for the change factor·Σ rows[b] ⊗ columns[b], shapes (samples, rows | columns)."""
        asked = pulses.of_products(
            np.multiply(rows, factor / (self.wscale * self.dw_min), dtype=np.float64, order="C"),
            np.ascontiguousarray(columns, dtype=np.float64),
            *self._way,
        )
        self._pulse(asked, *key_of(random), random)

    def change_by_trains(
        self, rows: Array, columns: Array, factor: float, random: np.random.Generator
    ) -> None:
        """Ask for factor·rows[b] ⊗ columns[b] of each sample b in turn, shapes (samples, rows | columns)."""
        k0, k1 = key_of(random)
        asked, lost = pulses.of_samples(
            np.ascontiguousarray(rows * (factor / (self.wscale * self.dw_min)), dtype=np.float64),
            np.ascontiguousarray(columns, dtype=np.float64),
            *self._way,
            k0,
            k1,
        )
        self.lost += lost
        self._pulse(asked, k0, k1, random)

    def _pulse(self, asked: pulses.Asked, k0: int, k1: int, random: np.random.Generator) -> None:
        hidden = self.hidden.reshape(-1, self._all[-1])
        follows = self._write_noise or self.age.ndim or self._keeping.drifts or self._programming.wears
        touched, sums = np.zeros(hidden.shape if follows else (0, 0)), np.zeros((len(hidden), 3))
        devices = self._devices
        if isinstance(devices, Affine):
            plain = self._multiplicative

            def work(first: int, last: int) -> None:
                affine_rows(first, last, hidden, touched, asked, devices, plain, k0, k1, sums)

        else:
            group = self._group

            def work(first: int, last: int) -> None:
                curved_rows(first, last, hidden, touched, asked, devices, group, k0, k1, sums)

        share(work, len(hidden))
        weighted, lost, count = sums.sum(axis=0)
        self.lost += float(lost)
        self.hidden = self._programming.on_levels(self.hidden)
        self._spend(float(count), float(weighted))
        if follows:
            self._written(touched.reshape(self._all), random)
        self._turns += 1
        if self._refresh and self._turns % self._refresh == 0 and pairs.planes(self.kind) == 2:
            self._renew(random)

    def _spend(self, count: float, weighted: float) -> None:
        """Count pulses; `weighted` is the sum of the values at which they were given."""
        self.pulses += count
        base, slope = self._conductance
        self.energy += self._joule * (base * count + slope * weighted)

    def _written(self, touched: FloatArray, random: np.random.Generator) -> None:
        """Note which devices were pulsed, and how often."""
        hit = touched > 0.0
        if self._write_noise:
            noise = self._write_noise * normals(self._all, random)
            self.offset = np.where(hit, noise, self.offset)
        if self.age.ndim:
            self.age = np.where(hit, 0.0, self.age)
        if self._keeping.drifts:
            self.nu = np.where(hit, self._keeping.exponents(self.hidden), self.nu)
        if self._programming.wears:
            self.taken = self.taken + touched
            self._wear()

    def _wear(self) -> None:
        low, high = self._programming.worn(self._low, self._high, self.taken)
        self._hold(low, high)
        self.hidden = np.clip(self.hidden, low, high)

    def _renew(self, random: np.random.Generator) -> None:
        """Set pairs anew to the difference that they have."""
        before = self.hidden
        now = pairs.joined(self.kind, before + self.offset - self._zero)
        self._set(pairs.split(self.kind, now, *self._range) + self._zero, random, exact=False)
        count = np.abs(self.hidden - before) / self.dw_min
        self._spend(float(count.sum()), float((count * 0.5 * (self.hidden + before)).sum()))
        if self._programming.wears:
            self.taken = self.taken + count
            self._wear()

    # -- time ------------------------------------------------------------------------------------------

    def wait(self, seconds: float, random: np.random.Generator) -> None:
        """Let time pass."""
        if self._keeping.active:
            values = self.hidden + self.offset
            later = self._keeping.pass_time(values, self.age, self.nu, seconds, random)
            self.hidden = np.clip(later - self.offset, self._low, self._high)
        if self.age.ndim:
            self.age = self.age + seconds
        self.traps = self._reading.flip(self.traps, seconds, random)
        if self._column is not None:
            self._column.wait(seconds, random)

    def state(self) -> dict[str, Array]:
        """Return all that the next change depends on."""
        found = {name: np.array(getattr(self, name)) for name in _STATE}
        found["spent"] = np.array([self.energy, self.pulses, self.lost, float(self._turns)])
        if self._column is not None:
            found |= {f"column_{name}": value for name, value in self._column.state().items()}
        return {name: value for name, value in found.items() if value.ndim}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Bring the devices back into a state."""
        for name in _STATE:
            if name in state:
                setattr(self, name, np.array(state[name]))
        self.energy, self.pulses, self.lost, turns = (float(one) for one in state["spent"])
        self._turns = int(turns)
        if self._programming.wears:
            self._wear()
        if self._column is not None:
            mark = "column_"
            self._column.restore(
                {name.removeprefix(mark): value for name, value in state.items() if name.startswith(mark)}
            )


def _column(given: Mapping[str, Any], shape: tuple[int, ...], chip_stream: Stream) -> Cells:
    """Return the devices of a reference column, one for each row."""
    own = ("cells", "symmetry", "reference", "reference_dtod", "stuck", "refresh")
    said = {name: value for name, value in given.items() if name not in own and np.ndim(value) == 0}
    return Cells(said, (*shape[:-1], 1), lambda what: chip_stream(f"{what}:column"))


def cells_of(given: Mapping[str, Any], shape: tuple[int, ...], chip_stream: Stream) -> Cells | None:
    """Return the cells of an array of these parameters; None where all is ideal."""
    if not any(acts(name, value) for name, value in given.items()):
        return None
    return Cells(given, shape, chip_stream)
