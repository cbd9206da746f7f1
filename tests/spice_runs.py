"""Run ngspice on a netlist and read what it wrote; tests that need it carry the mark `ngspice`."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

needs_ngspice = [
    pytest.mark.ngspice,
    pytest.mark.skipif(shutil.which("ngspice") is None, reason="ngspice is not installed"),
]

#: Tolerances at which a reference is worth comparing with.
TIGHT = ".options reltol=1e-9 abstol=1e-18 vntol=1e-12 gmin=1e-12 itl1=2000\n"


def spice(netlist: str, folder: Path) -> list[dict[str, np.ndarray]]:
    """Run a netlist (its title line added here) and return one dictionary of columns per plot."""
    (folder / "in.cir").write_text("made by a test\n" + netlist + "\n.end\n", encoding="utf-8")
    raw = folder / "out.raw"
    raw.unlink(missing_ok=True)
    # A folder that is empty of .spiceinit, so that a developer's own settings change nothing.
    done = subprocess.run(
        ["ngspice", "-b", "-r", str(raw), "in.cir"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "HOME": str(folder)},
        check=False,
    )
    assert raw.exists(), done.stdout + done.stderr
    return read_raw(raw)


def read_raw(path: Path) -> list[dict[str, np.ndarray]]:
    """Read a binary ngspice raw file with real values."""
    data = path.read_bytes()
    plots = []
    at = 0
    while (mark := data.find(b"Binary:\n", at)) >= 0:
        head = data[at:mark].decode("utf-8").splitlines()
        fields = dict(line.split(":", 1) for line in head if ":" in line and not line.startswith("\t"))
        width, rows = int(fields["No. Variables"]), int(fields["No. Points"])
        names = [line.split("\t")[2].lower() for line in head if line.startswith("\t")]
        start = mark + len(b"Binary:\n")
        table = np.frombuffer(data, dtype="<f8", count=width * rows, offset=start).reshape(rows, width)
        plots.append({name: table[:, k].copy() for k, name in enumerate(names)})
        at = start + 8 * width * rows
    return plots
