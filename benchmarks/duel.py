"""One netlist, run by eqchip and by ngspice in turns, like compared with like.

ngspice's process does three things: start, read, solve. eqchip is timed reading and solving, and solving
alone; ngspice's start-up is timed apart on a trivial netlist, and its own account of the analysis is taken
from `.options acct`. So two ratios are honest: read and solve against the process less its start-up, and
solve against the analysis.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import eqchip
import ngspice
from harness import Contender, Timing, compare

BOTH, SOLVE, PROCESS, START = "eqchip, read + solve", "eqchip, solve", "ngspice, process", "ngspice, start-up"


def duel(netlist: str, folder: Path, options: Any) -> tuple[list[Timing], dict[str, Any], dict[str, float]]:
    """Time both programs; give the timings, the answer of each, and the ratios in eqchip's favour."""
    path, trivial = folder / "circuit.cir", folder / "trivial.cir"
    path.write_text(netlist, encoding="utf-8")
    trivial.write_text(ngspice.TRIVIAL, encoding="utf-8")
    answers: dict[str, Any] = {}
    chip = eqchip.load(path)

    def both() -> dict[str, float]:
        run = answers["eqchip"] = eqchip.simulate(eqchip.load(path))
        return {"points": _points(run)}

    def solve() -> None:
        eqchip.simulate(chip)

    def process() -> dict[str, float]:
        account = ngspice.run(path, options.limit)
        answers["ngspice"] = account.columns
        return {
            "points": _points(account.columns),
            "analysis_s": account.analysis_seconds,
            "MB": account.megabytes,
        }

    def start() -> None:
        ngspice.run(trivial)

    missing = "" if ngspice.available() else "ngspice is not installed"
    timings = compare(
        [
            Contender(BOTH, both),
            Contender(SOLVE, solve),
            Contender(PROCESS, process, missing, options.limit),
            Contender(START, start, missing),
        ],
        pairs=options.pairs,
        budget=options.budget,
    )
    return timings, answers, _ratios({timing.contender: timing for timing in timings})


def _points(answer: Any) -> int:
    try:
        return len(np.asarray(answer["time"]))
    except (KeyError, ValueError):  # an operating point has no time
        return 1


def _ratios(by_name: dict[str, Timing]) -> dict[str, float]:
    both, solve, process, start = (by_name[name].median for name in (BOTH, SOLVE, PROCESS, START))
    analysis = by_name[PROCESS].figures.get("analysis_s")
    ratios = {}
    if both and process and start:
        ratios["ngspice's process less its start-up / eqchip reading and solving"] = (process - start) / both
    if solve and analysis:
        ratios["ngspice's analysis / eqchip solving"] = analysis / solve
    return ratios
