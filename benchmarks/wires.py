"""How fast are the currents of a linear N×N crossbar with wires, against SuperLU and badcrossbar?

Devices of 1 to 100 µS, spread log-uniformly, 1 Ω a segment on both wires, inputs of 0 to 0.2 V, columns
grounded at their ends. SuperLU gets the whole nodal matrix, ordered by minimum degree in symmetric mode;
badcrossbar (when installed) its own way. Beside each time stands what Kirchhoff's law misses.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sparse
from scipy.sparse.linalg import splu

from eqchip.simulator.linear.crossbar import Crossbar
from harness import Contender, Report, compare, main

QUESTION = "Currents of an N×N crossbar, 1 Ω wire segments on both lines: eqchip, SuperLU and badcrossbar"
SIZES = (128, 256, 512, 1024)
SEGMENT = 1.0
MANY = 100
#: The largest crossbar others are asked for: SuperLU's factors of the next take more than 5 GB.
MOST_SUPERLU, MOST_SUPERLU_MANY, MOST_BADCROSSBAR = 512, 256, 256
ONE, HUNDRED, LU, LU_HUNDRED, BAD = (
    "eqchip, 1 input",
    f"eqchip, {MANY} inputs",
    "SuperLU, 1 input",
    f"SuperLU, {MANY} inputs",
    "badcrossbar, 1 input",
)


def nodal(g: Any) -> tuple[Any, Any]:
    """Return the nodal matrix of the crossings (rows first), and the conductance from inputs to row nodes."""
    n = len(g)
    wire = 1.0 / SEGMENT
    line = sparse.diags([np.full(n - 1, -wire), np.full(n, 2.0 * wire), np.full(n - 1, -wire)], [-1, 0, 1])
    ends = np.zeros(n)
    ends[-1] = -wire  # a row is open at its far end
    rows = sparse.kron(sparse.eye(n), line + sparse.diags(ends))
    columns = sparse.kron(line + sparse.diags(ends[::-1]), sparse.eye(n))
    devices = sparse.diags(g.ravel())
    matrix = sparse.bmat([[rows + devices, -devices], [-devices, columns + devices]], format="csc")
    enter = sparse.csc_matrix((np.full(n, wire), (np.arange(n) * n, np.arange(n))), shape=(2 * n * n, n))
    return matrix, enter


def by_superlu(matrix: Any, enter: Any, volts: Any) -> Any:
    """Return every node's voltage (nodes, inputs)."""
    factors = splu(matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
    return factors.solve(enter @ volts.T)


def measure(n: int, folder: Path, options: Any, report: Report) -> None:
    """Measure one size."""
    random = np.random.default_rng(1)
    g = 10.0 ** random.uniform(-6, -4, (n, n))
    volts, grounds = random.uniform(0.0, 0.2, (MANY, n)), np.zeros((MANY, n))
    matrix, enter = nodal(g)
    answers: dict[str, Any] = {}

    def eqchip(count: int, name: str) -> Mapping[str, float]:
        found = Crossbar(g, SEGMENT, SEGMENT).solve(volts[:count], grounds[:count])
        answers[name] = -found.column_currents[0]
        return {
            "iterations": float(np.max(found.iterations)),
            "KCL": float(np.max(found.residual)) / float(np.max(np.abs(g * volts[0][:, None]))),
        }

    def superlu(count: int, name: str) -> Mapping[str, float]:
        found = by_superlu(matrix, enter, volts[:count])
        answers[name] = found[-n:, 0] / SEGMENT
        missed = matrix @ found - enter @ volts[:count].T
        return {"KCL": float(np.max(np.abs(missed))) / float(np.max(np.abs(g * volts[0][:, None])))}

    def badcrossbar() -> None:
        from badcrossbar import compute

        found = compute(volts[:1].T, 1.0 / g, SEGMENT)
        answers[BAD] = np.ravel(found.currents.output)

    def too_large(limit: int) -> str:
        return f"N > {limit}" if n > limit else ""

    timings = compare(
        [
            Contender(ONE, lambda: eqchip(1, ONE)),
            Contender(HUNDRED, lambda: eqchip(MANY, HUNDRED)),
            Contender(LU, lambda: superlu(1, LU), too_large(MOST_SUPERLU)),
            Contender(LU_HUNDRED, lambda: superlu(MANY, LU_HUNDRED), too_large(MOST_SUPERLU_MANY)),
            Contender(BAD, badcrossbar, _without_badcrossbar() or too_large(MOST_BADCROSSBAR)),
        ],
        pairs=options.pairs,
        budget=options.budget,
    )
    median = {timing.contender: timing.median for timing in timings}
    ratios = {
        f"{other} / {own}": there / here
        for own, other in ((ONE, LU), (HUNDRED, LU_HUNDRED), (ONE, BAD))
        if (here := median[own]) and (there := median[other])
    }
    accuracy = {
        f"largest difference of a column's current to {other}, relative to the largest": float(
            np.max(np.abs(answers[other] - answers[ONE])) / np.max(np.abs(answers[ONE]))
        )
        for other in (HUNDRED, LU, BAD)
        if other in answers
    }
    report.case(f"N = {n}: {2 * n * n} nodes of wire, {n * n} devices", timings, accuracy, ratios)


def _without_badcrossbar() -> str:
    try:
        from badcrossbar import compute  # noqa: F401
    except ImportError:
        return "badcrossbar is not installed"
    return ""


if __name__ == "__main__":
    sys.exit(main("wires", QUESTION, SIZES, measure))
