"""`eqchip check`: is what devices feel the gradient; are voltages those of ngspice."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from eqchip.cli.habits import Speaker, changes_of, options, quoted, switch
from eqchip.errors import InputError

if TYPE_CHECKING:
    from eqchip.simulator.learning.fidelity import Fidelity
    from eqchip.simulator.learning.window import Window


@click.command()
@click.argument("chip", metavar="CHIP|RUN.h5")
@click.option("--ngspice", "against_ngspice", is_flag=True, help="Compare voltages with ngspice instead.")
@click.option("--data", metavar="SPEC", help="Samples instead of those of .data, or of the training.")
@click.option(
    "--samples",
    type=click.IntRange(min=1),
    default=32,
    show_default=True,
    help="Training samples to check on.",
)
@click.option(
    "--theorem",
    "theorems",
    multiple=True,
    metavar="NAME",
    help="Try this theorem only: second_phase, through_time, reciprocity. Repeatable.",
)
@click.option("-o", "--output", metavar="FILE", help="Write the check to an HDF5 file, for eqchip plot.")
@options("explain", "seeds", "set", "ideal", "only", "chip_seed", "form", "threads", "json", "quiet")
def check(
    chip: str,
    against_ngspice: bool,
    data: str | None,
    samples: int,
    theorems: tuple[str, ...],
    output: str | None,
    explain: bool,
    seeds: int,
    settings: tuple[str, ...],
    ideal: tuple[str, ...],
    only: tuple[str, ...],
    chip_seed: int | None,
    form: str,
    threads: int | None,
    as_json: bool,
    quiet: bool,
) -> int | None:
    """Compare the local updates of CHIP with the gradient of its cost, array by array and over β.

    Tries the theorems that stand behind them, step by step, and says which of them apply. Always in float64.
    With --ngspice, voltages and currents of its analyses beside those of ngspice. With --explain, the cosine
    to the gradient with each imperfection off, and with each alone.
    """
    from eqchip import threads as pools
    from eqchip.simulator.loaded import load

    speaker = Speaker(as_json, quiet)
    pools.apply(threads)
    loaded = switch(speaker, load(chip).set(changes_of(settings, chip_seed=chip_seed)), ideal, only)
    if explain and against_ngspice:
        raise InputError("--explain asks for gradients, --ngspice for voltages", expected="one of them")
    if against_ngspice:
        from eqchip.simulator.comparing import compare

        speaker.warn_when_cold()
        found = compare(loaded)
        for one in found:
            speaker.say(one.describe())
        speaker.answer(
            {
                "command": "check",
                "chip": loaded.name,
                "form": "sparse",
                "dtype": "float64",
                "seed": 0,
                "outcome": "complete",
                "seconds": speaker.seconds,
                "file": None,
                "ngspice": [one.as_dict() for one in found],
            }
        )
        return None
    from eqchip.simulator.checking import check as hold_against
    from eqchip.simulator.records.target import check_target

    path = Path(output) if output is not None else None
    if path is not None:
        check_target(path)
    speaker.warn_when_cold()
    fidelity, run = hold_against(
        loaded, path, data=data, samples=samples, form=form, theorems=theorems, arguments=sys.argv
    )
    lost = str(run.parts["fidelity"].trace.plan.attributes["without_energy"]).split()
    _print(speaker, fidelity, lost)
    if path is not None:
        speaker.say(f"\nwrote {path}; next: eqchip plot {quoted(path)}")
    else:
        speaker.say(f"\neqchip check {quoted(chip)} -o FILE.h5 keeps this for eqchip plot")
    told: dict[str, Any] = {}
    if explain:
        from eqchip.cli.explained import explain as tell
        from eqchip.cli.explained import explained
        from eqchip.simulator.studies.task import Task

        told = explained(tell(speaker, loaded, Task("check", data, form, samples=samples), seeds))
    speaker.answer(
        {
            **run.facts,
            "seconds": speaker.seconds,
            "file": output,
            **fidelity.as_dict(),
            "without_energy": lost,
            **told,
        }
    )
    return 3 if told.get("failed") else None


def _print(speaker: Speaker, found: Fidelity, lost: list[str]) -> None:
    from eqchip.units import engineering

    way = f"{found.estimator} estimator, β = {found.beta:g}" if found.estimator else "no β"
    speaker.say(f"{found.rule} rule, {way}, solve={found.solve}, {found.samples} samples; float64")
    if not found.target.startswith("dLoss/dθ"):
        speaker.say(f"its target: {found.target}")
    speaker.say("\nas trained, against the gradient of the loss:")
    speaker.table(
        ("array", "cosine", "relative error", "scale", "bias", "spread"),
        [
            (
                name,
                _cosine(one.cosine),
                *(_short(v) for v in (one.relative_error, one.scale, one.bias, one.std)),
            )
            for name, one in found.arrays.items()
        ],
        right=range(1, 6),
    )
    if found.aimed:
        speaker.say("\nas trained, against its own target:")
        rows = [(name, _cosine(one.own_cosine), _short(one.own_error)) for name, one in found.arrays.items()]
        speaker.table(("array", "cosine", "relative error"), rows, right=range(1, 3))
    if any(one.noise is not None for one in found.arrays.values()):
        speaker.say("\nwith the noise of one batch:")
        rows = [(name, _cosine(one.noisy_cosine), _short(one.noise)) for name, one in found.arrays.items()]
        speaker.table(("array", "cosine", "spread"), rows, right=range(1, 3))
    if any(one.written_cosine is not None for one in found.arrays.values()):
        speaker.say("\nas devices are written in one batch:")
        rows = [
            (name, _cosine(one.written_cosine), _short(one.written_scale))
            for name, one in found.arrays.items()
        ]
        speaker.table(("array", "cosine", "scale"), rows, right=range(1, 3))
    if found.betas:
        _sweep(speaker, found)
    else:
        speaker.say(f"\nrule={found.rule} has no β: there is nothing to look at over it")
    stable = "stable" if found.stability > 0 else "NOT STABLE"
    slowest = engineering(found.slowest, "s", 3) if math.isfinite(found.slowest) else "–"
    speaker.say(f"\nreciprocity ‖J − Jᵀ‖/‖J‖ = {found.reciprocity:.2g}; {_energy(lost)}")
    speaker.say(f"equilibrium: {stable}, slowest time constant {slowest}, residual {found.residual:.2g}")
    if found.reference_error is not None:
        speaker.say(
            f"the gradient agrees with {found.reference_picks} finite differences "
            f"to {found.reference_error:.2g}"
        )
    if found.reference_jumps:
        speaker.say(
            f"at {found.reference_jumps} more, finite differences jump: the chip has another equilibrium, "
            "or a unit meets a bound"
        )
    if found.held:
        speaker.say(f"{100.0 * found.held:.3g} % of the nodes stand at a bound: no error passes through them")
    if found.window is not None:
        _window(speaker, found.window, found.betas[-1], bool(found.held))
    for one in found.theorems:
        verdict = {True: "holds", False: "FAILS", None: "does not apply"}[one.holds]
        speaker.say(f"\n{one.name}: {verdict}\n  {one.statement}\n  {one.why}")
        if one.measured:
            speaker.say(f"  {one.measured}")


def _window(speaker: Speaker, found: Window, most: float, bounded: bool) -> None:
    """Say from which β on an error no longer follows a power of β, where that is seen."""
    for limit, what, beyond in (
        (found.branch, "nudged states are the free one, moved a little", "they jump or bend away"),
        (found.bounds if bounded else most, "no unit reaches or leaves a bound", "errors have kinks"),
    ):
        if limit is None:
            speaker.say(f"at no β it was looked at, {what}: {beyond}")
        elif limit < most:
            speaker.say(f"up to β = {limit:.2g}, {what}; beyond, {beyond}")


def _sweep(speaker: Speaker, found: Fidelity) -> None:
    against = "its own target" if found.aimed else "the gradient"
    speaker.say(f"\nrelative error at equilibrium against {against}, over β:")
    half = [2.0 * math.log10(beta) for beta in found.betas]
    keep = [k for k, place in enumerate(half) if abs(place - round(place)) < 1e-6]  # every half decade
    rows = [
        (f"{found.betas[k]:.3g}", *(_short(one.errors[k]) for one in found.arrays.values())) for k in keep
    ]
    rows.append(("slope", *(_fixed(one.slope) for one in found.arrays.values())))
    rows.append(("best β", *(_short(one.best_beta) for one in found.arrays.values())))
    rows.append(("its error", *(_short(one.best_error) for one in found.arrays.values())))
    speaker.table(("β", *found.arrays), rows, right=range(len(found.arrays) + 1))


def _energy(lost: list[str]) -> str:
    if not lost:
        return "every part has an energy: the update tends to the gradient as β → 0"
    named = ", ".join(lost[:8]) + (f" and {len(lost) - 8} more" if len(lost) > 8 else "")
    return f"no energy in {named}: the update need not follow the gradient"


def _short(value: float | None) -> str:
    return "–" if value is None else f"{value:.2g}"


def _fixed(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _cosine(value: Any) -> str:
    return "–" if value is None else f"{value:.6f}"
