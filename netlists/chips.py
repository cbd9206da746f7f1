"""Chips that ship, found by name: `xor` is one of them, `./xor` and `xor.cir` are files."""

from __future__ import annotations

from pathlib import Path

from eqchip.errors import InputError, nearest

FOLDER = Path(__file__).parent / "chips"


def chip_names() -> list[str]:
    """Return the names of the chips that ship."""
    return sorted(path.stem for path in FOLDER.glob("*.cir"))


def find_chip(name: str) -> Path:
    """Return the file that a chip argument means."""
    path = Path(name)
    if "/" in name or "\\" in name or path.suffix:
        try:
            there = path.is_file()
        except OSError as fault:  # a name too long
            raise InputError(f"'{name[:60]} …' cannot be read: {fault.strerror}") from None
        if not there:
            what = "is a folder" if path.is_dir() else "does not exist"
            raise InputError(f"'{name}' {what}", expected="a netlist file, or the name of a chip that ships")
        return path
    known = chip_names()
    found = {one.lower(): one for one in known}.get(name.lower())
    if found is None:
        expected = "one of: " + ", ".join(known)
        if path.is_file():
            expected += f"; or ./{name} for the file beside you"
        raise InputError(f"no chip is called '{name}'", expected=expected, near=nearest(name, known))
    return FOLDER / f"{found}.cir"
