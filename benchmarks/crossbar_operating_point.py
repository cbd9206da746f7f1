"""How fast is the operating point of an N×N crossbar with real wires and 2N diodes, against ngspice?

Word lines are driven by sources, every wire segment has 2.5 Ω, each bit line ends in a load with two
antiparallel diodes. Both programs read the same file, at the same tolerance.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from duel import duel
from harness import Report, difference, main

QUESTION = "Operating point of an N×N crossbar, 2.5 Ω wire segments, 2N diodes: eqchip and ngspice"
SIZES = (16, 32, 64, 128, 256)
SEGMENT = 2.5
TOLERANCES = "reltol=1e-6 vntol=1e-9 abstol=1e-12"


def netlist(n: int, seed: int = 1) -> str:
    """Write the crossbar as plain SPICE that both programs read."""
    rng = np.random.default_rng(seed)
    volts = rng.uniform(-0.5, 0.5, n)
    ohms = np.exp(rng.uniform(np.log(1e4), np.log(3e5), (n, n)))
    lines = [f"* {n}x{n} crossbar with line resistance {SEGMENT} ohm"]
    for i in range(n):
        lines += [f"V{i} in{i} 0 {volts[i]:.6g}", f"Rwi{i} in{i} w{i}_0 {SEGMENT}"]
        for j in range(n):
            if j + 1 < n:
                lines.append(f"Rw{i}_{j} w{i}_{j} w{i}_{j + 1} {SEGMENT}")
            if i + 1 < n:
                lines.append(f"Rb{i}_{j} b{i}_{j} b{i + 1}_{j} {SEGMENT}")
            lines.append(f"Rm{i}_{j} w{i}_{j} b{i}_{j} {ohms[i, j]:.6g}")
    for j in range(n):
        lines += [
            f"Rbo{j} b{n - 1}_{j} out{j} {SEGMENT}",
            f"Rl{j} out{j} 0 10k",
            f"Dp{j} out{j} 0 dsyn",
            f"Dn{j} 0 out{j} dsyn",
        ]
    lines += [".model dsyn D(Is=1e-8 N=1.8 Rs=10)", f".options acct {TOLERANCES}", ".op", ".end", ""]
    return "\n".join(lines)


def measure(n: int, folder: Path, options: Any, report: Report) -> None:
    """Measure one size."""
    timings, answers, ratios = duel(netlist(n), folder, options)
    accuracy = {}
    if len(answers) == 2:
        wanted = {name: values[-1] for name, values in answers["ngspice"].items() if name.startswith("v(")}
        found = {name: float(np.ravel(answers["eqchip"][name])[-1]) for name in wanted}
        accuracy["largest difference of a voltage, relative to the largest"] = difference(wanted, found)
    report.case(f"N = {n}: {2 * n * n} nodes of wire, {2 * n} diodes", timings, accuracy, ratios)


if __name__ == "__main__":
    sys.exit(main("crossbar_operating_point", QUESTION, SIZES, measure))
