"""cost/ of a file: what answers take, sample by sample, and the numbers that are told of it.

    latency          s, length of a sample's free phase; NaN where time is not stepped
    settling         s until it has settled (cost/latency.py)
    energy_free      J of an inference by kind of device: what each kind burns, what converters take, what
    energy_nudged    capacitances took up ("stored"); of an inference, and of all nudged phases of a training
                     sample: the sum over kinds is what supplies and sources deliver
    energy_update    J of programming the weights, the mean over the training samples of this run

The first samples alone are watched (spending.py); of the others, and of what is not known, stands NaN.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.netlists.circuit import Circuit
from eqchip.simulator.cost.conversions import conversions_of
from eqchip.simulator.cost.latency import quantiles
from eqchip.simulator.cost.power import RAILS, STORED
from eqchip.simulator.learning.epoch import Evaluation
from eqchip.simulator.rows import Column, Plan, Rows, Trace
from eqchip.simulator.spending import Spending, tolerance_of

FloatArray = NDArray[np.float64]

CONVERTERS = "converters"
#: What happens to a sample, by column: an inference is the first, a training sample all of them.
PHASES = {"free": "energy_free", "nudged": "energy_nudged", "update": "energy_update"}


def kinds_of(circuit: Circuit) -> tuple[str, ...]:
    """Return the kinds that energy is told apart by."""
    families = {one.family.name: None for one in circuit.instances if not one.family.delivers}
    converters = [CONVERTERS] if conversions_of(circuit) else []
    return (*families, RAILS, *converters, STORED)


def cost_plan(circuit: Circuit, trains: bool = False) -> Plan:
    """Return the plan of `cost/`; its attributes say how many devices of each family there are."""
    devices: dict[str, int] = {}
    for one in circuit.instances:
        devices[one.family.name] = devices.get(one.family.name, 0) + one.count
    kinds = kinds_of(circuit)
    columns = [Column("latency", "s"), Column("settling", "s")]
    columns.append(Column(PHASES["free"], "J", len(kinds), kinds))
    if trains:
        columns += [Column(PHASES["nudged"], "J", len(kinds), kinds), Column(PHASES["update"], "J")]
    tolerance = tolerance_of(circuit)
    counts = {
        "settle_tolerance": tolerance,
        "devices": list(devices),
        "device_counts": list(devices.values()),
    }
    return Plan("cost", Column("sample", ""), tuple(columns), counts)


def cost_rows(circuit: Circuit, test: Evaluation, spent: Spending, update: float | None = None) -> Rows:
    """Return what each test sample took; of a training with the J of programming a sample (NaN: unknown)."""
    count, kinds = test.samples, kinds_of(circuit)
    converters = conversions_of(circuit)
    took = np.full(count, np.nan) if test.durations is None else np.asarray(test.durations, float)
    if test.durations is None:
        took = _first(spent.lasted, count)
    values = {
        "latency": took,
        "settling": _first(spent.settling, count),
        PHASES["free"]: _by_kind(spent.free, kinds, count, converters.dac + converters.adc),
    }
    if update is not None:
        outputs = converters.adc * spent.nudged_phases
        values[PHASES["nudged"]] = _by_kind(spent.nudged, kinds, count, outputs)
        values[PHASES["update"]] = _first(np.full(len(spent.settling), update), count)
    return Rows(np.arange(count, dtype=np.float64), values)


def _first(known: FloatArray, count: int) -> FloatArray:
    """Return a column whose first values are known."""
    column = np.full(count, np.nan)
    column[: len(known)] = known
    return column


def _by_kind(
    joules: dict[str, FloatArray], kinds: tuple[str, ...], count: int, conversion: float
) -> FloatArray:
    column = np.full((count, len(kinds)), np.nan)
    if joules:
        known = len(next(iter(joules.values())))
        for at, kind in enumerate(kinds):
            column[:known, at] = conversion if kind == CONVERTERS else joules.get(kind, 0.0)
    return column


def energies(trace: Trace) -> dict[str, dict[str, float]]:
    """Return the mean J of a sample by phase and kind; phases of which nothing is known are left out."""
    found = {}
    columns = {one.name: one for one in trace.plan.columns}
    for phase, name in PHASES.items():
        if name not in columns:
            continue
        values = np.asarray(trace.values[name], dtype=np.float64)
        known = np.isfinite(values if values.ndim == 1 else values.sum(axis=1))
        if not np.any(known):
            continue
        labels = columns[name].labels or ("programming",)
        means = np.atleast_1d(values[known].mean(axis=0))
        found[phase] = {label: float(mean) for label, mean in zip(labels, means, strict=True) if mean != 0.0}
    return found


def cost_answers(trace: Trace) -> dict[str, Any]:
    """Return the keys of --json about cost: of a training sample after a training, else of an inference."""
    by_phase = energies(trace)
    there = {one.name for one in trace.plan.columns}
    whole = all(phase in by_phase for phase, name in PHASES.items() if name in there)
    median, most, largest = quantiles(np.asarray(trace.values["settling"], dtype=np.float64))
    latency = np.asarray(trace.values["latency"], dtype=np.float64)
    known = latency[np.isfinite(latency)]
    tolerance = float(trace.plan.attributes.get("settle_tolerance", math.nan))
    settled = {"median": median, "p95": most, "max": largest, "tolerance": tolerance}
    return {
        "latency_seconds": float(known.mean()) if len(known) else None,
        "settling_seconds": settled if math.isfinite(median) else None,
        "energy_joules_per_sample": sum(sum(kinds.values()) for kinds in by_phase.values())
        if whole
        else None,
        "energy_joules": by_phase or None,
    }


def cost_lines(trace: Trace) -> list[str]:
    """Return lines that tell people about it."""
    from eqchip.units import engineering

    lines = []
    told = cost_answers(trace)
    if told["settling_seconds"] is not None:
        settled = dict(told["settling_seconds"])
        within = settled.pop("tolerance")
        times = {name: engineering(value, "s") for name, value in settled.items()}
        lines.append(
            f"settles within {within:g} in {times['median']} (median), {times['p95']} (95 %), "
            f"{times['max']} (longest)"
        )
    names = {"free": "an inference", "nudged": "nudged phases", "update": "programming"}
    for phase, kinds in energies(trace).items():
        if not kinds:
            continue
        parts = sorted(kinds.items(), key=lambda one: -abs(one[1]))
        shown = ", ".join(f"{kind} {engineering(joules, 'J')}" for kind, joules in parts)
        lines.append(f"{names[phase]}: {engineering(sum(kinds.values()), 'J')} ({shown})")
    return lines
