"""MNIST: 60,000 handwritten digits to train on, 10,000 to test with, 28 × 28 pixels, from its four IDX files.

They are found by `--data mnist:DIR`, then in `$EQCHIP_DATA/mnist`, then in the user's data folder. Nothing is
downloaded. The numbers must be MNIST's own, to the bit; another set in files of these names is `idx:DIR`.

Source: Y. LeCun, C. Cortes, C. Burges, The MNIST database of handwritten digits (1998). The MD5 are those of
the files unpacked.
"""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_data_path

from eqchip.errors import InputError, Location
from eqchip.simulator.data.idx import Idx, read_idx
from eqchip.simulator.data.pool import Pool, Source

#: Of each part: its name, its images and labels, and the MD5 of both.
PARTS = (
    ("train", "6bbc9ace898e44ae57da46a324031adb", "a25bea736e30d166cdddb491f175f624"),
    ("t10k", "2646ac647ad5339dbf082846283269ea", "27ae3e4e09519cfbb04c329615203637"),
)

#: What a grey value of 255 is divided by.
SCALE = 1.0 / 255.0

FILES = "train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte"


def folders() -> list[Path]:
    """Return where MNIST is looked for when no folder is named."""
    around = os.environ.get("EQCHIP_DATA")
    return [
        *([Path(around) / "mnist"] if around else []),
        user_data_path("eqchip", appauthor=False) / "mnist",
    ]


def mnist(folder: Path | None = None, at: Location | None = None) -> Source:
    """Return MNIST, out of a folder or from where it is looked for."""
    places = folders() if folder is None else [folder]
    found = next((place for place in places if _file(place, "train-images", 3) is not None), None)
    if found is None:
        looked = " and ".join(str(place) for place in places)
        raise InputError(
            f"the files of MNIST are not in {looked}",
            at,
            expected=f"--data mnist:DIR, or EQCHIP_DATA=DIR with DIR/mnist, holding {FILES}, "
            "each plain or .gz; nothing is downloaded",
        )
    parts = []
    for name, *sums in PARTS:
        pool, files = _part(found, name, at)
        for path, one, md5 in zip(files[0], files[1], sums, strict=True):
            if one.md5 != md5:
                raise InputError(
                    f"{path} is not MNIST's: the MD5 of its content is {one.md5}",
                    at,
                    expected=f"{md5}, or --data idx:{found} for another set in files of these names",
                )
        parts.append(pool)
    return Source("mnist", parts[0], parts[1], SCALE)


def idx(folder: Path, at: Location | None = None) -> Source:
    """Return another set in four files named as MNIST's are."""
    train, test = (_part(folder, name, at)[0] for name, *_ in PARTS)
    return Source(folder.name or str(folder), train, test, SCALE)


def _part(
    folder: Path, name: str, at: Location | None
) -> tuple[Pool, tuple[tuple[Path, Path], tuple[Idx, Idx]]]:
    """Return the samples of one part, and the files they are from."""
    paths = []
    for what, dimensions in ((f"{name}-images", 3), (f"{name}-labels", 1)):
        path = _file(folder, what, dimensions)
        if path is None:
            raise InputError(
                f"there is no {what}-idx{dimensions}-ubyte in {folder}",
                at,
                expected=f"{FILES}, each plain or .gz",
            )
        paths.append(path)
    images, labels = read_idx(paths[0], 3, at), read_idx(paths[1], 1, at)
    if len(images.values) != len(labels.values) or not len(labels.values):
        raise InputError(
            f"{paths[0].name} has {len(images.values)} images, {paths[1].name} {len(labels.values)} labels",
            at,
        )
    pool = Pool(images.values.reshape(len(images.values), -1), labels.values)
    return pool, ((paths[0], paths[1]), (images, labels))


def _file(folder: Path, name: str, dimensions: int) -> Path | None:
    """Return a file by any of the names it goes by."""
    names = (f"{name}{dash}idx{dimensions}-ubyte{packed}" for dash in "-." for packed in ("", ".gz"))
    return next((path for one in names if (path := folder / one).is_file()), None)
