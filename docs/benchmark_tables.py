"""Write the tables of benchmarks.md from benchmarks/results/*.json, between their marks.

python docs/benchmark_tables.py          a test holds the page to the results

A row that was not measured is not there; a figure that was not measured is a dash.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PAGE, RESULTS = HERE / "benchmarks.md", HERE.parent / "benchmarks" / "results"
DASH = "–"
Case = Mapping[str, Any]


def cases(name: str) -> list[Case]:
    """Return what a benchmark measured; nothing where it was not run."""
    path = RESULTS / f"{name}.json"
    if not path.exists():
        return []
    found = json.loads(path.read_text(encoding="utf-8"))
    whole = {"date": found["date"], "load": found["load_before"], "threads": found["machine"]["threads"]}
    return [whole | {"ceilings": found["ceilings"]} | case for case in found["cases"]]


def timing(case: Case, contender: str) -> Mapping[str, Any]:
    """Return what was measured of one program."""
    return next((one for one in case["timings"] if one["contender"] == contender), {})


def figure(case: Case | None, contender: str, name: str) -> float | None:
    """Return a figure of one program."""
    return None if case is None else timing(case, contender).get("figures", {}).get(name)


def digits(value: float | None, count: int = 3, over: str = "") -> str:
    """Return a number with so many digits that matter; `over` stands for one that there is none of."""
    if value is None:
        return over or DASH
    rounded = float(f"{value:.{count - 1}e}")
    if rounded != 0 and abs(rounded) < 1e-2:
        return f"{rounded:.{count - 1}e}".replace("e-0", "e-")
    places = max(0, count - 1 - int(f"{rounded:e}".partition("e")[2]))
    return f"{rounded:,.{places}f}"


def seconds(case: Case, contender: str) -> str:
    """Return the median of the runs, or why there is none."""
    one = timing(case, contender)
    return digits(one.get("median"), 3, one.get("outcome", DASH))


def table(head: str, rows: list[str]) -> str:
    """Return a table in Markdown."""
    return "\n".join([head, "|" + "---|" * (head.count("|") - 1), *rows])


def when(found: list[Case]) -> str:
    """Return a line that says when rows were measured, and how busy the machine was."""
    days: dict[tuple[str, int], list[float]] = {}
    for case in found:
        days.setdefault((case["date"][:10], case["threads"]), []).append(case["load"])
    said = []
    for (day, threads), loads in days.items():
        low, high = f"{min(loads):.1f}", f"{max(loads):.1f}"
        load = low if low == high else f"{low} to {high}"
        said.append(f"{day}, {threads} {'thread' if threads == 1 else 'threads'}, load {load}")
    return f"\n\nMeasured {'; '.join(said)}." if said else ""


def number(label: str) -> int:
    """Return the first whole number of a label."""
    found = re.search(r"\d+", label)
    assert found is not None
    return int(found[0])


def crossbar_operating_point() -> str:
    """Operating points against ngspice."""
    rows = []
    for case in cases("crossbar_operating_point"):
        (apart,) = case["accuracy"].values() or (None,)
        ratio = next((v for k, v in case["ratios"].items() if "process" in k), None)
        wires = re.search(r": (\d+)", case["case"])
        assert wires is not None
        ngspice, start = (timing(case, f"ngspice, {what}") for what in ("process", "start-up"))
        less = ngspice["median"] - start["median"] if ngspice.get("median") else None
        rows.append(
            f"| {number(case['case'])} | {int(wires[1]):,} | {seconds(case, 'eqchip, read + solve')} | "
            f"{seconds(case, 'eqchip, solve')} | {digits(less, 3, ngspice.get('outcome', ''))} | "
            f"{digits(ratio, 2)} | {digits(apart, 1)} |"
        )
    return table(
        "| N | unknowns of wire | eqchip, read + solve | eqchip, solve | ngspice, less its start-up | ratio "
        "| largest difference of a voltage |",
        rows,
    )


def neurons_transient() -> str:
    """Transients against ngspice."""
    rows = []
    for case in cases("neurons_transient"):
        apart = next((v for k, v in case["accuracy"].items() if "between" in k), None)
        ratio = next((v for k, v in case["ratios"].items() if "process" in k), None)
        links = re.search(r": (\d+)", case["case"])
        assert links is not None
        ngspice, start = (timing(case, f"ngspice, {what}") for what in ("process", "start-up"))
        less = ngspice["median"] - start["median"] if ngspice.get("median") else None
        rows.append(
            f"| {number(case['case'])} | {int(links[1]):,} | {seconds(case, 'eqchip, read + solve')} | "
            f"{seconds(case, 'eqchip, solve')} | {digits(less, 3, ngspice.get('outcome', ''))} | "
            f"{digits(ratio, 2)} | {digits(apart, 2)} |"
        )
    return table(
        "| N | couplings | eqchip, read + solve | eqchip, solve | ngspice, less its start-up | ratio "
        "| difference, of the peak |",
        rows,
    )


def read_netlist() -> str:
    """Reading netlists."""
    rows = []
    for case in cases("read_netlist"):
        found = re.search(r": (\d+) cards", case["case"])
        assert found is not None
        name = "microseconds a card, reading"
        each = [case["ratios"].get(name + more) for more in ("", " and elaborating")]
        ways = ("eqchip, read", "eqchip, read + elaborate", "ngspice, process")
        rows.append(
            f"| {int(found[1]):,} | "
            + " | ".join([*(seconds(case, way) for way in ways), *(digits(one, 2) for one in each)])
            + " |"
        )
    return table(
        "| cards | read | read + elaborate | ngspice, whole process | µs a card, read | read + elaborate |",
        rows,
    )


def training() -> str:
    """Training and inference beside PyTorch."""
    found: dict[tuple[str, int], dict[str, Case]] = {}
    for case in cases("training"):
        what, _, rest = case["case"].partition(", ")
        batch, _, chip = rest.partition(": ")
        found.setdefault((chip, number(batch)), {})[what] = case
    chips = list(dict.fromkeys(chip for chip, _ in found))
    rate = "samples_per_second"
    rows = []
    for chip, batch in sorted(found, key=lambda key: (chips.index(key[0]), key[1])):
        learn, answer = (found[chip, batch].get(what) for what in ("training", "inference"))
        usual, mended = "torch, usual loop", "torch, drive cached"
        mine = figure(learn, "eqchip", rate), figure(answer, "eqchip", rate)
        peer = figure(learn, usual, rate), figure(answer, usual, rate)
        share = figure(learn, "eqchip", "of_ceiling")
        ratios = [one / other if one and other else None for one, other in zip(mine, peer, strict=True)]
        cells = [
            chip.removesuffix(" (MNIST)").replace(" (MNIST, ", " ("),
            str(batch),
            digits(mine[0]),
            digits(peer[0]),
            digits(figure(learn, mended, rate)),
            digits(ratios[0]),
            digits(mine[1]),
            digits(peer[1]),
            digits(ratios[1]),
            digits(figure(learn, "eqchip", "residual"), 2),
            DASH if share is None else f"{100 * share:.0f} %",
        ]
        rows.append("| " + " | ".join(cells) + " |")
    return table(
        "| chip | batch | training | PyTorch | mended | ratio | inference | PyTorch | ratio | residual "
        "| of `sgemm`, training |",
        rows,
    )


def rate_neurons() -> str:
    """Rate neurons beside a plain BLAS loop."""
    rows = []
    name = "cpu_seconds_of_1000_steps"
    for case in cases("rate_neurons"):
        size, many = (int(one) for one in re.findall(r"\d+", case["case"])[:2])
        mine, peer = (figure(case, who, name) for who in ("eqchip", "plain BLAS loop"))
        if many == 1:
            read = digits(figure(case, "eqchip", "gigabytes_of_weights_per_second"), 2)
            against = f"{read} GB/s of weights; copies: {case['ceilings']['copy_gigabytes_per_second']}"
        else:
            share = figure(case, "eqchip", "of_sgemm_ceiling") or 0.0
            against = f"{100 * share:.0f} % of `sgemm`, by the clock"
        rows.append(f"| {size}, {many} | {digits(mine, 2)} s | {digits(peer, 2)} s | {against} |")
    return table(
        "| N, networks at a time | eqchip | plain BLAS loop | against the ceiling of the same run |", rows
    )


def equilibrium() -> str:
    """Equilibria of chips of MNIST's size."""
    found: dict[tuple[str, str, str], dict[int, Case]] = {}
    for case in cases("equilibrium"):
        chip, state, tol, _, batch = case["case"].split(", ")
        found.setdefault((chip, state, tol.removeprefix("tol ")), {})[number(batch)] = case
    sizes = sorted({size for batches in found.values() for size in batches})
    rows = []
    for (chip, state, tol), batches in found.items():
        shown = batches.get(20)
        counts = [_iterations(shown, way) for way in ("momentum", "sweeps", "Euler")]
        rates = [
            " / ".join(
                digits(figure(batches.get(size), way, "samples/processor-s"), 2)
                for way in ("momentum", "sweeps")
            )
            for size in sizes
        ]
        tol = f"{float(tol):.0e}".replace("e-0", "e-")
        rows.append("| " + " | ".join([f"{chip}, {state}", tol, *counts, *rates]) + " |")
    batches_of = " | ".join(f"batch {size}" if size == sizes[0] else str(size) for size in sizes)
    return table(f"| chip | tol | with momentum | plain sweeps | Euler | {batches_of} |", rows)


def _iterations(case: Case | None, way: str) -> str:
    mean, most = (figure(case, way, name) for name in ("iterations", "most"))
    return DASH if mean is None or most is None else f"{mean:.0f} ({most:.0f})"


def cold_start() -> str:
    """First runs of commands."""
    rows = []
    for case in cases("cold_start"):
        cold, warm = (figure(case, way, "cpu") for way in ("cold", "warm"))
        kernels = figure(case, "cold", "kernels")
        rows.append(f"| `{case['case']}` | {digits(cold, 2)} | {digits(warm, 2)} | {digits(kernels, 3)} |")
    if not rows:
        return "(not measured yet)"
    return table("| command | processor seconds, first run | second run | kernels compiled |", rows)


def pulsed_update() -> str:
    """Updates of memory devices, all pulses in one draw."""
    rows = []
    for case in cases("pulsed_update"):
        law, *_ = case["case"].split(", ")
        own, trains = (
            figure(case, f"one draw, {way}", "ns a synapse-update") for way in ("expected", "shared")
        )
        plain = figure(case, "pulse by pulse", "ns a synapse-update")
        apart = [
            next(v for k, v in case["accuracy"].items() if k.startswith(what) and "shared" in k)
            for what in ("mean", "deviation")
        ]
        ratio = plain / trains if plain and trains else None
        said = " | ".join([digits(own, 2), digits(trains, 2), digits(plain, 3), digits(ratio, 2)])
        rows.append(f"| {law} | {said} | {apart[0]:+.4f} | {apart[1]:+.4f} |")
    head = "| law | expected pulses, ns | shared trains, ns | pulse by pulse, ns | ratio | mean | deviation |"
    return table(head, rows)


def noisy_settling() -> str:
    """Phases with noise beside the same without."""
    quiet = "without noise"
    rows = []
    for case in cases("noisy_settling"):
        chip, steps, _ = case["case"].split(", ")
        base = figure(case, quiet, "ms a phase")
        cells = [digits(base, 2)]
        for noise in ("thermal noise", "read noise", "thermal and read noise"):
            own = figure(case, noise, "ms a phase")
            cells.append(digits(own / base, 2) if own and base else DASH)
        moved = case["accuracy"].get("deviation of states, thermal and read noise")
        rows.append(f"| {chip.removeprefix('ep-')}, {steps} | {' | '.join(cells)} | {digits(moved, 2)} |")
    head = "| chip and steps | without noise, ms | thermal | read | both | what both move states by |"
    return table(head, rows)


def wires() -> str:
    """Currents of linear crossbars."""
    rows = []
    for case in cases("wires"):
        size = number(case["case"].partition("N = ")[2])
        one, many = "eqchip, 1 input", "eqchip, 100 inputs"
        cells = [seconds(case, way) for way in (one, many, "SuperLU, 1 input", "SuperLU, 100 inputs")]
        missed = figure(case, many, "KCL")
        cells.append(DASH if missed is None else f"{missed:.0e}".replace("e-0", "e-"))
        rows.append(f"| {size} | {' | '.join(cells)} |")
    measured = "1 input, s | 100 inputs, s | SuperLU, 1 input | 100 inputs"
    head = f"| N | {measured} | KCL missed, of the largest current |"
    return table(head, rows)


TABLES: Mapping[str, Callable[[], str]] = {
    one.__name__: one
    for one in (
        crossbar_operating_point,
        neurons_transient,
        read_netlist,
        training,
        rate_neurons,
        equilibrium,
        pulsed_update,
        noisy_settling,
        wires,
        cold_start,
    )
}


def written(page: str) -> str:
    """Return the page with its tables as the results have them."""
    for name, make in TABLES.items():
        begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->"
        if begin in page:
            before, _, rest = page.partition(begin)
            page = before + begin + make() + when(cases(name)) + "\n" + end + rest.partition(end)[2]
    return page


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
