"""What sources deliver and devices burn while a circuit's time flows (.tran with .options energy=1).

Row after row of a transient, every accepted step: powers are added up by the trapezoidal rule, charges by
v̄·Δq (cost/energy.py). Energies are those between the first row and the last: from TSTART on.

    delivered(source)   −∫ v·i dt of each source, the energy ngspice gives for −v·i; "supplies": what
                        devices draw from outside the circuit (family.supply)
    burnt(kind)         J of all devices of a family
    stored              J that capacitances and inductances took up

Source: cost/dissipation.py. Limits: a source that jumps between two rows is taken as a straight line, so only
corners of no width are off; beyond MOST sources they are told by kind.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eqchip.devices.graph import Graph
from eqchip.simulator.cost.dissipation import electrical, flows, kinds_of, part_of, power_of, signs
from eqchip.simulator.cost.power import RAILS, Power, taken_up
from eqchip.simulator.rows import Column, Plan, Rows, Trace
from eqchip.simulator.system import System, padded
from eqchip.units import engineering

FloatArray = NDArray[np.float64]

SUPPLIES = "supplies"
#: Sources that are told one by one.
MOST = 64


class WaveformEnergy:
    """Adds up the energies of one transient."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.kinds, self.carries = kinds_of(system), electrical(system)
        self.free = np.zeros(system.size + 1, dtype=np.bool_)  # no input is held: every current counts
        self.sources = self._sources()
        families = dict.fromkeys(kind.family.name for kind in self.kinds if not kind.family.delivers)
        rails = (RAILS,) if len(system.network.held) else ()
        self.names = (*families, *rails)
        drawn = any(kind.family.supply is not None for kind in self.kinds)
        self.delivered = dict.fromkeys([*self.sources, *([SUPPLIES] if drawn else [])], 0.0)
        self.burnt = dict.fromkeys(self.names, 0.0)
        self.stored = 0.0
        self._before: tuple[FloatArray, FloatArray, FloatArray] | None = None

    def _sources(self) -> dict[str, list[Graph]]:
        found: dict[str, list[Graph]] = {}
        members = [one for one in self.system.ranges.values() if one.instance.family.delivers]
        for one in members:
            by_kind = len(members) > MOST
            name = one.instance.family.name if by_kind else one.instance.name.lower()
            if not by_kind:
                found[name] = [part_of(one)]
            elif name not in found:
                found[name] = [kind.graph for kind in self.kinds if kind.family.name == name]
        return found

    @property
    def plan(self) -> Plan:
        """What `cost/` of a transient holds: one row, at the end."""
        sources, kinds = tuple(self.delivered), self.names
        columns = [Column("stored", "J")]
        if sources:
            columns.insert(0, Column("delivered", "J", len(sources), sources))
        if kinds:
            columns.insert(len(columns) - 1, Column("burnt", "J", len(kinds), kinds))
        return Plan("cost", Column("time", "s"), tuple(columns))

    def add(self, times: FloatArray, states: FloatArray, drives: FloatArray) -> None:
        """Take the next rows: times, all unknowns (n, size), drives (n, drives)."""
        if self._before is not None:
            times, states, drives = (
                np.concatenate([one[None], more])
                for one, more in zip(self._before, (times, states, drives), strict=True)
            )
        self._before = times[-1], states[-1], drives[-1]
        if len(times) < 2:
            return
        steps = np.diff(times)
        power = power_of(self.system, self.kinds, self.carries, self.free, states, drives)
        for name, watts in power.burnt.items():
            self.burnt[name] += _sum(steps, watts)
        volts = np.where(self.carries, padded(states) * signs(self.system), 0.0)
        known = np.zeros(len(times))
        for name, graphs in self.sources.items():
            watts = np.zeros(len(times))
            for graph in graphs:
                watts -= np.einsum("bn,bn->b", volts, flows(self.system, graph, padded(states), drives)[0])
            self.delivered[name] += _sum(steps, watts)
            known += watts
        if SUPPLIES in self.delivered:
            self.delivered[SUPPLIES] += _sum(steps, power.delivered - known)
        self.stored += float(np.sum(taken_up(_rows(power, slice(None, -1)), _rows(power, slice(1, None)))))

    def rows(self) -> Rows:
        """Return the energies so far."""
        values = {"stored": np.array([self.stored])}
        if self.delivered:
            values["delivered"] = np.array([list(self.delivered.values())])
        if self.burnt:
            values["burnt"] = np.array([list(self.burnt.values())])
        end = 0.0 if self._before is None else float(self._before[0])
        return Rows(np.array([end]), values)


def _sum(steps: FloatArray, watts: FloatArray) -> float:
    return float(np.sum(0.5 * (watts[:-1] + watts[1:]) * steps))


def _rows(power: Power, which: slice) -> Power:
    return Power({}, power.delivered[which], power.volts[which], power.charges[which])


def waveform_joules(trace: Trace) -> dict[str, dict[str, float] | float]:
    """Return `cost/` of a transient by column: joules, or joules by source or kind."""
    found: dict[str, dict[str, float] | float] = {}
    for column in trace.plan.columns:
        joules = np.atleast_1d(trace.values[column.name][-1])
        if column.labels:
            found[column.name] = dict(zip(column.labels, map(float, joules), strict=True))
        else:
            found[column.name] = float(joules[0])
    return found


def waveform_energies(trace: Trace) -> list[tuple[str, str]]:
    """Return what people are told of it: a word, and joules of each source or kind."""
    found = []
    for name, joules in waveform_joules(trace).items():
        named = joules if isinstance(joules, dict) else {"": joules}
        parts = [f"{label} {engineering(one, 'J')}".strip() for label, one in named.items()]
        found.append((name, ", ".join(parts)))
    return found
