"""Run a circuit's analyses in their order, to memory or to a file."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from eqchip.errors import InputError
from eqchip.netlists.circuit import Analysis, Circuit, Dc, Tran
from eqchip.simulator.analyses.analyse import analyse
from eqchip.simulator.analyses.sweep import points
from eqchip.simulator.cost.waveform_energy import WaveformEnergy
from eqchip.simulator.curves import weight_plans
from eqchip.simulator.data.load import load as load_data
from eqchip.simulator.learning.waveform import Learner, learner_of, waveform_of
from eqchip.simulator.loaded import LoadedChip, pointing
from eqchip.simulator.manufacture import manufactured
from eqchip.simulator.records.layout import group_names
from eqchip.simulator.records.provenance import Provenance, resolved
from eqchip.simulator.records.reader import Record
from eqchip.simulator.records.recorder import Recorder
from eqchip.simulator.records.shield import shielded
from eqchip.simulator.rows import Plan, Rows, gather
from eqchip.simulator.run import Run
from eqchip.simulator.sparse import compile_sparse
from eqchip.simulator.stores import programmed

#: Weights go to disk this often at most, in seconds; and at the end.
OFTEN = 2.0

#: Called with every block of rows as it comes, the plan it belongs to, and the share of the work done.
Watch = Callable[[Plan, Rows, float], None]


def origin(
    command: str,
    chip: LoadedChip,
    form: str,
    dtype: str,
    arguments: Sequence[str] = (),
    data: str | None = None,
) -> Provenance:
    """Return what a record says about where it came from; `data` replaced the .data card."""
    circuit = chip.circuit
    parameters = {**resolved(circuit), **chip.switches.as_dict(), **({} if data is None else {"data": data})}
    return Provenance(
        command=command,
        chip=chip.name,
        netlist=chip.netlist.text,
        netlist_file=circuit.file,
        includes=chip.netlist.included,
        parameters=parameters,
        overrides=chip.overrides,
        seed=seed_of(circuit),
        form=form,
        dtype=dtype,
        arguments=arguments,
    )


def seed_of(circuit: Circuit) -> int:
    """Return the seed of a run: that of the .train card, 0 without one."""
    return int(float(circuit.train.get("seed", 0)))


@pointing
def simulate(
    chip: LoadedChip,
    file: str | os.PathLike[str] | None = None,
    *,
    data: str | None = None,
    arguments: Sequence[str] = (),
    watch: Watch | None = None,
) -> Run:
    """Run every analysis of a chip, in the order of its netlist; `data` are what its waveform learns from."""
    circuit = manufactured(chip.circuit)
    if not circuit.analyses:
        trainable = f"; eqchip train {chip.name} trains it" if circuit.learns else ""
        raise InputError(f"{chip.name} asks for no analysis", expected=f"a card .op, .dc or .tran{trainable}")
    begin = time.monotonic()
    if data is not None and waveform_of(circuit) is None:
        raise InputError(
            f"data {data}: {chip.name} shows no samples to anything in its analyses",
            expected="a card .tran … learn, or eqchip train",
        )
    # Out of a record, the samples are those of its own run.
    data = chip.data if data is None and waveform_of(circuit) is not None else data
    learner = learner_of(circuit, load_data(circuit, data)) if waveform_of(circuit) else None
    # Each analysis says first what is going to come: a file needs all of it before the first row.
    streams, cards = _streams(circuit, learner)
    plans = [_first(stream) for stream in streams]
    watched = [
        _watched(plan, stream, card, (index, len(plans)), watch)
        for index, (plan, stream, card) in enumerate(zip(plans, streams, cards, strict=True))
    ]
    # Energies stand before the waveform they are of, and are known after it.
    order = sorted(range(len(plans)), key=lambda k: plans[k].kind == "cost")
    facts: dict[str, Any] = {
        "command": "simulate",
        "chip": chip.name,
        "form": "sparse",
        "dtype": "float64",
        "seed": seed_of(circuit),
    }
    if file is None:
        traces = {k: gather([plans[k], *watched[k]])[0] for k in order}
        names = group_names(plan.kind for plan in plans)
        facts |= {"outcome": "complete", "seconds": time.monotonic() - begin}
        if learner is not None:
            learner.take()
        weights = learner.weights() if learner is not None else None
        return Run(facts, {name: traces[k] for k, name in enumerate(names)}, weights)
    arrays = weight_plans(learner.chip) if learner else []
    where = origin("simulate", chip, "sparse", "float64", arguments, data)
    where = replace(where, parameters={**where.parameters, "data_option": data})
    with Recorder(file, where, plans, arrays) as recorder:
        stored = -math.inf
        try:
            for index in order:
                for rows in watched[index]:
                    with shielded():  # weights are those of the last row, whenever Ctrl-C comes
                        recorder.add(index, rows)
                        if learner is not None:
                            learner.take()
                    if learner is not None and time.monotonic() - stored > OFTEN:
                        _store(recorder, learner)  # a killed run has them too
                        stored = time.monotonic()
        except KeyboardInterrupt:
            kept = f"{recorder.rows} rows are kept in {file}" if recorder.rows else "nothing was kept"
            raise KeyboardInterrupt(kept) from None
        finally:
            if learner is not None:
                _store(recorder, learner)
    return Run.of(Record(file))


def _store(recorder: Recorder, learner: Learner) -> None:
    for name, values in learner.weights().items():
        recorder.put(f"weights/{name}", values)


def _streams(circuit: Circuit, learner: Learner | None) -> tuple[list[Iterator[Plan | Rows]], list[Analysis]]:
    """Begin every analysis; a learning waveform has a chip of its own, the others see it as it was.

    Returns the cards they are of too: a waveform whose energies are asked for is two streams.
    """
    learned = waveform_of(circuit)
    plain = [one for one in circuit.analyses if one is not learned]
    system = compile_sparse(programmed(replace(circuit, analyses=plain))) if plain else None
    streams: list[Iterator[Plan | Rows]] = []
    cards: list[Analysis] = []
    asked = bool(circuit.options.get("energy", 0.0))
    for one in circuit.analyses:
        energy = None
        if learner is not None and one is learned:
            streams.append(learner.waveform())
        elif system is not None:
            if asked and isinstance(one, Tran):
                energy = WaveformEnergy(system)
                streams.append(_energies(energy))
            streams.append(analyse(system, one, energy))
        cards += [one] * (len(streams) - len(cards))
    return streams, cards


def _energies(energy: WaveformEnergy) -> Iterator[Plan | Rows]:
    """Yield the energies of a waveform; it has to be over."""
    yield energy.plan
    yield energy.rows()


def _first(stream: Iterator[Plan | Rows]) -> Plan:
    plan = next(stream)
    assert isinstance(plan, Plan)  # the contract of an analysis
    return plan


def _watched(
    plan: Plan,
    stream: Iterator[Plan | Rows],
    card: Analysis,
    place: tuple[int, int],
    watch: Watch | None,
) -> Iterator[Rows]:
    """Hand the rows on, and tell `watch` how far they are; `place` is (number of this analysis, of all)."""
    done = 0
    for event in stream:
        assert isinstance(event, Rows)  # one analysis, one plan
        done += event.axis.size
        if watch is not None:
            watch(plan, event, (place[0] + _share(card, event, done)) / place[1])
        yield event


def _share(card: Analysis, rows: Rows, done: int) -> float:
    """Return how much of an analysis is done: time passed, or points of a sweep."""
    if isinstance(card, Tran):
        return min(1.0, float(rows.axis[-1]) / card.stop) if rows.axis.size else 0.0
    if isinstance(card, Dc):
        return done / math.prod(len(points(*sweep[1:])) for sweep in card.sweeps)
    return 1.0
