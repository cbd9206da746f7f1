"""The documentation does what it says: every page's code blocks run, in order, in a folder of their own.

What counts as a block, by the word after the opening fence:

* `python` is executed; the blocks of a page share one namespace.
* `console` lines that start with `$ eqchip` run as commands. Output lines below them, if any, must match;
  `...` stands for any text. A command must succeed unless the next line is `$ echo $?`, whose output is then
  the status to expect.
* `netlist` and `csv` whose first line names a file (`* chip.cir`, `# pulses.csv`) are written to it.

Anything else (`bash`, `text`) is for the reader only.
"""

import doctest
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent
FENCE = re.compile(
    r"^(?P<indent> *)```(?P<word>[a-z]+)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL
)
FILE_LINE = re.compile(r"[*#] (?P<name>[\w.-]+\.(?:cir|lib|csv))\b")


@dataclass(frozen=True)
class Block:
    word: str
    line: int
    text: str


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [
        Block(m["word"], text.count("\n", 0, m.start()) + 2, _dedent(m["text"], len(m["indent"])))
        for m in FENCE.finditer(text)
    ]


def _dedent(text: str, width: int) -> str:
    return "".join(line[width:] if line.strip() else line for line in text.splitlines(keepends=True))


def _pages() -> list[Path]:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    return sorted(page for page in pages if any(b.word in {"python", "console"} for b in blocks(page)))


def _run_python(page: Path, block: Block, namespace: dict[str, object]) -> None:
    # Blank lines in front make a traceback show the line of the page.
    code = compile("\n" * (block.line - 1) + block.text, str(page), "exec")
    exec(code, namespace)


def _commands(text: str) -> list[tuple[str, str]]:
    """`$ command` lines, each with the output shown below it; a trailing backslash continues a command."""
    found: list[tuple[str, str]] = []
    for line in text.replace("\\\n", " ").splitlines():
        if line.startswith("$ "):
            found.append((line[2:].strip(), ""))
        elif found:
            command, shown = found[-1]
            found[-1] = (command, shown + line + "\n")
    return found


def _run_console(page: Path, block: Block, folder: Path) -> None:
    commands = _commands(block.text)
    for index, (command, shown) in enumerate(commands):
        if not command.startswith("eqchip"):
            continue
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=folder,
            env=os.environ | {"NO_COLOR": "1", "PATH": _path_with_command(folder)},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        follower, status = commands[index + 1] if index + 1 < len(commands) else ("", "")
        expected = int(status) if follower == "echo $?" else 0
        where = f"{page.name}:{block.line}: $ {command}\n{done.stdout}{done.stderr}"
        assert done.returncode == expected, where
        flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
        if shown.strip() and not doctest.OutputChecker().check_output(
            shown, done.stdout + done.stderr, flags
        ):
            pytest.fail(f"{where}\nis not what the page shows:\n{shown}")


def _path_with_command(folder: Path) -> str:
    """A path on which `eqchip` is this checkout's, whether or not it is installed."""
    bin_folder = folder / ".bin"
    if not bin_folder.exists():
        bin_folder.mkdir()
        command = bin_folder / "eqchip"
        source = ROOT / "src"
        command.write_text(f'#!/bin/sh\nPYTHONPATH="{source}" exec "{sys.executable}" -m eqchip "$@"\n')
        command.chmod(0o755)
    return f"{bin_folder}{os.pathsep}{os.environ['PATH']}"


@pytest.mark.parametrize("page", _pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_block_of_the_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    # A module, as a reader's own file would be one: compiled kernels are cached by the module they stand in.
    module = ModuleType(f"page_{page.stem.replace('-', '_')}")
    module.__file__ = str(page)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    for block in blocks(page):
        if block.word in {"netlist", "csv"} and (named := FILE_LINE.match(block.text)):
            (tmp_path / named["name"]).write_text(block.text, encoding="utf-8")
        elif block.word == "python":
            _run_python(page, block, vars(module))
        elif block.word == "console":
            _run_console(page, block, tmp_path)


def test_a_block_that_is_wrong_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# t\n\n```python\nassert 1 + 1 == 3\n```\n\n```console\n$ eqchip --no-such-option\n```\n"
    )
    python, console = blocks(page)
    assert python.line == 4
    with pytest.raises(AssertionError):
        _run_python(page, python, {})
    with pytest.raises(AssertionError):
        _run_console(page, console, tmp_path)


def _cards(netlist: str) -> list[list[str]]:
    lines = netlist.splitlines()[1:]
    return [line.split() for line in lines if line.strip() and not line.startswith("*")]


def test_the_example_of_the_readme_is_the_chip_that_ships() -> None:
    shown = next(b.text for b in blocks(ROOT / "README.md") if b.text.startswith("* my-digits.cir"))
    shipped = (ROOT / "netlists" / "chips" / "digits.cir").read_text(encoding="utf-8")
    assert _cards(shown) == _cards(shipped)


def test_links_between_pages_lead_somewhere() -> None:
    link = re.compile(r"\]\((?!https?:|mailto:|#)(?P<target>[^)#\s]+)(?:#[^)]*)?\)")
    missing = [
        f"{page.relative_to(ROOT)}: {match['target']}"
        for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
        for match in link.finditer(page.read_text(encoding="utf-8"))
        if not (page.parent / match["target"]).exists()
    ]
    assert missing == []
