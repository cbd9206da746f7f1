"""Particles: where each training sample's free phase last ended (persistent=1).

A chip's state is an array, or a nest of tuples and dicts of arrays, whose first axis is the sample; the same
nest is kept here with a row for every sample of the training set. Rows not visited yet are zero, as a
fresh state is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from eqchip.simulator.chip import Array, State


class Particles:
    """The kept states of `count` samples."""

    def __init__(self, count: int, store: Any = None) -> None:
        self.count = count
        self.store = store  # the nest, None before the first batch; what a resume needs

    def recall(self, rows: Array) -> State | None:
        """Return where these samples stood; None when nothing was kept yet."""
        if self.store is None:
            return None
        count = len(rows)
        return State(
            _map(lambda kept: kept[rows], self.store),
            np.zeros(count),
            np.zeros(count, np.int64),
            np.zeros(count, np.bool_),
        )

    def keep(self, rows: Array, state: State) -> None:
        """Keep where these samples stand now."""
        if self.store is None:
            self.store = _map(
                lambda part: np.zeros((self.count, *part.shape[1:]), dtype=part.dtype), state.values
            )

        def put(kept: Array, part: Array) -> Array:
            kept[rows] = part
            return kept

        _map(put, self.store, state.values)


def leaves(nest: Any) -> list[Array]:
    """Return the arrays of a nest, in its own order."""
    found: list[Array] = []

    def take(part: Array) -> Array:
        found.append(part)
        return part

    _map(take, nest)
    return found


def like(nest: Any, parts: list[Array]) -> Any:
    """Return a nest of the same form with these arrays in it: the way back from `leaves`."""
    rest = iter(parts)
    return _map(lambda _: next(rest), nest)


def copied(nest: Any) -> Any:
    """Return a nest of arrays of its own; None of none."""
    return None if nest is None else _map(np.array, nest)


def _map(function: Callable[..., Array], *nests: Any) -> Any:
    """Apply `function` to the arrays at the same place of each nest, and return a nest alike."""
    first = nests[0]
    if isinstance(first, np.ndarray):
        return function(*nests)
    if isinstance(first, dict):
        return {key: _map(function, *(nest[key] for nest in nests)) for key in first}
    if isinstance(first, tuple):
        parts = [_map(function, *parts) for parts in zip(*nests, strict=True)]
        return type(first)(*parts) if hasattr(first, "_fields") else tuple(parts)
    raise TypeError(f"a state that is kept by sample cannot hold a {type(first).__name__}")
