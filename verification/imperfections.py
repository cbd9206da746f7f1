"""What each imperfection costs: the chip `digits` trained with every one of them, at several strengths.

    python verification/imperfections.py --folder DIR [--only NAME …]           train what is missing in DIR
    python verification/imperfections.py --folder DIR --mnist [--only NAME …]   784-500-10, the worst of them
    python verification/imperfections.py --publish                              the pages from what is kept

Every imperfection is a study, `eqchip.sweep` over the one setting that carries its strength, in a file of its
own in DIR that is taken up again where it stopped. Seed k draws the order of samples, the noise and the first
weights, and makes another chip. What came out is kept in verification/results/imperfections.json; the tables
of docs/effects.md and its picture are made from that.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from imperfections_table import CHIP, TABLE, Effect

import eqchip
from eqchip.units import parse_number

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "imperfections.json"
PAGE = HERE.parent / "docs" / "effects.md"
PICTURE = HERE.parent / "docs" / "pictures" / "imperfections.png"
EPOCHS, SEEDS = 3, 3
LARGE, LARGE_EPOCHS, MOST = "ep-784-500-10", 5, 6


@dataclass
class Found:
    """What the trainings with one imperfection came to; errors are shares, a row for each strength."""

    name: str
    setting: str
    strengths: list[str]
    also: dict[str, str]
    errors: list[list[float | None]]  # None: a training that failed
    ideal: list[float | None]
    epochs: int
    seconds: float  # of all trainings with it, on a machine that was shared


def train(
    effect: Effect, chip: str, ground: Mapping[str, str], epochs: int, vary: str, seeds: int, folder: Path
) -> Found:
    """Train a chip with an imperfection at every strength, and without it."""
    perfect = eqchip.load(chip).set({**ground, "train.epochs": epochs})
    label = "-".join(f"{key.partition('.')[2]}{value}" for key, value in sorted(ground.items()))
    first = folder / f"{chip}-ideal-{label or 'plain'}.h5"
    # A study varies something: of the chip without imperfection, β over the one value that it has.
    beta = {"train.beta": float(perfect.circuit.train["beta"])}
    ideal = eqchip.open(first) if first.exists() else _study(perfect, beta, seeds, first)
    spoilt = perfect.set(dict(effect.also))
    study = _study(spoilt, {effect.setting: vary}, seeds, folder / f"{chip}-{effect.name}.h5")
    errors = np.asarray(study["study/test_error"], np.float64).reshape(-1, seeds)
    return Found(
        effect.name,
        effect.setting,
        vary.split(","),
        {**ground, **effect.also},
        [[_number(one) for one in row] for row in errors],
        [_number(one) for one in np.asarray(ideal["study/test_error"], np.float64)],
        epochs,
        round(float(np.nansum(study["study/seconds"])), 1),
    )


def _number(value: float) -> float | None:
    return round(float(value), 5) if math.isfinite(value) else None


def _study(chip: Any, vary: Mapping[str, object], seeds: int, file: Path) -> Any:
    begun = file.exists() or file.with_name(file.name + ".part").exists()
    return eqchip.sweep(chip, file, vary=vary, run="train", seeds=seeds, threads=1, resume=begun)


def kept() -> dict[str, list[Found]]:
    """Return what is kept, by the chip."""
    if not RESULTS.exists():
        return {CHIP: [], LARGE: []}
    return {chip: [Found(**one) for one in found] for chip, found in json.loads(RESULTS.read_text()).items()}


def keep(chip: str, found: Found) -> None:
    """Keep what was found, in the order of the table."""
    everything = kept()
    order = [one.name for one in TABLE]
    rows = [one for one in everything[chip] if one.name != found.name and one.name in order] + [found]
    everything[chip] = sorted(rows, key=lambda one: order.index(one.name))
    RESULTS.parent.mkdir(exist_ok=True)
    told = {name: [asdict(one) for one in rows] for name, rows in everything.items()}
    chips = (f'"{one}": [\n  ' + ",\n  ".join(map(json.dumps, rows)) + "\n ]" for one, rows in told.items())
    RESULTS.write_text("{\n " + ",\n ".join(chips) + "\n}\n")


def mean(values: Sequence[float | None]) -> float:
    """Return the mean of what was finished."""
    there = [one for one in values if one is not None]
    return float(np.mean(there)) if there else math.nan


def doubled(found: Found) -> float | None:
    """Return the strength at which the error is twice the ideal, on a log scale between those measured."""
    bar = 2.0 * mean(found.ideal)
    points = [
        (math.log(parse_number(s)), mean(row)) for s, row in zip(found.strengths, found.errors, strict=True)
    ]
    before: tuple[float, float] | None = None
    for place, error in points:
        if error >= bar:
            if before is None:
                return math.exp(place)
            share = (bar - before[1]) / (error - before[1])
            return math.exp(before[0] + share * (place - before[0]))
        before = (place, error)
    return None


def worst(rows: list[Found]) -> list[Found]:
    """Return the imperfections by the error they cost at their usual strength, the largest first."""
    usual = {one.name: one.usual for one in TABLE}

    def cost(one: Found) -> float:
        if usual[one.name] not in one.strengths:
            return -math.inf
        return mean(one.errors[one.strengths.index(usual[one.name])]) - mean(one.ideal)

    return sorted(rows, key=cost, reverse=True)


def percent(values: Sequence[float | None]) -> str:
    """Return mean and spread in percent; how many failed."""
    there = [100.0 * one for one in values if one is not None]
    if not there:
        return "failed"
    text = f"{np.mean(there):.1f}"
    if len(there) > 1:
        text += f" ± {np.std(there, ddof=1):.1f}"
    return text if len(there) == len(values) else f"{text} ({len(values) - len(there)} failed)"


def lines(rows: list[Found]) -> Iterator[str]:
    """Yield the table of digits in Markdown."""
    usual = {one.name: one.usual for one in TABLE}
    yield "| imperfection | setting | test error % at each strength | twice the ideal at |"
    yield "|---|---|---|---|"
    for one in rows:
        pairs = [
            f"{'**' if s == usual[one.name] else ''}{s}{'**' if s == usual[one.name] else ''}: {percent(row)}"
            for s, row in zip(one.strengths, one.errors, strict=True)
        ]
        bar = doubled(one)
        first = bar is not None and math.isclose(bar, parse_number(one.strengths[0]))
        where = "–" if bar is None else f"{'before ' if first else ''}{float(f'{bar:.2g}'):g}"
        yield f"| `{one.name}` | `{one.setting}` | {'<br>'.join(pairs)} | {where} |"


def large_lines(rows: list[Found]) -> Iterator[str]:
    """Yield the table of 784-500-10 in Markdown."""
    yield "| imperfection | setting | test error % | seeds | epochs | minutes |"
    yield "|---|---|---|---|---|---|"
    if rows:
        yield f"| none | | {percent(rows[0].ideal)} | {len(rows[0].ideal)} | {rows[0].epochs} | |"
    for one in rows:
        for strength, row in zip(one.strengths, one.errors, strict=True):
            spent = one.seconds / 60.0 / max(1, len(one.strengths))
            yield (
                f"| `{one.name}` | `{one.setting}={strength}` | {percent(row)} | {len(row)} | {one.epochs} "
                f"| {spent:.1f} |"
            )


def commands() -> Iterator[str]:
    """Yield a line to type for each imperfection."""
    yield "```text"
    for one in TABLE:
        yield one.line()
    yield "```"


def write_between(page: str, mark: str, text: Iterator[str]) -> str:
    """Return a page with what stands between two marks written anew."""
    begin, end = f"<!-- {mark}: begin -->", f"<!-- {mark}: end -->"
    before, found, rest = page.partition(begin)
    if not found or end not in rest:
        raise ValueError(f"{PAGE.name} has no marks {begin} {end}")
    return before + begin + "\n" + "\n".join(text) + "\n" + end + rest.partition(end)[2]


def page_of(page: str, results: Mapping[str, list[Found]]) -> str:
    """Return the page with the tables of these results."""
    page = write_between(page, "digits", lines(results[CHIP]))
    page = write_between(page, "commands", commands())
    return write_between(page, "mnist", large_lines(results[LARGE]))


def main() -> None:
    """Train what is asked for, and publish."""
    words: Any = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    words.add_argument("--folder", type=Path, help="where the studies are kept")
    words.add_argument("--only", nargs="*", help="names of imperfections")
    words.add_argument("--seeds", type=int, help=f"seeds of each: {SEEDS}, one of 784-500-10")
    words.add_argument("--mnist", action="store_true", help="784-500-10 with those that cost digits most")
    words.add_argument("--publish", action="store_true", help="write the tables and the picture")
    given = words.parse_args()
    wrong = set(given.only or ()) - {one.name for one in TABLE}
    if wrong:
        words.error(f"{', '.join(sorted(wrong))}: not one of " + ", ".join(one.name for one in TABLE))
    if given.folder:
        given.folder.mkdir(parents=True, exist_ok=True)
        name, epochs = (LARGE, LARGE_EPOCHS) if given.mnist else (CHIP, EPOCHS)
        chosen = given.only or [one.name for one in (worst(kept()[CHIP])[:MOST] if given.mnist else TABLE)]
        seeds = given.seeds or (1 if given.mnist else SEEDS)
        for one in TABLE:
            if one.name in chosen:
                vary, ground = one.strengths, one.ground
                if given.mnist:  # it has steps of its own
                    vary, ground = one.usual, {}
                found = train(one, name, ground, epochs, vary, seeds, given.folder)
                keep(name, found)
                told = ", ".join(percent(row) for row in found.errors)
                print(f"{one.name}: {told}; ideal {percent(found.ideal)}; {found.seconds:.0f} s", flush=True)
    if given.publish:
        PAGE.write_text(page_of(PAGE.read_text(encoding="utf-8"), kept()), encoding="utf-8")
        from imperfections_picture import draw

        draw(kept()[CHIP], PICTURE)


if __name__ == "__main__":
    main()
