"""The packaged libraries: which models they hold, of what technology, from which paper.

A library is a netlist file. What is said of a model is the comment above its card:

    * Phase-change memory: `.include pcm.lib`           the first line of the file: technology
    …
    * pcm_joshi: one line on the model
    * Source: the paper it comes from, over as many lines as it takes
    .model pcm_joshi synapse(…)

A test holds every card of every library to that form.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from eqchip.netlists.circuit import Model
from eqchip.netlists.includes import LIBRARY, decode

_MODEL = re.compile(r"\.model\s+(\S+)\s+(?:ako:\s*\S+\s*)?(\w*)", re.IGNORECASE)
_SOURCE = "Source:"


@dataclass(frozen=True, slots=True)
class LibraryModel:
    """One model of a library: what its card is called and what the comment above it says."""

    name: str
    library: str  # the file, as .include takes it
    technology: str
    type: str
    text: str
    source: str


@cache
def library_models() -> tuple[LibraryModel, ...]:
    """Return the models of all packaged libraries, by library and in the order of the file."""
    found: list[LibraryModel] = []
    shelf = files("eqchip.netlists") / "library"
    for book in sorted(shelf.iterdir(), key=lambda one: one.name):
        if book.name.endswith(".lib"):
            found += models_of(decode(book.read_bytes(), LIBRARY + book.name), book.name)
    return tuple(found)


def library_with(name: str) -> str | None:
    """Return the library that has a model of that name (in lower case), None if none has."""
    return next((one.library for one in library_models() if one.name.lower() == name), None)


def library_model(name: str) -> tuple[LibraryModel, Model] | None:
    """Return a model of a library as its comment and its card have it; None if no library has it."""
    found = next((one for one in library_models() if one.name.lower() == name.lower()), None)
    if found is None:
        return None
    # Read here: elaboration asks this module which library has a name.
    from eqchip.netlists.elaborate import elaborate
    from eqchip.netlists.reader import parse

    circuit = elaborate(parse(f"{found.library}\n.include {found.library}\n"))
    return found, circuit.models[found.name.lower()]


def models_of(text: str, library: str) -> list[LibraryModel]:
    """Return the models of one library's text."""
    found: list[LibraryModel] = []
    comment: list[str] = []
    technology = ""
    for number, line in enumerate(text.splitlines()):
        if line.startswith("*"):
            words = line[1:].strip()
            if number == 0:
                technology = words.partition(":")[0]
            comment = [*comment, words] if words else []
        elif card := _MODEL.match(line):
            found.append(_described(card[1], card[2].lower(), comment, library, technology))
            comment = []
        elif not line.startswith("+"):
            comment = []
    return found


def _described(name: str, kind: str, comment: list[str], library: str, technology: str) -> LibraryModel:
    said = " ".join(comment)
    text, _, source = said.partition(_SOURCE)
    text = text.strip().removeprefix(f"{name}:").strip()
    return LibraryModel(name, library, technology, kind, text, source.strip())
