"""ngspice's binary raw files: a text head, then a row of float64 per point; plots follow one another.

    Title: …  Date: …  Plotname: …  Flags: real|complex  No. Variables: n  No. Points: m
    Variables:  <tab>index<tab>name<tab>type       Binary:  n·m float64, little-endian, row by row

Waveform viewers (ngspice's own, gaw, KiCad) read them. Limits: real data only; binary and ascii are read,
binary is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.errors import InputError

Array = NDArray[Any]

#: What a plot is called, by kind of analysis.
PLOT_NAMES = {"op": "Operating Point", "dc": "DC transfer characteristic", "tran": "Transient Analysis"}


@dataclass(frozen=True, slots=True)
class Plot:
    """One plot: its name and its columns, by lower-case name, in order."""

    name: str
    columns: Mapping[str, Array]
    title: str = ""

    @property
    def points(self) -> int:
        """How many rows it has."""
        return next((len(column) for column in self.columns.values()), 0)


def read_raw(path: Path | str) -> list[Plot]:
    """Return every plot of a raw file."""
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as problem:
        raise InputError(f"{path} cannot be read: {problem.strerror}") from None
    plots: list[Plot] = []
    at = 0
    while at < len(data) and data[at:].strip():
        plot, at = _read_plot(path, data, at)
        plots.append(plot)
    if not plots:
        raise InputError(f"{path} holds no plot", expected="a raw file of ngspice")
    return plots


def _read_plot(path: Path, data: bytes, at: int) -> tuple[Plot, int]:
    fields: dict[str, str] = {}
    names: list[str] = []
    while True:
        end = data.find(b"\n", at)
        if end < 0:
            raise InputError(f"{path} is not a raw file, or was cut off", expected="a raw file of ngspice")
        line = data[at:end].decode("utf-8", "replace").strip("\r")
        at = end + 1
        key, _, value = line.partition(":")
        if line.startswith("\t") or (names and line[:1] == " "):
            names.append(line.split()[1].lower())
        elif key in ("Binary", "Values"):
            break
        elif key == "Variables" and value.strip():
            names.append(value.split()[1].lower())
        else:
            fields[key.strip().lower()] = value.strip()
    if "complex" in fields.get("flags", ""):
        raise InputError(f"{path} holds complex numbers (an .ac analysis), which are not supported yet")
    try:
        width, points = int(fields["no. variables"]), int(fields["no. points"])
    except (KeyError, ValueError):
        raise InputError(f"{path} is not a raw file", expected="a raw file of ngspice") from None
    if width != len(names):
        raise InputError(f"{path}: {width} variables are announced, {len(names)} are named")
    if key == "Binary":
        if at + 8 * width * points > len(data):
            raise InputError(f"{path} was cut off: {points} points are announced")
        table = np.frombuffer(data, "<f8", width * points, at).reshape(points, width)
        at += 8 * width * points
    else:
        words = data[at:].split(None, (width + 1) * points)
        table = np.array(words[: (width + 1) * points], dtype=np.float64).reshape(points, width + 1)[:, 1:]
        at = len(data) - len(words[(width + 1) * points]) if len(words) > (width + 1) * points else len(data)
    columns = {name: np.ascontiguousarray(table[:, k]) for k, name in enumerate(names)}
    return Plot(fields.get("plotname", ""), columns, fields.get("title", "")), at


def write_raw(path: Path | str, plots: Iterable[Plot]) -> None:
    """Write plots into one raw file."""
    path = Path(path)
    try:
        with path.open("wb") as file:
            for plot in plots:
                lines = [
                    f"Title: {plot.title}",
                    "Date: ",
                    f"Plotname: {plot.name}",
                    "Flags: real",
                    f"No. Variables: {len(plot.columns)}",
                    f"No. Points: {plot.points}",
                    "Variables:",
                    *[f"\t{k}\t{name}\t{_kind(name)}" for k, name in enumerate(plot.columns)],
                    "Binary:",
                ]
                file.write(("\n".join(lines) + "\n").encode())
                file.write(np.column_stack([*plot.columns.values()]).astype("<f8").tobytes())
    except OSError as problem:
        raise InputError(f"{path} cannot be written: {problem.strerror}") from None


def _kind(name: str) -> str:
    return "time" if name == "time" else "current" if name.startswith("i(") else "voltage"
