"""ngspice for tests: a netlist without its title line in, a dictionary of columns per plot out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from eqchip.simulator.exchange import ngspice

#: conftest.py skips these where ngspice is not installed.
needs_ngspice = [pytest.mark.ngspice]

#: Tolerances at which operating points and sweeps hold nine digits; transients would take for ever.
TIGHT = ".options reltol=1e-9 abstol=1e-18 vntol=1e-12 gmin=1e-12 itl1=2000\n"


def spice(netlist: str, folder: Path) -> list[dict[str, np.ndarray]]:
    """Run a netlist; `folder` is where its includes lie."""
    plots = ngspice.run(f"made by a test\n{netlist}\n.end\n", folder=folder, limit=120.0)
    return [dict(plot.columns) for plot in plots]
