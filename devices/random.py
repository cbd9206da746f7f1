"""Random numbers without a state: Philox4x32-10, and normals from it by Box and Muller's transform.

A draw is a function of what it is for: a key of 64 bits (seed and purpose) and a counter of three numbers
(sample, step, channel) beside the place of the draw in its row. So it depends on no other draw, and neither
on threads, nor on the order of work, nor on who else is in a batch.

    block(c, k)     (c0 … c3) ← (hi(M1·c2) ^ c1 ^ k0, lo(M1·c2), hi(M0·c0) ^ c3 ^ k1, lo(M0·c0)), ten times,
                    k0, k1 raised by Weyl's constants after each: four words of 32 bits
    uniforms        (w >> 9)·2⁻²³ + 2⁻²⁴, in (0, 1): both ends are left out, and no sum is rounded
    normals         √(−2 ln u)·(cos 2πv, sin 2πv) of two words each, u = (w + ½)·2⁻³² in 24 bits

Words stand in rows by tiles of 64: block 16·t + j gives draws 64·t + j, + 16, + 32 and + 48, so that what a
processor does at once lies side by side. Draw n of a row is the same however long the row is.

Normals are worked out in single precision, whatever the row takes: each is within 4e-7 (1 + |x|) of the
transform's own; the largest there are is 6.8. ln and the circular functions are polynomials (coefficients as
in Cephes logf, sinf, cosf): libm's take ten times as long inside Numba.

Source: Salmon, Moraes, Dror & Shaw, Parallel random numbers: as easy as 1, 2, 3, SC11 (2011), whose known
answers (Random123, kat_vectors) are in the tests; Box & Muller, Ann. Math. Stat. 29:610 (1958).
"""

from __future__ import annotations

import zlib
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from eqchip.kernels import kernel

Array = NDArray[Any]
IntArray = NDArray[np.int64]

#: Draws that are made together; a row whose length is a multiple wastes none.
TILE = 64
_LANES = 16

_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = np.uint32(0x9E3779B9), np.uint32(0xBB67AE85)
_HALF_WORD = np.uint64(32)

_ONE, _TWO, _HALF = np.float32(1.0), np.float32(2.0), np.float32(0.5)
_PER_WORD = np.float32(2.0**-32)
_PER_23 = np.float32(2.0**-23)
_HALF_23 = np.float32(2.0**-24)
_LAST_9 = np.uint32(9)
_ROOT_HALF_BITS = np.int32(0x3F3504F3)  # √½
_MANTISSA_BITS = np.int32(23)
_MANTISSA = np.int32(0x007FFFFF)
_LN2_HIGH, _LN2_LOW = np.float32(0.693359375), np.float32(-2.12194440e-4)
_L = tuple(
    np.float32(one)
    for one in (
        3.3333331174e-1,
        -2.4999993993e-1,
        2.0000714765e-1,
        -1.6668057665e-1,
        1.4249322787e-1,
        -1.2420140846e-1,
        1.1676998740e-1,
        -1.1514610310e-1,
        7.0376836292e-2,
    )
)
_L3, _L4, _L5, _L6, _L7, _L8, _L9, _L10, _L11 = _L
_TURN = np.float32(2.0 * np.pi * 2.0**-32)  # of one word
_EIGHTH = np.uint32(1 << 29)
_QUARTER_BITS = np.uint32(30)
_S3, _S5, _S7 = np.float32(-1.6666654611e-1), np.float32(8.3321608736e-3), np.float32(-1.9515295891e-4)
_C4, _C6, _C8 = (
    np.float32(4.166664568298827e-2),
    np.float32(-1.388731625493765e-3),
    np.float32(2.443315711809948e-5),
)


class Key(NamedTuple):
    """Seed and purpose, as two words of 32 bits."""

    first: int
    second: int


def key(seed: int, *what: str | int) -> Key:
    """Return the key of one purpose. Words enter by their CRC-32, numbers as they are."""
    words = [zlib.crc32(part.encode()) if isinstance(part, str) else int(part) for part in what]
    first, second = np.random.SeedSequence([int(seed), *words]).generate_state(2)
    return Key(int(first), int(second))


@kernel(inline=True)
def _round(
    c0: np.uint32, c1: np.uint32, c2: np.uint32, c3: np.uint32, k0: np.uint32, k1: np.uint32
) -> tuple[np.uint32, np.uint32, np.uint32, np.uint32]:
    """Return the counter after one round."""
    low, high = np.uint64(c0) * _M0, np.uint64(c2) * _M1
    return (
        np.uint32(np.uint32(high >> _HALF_WORD) ^ c1 ^ np.uint32(k0)),
        np.uint32(high),
        np.uint32(np.uint32(low >> _HALF_WORD) ^ c3 ^ np.uint32(k1)),
        np.uint32(low),
    )


@kernel(inline=True)
def block(
    c0: np.uint32, c1: np.uint32, c2: np.uint32, c3: np.uint32, k0: np.uint32, k1: np.uint32
) -> tuple[np.uint32, np.uint32, np.uint32, np.uint32]:
    """Return the four words of one counter."""
    # Ten rounds, written out: a loop in here keeps the one around it from being done at once.
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0 + np.uint32(1) * _W0, k1 + np.uint32(1) * _W1)
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0 + np.uint32(2) * _W0, k1 + np.uint32(2) * _W1)
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0 + np.uint32(3) * _W0, k1 + np.uint32(3) * _W1)
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0 + np.uint32(4) * _W0, k1 + np.uint32(4) * _W1)
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0 + np.uint32(5) * _W0, k1 + np.uint32(5) * _W1)
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0 + np.uint32(6) * _W0, k1 + np.uint32(6) * _W1)
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0 + np.uint32(7) * _W0, k1 + np.uint32(7) * _W1)
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0 + np.uint32(8) * _W0, k1 + np.uint32(8) * _W1)
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0 + np.uint32(9) * _W0, k1 + np.uint32(9) * _W1)
    return c0, c1, c2, c3


@kernel(inline=True, fastmath=frozenset({"contract"}))
def radius(word: np.uint32) -> np.float32:
    """Return √(−2 ln u), u = (word + ½)·2⁻³²."""
    u = np.float32((np.float32(word) + _HALF) * _PER_WORD)
    bits = np.int32(np.float32(u).view(np.int32) - _ROOT_HALF_BITS)
    exponent = np.int32(bits >> _MANTISSA_BITS)
    x = np.int32((bits & _MANTISSA) + _ROOT_HALF_BITS).view(np.float32) - _ONE  # √½ − 1 … √2 − 1
    e = np.float32(exponent)
    p = _L7 + x * (_L8 + x * (_L9 + x * (_L10 + x * _L11)))
    p = x * x * x * (_L3 + x * (_L4 + x * (_L5 + x * (_L6 + x * p))))
    log = x + (p + e * _LN2_LOW - _HALF * x * x) + e * _LN2_HIGH
    return np.float32(np.sqrt(max(-_TWO * log, np.float32(0.0))))


@kernel(inline=True, fastmath=frozenset({"contract"}))
def circle(word: np.uint32) -> tuple[np.float32, np.float32]:
    """Return cosine and sine of word·2⁻³² turns."""
    quarter = np.uint32(np.uint32(word + _EIGHTH) >> _QUARTER_BITS)
    rest = np.int32(np.uint32(word - np.uint32(quarter << _QUARTER_BITS)))
    x = np.float32(rest) * _TURN  # −π/4 … π/4
    q = x * x
    sine = x + x * q * (_S3 + q * (_S5 + q * _S7))
    cosine = _ONE - _HALF * q + q * q * (_C4 + q * (_C6 + q * _C8))
    odd = (quarter & np.uint32(1)) != 0
    c, s = (sine if odd else cosine), (cosine if odd else sine)
    c = -c if quarter == 1 or quarter == 2 else c
    s = -s if quarter >= 2 else s
    return c, s


@kernel(inline=True)
def unit(word: np.uint32) -> np.float32:
    """Return a number between 0 and 1, both left out."""
    return np.float32(np.float32(np.int32(word >> _LAST_9)) * _PER_23 + _HALF_23)


@kernel
def tile_of_normals(
    out: Array, at: int, number: int, k0: int, k1: int, sample: int, step: int, channel: int
) -> None:
    """Set 64 of `out`, from `at` on, to tile `number` of a row of normals."""
    first = np.uint32(number * _LANES)
    c1, c2, c3 = np.uint32(step), np.uint32(sample), np.uint32(channel)
    a, b = np.uint32(k0), np.uint32(k1)
    p, q, r, s = (
        out[at : at + _LANES],
        out[at + _LANES : at + 2 * _LANES],
        out[at + 2 * _LANES : at + 3 * _LANES],
        out[at + 3 * _LANES : at + TILE],
    )
    for j in range(_LANES):
        w0, w1, w2, w3 = block(np.uint32(first + np.uint32(j)), c1, c2, c3, a, b)
        f, g = radius(w0), radius(w2)
        x, y = circle(w1)
        v, w = circle(w3)
        p[j], q[j], r[j], s[j] = f * x, f * y, g * v, g * w


@kernel
def row_of_normals(out: Array, k0: int, k1: int, sample: int, step: int, channel: int) -> None:
    """Set a row, of any length, to independent standard normals."""
    whole = len(out) // TILE
    for number in range(whole):
        tile_of_normals(out, TILE * number, number, k0, k1, sample, step, channel)
    if TILE * whole < len(out):
        last = np.empty(TILE, np.float32)
        tile_of_normals(last, 0, whole, k0, k1, sample, step, channel)
        for j in range(len(out) - TILE * whole):
            out[TILE * whole + j] = last[j]


@kernel
def tile_of_uniforms(
    out: Array, at: int, number: int, k0: int, k1: int, sample: int, step: int, channel: int
) -> None:
    """Set 64 of `out`, from `at` on, to tile `number` of a row of uniforms."""
    first = np.uint32(number * _LANES)
    c1, c2, c3 = np.uint32(step), np.uint32(sample), np.uint32(channel)
    a, b = np.uint32(k0), np.uint32(k1)
    p, q, r, s = (
        out[at : at + _LANES],
        out[at + _LANES : at + 2 * _LANES],
        out[at + 2 * _LANES : at + 3 * _LANES],
        out[at + 3 * _LANES : at + TILE],
    )
    for j in range(_LANES):
        w0, w1, w2, w3 = block(np.uint32(first + np.uint32(j)), c1, c2, c3, a, b)
        p[j], q[j], r[j], s[j] = unit(w0), unit(w1), unit(w2), unit(w3)


@kernel
def row_of_uniforms(out: Array, k0: int, k1: int, sample: int, step: int, channel: int) -> None:
    """Set a row, of any length, to independent numbers between 0 and 1, both left out."""
    whole = len(out) // TILE
    for number in range(whole):
        tile_of_uniforms(out, TILE * number, number, k0, k1, sample, step, channel)
    if TILE * whole < len(out):
        last = np.empty(TILE, np.float32)
        tile_of_uniforms(last, 0, whole, k0, k1, sample, step, channel)
        for j in range(len(out) - TILE * whole):
            out[TILE * whole + j] = last[j]


@kernel
def normals(out: Array, k0: int, k1: int, samples: IntArray, step: int, channel: int) -> None:
    """Set each row of `out` (B, n) to the normals of its sample."""
    for row in range(len(out)):
        row_of_normals(out[row], k0, k1, samples[row], step, channel)


@kernel
def uniforms(out: Array, k0: int, k1: int, samples: IntArray, step: int, channel: int) -> None:
    """Set each row of `out` (B, n) to the uniforms of its sample."""
    for row in range(len(out)):
        row_of_uniforms(out[row], k0, k1, samples[row], step, channel)


@kernel
def words(out: Array, counter: Array, k0: int, k1: int) -> None:
    """Set out (n, 4) to the words of counters (n, 4): what known answers are held against."""
    a, b = np.uint32(k0), np.uint32(k1)
    for i in range(len(out)):
        c = counter[i]
        out[i, 0], out[i, 1], out[i, 2], out[i, 3] = block(
            np.uint32(c[0]), np.uint32(c[1]), np.uint32(c[2]), np.uint32(c[3]), a, b
        )
