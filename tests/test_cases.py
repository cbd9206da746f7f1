"""The twelve circuits: eqchip against ngspice at tight tolerances, stored and, where installed, fresh.

Operating points and sweeps within 1e-6 of the largest voltage (current); transients, at every point eqchip
computed, within 1e-3 of a column's peak at default options and 1e-5 at reltol=1e-6, or three times the
reference's own step error where that is larger: its difference from itself with every second point dropped,
divided by 3, lines between points.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.reader import read
from eqchip.simulator.analyses.analyse import analyse
from eqchip.simulator.rows import Trace, gather
from eqchip.simulator.sparse import compile_sparse
from spice_runs import spice

NAMES = sorted(path.stem for path in (Path(__file__).parent / "cases").glob("*.cir"))
STATIC = ("v(v-sweep)", "time")
#: How fine a reference is made; on the bridge ngspice finds no time step beyond its own.
FINE = ".options reltol=1e-7 abstol=1e-14 vntol=1e-9 chgtol=1e-18\n"
BRIDGE = ".options reltol=1e-6 abstol=1e-13 vntol=1e-9 chgtol=1e-16\n"


def run(path: Path, options: dict[str, float]) -> Trace:
    circuit = elaborate(read(path))
    circuit.options.update(options)
    system = compile_sparse(circuit)
    (trace,) = gather(analyse(system, circuit.analyses[0]))
    return trace


def step_error(time: np.ndarray, values: np.ndarray) -> float:
    """Estimate what a reference misses between its own points."""
    dropped = np.interp(time[1::2], time[::2], values[::2])
    return float(np.max(np.abs(dropped - values[1::2]))) / 3.0


def compare(trace: Trace, reference: dict[str, np.ndarray], share: float) -> None:
    static = "time" not in reference
    columns = {name: values for name, values in reference.items() if name not in STATIC}
    largest = {
        kind: max(np.max(np.abs(values)) for name, values in columns.items() if name[0] == kind)
        for kind in {name[0] for name in columns}
    }
    compared = 0
    for name, wanted in columns.items():
        if "#" in name:
            continue
        compared += 1
        if static:
            np.testing.assert_allclose(
                trace[name], wanted, rtol=0, atol=1e-6 * largest[name[0]], err_msg=name
            )
            continue
        time = reference["time"]
        inside = trace.axis >= time[0]  # with uic ngspice does not write its first point
        bar = max(share * np.max(np.abs(wanted)), 3.0 * step_error(time, wanted))
        np.testing.assert_allclose(
            trace[name][inside], np.interp(trace.axis[inside], time, wanted), rtol=0, atol=bar, err_msg=name
        )
    assert compared


@pytest.mark.parametrize("name", NAMES)
def test_the_stored_reference_is_met(name: str, cases: Path) -> None:
    stored = np.load(cases / f"{name}.npz")
    reference = dict(zip(map(str, stored["p0_names"]), stored["p0_data"].T, strict=True))
    compare(run(cases / f"{name}.cir", {}), reference, 1e-3)
    compare(run(cases / f"{name}.cir", {"reltol": 1e-6}), reference, 1e-5)


@pytest.mark.ngspice
@pytest.mark.parametrize("name", NAMES)
def test_ngspice_itself_is_met(name: str, cases: Path, tmp_path: Path) -> None:
    text = (cases / f"{name}.cir").read_text(encoding="utf-8")
    text = re.sub(r"(?im)^\.end\s*$", "", text.split("\n", 1)[1])
    (plot,) = spice(text + "\n" + (BRIDGE if "bridge" in name else FINE), tmp_path)[:1]
    saved = {k: v for k, v in plot.items() if k in STATIC or k.startswith(("v(", "i("))}
    if "v-sweep" in plot:
        saved["v(v-sweep)"] = plot["v-sweep"]
    compare(run(cases / f"{name}.cir", {"reltol": 1e-6}), saved, 1e-5)
