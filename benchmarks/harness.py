"""Side-by-side timing that can be believed.

* Contenders take turns (A B A B …) within one process run, so that a busy moment hits all of them.
* Each warms up first; the first run (compilation, caches) is reported apart.
* Least, median and most are reported, with the load of the machine and its own ceilings beside them.
* A speed never stands alone: each row carries how far the answers are apart.
* A peer that is not installed, or took longer than the limit, is a row that says so.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

import machine
import ngspice

RESULTS = Path(__file__).resolve().parent / "results"


@dataclass(frozen=True)
class Contender:
    """One program doing the work. `run` returns figures of its own (analysis seconds, memory) or nothing."""

    name: str
    run: Callable[[], Mapping[str, float] | None]
    missing: str = ""  # why it cannot run here
    limit: float = math.inf  # seconds after which it is not run again


@dataclass
class Timing:
    """What was measured of one contender on one case."""

    contender: str
    outcome: str = "done"  # or "skipped: …", "over N s", "failed: …"
    first: float | None = None
    seconds: list[float] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)  # medians of what it said of itself

    @property
    def median(self) -> float | None:
        """The middle of the runs after the warm-up, or of the one there was time for."""
        return statistics.median(self.seconds) if self.seconds else None

    def row(self) -> dict[str, Any]:
        """Everything, for the file."""
        if not self.seconds:
            return asdict(self)
        return asdict(self) | {"min": min(self.seconds), "median": self.median, "max": max(self.seconds)}


def compare(contenders: Sequence[Contender], pairs: int = 5, budget: float = 60.0) -> list[Timing]:
    """Warm each up, then let them take turns: at most `pairs` rounds, none begun after `budget` seconds."""
    timings = [Timing(c.name) for c in contenders]
    said: list[list[Mapping[str, float]]] = [[] for _ in contenders]
    begun = time.perf_counter()
    for turn in range(pairs + 1):
        if turn > 1 and time.perf_counter() - begun > budget:
            break
        for contender, timing, figures in zip(contenders, timings, said, strict=True):
            if timing.outcome == "done":
                _take_turn(contender, timing, figures, warm_up=turn == 0, budget=budget)
    for timing, figures in zip(timings, said, strict=True):
        names = {name for one in figures for name in one}
        timing.figures = {n: statistics.median(one[n] for one in figures if n in one) for n in sorted(names)}
    return timings


def _take_turn(
    contender: Contender, timing: Timing, said: list[Mapping[str, float]], *, warm_up: bool, budget: float
) -> None:
    if contender.missing:
        timing.outcome = f"skipped: {contender.missing}"
        return
    if timing.seconds and timing.seconds[0] > budget:
        return  # once was enough of a run this long
    start = time.perf_counter()
    try:
        figures = contender.run()
    except subprocess.TimeoutExpired:
        timing.outcome = f"over {contender.limit:g} s"
        return
    except Exception as fault:
        timing.outcome = f"failed: {fault}"
        return
    seconds = time.perf_counter() - start
    if warm_up:
        timing.first = seconds
        if seconds <= budget:
            return
    timing.seconds.append(seconds)
    if figures:
        said.append(figures)


def difference(reference: Mapping[str, Any], found: Mapping[str, Any]) -> float:
    """The largest difference of any voltage, relative to the largest voltage there is."""
    names = [name for name in reference if name.startswith("v(")]
    largest = max(float(np.max(np.abs(reference[name]))) for name in names)
    apart = max(float(np.max(np.abs(np.asarray(found[n]) - np.asarray(reference[n])))) for n in names)
    return apart / largest


class Report:
    """Prints each case as it is measured, and writes everything as one JSON file at the end."""

    def __init__(self, name: str, question: str, threads: int) -> None:
        self.name, self.threads = name, threads
        self.data: dict[str, Any] = {
            "benchmark": name,
            "question": question,
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": machine.describe(threads) | {"peers": {"ngspice": ngspice.available()}},
            "load_before": machine.load(),
            "ceilings": machine.ceilings(),
            "cases": [],
        }
        print(question)
        ceilings = ", ".join(f"{key} {value}" for key, value in self.data["ceilings"].items())
        print(f"{self.data['machine']['processor']}, {threads} thread(s), load {self.data['load_before']}")
        print(f"ceilings: {ceilings}\n")

    def case(
        self,
        label: str,
        timings: Sequence[Timing],
        accuracy: Mapping[str, float],
        ratios: Mapping[str, float],
    ) -> None:
        """One case: every contender, how much faster the first is, and how far apart the answers are."""
        rows = [timing.row() for timing in timings]
        self.data["cases"].append(
            {
                "case": label,
                "date": datetime.now(UTC).isoformat(timespec="seconds"),
                "load": machine.load(),
                "threads": self.threads,
                "ceilings": self.data["ceilings"],
                "timings": rows,
                "accuracy": dict(accuracy),
                "ratios": dict(ratios),
            }
        )
        print(label)
        for timing in timings:
            print(f"  {timing.contender:<22} {_spread(timing)}{_figures(timing)}")
        for what, value in ratios.items():
            print(f"  {value:8.2f} × {what}")
        for what, value in accuracy.items():
            print(f"  {value:8.2g}   {what}")
        print(flush=True)

    @property
    def failed(self) -> bool:
        """Whether any contender failed; a peer that is missing or too slow has not."""
        return any(t["outcome"].startswith("failed") for case in self.data["cases"] for t in case["timings"])

    def keep(self, path: Path) -> None:
        """Take in the cases of an earlier run that this one has not measured; each says when it was."""
        old = json.loads(path.read_text(encoding="utf-8"))
        then = {"date": old["date"], "load": old["load_before"], "threads": old["machine"]["threads"]}
        then["ceilings"] = old["ceilings"]
        now = {case["case"] for case in self.data["cases"]}
        kept = [then | case for case in old["cases"] if case["case"] not in now]
        self.data["cases"] = kept + self.data["cases"]

    def write(self, folder: Path, keep: bool = False) -> Path:
        """Close the report; with `keep` the file's other cases stay in it."""
        self.data["load_after"] = machine.load()
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.name}.json"
        if keep and path.exists():
            self.keep(path)
        path.write_text(json.dumps(self.data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        print(f"wrote {path.name} (load {self.data['load_before']} before, {self.data['load_after']} after)")
        return path


def _spread(timing: Timing) -> str:
    if not timing.seconds:
        return timing.outcome
    low, middle, high = (1e3 * f(timing.seconds) for f in (min, statistics.median, max))
    runs = len(timing.seconds)
    return f"{middle:10.2f} ms  ({low:.2f} … {high:.2f}, {runs} runs, first {1e3 * (timing.first or 0):.0f})"


def _figures(timing: Timing) -> str:
    return "".join(f"  {name} {value:.4g}" for name, value in timing.figures.items())


def main(
    name: str,
    question: str,
    sizes: Sequence[int],
    measure: Callable[[int, Path, argparse.Namespace, Report], None],
) -> int:
    """Read the options every benchmark has, measure each size, write the file; 1 if a program failed."""
    parser = argparse.ArgumentParser(description=question)
    parser.add_argument("--sizes", "--batches", type=int, nargs="+", default=list(sizes), metavar="N")
    parser.add_argument("--pairs", type=int, default=5, help="rounds after the warm-up (default 5)")
    parser.add_argument("--budget", type=float, default=60.0, help="seconds a case may take (default 60)")
    parser.add_argument("--limit", type=float, default=300.0, help="seconds a peer may take (default 300)")
    parser.add_argument("--threads", type=int, default=1, help="threads of each pool (default 1)")
    parser.add_argument("-o", "--output", type=Path, default=RESULTS, help="folder of the JSON file")
    parser.add_argument("--keep", action="store_true", help="leave the file's other cases in it")
    options = parser.parse_args()
    with threadpool_limits(limits=options.threads), tempfile.TemporaryDirectory() as folder:
        report = Report(name, question, options.threads)
        for size in options.sizes:
            measure(size, Path(folder), options, report)
        report.write(options.output, options.keep)
    return int(report.failed)
