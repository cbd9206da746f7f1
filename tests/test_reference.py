"""The pages written from the program are the ones in the repository."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

DOCS = Path(__file__).parent.parent / "docs"
_spec = importlib.util.spec_from_file_location("docs_reference", DOCS / "reference.py")
assert _spec is not None
assert _spec.loader is not None
reference = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(reference)


@pytest.mark.parametrize("name", sorted(reference.PAGES))
def test_the_page_says_what_the_program_says(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == reference.PAGES[name](), (
        "run: python docs/reference.py"
    )


def test_the_notebook_has_the_cells_of_its_page_which_runs_in_the_tests() -> None:
    found = json.loads((DOCS / "notebook.ipynb").read_text(encoding="utf-8"))
    assert (found["nbformat"], found["nbformat_minor"]) == (4, 5)
    ids = [cell["id"] for cell in found["cells"]]
    assert len(set(ids)) == len(ids)
    code = ["".join(cell["source"]) for cell in found["cells"] if cell["cell_type"] == "code"]
    blocks = [
        part.partition("```")[0] for part in (DOCS / "notebook.md").read_text("utf-8").split("```python\n")
    ]
    assert code == [block.rstrip("\n") for block in blocks[1:]]
    shown = "".join("".join(cell["source"]) for cell in found["cells"] if cell["cell_type"] == "markdown")
    assert "{" not in shown  # a role of the site means nothing in a notebook
    for cell in found["cells"]:
        assert set(cell) >= {"cell_type", "id", "metadata", "source"}
        assert ("outputs" in cell) == (cell["cell_type"] == "code")
