"""The draws of devices/random.py, ten thousand million of them: what a quick battery cannot see.

A bound of probability 1e-6 each, fixed keys. EQCHIP_DRAWS=1e8 draws fewer: a second instead of minutes.
"""

from __future__ import annotations

import os

import numpy as np
import pytest
from scipy import stats

from eqchip.devices import random

DRAWS = int(float(os.environ.get("EQCHIP_DRAWS", "1e10")))
ROWS, LENGTH = 512, 6400
CHANCE = 1e-6
#: Cells of equal probability; few enough that an edge rounded to single precision moves none by a sigma.
CELLS = 1024


def _rounds() -> int:
    return max(1, DRAWS // (ROWS * LENGTH))


def test_frequencies_moments_and_tails_of_normals() -> None:
    edges = stats.norm.ppf(np.arange(1, CELLS) / CELLS)
    table, power, beyond, count = np.zeros(CELLS), np.zeros(4), np.zeros(3), 0
    out = np.empty((ROWS, LENGTH), np.float32)
    for step in range(_rounds()):
        random.normals(out, *random.key(1, "battery"), np.arange(ROWS), step, 0)
        power += [np.mean(out.astype(np.float64) ** k) for k in (1, 2, 3, 4)]
        beyond += [np.count_nonzero(np.abs(out) > k) for k in (4.0, 5.0, 6.0)]
        count += out.size
        if step % 16 == 0:  # sorting into cells takes longer than drawing
            table += np.bincount(np.searchsorted(edges, out.ravel()), minlength=CELLS)
    assert stats.chisquare(table).pvalue > CHANCE
    variances = np.array([1.0, 2.0, 15.0, 96.0]) / count
    wanted = np.array([0.0, 1.0, 0.0, 3.0])
    assert np.all(np.abs(power / _rounds() - wanted) < 5.0 * np.sqrt(variances))
    tail = 2.0 * count * stats.norm.sf([4.0, 5.0, 6.0])
    assert np.all(np.abs(beyond - tail) < 5.0 * np.sqrt(tail) + 5.0)


@pytest.mark.parametrize("what", ["step", "sample", "channel", "key"])
def test_neighbours_in_every_counter_are_independent(what: str) -> None:
    """Normals of counters that differ by one bit: products of them, and of their squares, have mean 0."""
    one, two = (np.empty((ROWS, LENGTH), np.float32) for _ in range(2))
    first, second, count = 0.0, 0.0, 0
    at = np.arange(ROWS)
    for step in range(0, max(2, _rounds() // 20), 2):
        key = random.key(2, "neighbours", step)
        other = {
            "step": (key, at, step + 1, 0),
            "sample": (key, at + ROWS, step, 0),
            "channel": (key, at, step, 1),
            "key": (random.Key(key.first ^ 1, key.second), at, step, 0),
        }[what]
        random.normals(one, *key, at, step, 0)
        random.normals(two, *other[0], *other[1:])
        x, y = one.astype(np.float64), two.astype(np.float64)
        first += float(np.sum(x * y))
        second += float(np.sum((x * x - 1.0) * (y * y - 1.0)))
        count += x.size
    assert abs(first) < 5.0 * np.sqrt(count)
    assert abs(second) < 5.0 * 2.0 * np.sqrt(count)


def test_pairs_and_triples_of_uniforms_fill_squares_and_cubes() -> None:
    square, cube = np.zeros(64 * 64), np.zeros(16**3)
    out = np.empty((ROWS, LENGTH), np.float32)
    for step in range(max(1, _rounds() // 50)):
        random.uniforms(out, *random.key(3, "square"), np.arange(ROWS), step, 0)
        u = out.ravel()
        pairs = u[: len(u) // 2 * 2].reshape(-1, 2)
        square += np.bincount((pairs * 64).astype(np.int64) @ [64, 1], minlength=len(square))
        triples = u[: len(u) // 3 * 3].reshape(-1, 3)
        cube += np.bincount((triples * 16).astype(np.int64) @ [256, 16, 1], minlength=len(cube))
    assert stats.chisquare(square).pvalue > CHANCE
    assert stats.chisquare(cube).pvalue > CHANCE
