"""The command `eqchip`: finds the command asked for, and turns every failure into a message and an exit code.

    0 done   1 the simulation failed   2 the input was wrong   3 finished with failed points   130 interrupted

Commands are loaded by name, so that `eqchip --help` imports neither NumPy nor Numba.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from eqchip import __version__
from eqchip.cli.examples import epilog
from eqchip.errors import EqchipError

#: Each command is `cli/NAME.py` with a click command of the same name. What it does, for the list in --help.
COMMANDS = {
    "simulate": "Run the analyses of a netlist.",
    "train": "Train a chip; progress, error, latency.",
    "evaluate": "Test a trained chip again, under any --set.",
    "check": "Compare a chip's local updates with the gradient; --ngspice: its voltages with ngspice.",
    "sweep": "A chip at many points: what each imperfection costs, ranges of values.",
    "plot": "Draw what a file holds.",
    "show": "Show a chip at each stage, or what a file holds.",
    "lint": "Look for faults in a netlist.",
    "models": "List devices, models and their parameters.",
    "fit": "Fit a device model to measured pulses.",
    "export": "Write a chip or a file as SPICE, raw, CSV or NPZ.",
    "recover": "Close the file of a run that was killed.",
    "doctor": "Describe this machine and what eqchip makes of it.",
}
#: Commands of the language that are to come: refused by name.
PLANNED = ("report", "rerun")


class Commands(click.Group):
    """A group that imports a command when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order in which they are used."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"eqchip.cli.{cmd_name}"), cmd_name)
        command.epilog = epilog(cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Say which command was meant, when one is near."""
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            from eqchip.errors import nearest

            if args[0] in PLANNED:
                raise click.UsageError(f"{args[0]} is not in this version", ctx)
            near = nearest(args[0], COMMANDS)
            hint = f"; did you mean '{near}'?" if near else ""
            raise click.UsageError(f"no command '{args[0]}'{hint}", ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="eqchip")
def commands() -> None:
    """Simulate analog chips that learn by settling to equilibrium.

    A CHIP is a netlist file, or the name of one that ships (`eqchip show` lists them).
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and leave with its exit code."""
    sys.exit(run(list(sys.argv[1:] if arguments is None else arguments)))


def run(arguments: list[str]) -> int:
    """Run one command; return the exit code."""
    try:
        outcome: Any = commands.main(args=arguments, prog_name="eqchip", standalone_mode=False)
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except click.ClickException as problem:
        problem.show()
        return 2
    except (KeyboardInterrupt, click.Abort) as stop:
        kept = str(stop.__cause__ or stop)  # click wraps the interrupt
        click.echo(f"eqchip: interrupted{'; ' + kept if kept else ''}", err=True)
        return 130
    except EqchipError as problem:
        click.echo(f"eqchip: {problem}" if not _placed(problem) else str(problem), err=True)
        return problem.exit_code
    except BrokenPipeError:  # `eqchip show chip | head`
        sys.stderr.close()
        return 0
    return outcome if isinstance(outcome, int) else 0


def _placed(problem: EqchipError) -> bool:
    """Whether the message begins with file:line:column already."""
    return getattr(problem, "at", None) is not None
