"""Matrices of arrays, out of files: `mask=FILE.h5:/path`, `values=FILE.npz:name`.

A file is looked for as an included one is (netlists.includes): beside the netlist, never outside its folder.
What was read is kept as text among the included files, so that a record needs no other file.
"""

from __future__ import annotations

import base64
import binascii
import io
import zlib
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, is_zipfile

import numpy as np
from numpy.typing import NDArray

from eqchip.errors import InputError, Location, nearest
from eqchip.netlists.card import Card
from eqchip.netlists.includes import MOST_BYTES, File, Shelf

Array = NDArray[Any]

#: The settings of a Y card that may name a matrix in a file.
WORDS = ("mask", "values")

FORM = "FILE.h5:/path or FILE.npz:name, beside the netlist"


def take_in(card: Card, beside: File, shelf: Shelf) -> None:
    """Read the matrices that a Y card names, onto the card."""
    for k, word in enumerate(card.tokens[:-2]):
        name = word.lower()
        if name in WORDS and card.tokens[k + 1] == "=":
            reference = card.tokens[k + 2].strip("\"'")
            if ":" in reference or name == "mask":
                card.matrices[name] = _matrix(reference, beside, shelf, card.where(k + 2))


def _matrix(reference: str, beside: File, shelf: Shelf, at: Location) -> Array:
    file, colon, inner = reference.rpartition(":")
    if not colon or not file or not inner:
        raise InputError(f"'{reference}' names no matrix in a file", at, expected=FORM)
    path = shelf.inside(file, beside, at)
    key = f"{path}:{inner}"
    if key in shelf.given:
        text = shelf.given[key]
        try:
            packed = zlib.decompress(base64.b64decode(text))
        except (binascii.Error, zlib.error) as fault:
            raise InputError(f"what was kept of '{reference}' is damaged: {fault}", at) from None
        values = np.load(io.BytesIO(packed), allow_pickle=False)
    else:
        there = shelf.locate(path, reference, at)
        values = _read(there, inner, at)
        if values.ndim != 2 or not (np.issubdtype(values.dtype, np.number) or values.dtype == np.bool_):
            shape = " × ".join(map(str, values.shape)) or "one number"
            raise InputError(f"{reference} is no matrix of numbers: {shape} of {values.dtype}", at)
        if not np.all(np.isfinite(values)) or np.iscomplexobj(values):
            raise InputError(f"{reference} holds numbers that are not finite and real", at)
        whole = io.BytesIO()
        np.save(whole, values, allow_pickle=False)
        text = base64.b64encode(zlib.compress(whole.getvalue(), 1)).decode("ascii")
    shelf.spend(len(text), at)
    shelf.read[key] = text
    return np.asarray(values)


def _read(path: Path, inner: str, at: Location) -> Array:
    suffix = path.suffix.lower()
    if suffix == ".npz":
        return _npz(path, inner, at)
    if suffix in (".h5", ".hdf5"):
        return _h5(path, inner, at)
    raise InputError(f"'{path.name}' is neither .h5 nor .npz", at, expected=FORM)


def _npz(path: Path, inner: str, at: Location) -> Array:
    if not is_zipfile(path):  # NumPy would speak of pickles
        raise InputError(f"{path.name} is not a readable npz file", at)
    try:
        with np.load(path, allow_pickle=False) as archive:
            if inner not in archive.files:
                raise _missing(path, inner, archive.files, at)
            _bounded(path, archive.zip.getinfo(f"{inner}.npy").file_size, at)
            return np.asarray(archive[inner])
    except (BadZipFile, ValueError, OSError, EOFError) as fault:
        raise InputError(f"{path.name} is not a readable npz file ({fault})", at) from None


def _h5(path: Path, inner: str, at: Location) -> Array:
    import h5py

    try:
        with h5py.File(path, "r") as file:
            found = file.get(inner)
            if not isinstance(found, h5py.Dataset):
                names: list[str] = []
                file.visit(names.append)
                known = [f"/{name}" for name in names if isinstance(file.get(name), h5py.Dataset)]
                raise _missing(path, inner, known, at)
            if found.file.filename != file.filename or found.is_virtual or found.external:
                raise InputError(f"{path.name}: '{inner}' lies in another file", at)
            _bounded(path, found.nbytes, at)
            return np.asarray(found[()])
    except OSError as fault:
        raise InputError(f"{path.name} is not a readable HDF5 file ({fault})", at) from None


def _bounded(path: Path, size: int, at: Location) -> None:
    if size > MOST_BYTES:
        raise InputError(f"{path.name} holds more than {MOST_BYTES // 2**20} MiB there", at)


def _missing(path: Path, inner: str, names: list[str], at: Location) -> InputError:
    shown = ", ".join(names[:8]) + (" …" if len(names) > 8 else "")
    return InputError(
        f"there is no '{inner}' in {path.name}", at, expected=shown or None, near=nearest(inner, names)
    )
