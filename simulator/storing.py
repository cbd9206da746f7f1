"""Storing: what both forms of a chip do with their weights, whatever devices hold them.

    write       set θ exactly, within the bounds of the .learn cards: weights given, restored, or tried out
    change      ask for a change; ideal devices make it exactly, others as they can
    elapse      let time pass between two batches
    condition   all that later changes depend on; restore brings it back to the bit

A form says how θ of one array or group of neurons is looked up and laid into the circuit (`_theta`, `_lay`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.netlists.circuit import Circuit
from eqchip.simulator.chip import Learnable, Nudge, Settling, Weights
from eqchip.simulator.holding import Holds
from eqchip.simulator.moment import Moment
from eqchip.simulator.periphery import Periphery
from eqchip.simulator.stores import Store
from eqchip.simulator.streams import stream

Array = NDArray[Any]

#: No phase is shorter than this share of what it should be.
SHORTEST = 0.01


class Storing(ABC):
    """θ of a chip, and the cells that hold it where they are not ideal."""

    circuit: Circuit
    learnables: tuple[Learnable, ...]
    stores: dict[str, Store]
    periphery: Periphery
    holds: Holds
    revision: int  # counts changes of θ
    _moment: Moment | None = None
    _drawn: dict[tuple[str, str], int] | None = None  # writings in this moment, by purpose and array
    _entered = ""  # the one entered last

    @abstractmethod
    def _theta(self, name: str) -> Array:
        """Return what stands in the circuit of one array or group of neurons."""

    @abstractmethod
    def _lay(self, name: str, values: Array) -> None:
        """Put it there."""

    def _lay_store(self, store: Store, random: np.random.Generator | None = None) -> None:
        """Lay what a store holds into the circuit; with `random` as one phase reads it."""
        self._lay(store.name, store.weights if random is None else store.read(random))

    def _laid(self) -> None:
        """Take note that θ has changed."""
        self.revision += 1

    def unmet(self, *, alike: bool = False, frozen: bool = False, compared: bool = False) -> str:
        """Say what of its periphery keeps a statement about nudges from this chip; "": nothing."""
        if not (self.periphery.pulls_alike if alike else self.periphery.pulls_exactly):
            return "the nudge does not pull by β·∂cost/∂v: gain_error, gain_dtod or sign_error of .nudge"
        if frozen and self.periphery.reads:
            return "a frozen nudge pulls by what is read of the outputs, and bits or offset_dtod read amiss"
        if compared and self.holds.there:
            return "states are compared from hold_c of neurons, which leak and charge shift"
        if compared and any(one.given().get("signal") == "port" for one in self.circuit.instances):
            return "devices learn from the voltage between bus nodes (signal=port), not from their own"
        return ""

    # -- values ----------------------------------------------------------------------------------------

    def _stored(self, name: str) -> Array:
        store = self.stores.get(name.lower())
        return self._theta(name) if store is None else store.weights

    def parameters(self) -> Weights:
        """Return a copy of every learnable's θ."""
        return {one.name: np.array(self._stored(one.name)).reshape(one.shape) for one in self.learnables}

    def write(self, values: Mapping[str, Array]) -> None:
        """Replace θ exactly, held within the bounds of the learnables."""
        known = {one.name: one for one in self.learnables}
        for name, value in values.items():
            one, store = known[name], self.stores.get(name.lower())
            if np.isfinite(one.low) or np.isfinite(one.high):
                value = np.clip(value, one.low, one.high)
            if store is not None:
                store.program(value, self._random("write", name), exact=True)
                value = store.weights
            self._lay(name, np.asarray(value))
        self._laid()

    def change(self, requests: Mapping[str, Array]) -> None:
        """Ask for changes of θ, within the bounds of the learnables."""
        known = {one.name: one for one in self.learnables}
        for name, request in requests.items():
            one, store = known[name], self.stores.get(name.lower())
            bounded = bool(np.isfinite(one.low) or np.isfinite(one.high))
            if store is None:
                value = np.reshape(self._theta(name), one.shape) + request
                self._lay(name, np.clip(value, one.low, one.high) if bounded else np.asarray(value))
                continue
            if bounded:
                now = store.weights
                request = np.clip(now + request, one.low, one.high) - now
            store.change(request, self._random("change", name))
            self._lay_store(store)
        self._laid()

    def descend(self, signal: Weights, factors: Mapping[str, float]) -> None:
        """Ask for −factor·signal of each θ, counted in its measure."""
        measure = {one.name: one.measure for one in self.learnables}
        self.change({name: -factors[name] * measure[name] * change for name, change in signal.items()})

    def elapse(self, seconds: float) -> None:
        """Let time pass: what drifts, drifts."""
        aging = [(name, store) for name, store in self.stores.items() if store.cells.ages]
        if not seconds > 0.0:
            return
        for name, store in aging:
            store.wait(seconds, self._random("wait", name))
            if store.cells.moves:
                self._lay_store(store)
        if any(store.cells.moves for _, store in aging):
            self._laid()

    def condition(self) -> Weights:
        """Return what the cells of every array are in, beside their weights; empty for ideal devices."""
        return {
            f"{store.name}/{key}": np.array(value)
            for store in self.stores.values()
            for key, value in store.cells.state().items()
        }

    def restore(self, condition: Mapping[str, Array]) -> None:
        """Bring the cells back into a condition."""
        for store in self.stores.values():
            mark = f"{store.name}/"
            store.cells.restore({k.removeprefix(mark): v for k, v in condition.items() if k.startswith(mark)})
        self._lay_all()

    def programming(self) -> tuple[float, float]:
        """Return the joules and pulses spent on programming since the chip was made."""
        cells = [store.cells for store in self.stores.values()]
        return sum(one.energy for one in cells), sum(one.pulses for one in cells)

    # -- fluctuations ----------------------------------------------------------------------------------

    @property
    def moment(self) -> Moment | None:
        """Which batch of a run this is; None: the chip as it was made, its noise off."""
        return self._moment

    @moment.setter
    def moment(self, moment: Moment | None) -> None:
        left = self._moment is not None and moment is None
        self._moment, self._drawn = moment, None
        if left and self.fluctuates:
            self._lay_all()

    @property
    def fluctuates(self) -> bool:
        """Whether what is read of some array differs from one phase to the next."""
        return any(store.fluctuates for store in self.stores.values())

    def _enter(self, nudge: Nudge | None) -> None:
        """Read what fluctuates anew, for a phase that begins."""
        self.enter(phase_name(nudge))

    def enter(self, phase: str) -> None:
        """Read what fluctuates anew, for the phase of that name."""
        self._entered = phase
        if self._moment is None or not self.fluctuates:
            return
        at = self._moment.at(self._entered)
        for name, store in self.stores.items():
            if store.fluctuates:
                self._lay_store(store, at.stream("read", name))
        self._laid()

    @property
    def jitters(self) -> bool:
        """Whether phases differ in length."""
        return self._moment is not None and float(self.circuit.train.get("jitter", 0.0)) > 0.0

    def _clocked(self, settling: Settling) -> Settling:
        """Return how long the phase entered last is, by a clock that jitters."""
        if not self.jitters or self._moment is None:
            return settling
        width = float(self.circuit.train["jitter"])
        xi = self._moment.at(self._entered).stream("jitter").standard_normal()
        factor = max(1.0 + width * float(xi), SHORTEST)
        return replace(settling, seconds=settling.seconds * factor, eps=settling.eps * factor)

    def _lay_all(self) -> None:
        for store in self.stores.values():
            self._lay_store(store)
        self._laid()

    def _random(self, what: str, name: str) -> np.random.Generator:
        """Return the generator of one writing: its own in every moment, and each time in it."""
        key, drawn = (what, name.lower()), self._drawn or {}
        number = drawn.get(key, 0) + 1
        self._drawn = {**drawn, key: number}
        if self._moment is None:
            return stream(0, *key, number)
        return self._moment.stream(*key, number)


def phase_name(nudge: Nudge | None) -> str:
    """Return what a phase is called in the keys of its random numbers."""
    if nudge is None:
        return "free"
    return "clamped" if nudge.clamp else f"{nudge.beta:g}"
