"""ngspice as a peer: one batch run, and its own account of where the time went."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eqchip.simulator.exchange.raw import read_raw

Columns = dict[str, NDArray[np.float64]]

TRIVIAL = "* start-up: nothing to solve\nV1 1 0 1\nR1 1 0 1k\n.op\n.end\n"


@dataclass(frozen=True)
class Account:
    """What ngspice says it spent (`.options acct`), and what it found."""

    columns: Columns
    analysis_seconds: float
    megabytes: float


def available() -> str | None:
    """ngspice's version, or None where it is not installed."""
    if shutil.which("ngspice") is None:
        return None
    said = subprocess.run(["ngspice", "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"ngspice-(\S+)", said)
    return found[1] if found else "unknown"


def run(netlist: Path, limit: float | None = None) -> Account:
    """Run a netlist in batch; `subprocess.TimeoutExpired` beyond `limit` seconds."""
    raw = netlist.with_suffix(".raw")
    raw.unlink(missing_ok=True)
    done = subprocess.run(
        ["ngspice", "-b", "-r", str(raw), str(netlist)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=limit,
        check=False,
    )
    if done.returncode or not raw.exists():
        raise RuntimeError(f"ngspice failed on {netlist.name}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return Account(
        columns=dict(read_raw(raw)[-1].columns),
        analysis_seconds=_figure(r"Total analysis time \(seconds\) = (\S+)", done.stdout),
        megabytes=_figure(r"Current ngspice program size = +(\S+)", done.stdout),
    )


def _figure(pattern: str, text: str) -> float:
    found = re.search(pattern, text)
    return float(found[1]) if found else float("nan")
