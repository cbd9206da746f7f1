"""Write the pages that follow from the program: `commands.md` from --help, `models.md` from the declarations.

python docs/reference.py          writes both; a test holds them to the program
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from eqchip.cli.main import COMMANDS, commands
from eqchip.devices.describe import describe
from eqchip.units import engineering

HERE = Path(__file__).parent

COMMANDS_HEAD = """# Commands

One habit everywhere: a CHIP is a netlist file or the name of one that ships; `-o` says where a result goes,
`--set NAME=VALUE` changes any value, `--json` prints one object on stdout and nothing else there. Progress
and notes go to stderr; `-q` silences them. `NO_COLOR` is honoured.

| exit code | |
|---|---|
| 0 | done |
| 1 | the simulation failed; the message says why, where, and what to try |
| 2 | the input was wrong; the message says where |
| 3 | finished, with failed points |
| 130 | interrupted; what was finished is kept |

This page is written from the program's own `--help` by `docs/reference.py`.

"""

MODELS_HEAD = """# Devices

Every device and its parameters, written from their declarations by `docs/reference.py`; `eqchip models NAME`
shows the same. *Place* is where in a chip a parameter acts ([the design](design.md)); `law` is the ideal
device itself.

"""


def commands_page() -> str:
    """Return the page of commands."""
    parts = [COMMANDS_HEAD]
    # The settings of the program itself: a command keeps the help option it was first asked for.
    settings = {**commands.context_settings, "terminal_width": 100, "max_content_width": 100}
    parent = click.Context(commands, info_name="eqchip", **settings)
    for name in COMMANDS:
        command = commands.get_command(parent, name)
        if command is None:
            continue
        context = click.Context(
            command, info_name=name, parent=parent, terminal_width=100, max_content_width=100
        )
        parts.append(f"## {name}\n\n```text\n{command.get_help(context).strip()}\n```\n\n")
    return "".join(parts).rstrip() + "\n"


def models_page() -> str:
    """Return the page of devices."""
    parts = [MODELS_HEAD]
    for short in describe()["families"]:
        family = describe(short["name"])
        card = ", ".join(f"`{letter}`" for letter in family["letters"])
        types = ", ".join(f"`.model … {word}(…)`" for word in family["model_types"])
        parts.append(f"## {family['name']}\n\n{family['text'][0].upper()}{family['text'][1:]}.\n\n")
        parts.append(f"* card: {card or '–'}{'; ' + types if types else ''}\n")
        parts.append(f"* terminals: {', '.join(family['terminals'])}\n")
        parts.append(f"* can: {', '.join(family['capabilities']) or '–'}\n")
        parts.append(f"* source: {family['source'] or '–'}\n\n")
        rows = {one["name"]: one for one in family["parameters"]}
        if rows:
            parts.append(
                "| parameter | unit | default | allowed | place | meaning |\n|---|---|---|---|---|---|\n"
            )
            parts.extend(_row(one) for one in rows.values())
            parts.append("\n")
        parts.append(f"```text\n{family['equation']}\n```\n\n")
    return "".join(parts).rstrip() + "\n"


def _row(one: dict[str, Any]) -> str:
    default = one["default"]
    shown = (
        "–" if default is None else default if isinstance(default, str) else engineering(default, one["unit"])
    )
    cells = (f"`{one['name']}`", one["unit"], shown, one["range"], one["place"], one["text"])
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


PAGES = {"commands.md": commands_page, "models.md": models_page}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (HERE / name).write_text(page(), encoding="utf-8")
