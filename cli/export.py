"""`eqchip export`: a chip or a file for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from eqchip.cli.habits import Speaker, assignments, options

SUFFIX = {"spice": ".spice", "raw": ".raw", "csv": ".csv", "npz": ".npz"}


@click.command()
@click.argument("source", metavar="CHIP|FILE.h5")
@click.option("--to", "target", required=True, type=click.Choice(list(SUFFIX)), help="The format.")
@click.option("--group", help="Which analysis, for csv: tran, dc_2 … [default: the last one]")
@click.option(
    "-o", "--output", metavar="FILE", help="Where the result goes. [default: CHIP.spice, FILE.csv …]"
)
@options("set", "json", "quiet")
def export(
    source: str,
    target: str,
    group: str | None,
    output: str | None,
    settings: tuple[str, ...],
    as_json: bool,
    quiet: bool,
) -> None:
    """Write CHIP as a flat SPICE netlist, or what FILE.h5 holds as raw, CSV or NPZ.

    A trained FILE.h5 exports to SPICE with its learned weights.
    """
    speaker = Speaker(as_json, quiet)
    path = Path(output) if output is not None else Path(Path(source).stem + SUFFIX[target])
    record = Path(source).suffix.lower() in (".h5", ".hdf5", ".part")
    if target == "spice":
        _write_spice(source, path, settings)
    elif not record:
        from eqchip.errors import InputError

        raise InputError(
            f"{source} is a chip; {target} needs what a run recorded",
            expected=f"eqchip simulate {source} -o FILE.h5, then eqchip export FILE.h5 --to {target}",
        )
    else:
        _write_record(source, target, group, path)
    speaker.say(f"wrote {path}")
    speaker.answer({"command": "export", "chip": source, "to": target, "file": str(path)})


def _write_spice(source: str, path: Path, settings: tuple[str, ...]) -> None:
    from eqchip.errors import InputError
    from eqchip.netlists.flatten import flat_spice
    from eqchip.simulator.loaded import load
    from eqchip.simulator.manufacture import manufactured
    from eqchip.simulator.stores import programmed

    text = flat_spice(programmed(manufactured(load(source).set(assignments(settings)).circuit)))
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as problem:
        raise InputError(f"{path} cannot be written: {problem.strerror}") from None


def _write_record(source: str, target: str, group: str | None, path: Path) -> None:
    from eqchip.errors import InputError, nearest
    from eqchip.simulator.exchange.raw import PLOT_NAMES, Plot, write_raw
    from eqchip.simulator.exchange.tables import flat_columns, write_csv, write_npz
    from eqchip.simulator.records.reader import Record

    record = Record(source)
    if group is not None and group not in record.traces:
        raise InputError(
            f"{source} has no group '{group}'",
            expected="one of: " + ", ".join(record.traces),
            near=nearest(group, record.traces),
        )
    chosen = {group: record.traces[group]} if group else dict(record.traces)
    if not chosen and not record.arrays:
        raise InputError(f"{source} holds no results")
    if target == "csv":
        if not chosen:
            raise InputError(f"{source} holds no table", expected="--to npz, for its weights")
        write_csv(path, list(chosen.values())[-1])
    elif target == "raw":
        plots = [
            Plot(PLOT_NAMES[trace.plan.kind], dict(flat_columns(trace)), record.facts.get("chip", ""))
            for trace in chosen.values()
            if trace.plan.kind in PLOT_NAMES
        ]
        if not plots:
            raise InputError(f"{source} holds no op, dc or tran analysis", expected="--to csv or --to npz")
        write_raw(path, plots)
    else:
        arrays: dict[str, Any] = {f"weights/{name}": values for name, values in record.arrays.items()}
        for name, trace in chosen.items():
            arrays.update({f"{name}/{column}": values for column, values in flat_columns(trace)})
        write_npz(path, arrays)
