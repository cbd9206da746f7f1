"""`eqchip show`: a chip as text, as circuit, as compiled chip; or what a file holds."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from eqchip.cli.habits import Speaker, assignments, options

if TYPE_CHECKING:
    from eqchip.netlists.circuit import Circuit
    from eqchip.simulator.records.reader import Record


@click.command()
@click.argument("what", required=False, metavar="CHIP|FILE.h5")
@click.option(
    "--stage",
    type=click.Choice(["netlist", "circuit", "chip"]),
    default="circuit",
    show_default=True,
    help="The text as read; what it means; the form it is simulated in.",
)
@options("set", "form", "json")
def show(what: str | None, stage: str, settings: tuple[str, ...], form: str, as_json: bool) -> None:
    """Show a chip at one of its stages, or what a file holds. Without an argument: the chips that ship."""
    speaker = Speaker(as_json)
    if what is None:
        _show_chips(speaker)
    elif Path(what).suffix.lower() in (".h5", ".hdf5", ".part"):
        from eqchip.simulator.records.reader import Record

        _show_record(speaker, Record(what))
    else:
        _show_chip(speaker, what, stage, assignments(settings), form)


def _show_chips(speaker: Speaker) -> None:
    from eqchip.netlists.chips import chip_names, find_chip
    from eqchip.netlists.reader import read

    rows = [(name, read(find_chip(name)).title) for name in chip_names()]
    speaker.table(("chip", "what it is"), rows)
    speaker.answer({"command": "show", "chips": [{"name": name, "title": title} for name, title in rows]})


def _show_chip(speaker: Speaker, name: str, stage: str, changes: dict[str, str], form: str) -> None:
    from eqchip.netlists.chips import find_chip
    from eqchip.netlists.elaborate import elaborate
    from eqchip.netlists.reader import read
    from eqchip.netlists.writer import write

    netlist = read(find_chip(name))
    if stage == "netlist":
        text = write(netlist)
        speaker.say(text.rstrip("\n"))
        speaker.answer({"command": "show", "chip": name, "stage": stage, "netlist": text})
        return
    circuit = elaborate(netlist, changes)
    facts = summary(circuit)
    if stage == "chip":
        import numpy as np

        from eqchip.simulator.compile import compile_chip

        chip = compile_chip(circuit, form)
        facts |= {"form": chip.form, "dtype": str(np.dtype(chip.dtype)), "why not array": chip.reason or None}
    speaker.answer({"command": "show", "chip": name, "stage": stage, **facts})
    width = max(map(len, facts))
    for key, value in facts.items():
        lines = _lines(value)
        for k, line in enumerate(lines or ["–"]):
            speaker.say(f"{key if k == 0 else '':<{width}}  {line}")


def _lines(value: Any) -> list[str]:
    if isinstance(value, dict):
        wide = max(map(len, value), default=0)
        return [
            f"{key:<{wide}}  {one:g}" if isinstance(one, float) else f"{key:<{wide}}  {one}"
            for key, one in value.items()
        ]
    if isinstance(value, list):
        return [str(one) for one in value]
    return [] if value is None or value == "" else [str(value)]


def summary(circuit: Circuit) -> dict[str, Any]:
    """Return what a circuit is made of."""
    families: dict[str, int] = {}
    for instance in circuit.instances:
        families[instance.family.name] = families.get(instance.family.name, 0) + instance.count
    arrays = {
        one.name: f"{one.family.name}, {' × '.join(str(n) for n in one.shape)}"
        for one in circuit.instances
        if one.shape
    }
    return {
        "title": circuit.title,
        "nodes": len(circuit.nodes) - 1,
        "elements": families,
        "arrays": arrays,
        "buses": {name: len(nodes) for name, nodes in circuit.buses.items()},
        "models": {model.name: model.family.name for model in circuit.models.values()},
        "parameters": dict(circuit.parameters),
        "options": dict(circuit.options),
        "analyses": [type(one).__name__.lower() for one in circuit.analyses],
        "inputs": [one.bus for one in circuit.inputs],
        "outputs": [one.bus for one in circuit.outputs],
        "learns": {one.target: f"rate={one.rate:g}" for one in circuit.learns},
        "data": circuit.data.name if circuit.data else None,
        "train": dict(circuit.train),
        **({"protocol": asdict(circuit.protocol)} if circuit.protocol is not None else {}),
        "notes": [f"{at}: {text}" for at, text in circuit.notes],
    }


def _show_record(speaker: Speaker, record: Record) -> None:
    facts = {**record.facts, "status": record.status, "started": record.started, "seconds": record.seconds}
    for key, value in facts.items():
        speaker.say(f"{key}: {value}")
    if record.message:
        speaker.say(f"message: {record.message}")
    rows = []
    for name, trace in record.traces.items():
        for column in trace.plan.columns:
            shape = f"{len(trace.axis)}" + (f" × {column.width}" if column.width else "")
            rows.append((name, column.name, shape, column.unit))
    rows += [
        ("weights", name, " × ".join(str(n) for n in values.shape), record.array_units.get(name, ""))
        for name, values in record.arrays.items()
    ]
    shown = rows if speaker.as_json or len(rows) <= 60 else rows[:50]
    speaker.say()
    speaker.table(("group", "dataset", "shape", "unit"), shown)
    if len(shown) < len(rows):
        speaker.say(f"… and {len(rows) - len(shown)} more")
    speaker.answer(
        {
            "command": "show",
            "file": str(record.path),
            **facts,
            "datasets": [dict(zip(("group", "name", "shape", "unit"), row, strict=True)) for row in rows],
            "provenance": record.provenance,
        }
    )
