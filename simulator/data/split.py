"""Splits: which samples of a pool are used, written `0:50000` (half-open, as Python has it) or `all`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.errors import InputError, Location
from eqchip.simulator.streams import stream

Array = NDArray[Any]


def rows(text: str, count: int, name: str, at: Location | None = None) -> Array:
    """Return the indices that `text` means in a pool of `count` samples."""
    if text == "all":
        return np.arange(count)
    first, colon, last = text.partition(":")
    try:
        start = int(first) if first else 0
        stop = int(last) if last else count
        if not colon:
            raise ValueError(text)
    except ValueError:
        raise InputError(
            f"{name}={text}: no such samples",
            at,
            expected="first:end, the end not included (0:50000), or all",
        ) from None
    if not 0 <= start < stop <= count:
        raise InputError(
            f"{name}={text}: there are samples 0:{count}", at, expected=f"a range within 0:{count}, not empty"
        )
    return np.arange(start, stop)


def apart(train: Array, valid: Array, asked: str, wanted: str, at: Location | None) -> Array:
    """Return the samples to train on, none of them to choose by; `asked`, `wanted`: both as written."""
    common = np.isin(train, valid)
    if not np.any(common):
        return train
    if asked:
        raise InputError(
            f"train={asked} and valid={wanted} share {np.count_nonzero(common)} samples",
            at,
            expected="ranges apart, or valid= alone: the rest is then trained on",
        )
    if np.all(common):
        raise InputError(f"valid={wanted} leaves nothing to train on", at, expected="a smaller range")
    return train[~common]


def keep_back(train: Array, share: float, seed: int) -> tuple[Array, Array]:
    """Return (train, valid): a share of the training samples, drawn by the seed, kept back."""
    count = round(share * len(train))
    order = stream(seed, "valid").permutation(len(train))
    return train[np.sort(order[count:])], train[np.sort(order[:count])]


def every_fifth(classes: Array) -> tuple[Array, Array]:
    """Return (train, test): of the samples sorted by class, every fifth to test; both in their own order."""
    by_class = np.argsort(classes, kind="stable")
    test = np.zeros(len(classes), np.bool_)
    test[by_class[::5]] = True
    return np.flatnonzero(~test), np.flatnonzero(test)


def in_turn(classes: Array) -> Array:
    """Return an order in which the classes take turns: the first of each, the second of each …"""
    turn = np.empty(len(classes), np.int64)
    for one in np.unique(classes):
        members = np.flatnonzero(classes == one)
        turn[members] = np.arange(len(members))
    return np.lexsort((classes, turn))
