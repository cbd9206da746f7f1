"""Run a circuit's analyses in their order, to memory or to a file."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from eqchip.errors import InputError
from eqchip.netlists.circuit import Circuit
from eqchip.simulator.loaded import LoadedChip
from eqchip.simulator.records.layout import group_names
from eqchip.simulator.records.provenance import Provenance, resolved
from eqchip.simulator.records.reader import Record
from eqchip.simulator.records.recorder import Recorder
from eqchip.simulator.rows import Plan, Rows, gather
from eqchip.simulator.run import Run
from eqchip.simulator.sparse import compile_sparse
from eqchip.simulator.weights import with_weights

#: Called with every block of rows as it comes, and the plan it belongs to.
Watch = Callable[[Plan, Rows], None]


def origin(
    command: str, chip: LoadedChip, form: str, dtype: str, arguments: Sequence[str] = ()
) -> Provenance:
    """Return what a record says about where it came from."""
    circuit = chip.circuit
    return Provenance(
        command=command,
        chip=chip.name,
        netlist=chip.netlist.text,
        netlist_file=circuit.file,
        includes=chip.netlist.included,
        parameters=resolved(circuit),
        overrides=chip.overrides,
        seed=seed_of(circuit),
        form=form,
        dtype=dtype,
        arguments=arguments,
    )


def seed_of(circuit: Circuit) -> int:
    """Return the seed of a run: that of the .train card, 0 without one."""
    return int(float(circuit.train.get("seed", 0)))


def simulate(
    chip: LoadedChip,
    file: Path | None = None,
    *,
    arguments: Sequence[str] = (),
    watch: Watch | None = None,
) -> Run:
    """Run every analysis of a chip, in the order of its netlist."""
    circuit = with_weights(chip.circuit)
    if not circuit.analyses:
        trainable = f"; eqchip train {chip.name} trains it" if circuit.learns else ""
        raise InputError(f"{chip.name} asks for no analysis", expected=f"a card .op, .dc or .tran{trainable}")
    from eqchip.simulator.analyses.analyse import analyse

    begin = time.monotonic()
    system = compile_sparse(circuit)
    # Each analysis says first what is going to come: a file needs all of it before the first row.
    streams: list[Iterator[Plan | Rows]] = [iter(analyse(system, one)) for one in circuit.analyses]
    plans = [_first(stream) for stream in streams]
    facts: dict[str, Any] = {
        "command": "simulate",
        "chip": chip.name,
        "form": "sparse",
        "dtype": "float64",
        "seed": seed_of(circuit),
    }
    if file is None:
        blocks = [list(_watched(plan, stream, watch)) for plan, stream in zip(plans, streams, strict=True)]
        traces = [gather([plan, *rows])[0] for plan, rows in zip(plans, blocks, strict=True)]
        names = group_names(plan.kind for plan in plans)
        facts |= {"outcome": "complete", "seconds": time.monotonic() - begin}
        return Run(facts, dict(zip(names, traces, strict=True)))
    with Recorder(file, origin("simulate", chip, "sparse", "float64", arguments), plans) as recorder:
        try:
            for index, (plan, stream) in enumerate(zip(plans, streams, strict=True)):
                for rows in _watched(plan, stream, watch):
                    recorder.add(index, rows)
        except KeyboardInterrupt:
            kept = f"{recorder.rows} rows are kept in {file}" if recorder.rows else "nothing was kept"
            raise KeyboardInterrupt(kept) from None
    return Run.of(Record(file))


def _first(stream: Iterator[Plan | Rows]) -> Plan:
    plan = next(stream)
    assert isinstance(plan, Plan)  # the contract of an analysis
    return plan


def _watched(plan: Plan, stream: Iterator[Plan | Rows], watch: Watch | None) -> Iterator[Rows]:
    for event in stream:
        assert isinstance(event, Rows)  # one analysis, one plan
        if watch is not None:
            watch(plan, event)
        yield event
