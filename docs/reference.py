"""Write what follows from the program and from other pages.

`commands.md` from --help, `models.md` from the declarations, `notebook.ipynb` from `notebook.md`.

python docs/reference.py          writes all of them; a test holds them to what they come from
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import click

from eqchip.cli.main import COMMANDS, commands
from eqchip.devices.describe import describe
from eqchip.units import engineering

HERE = Path(__file__).parent
_PYTHON = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
#: What a page says of its notebook, and the notebook does not.
_DOWNLOAD = " The same cells as a notebook: {download}`notebook.ipynb`."

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
device itself. *Imperfection* is the name by which `--ideal` and `--only` switch it ([ablation](ablation.md)).

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
                "| parameter | unit | default | allowed | place | imperfection | meaning |\n"
                "|---|---|---|---|---|---|---|\n"
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
    cells = (
        f"`{one['name']}`",
        one["unit"],
        shown,
        one["range"],
        one["place"],
        one["imperfection"],
        one["text"],
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def notebook() -> str:
    """Return the page `notebook.md` as a notebook: its Python blocks are the cells of code."""
    text = (HERE / "notebook.md").read_text(encoding="utf-8").replace(_DOWNLOAD, "")
    cells = []
    for number, piece in enumerate(_PYTHON.split(text)):  # text and code in turn
        if not piece.strip():
            continue
        lines = piece.strip().splitlines(keepends=True)
        cell: dict[str, Any] = {"cell_type": "markdown", "id": f"cell-{number}", "metadata": {}}
        if number % 2:
            cell |= {"cell_type": "code", "execution_count": None, "outputs": []}
        cells.append(cell | {"source": lines})
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    made = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(made, indent=1, ensure_ascii=False) + "\n"


PAGES = {"commands.md": commands_page, "models.md": models_page, "notebook.ipynb": notebook}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (HERE / name).write_text(page(), encoding="utf-8")
