"""Run ngspice, when it is installed, on a netlist, and read what it answered."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from eqchip.errors import SimulationError
from eqchip.simulator.exchange.raw import Plot, read_raw

#: Tolerances at which ngspice is worth comparing with; gmin is the one both share.
TIGHT = ".options reltol=1e-7 abstol=1e-15 vntol=1e-11 chgtol=1e-18 gmin=1e-12 itl1=2000 itl2=2000 itl4=200"


class NgspiceFailed(SimulationError):
    """ngspice did not finish; the message holds what it said."""


def available() -> str | None:
    """Return the path of ngspice; None when it is not installed."""
    return shutil.which("ngspice")


def run(
    text: str, *, tight: bool = False, limit: float | None = None, folder: Path | None = None
) -> list[Plot]:
    """Run ngspice on the text of a netlist and return its plots; `folder` is where its includes lie.

    `tight` adds TIGHT after the title. A user's own settings of ngspice are kept out.
    """
    program = available()
    if program is None:
        raise NgspiceFailed(
            "ngspice is not installed", advice="installing the package ngspice of your system"
        )
    if tight:
        title, _, rest = text.partition("\n")
        text = f"{title}\n{TIGHT}\n{rest}"
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        (home / "in.cir").write_text(text, encoding="utf-8")
        raw = home / "out.raw"
        try:
            done = subprocess.run(
                [program, "-b", "-r", str(raw), str(home / "in.cir")],
                cwd=folder or home,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=limit,
                env={**os.environ, "HOME": scratch},
                stdin=subprocess.DEVNULL,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise NgspiceFailed(f"ngspice took longer than {limit:g} s") from None
        if done.returncode or not raw.exists() or not raw.stat().st_size:
            said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
            raise NgspiceFailed("ngspice gave no answer: " + " / ".join(said[-4:]))
        return read_raw(raw)
