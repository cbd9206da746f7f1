"""The papers' chips trained on MNIST as the papers did, and what came out beside what they published.

    python verification/published.py --folder DIR [--only NAME …] [--seeds 3] [--hours 1.5]

Every run is an `eqchip train CHIP` into DIR; it is continued with --resume where it stands, so the script
may be stopped and started again at any time. With --hours a run ends after the epoch in which its time is
up, and counts as partial; with `--hours 0` nothing is trained, and what is in DIR is taken as it stands. At
the end the table of docs/training.md is written anew from the files in DIR
and from the results kept in verification/results/published.json.

The vector-field chips are trained epoch by epoch, and after each the angle between the update and the
gradient is measured with `eqchip check`.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "published.json"
PAGE = HERE.parent / "docs" / "training.md"
BEGIN, END = "<!-- published: begin -->", "<!-- published: end -->"


@dataclass(frozen=True)
class Published:
    """A chip that ships, the settings it is trained with, and what the paper found."""

    name: str
    chip: str
    epochs: int
    paper: str  # test (train) error, %
    source: str
    settings: Mapping[str, str] = field(default_factory=dict)
    seeds: int = 1
    angles: bool = False


_SB, _EG, _VF = "Scellier & Bengio 2017", "Ernoult et al. 2019", "Scellier et al. 2018"
_BPTT = {"train.rule": "bptt"}
_SIGMA = {f"{model}.activation": "sigmoid" for model in ("inx", "cell", "out")}
_HARD = {f"{model}.activation": "hardsigmoid" for model in ("cell", "out")}
_ODD = {"train.nudged_steps": "15"}
_SLOW = {"train.solve": "euler", "train.eps": "0.2"}
_EB, _P, _P_BPTT = "2.06 ± 0.17 (0.13)", "2.00 ± 0.13 (0.20)", "2.00 ± 0.12 (0.55)"
TABLE = (
    Published("EP 784-500-10, table", "ep-784-500-10", 25, "2–3 (0.00)", _SB, seeds=3),
    Published("EP 784-500-10, code", "ep-784-500-10-code", 25, "2–3 (0.00)", _SB, seeds=3),
    Published("EP 784-500-500-10, code", "ep-784-500-500-10-code", 60, "2–3 (0.00)", _SB),
    Published("EP 784-500-500-10, equilibrium", "ep-784-500-500-10-eq", 30, "2–3 (0.00)", _SB),
    Published("EP 784-500-500-500-10, equilibrium", "ep-784-500-500-500-10-eq", 30, "2–3 (0.00)", _SB),
    Published("EB-1h, EP", "eb-784-512-10", 30, _EB, _EG, seeds=2),
    Published("EB-1h, EP, sigmoid", "eb-784-512-10", 30, _EB, _EG, _SIGMA),
    Published("EB-1h, BPTT", "eb-784-512-10", 30, "2.11 ± 0.09 (0.46)", _EG, _BPTT),
    Published("EB-2h, EP", "eb-784-512-512-10", 50, "2.01 ± 0.21 (0.11)", _EG),
    Published("P-1h, EP", "p-784-512-10", 30, _P, _EG),
    Published("P-1h, EP, 15 nudged steps", "p-784-512-10", 30, _P, _EG, _ODD),
    Published("P-1h, EP, 15 nudged steps, dt = 0.2", "p-784-512-10", 30, _P, _EG, _ODD | _SLOW),
    Published("P-1h, EP, hard sigmoid", "p-784-512-10", 30, _P, _EG, _HARD),
    Published("P-1h, EP, hard sigmoid, 15 nudged steps", "p-784-512-10", 30, _P, _EG, _HARD | _ODD),
    Published(
        "P-1h, EP, hard sigmoid, 15 nudged steps, dt = 0.2",
        "p-784-512-10",
        30,
        _P,
        _EG,
        _HARD | _ODD | _SLOW,
    ),
    Published("P-1h, BPTT", "p-784-512-10", 30, _P_BPTT, _EG, _BPTT | _ODD),
    Published("P-1h, BPTT, hard sigmoid", "p-784-512-10", 30, _P_BPTT, _EG, _BPTT | _ODD | _HARD),
    Published("P-2h, EP", "p-784-512-512-10", 50, "1.95 ± 0.10 (0.14)", _EG),
    Published("P-3h, EP", "p-784-512-512-512-10", 100, "2.01 ± 0.18 (0.10)", _EG),
    Published("vector field, tied start", "vf-784-500-10", 25, "not found", _VF, angles=True),
    Published("vector field, random feedback", "vf-784-500-10-random", 25, "not found", _VF, angles=True),
)


@dataclass
class Result:
    """What one run has come to."""

    name: str
    seed: int
    epochs: int
    wanted: int
    test_error: list[float]
    train_error: list[float]
    test_loss: list[float]
    hours: float
    machine: str
    cosines: dict[str, list[float]] = field(default_factory=dict)  # by array, after each epoch; vector fields


def eqchip(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command of eqchip in a process of its own; its progress goes to standard error."""
    command = [sys.executable, "-m", "eqchip", *arguments]
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE)


def file_of(one: Published, seed: int, folder: Path) -> Path:
    """Return where a run is kept."""
    words = "".join(c if c.isalnum() else "-" for c in one.name.lower())
    return folder / f"{words}-seed{seed}.h5"


def train_to(one: Published, seed: int, path: Path, epochs: int) -> None:
    """Train to so many epochs, from where the file stands."""
    settings = [f"--set={key}={value}" for key, value in one.settings.items()]
    command = ["train", one.chip, "-o", str(path), "-q", "--json", f"--seed={seed}", *settings]
    if path.exists() or path.with_name(path.name + ".part").exists():
        command = ["train", one.chip, f"--resume={path}", "-q", "--json", f"--seed={seed}", *settings]
    eqchip(*command, f"--set=train.epochs={epochs}")


def curves(path: Path) -> dict[str, list[float]]:
    """Return the curves of a file, by name; of one that is still written, those so far."""
    part = path.with_name(path.name + ".part")
    if not path.exists() and not part.exists():
        return {"epoch": []}
    with h5py.File(path, "r") if path.exists() else h5py.File(part, "r", swmr=True) as file:
        found = {name: data for name, data in file["training"].items() if data.ndim == 1}
        return {name: [float(value) for value in data[:]] for name, data in found.items()}


def advance(one: Published, seed: int, folder: Path, hours: float) -> Result | None:
    """Train one chip as far as its epochs or its time go; None where not an epoch of it is there."""
    path = file_of(one, seed, folder)
    began, done = time.monotonic(), len(curves(path)["epoch"])
    cosines: dict[str, list[float]] = {}
    notes = path.with_suffix(".angles.json")
    if notes.exists():
        cosines = json.loads(notes.read_text())
    pace = math.inf  # hours an epoch
    while done < one.epochs and (spent := (time.monotonic() - began) / 3600) < hours:
        left = 1 if one.angles else one.epochs
        if math.isfinite(hours) and not one.angles:
            left = max(1, int((hours - spent) / pace))
        started = time.monotonic()
        aim = min(one.epochs, done + left)
        train_to(one, seed, path, aim)
        pace = (time.monotonic() - started) / 3600 / (aim - done)
        done = aim
        if one.angles:
            for name, found in json.loads(eqchip("check", str(path), "--json", "-q").stdout)[
                "arrays"
            ].items():
                cosines.setdefault(name, []).append(found["cosine"])
            notes.write_text(json.dumps(cosines))
    found = curves(path)
    if not found["epoch"]:
        return None
    return Result(
        one.name,
        seed,
        len(found["epoch"]),
        one.epochs,
        found["test_error"],
        found["train_error"],
        found["test_loss"],
        sum(found["seconds"]) / 3600,
        f"{os.cpu_count()} × {platform.machine()}",
        cosines,
    )


def percent(values: list[float]) -> str:
    """Return a mean in percent, with its spread where there are several."""
    mean = 100 * float(np.mean(values))
    if len(values) < 2:
        return f"{mean:.2f}"
    return f"{mean:.2f} ± {100 * float(np.std(values, ddof=1)):.2f}"


def lines(results: list[Result]) -> Iterator[str]:
    """Yield the table in Markdown."""
    yield "| chip | seeds | epochs | test error % | train error % | published test (train) % | hours a run |"
    yield "|---|---|---|---|---|---|---|"
    for one in TABLE:
        runs = [found for found in results if found.name == one.name]
        if not runs:
            continue
        epochs = min(found.epochs for found in runs)
        part = "" if epochs >= one.epochs else f" of {one.epochs} (partial)"
        test = percent([found.test_error[epochs - 1] for found in runs])
        train = percent([found.train_error[epochs - 1] for found in runs])
        hours = np.mean([found.hours for found in runs])
        seeds = ", ".join(str(found.seed) for found in sorted(runs, key=lambda found: found.seed))
        paper = f"{one.paper}, {one.source}"
        yield f"| {one.name} | {seeds} | {epochs}{part} | {test} | {train} | {paper} | {hours:.2f} |"


def publish(results: list[Result]) -> None:
    """Write the results and the table of the page."""
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps([asdict(one) for one in results], indent=1) + "\n")
    if PAGE.exists():
        before, _, rest = PAGE.read_text().partition(BEGIN)
        after = rest.partition(END)[2]
        PAGE.write_text(before + BEGIN + "\n" + "\n".join(lines(results)) + "\n" + END + after)


def known() -> list[Result]:
    """Return the results kept."""
    if not RESULTS.exists():
        return []
    results = [Result(**one) for one in json.loads(RESULTS.read_text())]
    names = [one.name for one in TABLE]
    return sorted((one for one in results if one.name in names), key=lambda r: (names.index(r.name), r.seed))


def main() -> None:
    """Train what is asked for, and publish."""
    words: Any = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    words.add_argument("--folder", type=Path, required=True, help="where the runs are kept")
    words.add_argument("--only", nargs="*", help="names of the table")
    words.add_argument("--seeds", type=int, help="seeds of each, instead of the table's")
    words.add_argument("--hours", type=float, default=math.inf, help="of each run")
    given = words.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    wrong = set(given.only or ()) - {one.name for one in TABLE}
    if wrong:
        words.error(f"{', '.join(sorted(wrong))}: not one of " + ", ".join(one.name for one in TABLE))
    for one in TABLE:
        if given.only and one.name not in given.only:
            continue
        for seed in range(given.seeds or one.seeds):
            found = advance(one, seed, given.folder, given.hours)
            if found is None:
                continue
            results = [kept for kept in known() if (kept.name, kept.seed) != (one.name, seed)] + [found]
            publish(results)
            print(f"{one.name}, seed {seed}: {found.epochs} epochs, test {100 * found.test_error[-1]:.2f} %")
    print("\n".join(lines(known())))


if __name__ == "__main__":
    main()
