"""What all commands have in common: their options, and how they speak.

Results for people go to stdout, progress and notes to stderr; under --json stdout holds one object and
nothing else. -q silences notes, never results or errors.
"""

from __future__ import annotations

import json
import math
import shlex
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import click

from eqchip.errors import InputError

if TYPE_CHECKING:
    from eqchip.simulator.loaded import LoadedChip
    from eqchip.simulator.records.claim import Claim

F = TypeVar("F", bound=Callable[..., Any])
Changes = dict[str, str | float]


def assignments(pairs: Sequence[str]) -> dict[str, str]:
    """Read `NAME=VALUE` options, the last of a name winning."""
    found: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise InputError(
                f"--set {pair}: not an assignment", expected="NAME=VALUE, such as train.beta=0.5"
            )
        found[name.strip()] = value.strip()
    return found


OPTIONS = {
    "set": click.option(
        "--set",
        "settings",
        multiple=True,
        metavar="NAME=VALUE",
        help="Change a value: MODEL.param, INSTANCE.param, train.beta, a .param … Repeatable.",
    ),
    "ideal": click.option(
        "--ideal",
        "ideal",
        multiple=True,
        metavar="NAME",
        help="Do without this imperfection (all: without any; none: with all again). Repeatable.",
    ),
    "only": click.option(
        "--only",
        "only",
        multiple=True,
        metavar="NAME",
        help="Do without all imperfections but this. Repeatable.",
    ),
    "chip_seed": click.option(
        "--chip-seed",
        type=click.IntRange(min=0),
        help="Seed of what differs from device to device. [default: the netlist's, else 0]",
    ),
    "explain": click.option(
        "--explain", is_flag=True, help="Tell what each imperfection costs: without it, and with it alone."
    ),
    "seeds": click.option(
        "--seeds",
        type=click.IntRange(min=1),
        default=3,
        show_default=True,
        help="Seeds of --explain.",
    ),
    "output": click.option(
        "-o", "--output", metavar="FILE", help="Where the result goes. [default: CHIP.h5, CHIP-2.h5 …]"
    ),
    "seed": click.option(
        "--seed",
        type=click.IntRange(min=0),
        help="Seed of what the run draws. [default: the netlist's, else 0]",
    ),
    "form": click.option(
        "--form",
        type=click.Choice(["auto", "array", "sparse"]),
        default="auto",
        show_default=True,
        help="Form of the chip.",
    ),
    "dtype": click.option("--dtype", type=click.Choice(["float32", "float64"]), help="Precision of arrays."),
    "threads": click.option(
        "--threads",
        type=click.IntRange(min=1),
        help="Threads that share the work. [default: one a core, at most 2]",
    ),
    "json": click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else."),
    "quiet": click.option("-q", "--quiet", is_flag=True, help="No notes, no progress."),
}


def changes_of(settings: Sequence[str], seed: int | None = None, chip_seed: int | None = None) -> Changes:
    """Return what --set, --seed and --chip-seed change."""
    changes: Changes = {**assignments(settings)}
    if seed is not None:
        changes["train.seed"] = float(seed)
    if chip_seed is not None:
        changes["options.chipseed"] = float(chip_seed)
    return changes


def switch(speaker: Speaker, chip: LoadedChip, ideal: tuple[str, ...], only: tuple[str, ...]) -> LoadedChip:
    """Return the chip with the imperfections off that --ideal and --only name; say which it has not."""
    if not ideal and not only:
        return chip
    from eqchip.simulator.idealise import ALL, NONE, imperfections, switched

    found = chip.switch(switched(chip.switches, ideal, only))
    there = imperfections(chip.whole)
    for option, names in (("--ideal", ideal), ("--only", only)):
        for name in names:
            if name.lower() not in (ALL, NONE, *there):
                has = f"it has {', '.join(there)}" if there else "it has none"
                speaker.note(f"{option} {name}: no part of {chip.name} has this imperfection ({has})")
    return found


def quoted(name: object) -> str:
    """Return a file's name as a shell takes it, for commands to try next."""
    return shlex.quote(str(name))


def note_again(speaker: Speaker, attributes: Mapping[str, Any]) -> None:
    """Say so where the test samples are those of the training."""
    from eqchip.simulator.curves import AGAIN

    if attributes.get(AGAIN):
        speaker.note(
            "the test error is that of the training samples: the file keeps none apart "
            "(x_test and y_test, or --set data.test=RANGE)"
        )


def claim_result(output: str | None, chip: str) -> Claim:
    """Claim the file a command writes, until it ends: that of -o, else CHIP.h5, CHIP-2.h5 …"""
    from eqchip.simulator.records.claim import Claim, claim_default

    claim = Claim(output) if output is not None else claim_default(chip)
    click.get_current_context().call_on_close(claim.release)
    return claim


def options(*names: str) -> Callable[[F], F]:
    """Give a command some of the common options, in this order."""

    def decorate(command: F) -> F:
        for name in reversed(names):
            command = OPTIONS[name](command)
        return command

    return decorate


def plain(value: Any) -> Any:
    """Return a value as JSON has it: arrays as lists, what is not finite as null."""
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, bool | str | int) or value is None:
        return value
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value)


@dataclass
class Speaker:
    """How one run of a command speaks."""

    as_json: bool = False
    quiet: bool = False
    started: float = field(default_factory=time.monotonic)

    def say(self, text: str = "") -> None:
        """Print a result for people."""
        if not self.as_json:
            click.echo(text)

    def note(self, text: str) -> None:
        """Print something worth knowing that is not the result."""
        if not self.quiet:
            click.echo(text, err=True)

    def answer(self, result: dict[str, Any]) -> None:
        """Print the one object of --json."""
        if self.as_json:
            click.echo(json.dumps(plain(result), ensure_ascii=False))

    def table(self, head: Sequence[str], rows: Iterable[Sequence[str]], right: Iterable[int] = ()) -> None:
        """Print aligned columns under a head; those in `right` are set flush right."""
        self.rows([head, *rows], right)

    def rows(self, rows: Iterable[Sequence[str]], right: Iterable[int] = ()) -> None:
        """Print aligned columns; those in `right` are set flush right."""
        lines = [list(row) for row in rows]
        widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
        flush = set(right)
        for line in lines:
            cells = [
                cell.rjust(width) if k in flush else cell.ljust(width)
                for k, (cell, width) in enumerate(zip(line, widths, strict=True))
            ]
            self.say("  ".join(cells).rstrip())

    def warn_when_cold(self) -> None:
        """Say once that kernels are being compiled, when they are."""
        from eqchip.kernels import cold

        if cold():
            self.note("compiling kernels (once after an install or an upgrade) …")

    @property
    def seconds(self) -> float:
        """Seconds since the command began."""
        return time.monotonic() - self.started


class Progress:
    """One line on stderr with done, rate and time left; silent unless stderr is a terminal."""

    def __init__(self, speaker: Speaker, total: float, unit: str) -> None:
        self.live = not speaker.quiet and not speaker.as_json and sys.stderr.isatty()
        self.total, self.unit = total, unit
        self.begin = self.shown = time.monotonic()

    def show(self, done: float, text: str = "") -> None:
        """Update the line, at most ten times a second."""
        now = time.monotonic()
        if not self.live or now - self.shown < 0.1:
            return
        self.shown = now
        rate = done / max(now - self.begin, 1e-9)
        left = (self.total - done) / rate if rate > 0 else math.inf
        remaining = (
            f"{left:.0f} s left" if left < 120 else f"{left / 60:.0f} min left" if left < math.inf else ""
        )
        share = f"{100 * done / self.total:3.0f} %" if self.total else ""
        click.echo(f"\r\033[K{share}  {rate:.3g} {self.unit}/s  {remaining}  {text}", nl=False, err=True)

    def clear(self) -> None:
        """Remove the line."""
        if self.live:
            click.echo("\r\033[K", nl=False, err=True)
