"""`eqchip lint`: faults of a netlist, without running it."""

from __future__ import annotations

import click

from eqchip.cli.habits import Speaker, options


@click.command()
@click.argument("chip")
@options("json", "quiet")
def lint(chip: str, as_json: bool, quiet: bool) -> int:
    """Look for faults in CHIP: errors, and what is likely a mistake.

    Leaves with 2 when there is an error, with 0 when there are only warnings.
    """
    from eqchip.errors import InputError
    from eqchip.netlists.chips import find_chip
    from eqchip.netlists.lint import lint as find_faults
    from eqchip.netlists.reader import read

    speaker = Speaker(as_json, quiet)
    path = find_chip(chip)
    try:
        findings = find_faults(read(path))
    except InputError as problem:
        if not as_json or problem.at is None:
            raise
        speaker.answer(
            _answer(chip, [{"severity": "error", "message": problem.message, "at": str(problem.at)}])
        )
        return 2
    for finding in findings:
        speaker.say(f"{finding.location}: {finding.severity}: {finding.message}")
        if excerpt := finding.location.excerpt():
            speaker.say(excerpt)
    errors = sum(finding.severity == "error" for finding in findings)
    if not findings:
        speaker.say(f"{path}: no faults found")
    speaker.answer(
        _answer(
            chip,
            [{"severity": f.severity, "message": f.message, "at": str(f.location)} for f in findings],
        )
    )
    return 2 if errors else 0


def _answer(chip: str, findings: list[dict[str, str]]) -> dict[str, object]:
    return {"command": "lint", "chip": chip, "findings": findings}
