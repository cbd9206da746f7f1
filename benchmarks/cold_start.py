"""How long does the very first run of a command take, with every kernel still to be compiled?

Each command runs twice as a process of its own, in an empty cache folder: cold, then warm. Processor time is
what can be compared on a shared machine. `kernels` counts the machine code that was compiled and kept.
"""

from __future__ import annotations

import argparse
import os
import resource
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from harness import RESULTS, Report, Timing

QUESTION = "The first run of a command after an install: everything compiles"
CIRCUIT = """* a rectifier
V1 in 0 SIN(0 1 1k)
R1 in a 1k
D1 a b DM
C1 b 0 1u
R2 b 0 10k
.model DM D(IS=1e-14)
.tran 10u 2m
.end
"""
#: What each asks for; those that need MNIST are left out where it is not there (EQCHIP_DATA).
COMMANDS = (
    "simulate rectifier.cir",
    "simulate stdp-waveform",
    "train xor",
    "train digits --set train.epochs=1",
    "train eb-784-512-10 --set train.epochs=1 --set data.train=0:200",
    "check xor",
)


def run(command: str, folder: Path, cache: Path, limit: float) -> dict[str, float]:
    """Run one command as a process; return its processor seconds and the kernels there are after it."""
    words = shlex.split(command)
    if words[0] != "check":
        words += ["--output", str(folder / f"{len(list(folder.iterdir()))}.h5")]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-m", "eqchip", *words],
        cwd=folder,
        env={**os.environ, "EQCHIP_CACHE_DIR": str(cache)},
        capture_output=True,
        check=True,
        timeout=limit,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"cpu": seconds, "kernels": len(list(cache.rglob("*.nbc")))}


def measure(command: str, folder: Path, limit: float, report: Report) -> None:
    """Measure one command, cold and warm."""
    timings = []
    with tempfile.TemporaryDirectory() as cache:
        for name in ("cold", "warm"):
            timing = Timing(name)
            begun = time.perf_counter()
            try:
                timing.figures = run(command, folder, Path(cache), limit)
            except subprocess.TimeoutExpired:
                timing.outcome = f"over {limit:g} s"
            except subprocess.CalledProcessError as fault:
                timing.outcome = f"failed: {fault.stderr.decode().strip().splitlines()[-1]}"
            else:
                timing.seconds.append(time.perf_counter() - begun)
            timings.append(timing)
    cold, warm = (timing.figures.get("cpu") for timing in timings)
    compiling: dict[str, Any] = {} if cold is None or warm is None else {"s compiling": cold - warm}
    report.case(command, timings, compiling, {})


def main() -> int:
    """Read the options, measure each command, write the file; 1 if one failed."""
    parser = argparse.ArgumentParser(description=QUESTION)
    parser.add_argument("--commands", nargs="+", default=list(COMMANDS), metavar="COMMAND")
    parser.add_argument("--limit", type=float, default=300.0, help="seconds a command may take (default 300)")
    parser.add_argument("-o", "--output", type=Path, default=RESULTS, help="folder of the JSON file")
    options = parser.parse_args()
    report = Report("cold_start", QUESTION, 1)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "rectifier.cir").write_text(CIRCUIT, encoding="utf-8")
        for command in options.commands:
            if "784" in command and not os.environ.get("EQCHIP_DATA"):
                print(f"{command}\n  skipped: EQCHIP_DATA names no folder\n")
                continue
            measure(command, Path(folder), options.limit, report)
    report.write(options.output)
    return int(report.failed)


if __name__ == "__main__":
    sys.exit(main())
