"""Pulse-response data: a CSV file of conductance after each pulse.

One line a pulse, a first line that names the columns, in any order and case:

    device,pulse,conductance (uS),direction

    conductance, g      with its unit in the name: `g (uS)`, `conductance_us`, `g/uS`; or resistance, r
    pulse, n            number of pulses given so far; left out: one pulse a line
    device, cell        which device; left out: one device
    direction           of the pulse that led to this line: up, down, set, reset, ltp, ltd, 1, -1; left out:
                        inferred from where the conductance goes

Wide tables, one column of conductance for each device, are read too, and files without names that hold one
column (conductance) or two (pulse, conductance). Columns are parted by commas, semicolons or tabs; lines that
begin with # are comments.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from eqchip.errors import InputError, Location, nearest
from eqchip.simulator.fitting.response import Response, Train, check, trains_of

DEVICE = ("device", "cell", "dut", "id", "sample")
PULSE = ("pulse", "pulses", "n", "number", "cycle", "index")
CONDUCTANCE = ("conductance", "g", "cond")
RESISTANCE = ("resistance", "r", "res")
DIRECTION = ("direction", "dir", "polarity", "sign", "operation")
UP = ("up", "set", "ltp", "p", "pot", "potentiation", "+", "+1", "1", "1.0")
DOWN = ("down", "reset", "ltd", "d", "dep", "depression", "-", "-1", "−1", "-1.0")

_SIEMENS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ns": 1e-9, "ps": 1e-12}
_OHM = {
    name: scale
    for words, scale in (("ohm ω Ω", 1.0), ("kohm kω kΩ", 1e3), ("mohm mω MΩ megohm", 1e6), ("gohm gω", 1e9))
    for name in words.split()
}
#: `g (uS)`, `g [uS]`, `g/uS`, `g_uS`, `g uS`
_HEAD = re.compile(r"\s*(.*?)\s*(?:[(\[]\s*([^)\]]*?)\s*[)\]])?\s*\Z", re.DOTALL)
_MOST_ROWS = 2_000_000


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    cells: list[str]
    text: str
    separator: str

    def at(self, file: str, position: int) -> Location:
        """Return the place of a cell."""
        column = sum(len(cell) + 1 for cell in self.cells[:position]) + 1
        cell = self.cells[position] if position < len(self.cells) else ""
        lead = len(cell) - len(cell.lstrip())
        return Location(file, self.number, column + lead, self.text, max(1, len(cell.strip())))


@dataclass(frozen=True, slots=True)
class _Column:
    """One column of conductance: its place, the scale to siemens, whether it is a resistance, its device."""

    position: int
    scale: float
    inverse: bool
    device: str


@dataclass(frozen=True, slots=True)
class _Layout:
    values: list[_Column]
    device: int | None
    pulse: int | None
    direction: int | None
    width: int  # columns of the first line


def read_pulses(path: Path, unit: str | None = None) -> Response:
    """Return the trains of a file; `unit` (uS, S, kohm …) where its first line names none."""
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
            text = stream.read()
    except OSError as fault:
        raise InputError(f"'{path}' cannot be read: {fault.strerror or fault}") from None
    return parse_pulses(text, str(path), unit)


def parse_pulses(text: str, file: str = "pulses.csv", unit: str | None = None) -> Response:
    """Return the trains of a text."""
    lines = list(_lines(text))
    if not lines:
        raise InputError(f"{file}: no data in it", expected="names of the columns, then a line a pulse")
    if unit is not None and unit.lower() not in _SIEMENS | _OHM:
        raise InputError(
            f"--unit {unit}: no unit of conductance",
            expected="one of: " + ", ".join(_UNITS_SAID),
            near=nearest(unit, _UNITS_SAID),
        )
    headed = not all(_is_number(cell) for cell in lines[0].cells)
    layout = _layout(lines[0], file, unit) if headed else _bare(lines[0], file, unit)
    response = Response(tuple(_trains(lines[1:] if headed else lines, layout, file)), Path(file).name)
    check(response)
    return response


_UNITS_SAID = ("S", "mS", "uS", "nS", "pS", "ohm", "kohm", "Mohm", "Gohm")


def _lines(text: str) -> Iterator[_Line]:
    separator = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if number > _MOST_ROWS:
            raise InputError(f"more than {_MOST_ROWS:,} lines")
        if not separator:
            separator = next((one for one in "\t;," if one in line), ",")
        cells = line.split(separator)
        yield _Line(
            number, [cell.strip().strip('"') if '"' in cell else cell for cell in cells], line, separator
        )


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _bare(first: _Line, file: str, unit: str | None) -> _Layout:
    """Return the layout of a file whose columns have no names."""
    if len(first.cells) > 2:
        raise InputError(
            f"{len(first.cells)} columns without names",
            first.at(file, 0),
            expected="a first line such as device,pulse,conductance (uS),direction",
        )
    scale, inverse = _scale("", unit, first, file, len(first.cells) - 1)
    last = len(first.cells) - 1
    return _Layout([_Column(last, scale, inverse, "")], None, 0 if last else None, None, last + 1)


def _layout(head: _Line, file: str, unit: str | None) -> _Layout:
    """Return what the columns are, by their names."""
    roles: dict[str, int] = {}
    measured: list[tuple[int, str, str, bool]] = []  # position, name, unit, whether a resistance
    unknown: list[tuple[int, str, str]] = []
    for position, cell in enumerate(head.cells):
        name, written = _split(cell)
        role = next((r for r, words in _ROLES.items() if name in words), "")
        if role:
            if role in roles:
                raise InputError(f"two columns of {role}", head.at(file, position))
            roles[role] = position
        elif name in CONDUCTANCE or name in RESISTANCE:
            measured.append((position, name, written, name in RESISTANCE))
        else:
            unknown.append((position, name, written))
    if len(measured) > 1 and "device" not in roles:
        raise InputError(
            "two columns of conductance",
            head.at(file, measured[1][0]),
            expected="one; or one a device, named for it: g1 (uS), g2 (uS) …",
        )
    if not measured:  # a wide table: what is left are devices
        measured = [(position, name, written, False) for position, name, written in unknown]
        if "device" in roles or not all(
            _numbered(name) or written or unit for _, name, written, _ in measured
        ):
            measured = []
        unknown = []
    if not measured:
        raise InputError(
            "no column of conductance",
            head.at(file, 0),
            expected="a column called conductance (uS), or one a device: device 1 (uS), device 2 (uS) …",
        )
    if unknown:
        position, name, _ = unknown[0]
        known = [word for words in (*_ROLES.values(), CONDUCTANCE, RESISTANCE) for word in words]
        raise InputError(
            f"a column called '{name}'",
            head.at(file, position),
            expected="device, pulse, conductance, direction",
            near=nearest(name, known),
        )
    columns = []
    for position, name, written, resistance in measured:
        scale, inverse = _scale(written, unit, head, file, position, resistance)
        columns.append(_Column(position, scale, inverse, name if len(measured) > 1 else ""))
    if len({one.device for one in columns}) < len(columns):
        raise InputError("two columns of one name", head.at(file, columns[-1].position))
    if len(columns) > 1 and "device" in roles:
        raise InputError(
            "a column that names devices, and several of conductance",
            head.at(file, columns[1].position),
            expected="one column of conductance, or one a device",
        )
    return _Layout(columns, roles.get("device"), roles.get("pulse"), roles.get("direction"), len(head.cells))


_ROLES = {"device": DEVICE, "pulse": PULSE, "direction": DIRECTION}


def _split(cell: str) -> tuple[str, str]:
    """Return name and unit of a heading, in lower case: `G (uS)`, `g/uS`, `g_us` are g and us."""
    found = _HEAD.match(cell.strip())
    assert found is not None  # it matches any text
    name, unit = found[1].lower(), (found[2] or "").lower()
    if not unit:
        for mark in "/_ ":
            before, _, after = name.rpartition(mark)
            if before and after in _SIEMENS | _OHM:
                return before.strip(), after
    return name, unit


def _numbered(name: str) -> bool:
    """Whether a heading looks like one of a row of devices: g1, device 3."""
    return bool(re.match(r"(?:[gr]|device|cell|dut|d|conductance)[ _#-]*\d+\Z", name))


def _scale(
    written: str, unit: str | None, head: _Line, file: str, position: int, resistance: bool = False
) -> tuple[float, bool]:
    """Return the factor to siemens or ohm, and whether it is ohm."""
    word = (written or (unit or "")).lower()
    if not word:
        raise InputError(
            "conductance without a unit",
            head.at(file, position),
            expected="its name with one, such as conductance (uS); or --unit uS",
        )
    if word in _SIEMENS and not resistance:
        return _SIEMENS[word], False
    if word in _OHM:
        return _OHM[word], True
    raise InputError(
        f"'{written or unit}' is no unit of {'resistance' if resistance else 'conductance'}",
        head.at(file, position),
        expected="one of: " + ", ".join(_UNITS_SAID),
        near=nearest(word, _UNITS_SAID),
    )


def _trains(lines: list[_Line], layout: _Layout, file: str) -> Iterator[Train]:
    """Yield the trains, device by device."""
    width = 1 + max(
        [one.position for one in layout.values]
        + [one for one in (layout.device, layout.pulse, layout.direction) if one is not None]
    )
    table: dict[str, tuple[list[float], list[float], list[int]]] = {}
    for line in lines:
        last = next((k for k in range(len(line.cells), 0, -1) if line.cells[k - 1].strip()), 0)
        if len(line.cells) < width or last > layout.width:
            raise InputError(
                f"{max(last, 1)} columns",
                line.at(file, 0 if last <= layout.width else layout.width),
                expected=f"{layout.width}, as the first line has",
            )
        direction = 0 if layout.direction is None else _direction(line, layout.direction, file)
        for one in layout.values:
            if len(layout.values) > 1 and not line.cells[one.position].strip():
                continue  # devices of a wide table need not have been measured equally often
            name = one.device or ("1" if layout.device is None else line.cells[layout.device].strip())
            counts, values, directions = table.setdefault(name, ([], [], []))
            count = float(len(counts)) if layout.pulse is None else _number(line, layout.pulse, file)
            if layout.pulse is not None and (count != round(count) or count < 0):
                raise InputError(
                    f"pulse {line.cells[layout.pulse].strip()}",
                    line.at(file, layout.pulse),
                    expected="how many pulses were given so far",
                )
            value = _number(line, one.position, file) * one.scale
            if value < 0 or (one.inverse and value == 0):
                raise InputError(
                    f"{'resistance' if one.inverse else 'conductance'} {line.cells[one.position].strip()}",
                    line.at(file, one.position),
                    expected="a number above 0",
                )
            if counts and count < counts[-1] and count > 1:
                raise InputError(
                    f"pulse {count:g} after pulse {counts[-1]:g}",
                    line.at(file, layout.pulse or 0),
                    expected="lines in the order of the pulses: numbers that rise, or begin again at 0 or 1",
                )
            if counts and count == counts[-1] and directions[-1] == direction:
                raise InputError(
                    f"pulse {count:g} twice",
                    line.at(file, layout.pulse or 0),
                    expected="a line a pulse; a column 'device' where there are several",
                )
            counts.append(count)
            values.append(1.0 / value if one.inverse else value)
            directions.append(direction)
    for name, (counts, values, directions) in table.items():
        given = None if layout.direction is None else np.array(directions)
        yield from trains_of(name, np.array(counts), np.array(values), given)


def _number(line: _Line, position: int, file: str) -> float:
    cell = line.cells[position].strip()
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f"'{cell}' is not a number", line.at(file, position), expected="a finite number")
    return value


def _direction(line: _Line, position: int, file: str) -> int:
    word = line.cells[position].strip().lower()
    if word in UP:
        return 1
    if word in DOWN:
        return -1
    raise InputError(
        f"'{word}' is no direction",
        line.at(file, position),
        expected="up or down (also set, reset, ltp, ltd, 1, -1)",
        near=nearest(word, (*UP, *DOWN)),
    )
