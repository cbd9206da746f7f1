"""How fast is a transient of N all-to-all coupled leaky integrators with two diodes each, against ngspice?

Every neuron is a capacitor, a leak, two antiparallel diodes and an input resistor from a sinusoidal source;
every pair of neurons is joined by a resistor. 1 ms at steps of at most 1 µs, so at least 1000 steps for both.
Where a tight run is affordable, each program's own error is given beside its time.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

import ngspice
from duel import duel
from harness import Report, main

QUESTION = "Transient of N all-to-all leaky integrators with 2 diodes each, 1 ms: eqchip and ngspice"
SIZES = (10, 50, 100, 300)
AFFORDABLE = 50  # neurons up to which ngspice runs once more at a tenth of the step and tight tolerance


def netlist(n: int, *, tight: bool = False, seed: int = 1) -> str:
    """Write the network as plain SPICE that both programs read."""
    rng = np.random.default_rng(seed)
    lines = [f"* {n} leaky integrators, all to all"]
    for i in range(n):
        amplitude, hertz = rng.uniform(0.5, 2.0), rng.uniform(1e3, 5e3)
        lines += [
            f"V{i} in{i} 0 SIN(0 {amplitude:.6g} {hertz:.6g})",
            f"Ri{i} in{i} s{i} {rng.uniform(2e3, 20e3):.6g}",
            f"C{i} s{i} 0 10n",
            f"Rl{i} s{i} 0 10k",
            f"Dp{i} s{i} 0 dsyn",
            f"Dn{i} 0 s{i} dsyn",
        ]
        lines += [f"Rc{i}_{j} s{i} s{j} {n * rng.uniform(5e3, 50e3):.6g}" for j in range(i)]
    step = "0.1u" if tight else "1u"
    tolerances = " reltol=1e-7 vntol=1e-9 abstol=1e-14" if tight else ""
    model = ".model dsyn D(Is=1e-8 N=1.8 Rs=10)"
    return "\n".join([*lines, model, f".options acct{tolerances}", f".tran {step} 1m 0 {step}", ".end", ""])


def error(reference: Any, found: Any, n: int) -> float:
    """Largest voltage difference at the points of `found`, relative to the peak of the reference."""
    time = np.asarray(found["time"])
    worst = peak = 0.0
    for i in range(n):
        name = f"v(s{i})"
        wanted = np.interp(time, np.asarray(reference["time"]), np.asarray(reference[name]))
        worst = max(worst, float(np.max(np.abs(np.asarray(found[name]) - wanted))))
        peak = max(peak, float(np.max(np.abs(wanted))))
    return worst / peak


def measure(n: int, folder: Path, options: Any, report: Report) -> None:
    """Measure one size."""
    timings, answers, ratios = duel(netlist(n), folder, options)
    accuracy = {}
    if len(answers) == 2:
        apart = error(answers["ngspice"], answers["eqchip"], n)
        accuracy["difference between the two, relative to the peak"] = apart
    if "ngspice" in answers and n <= AFFORDABLE:
        tight = folder / "tight.cir"
        tight.write_text(netlist(n, tight=True), encoding="utf-8")
        reference = ngspice.run(tight, options.limit).columns
        for name, answer in answers.items():
            accuracy[f"error of {name} against a tight run, relative to the peak"] = error(
                reference, answer, n
            )
    report.case(f"N = {n}: {n * (n - 1) // 2} couplings, {2 * n} diodes", timings, accuracy, ratios)


if __name__ == "__main__":
    sys.exit(main("neurons_transient", QUESTION, SIZES, measure))
