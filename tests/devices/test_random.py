"""Random numbers: known answers of Random123, the transform against libm, a quick battery.

Statistics are of fixed keys; bounds of 4.5 sigma, or of probability 1e-5, are what chance alone would break.
"""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from eqchip.devices import random

SIGMAS = 4.5
CHANCE = 1e-5

#: philox4x32-10 of Random123's kat_vectors: counter, key, answer.
KNOWN = (
    ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
)


def _words(text: str) -> NDArray[np.uint32]:
    return np.array([int(one, 16) for one in text.split()], np.uint32)


def _blocks(blocks: int, key: random.Key, sample: int, step: int, channel: int) -> NDArray[np.uint32]:
    """Return the words of a row's first blocks, (blocks, 4)."""
    counters = np.empty((blocks, 4), np.uint32)
    counters[:, 0] = np.arange(blocks)
    counters[:, 1:] = step, sample, channel
    found = np.empty_like(counters)
    random.words(found, counters, *key)
    return found


def _draws(samples: int, length: int, *what: str | int) -> NDArray[np.float32]:
    out = np.empty((samples, length), np.float32)
    random.normals(out, *random.key(7, *what), np.arange(samples), 3, 1)
    return out


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN)
def test_known_answers(counter: str, key: str, answer: str) -> None:
    found = np.empty((1, 4), np.uint32)
    random.words(found, _words(counter)[None], *(int(one) for one in _words(key)))
    assert np.array_equal(found[0], _words(answer))


def test_blocks_agree_with_numpys_philox_of_four_words() -> None:
    """The rounds, spelled out in plain Python integers."""
    counter, (k0, k1) = [5, 9, 2**31, 77], (123, 2**32 - 5)
    c0, c1, c2, c3 = counter
    for _ in range(10):
        low, high = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (high >> 32) ^ c1 ^ k0, high % 2**32, (low >> 32) ^ c3 ^ k1, low % 2**32
        k0, k1 = (k0 + 0x9E3779B9) % 2**32, (k1 + 0xBB67AE85) % 2**32
    found = np.empty((1, 4), np.uint32)
    random.words(found, np.array([counter], np.uint32), 123, 2**32 - 5)
    assert found[0].tolist() == [c0, c1, c2, c3]


def test_normals_are_box_and_mullers_of_the_words() -> None:
    key = random.key(3, "transform")
    row = np.empty(64 * 500, np.float64)
    random.row_of_normals(row, *key, 11, 4, 2)
    w = _blocks(16 * 500, key, 11, 4, 2).astype(np.float64).reshape(500, 16, 4)
    in_24_bits = [((w[..., k] + 0.5) * 2.0**-32).astype(np.float32) for k in (0, 2)]
    r, s = (np.sqrt(-2.0 * np.log(u.astype(np.float64))) for u in in_24_bits)
    v, u = (2.0 * np.pi * w[..., k] * 2.0**-32 for k in (1, 3))
    wanted = np.stack([r * np.cos(v), r * np.sin(v), s * np.cos(u), s * np.sin(u)], axis=1).ravel()
    assert np.max(np.abs(row - wanted) / (1.0 + np.abs(wanted))) < 4e-7


def test_uniforms_are_the_words_and_leave_out_both_ends() -> None:
    key = random.key(3, "uniform")
    row = np.empty(640, np.float64)
    random.row_of_uniforms(row, *key, 11, 4, 2)
    w = _blocks(160, key, 11, 4, 2).reshape(10, 16, 4)
    wanted = ((w >> 9) * 2.0**-23 + 2.0**-24).transpose(0, 2, 1).ravel()
    assert np.array_equal(row, wanted)
    ends = [random.unit(np.uint32(word)) for word in (0, 2**32 - 1)]
    assert 0.0 < ends[0] < ends[1] < 1.0
    assert 6.6 < random.radius(np.uint32(0)) < 6.8
    assert random.radius(np.uint32(2**32 - 1)) >= 0.0


@pytest.mark.parametrize("length", [1, 10, 63, 64, 65, 522])
def test_a_draw_depends_neither_on_the_row_nor_on_the_batch(length: int) -> None:
    key = random.key(1, "place")
    samples = np.array([8, 3, 2**31 + 5])
    for draw in (random.normals, random.uniforms):
        long, short, alone = (np.empty(shape, np.float32) for shape in ((3, 600), (3, length), (1, length)))
        draw(long, *key, samples, 6, 0)
        draw(short, *key, samples, 6, 0)
        draw(alone, *key, samples[2:], 6, 0)
        assert np.array_equal(long[:, :length], short)
        assert np.array_equal(short[2:], alone)


def test_every_part_of_the_key_and_counter_matters() -> None:
    def draw(key: random.Key, sample: int, step: int, channel: int) -> NDArray[np.float32]:
        row = np.empty(8192, np.float32)
        random.row_of_normals(row, *key, sample, step, channel)
        return row

    first, other, third = random.key(1, "a"), random.key(1, "b"), random.key(2, "a")
    rows = [
        draw(first, 0, 0, 0),
        draw(first, 1, 0, 0),
        draw(first, 0, 1, 0),
        draw(first, 0, 0, 1),
        draw(other, 0, 0, 0),
        draw(third, 0, 0, 0),
    ]
    found = np.corrcoef(np.stack(rows)) - np.eye(len(rows))
    assert np.max(np.abs(found)) < SIGMAS / np.sqrt(8192)
    assert random.key(1, "a") == first


def test_normals_are_normal() -> None:
    x = _draws(64, 64 * 100, "normal").ravel()
    n = len(x)
    assert stats.kstest(x, "norm").pvalue > CHANCE
    assert abs(x.mean()) < SIGMAS / np.sqrt(n)
    assert abs(x.var() - 1.0) < SIGMAS * np.sqrt(2.0 / n)
    assert abs(np.mean(x**4) - 3.0) < SIGMAS * np.sqrt(96.0 / n)
    beyond = np.count_nonzero(np.abs(x) > 4.0)
    wanted = 2.0 * n * stats.norm.sf(4.0)
    assert abs(beyond - wanted) < SIGMAS * np.sqrt(wanted)


def test_neighbours_in_rows_samples_and_steps_are_independent() -> None:
    x = _draws(256, 1024, "neighbours").astype(np.float64)
    for lag in (1, 2, 16, 32, 48, 64):
        for one, two in ((x[:, lag:], x[:, :-lag]), (x[lag:], x[:-lag])):
            assert abs(np.mean(one * two)) < SIGMAS / np.sqrt(one.size)
            assert abs(np.mean((one**2 - 1.0) * (two**2 - 1.0))) < SIGMAS * 2.0 / np.sqrt(one.size)


def test_uniforms_fill_the_square_evenly() -> None:
    out = np.empty((64, 6400), np.float32)
    random.uniforms(out, *random.key(5, "square"), np.arange(64), 0, 0)
    assert stats.kstest(out.ravel(), "uniform").pvalue > CHANCE
    for lag in (1, 16):
        table, _, _ = np.histogram2d(
            out[:, :-lag].ravel(), out[:, lag:].ravel(), bins=32, range=[[0, 1], [0, 1]]
        )
        assert stats.chisquare(table.ravel()).pvalue > CHANCE
