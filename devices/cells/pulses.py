"""From a change that is asked for to pulses: how many each device gets.

A change of q·dw_min asks for |q| pulses of its sign. What a device gets:

    expected        |q|, a fraction too
    deterministic   |q| rounded, at most bl
    independent     Binomial(bl, |q|/bl), for each device by itself
    shared          coincidences of two trains of bl slots, one for its row and one for its column

Row i fires in a slot with probability a·|x_i|, column j with b·|d_j|, a·b·bl·|x_i·d_j| = |q_ij|; a and b are
such that the busiest row and column are as busy as each other. A row's train is one for all devices on it, so
counts along rows and columns are correlated as in hardware: Cov(n_ij, n_ik) = bl·p_i·(1 − p_i)·p_j·p_k. The
mean is q as long as all probabilities are at most 1; above, they are held at 1, and what is not done is
counted as lost, in pulses.

Source: Gokmen & Vlasov, Front. Neurosci. 10:333 (2016); the balance of rows and columns: Rasch et al.,
AICAS (2021), update management.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from eqchip.devices.random import row_of_uniforms
from eqchip.kernels import kernel

Array = NDArray[Any]
FloatArray = NDArray[np.float64]
BitArray = NDArray[np.uint64]

EXPECTED, DETERMINISTIC, INDEPENDENT, SHARED = range(4)
MODES = {"expected": EXPECTED, "deterministic": DETERMINISTIC, "independent": INDEPENDENT, "shared": SHARED}

#: Slots of a shared train: its bits are one word.
LONGEST_SHARED = 64

_COUNTS, _TRAIN_ROWS, _TRAIN_COLUMNS = range(3)  # channels of random numbers; BOUNDS and NORMALS below
#: Channel of what happens at bounds.
BOUNDS = 3
#: Channel of the first normal of a law.
NORMALS = 8


class Asked(NamedTuple):
    """Changes of an array of devices, in pulses: a matrix, or samples of (row activity × column activity).

    Devices of a pair stand one plane after another: plane 1 takes the change with its sign turned round.
    """

    matrix: FloatArray  # (rows, columns); (0, 0): samples
    rows: FloatArray  # (samples, rows), times the factor in pulses
    columns: FloatArray  # (samples, columns)
    row_bits: BitArray  # trains of shared pulses, or (0, 0)
    column_bits: BitArray
    mode: int
    longest: int
    share: float  # of a change that each device takes
    onesided: bool  # devices are only pulsed up
    together: bool  # the samples add up to one change, in place of one after another


@kernel
def binomial(longest: int, p: float, u: float) -> int:
    """Return the number whose cumulative probability first reaches u."""
    if p >= 1.0:
        return longest
    ratio = p / (1.0 - p)
    mass = (1.0 - p) ** longest
    reached, n = mass, 0
    while reached < u and n < longest:
        mass *= ratio * (longest - n) / (n + 1)
        reached += mass
        n += 1
    return n


@kernel(inline=True)
def ones(word: np.uint64) -> int:
    """Return how many bits of a word are set."""
    x = np.uint64(word)
    x = x - ((x >> np.uint64(1)) & np.uint64(0x5555555555555555))
    x = (x & np.uint64(0x3333333333333333)) + ((x >> np.uint64(2)) & np.uint64(0x3333333333333333))
    x = (x + (x >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return int((x * np.uint64(0x0101010101010101)) >> np.uint64(56))


@kernel(inner=True, fastmath=frozenset({"contract"}))
def add_row(out: FloatArray, factor: float, row: FloatArray) -> None:
    """Add factor·row to out."""
    for j in range(len(out)):
        out[j] += factor * row[j]


@kernel(inline=True)
def changes_of(asked: Asked) -> int:
    """Return how many changes follow one another."""
    return 1 if asked.together or asked.matrix.shape[0] else asked.rows.shape[0]


@kernel(inner=True, fastmath=frozenset({"reassoc"}))
def total(values: FloatArray) -> float:
    """Return the sum of a row, in any order: several partial sums make one register."""
    found = 0.0
    for j in range(len(values)):
        found += values[j]
    return found


@kernel
def row_of_pulses(
    asked: Asked, row: int, sample: int, k0: int, k1: int, request: FloatArray, pulses: FloatArray
) -> float:
    """Set what one row of devices is asked for, in pulses with a sign, and gets; return what is lost."""
    height = asked.matrix.shape[0]
    trains = height == 0
    if trains:
        height = asked.rows.shape[1]
    plane = row // height
    here = row - plane * height
    scale = asked.share if plane == 0 else -asked.share
    if asked.together:
        for j in range(len(request)):
            request[j] = 0.0
        for b in range(asked.rows.shape[0]):
            if asked.rows[b, here] != 0.0:  # most pixels are black
                add_row(request, scale * asked.rows[b, here], asked.columns[b])
    elif trains:
        factor = scale * asked.rows[sample, here]
        column = asked.columns[sample]
        for j in range(len(request)):
            request[j] = factor * column[j]
    else:
        entries = asked.matrix[here]
        for j in range(len(request)):
            request[j] = scale * entries[j]
    if asked.onesided:
        for j in range(len(request)):
            request[j] = max(request[j], 0.0)
    for j in range(len(request)):
        pulses[j] = abs(request[j])
    if asked.mode == EXPECTED:
        return 0.0
    lost = 0.0
    most = float(asked.longest)
    if asked.mode == DETERMINISTIC:
        for j in range(len(pulses)):
            wanted = np.rint(pulses[j])
            pulses[j] = min(wanted, most)
            lost += wanted - pulses[j]
    elif asked.mode == INDEPENDENT:
        u = np.empty(len(pulses))
        row_of_uniforms(u, k0, k1, row, sample, _COUNTS)
        for j in range(len(pulses)):
            lost += max(pulses[j] - most, 0.0)
            pulses[j] = binomial(asked.longest, pulses[j] / most, u[j])
    else:
        train = asked.row_bits[sample, here]
        others = asked.column_bits[sample]
        for j in range(len(pulses)):
            if request[j] != 0.0:
                pulses[j] = ones(train & others[j])
    return lost


@kernel
def fill_trains(bits: BitArray, chances: FloatArray, longest: int, k0: int, k1: int, channel: int) -> None:
    """Draw a train for each row or column of each sample: bit t says whether it fires in slot t."""
    u = np.empty(longest)
    width = chances.shape[1]
    for sample in range(chances.shape[0]):
        for j in range(width):
            word = np.uint64(0)
            if chances[sample, j] > 0.0:
                row_of_uniforms(u, k0, k1, j, sample, channel)
                for t in range(longest):
                    if u[t] < chances[sample, j]:
                        word |= np.uint64(1) << np.uint64(t)
            bits[sample, j] = word


def trains(
    rows: FloatArray, columns: FloatArray, share: float, longest: int, k0: int, k1: int
) -> tuple[BitArray, BitArray, float]:
    """Return trains for activities whose products are changes in pulses, and how many pulses are lost."""
    size, other = np.abs(rows), np.abs(columns)
    most, busiest = size.max(axis=1, keepdims=True), other.max(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        root = np.sqrt(share / longest)
        chance = np.nan_to_num(root * size * np.sqrt(busiest / most))
        chances = np.nan_to_num(root * other * np.sqrt(most / busiest))
    held, others = np.minimum(chance, 1.0), np.minimum(chances, 1.0)
    lost = longest * float(
        np.dot(chance.sum(axis=1), chances.sum(axis=1)) - np.dot(held.sum(axis=1), others.sum(axis=1))
    )
    bits, column_bits = np.zeros(rows.shape, np.uint64), np.zeros(columns.shape, np.uint64)
    fill_trains(bits, held, longest, k0, k1, _TRAIN_ROWS)
    fill_trains(column_bits, others, longest, k0, k1, _TRAIN_COLUMNS)
    return bits, column_bits, lost


def of_matrix(matrix: FloatArray, mode: int, longest: int, share: float, onesided: bool) -> Asked:
    """Return one change of every device."""
    none, bits = np.zeros((0, 0)), np.zeros((0, 0), np.uint64)
    return Asked(matrix, none, none, bits, bits, mode, longest, share, onesided, False)


def of_products(
    rows: FloatArray, columns: FloatArray, mode: int, longest: int, share: float, onesided: bool
) -> Asked:
    """Return one change of every device, Σ over samples of (row activity × column activity)."""
    none, bits = np.zeros((0, 0)), np.zeros((0, 0), np.uint64)
    return Asked(none, rows, columns, bits, bits, mode, longest, share, onesided, True)


def of_samples(
    rows: FloatArray,
    columns: FloatArray,
    mode: int,
    longest: int,
    share: float,
    onesided: bool,
    k0: int,
    k1: int,
) -> tuple[Asked, float]:
    """Return changes that follow one another, and how many pulses are lost where trains are full."""
    bits = column_bits = np.zeros((0, 0), np.uint64)
    lost = 0.0
    if mode == SHARED:
        bits, column_bits, lost = trains(rows, columns, share, longest, k0, k1)
    matrix = np.zeros((0, 0))
    return Asked(matrix, rows, columns, bits, column_bits, mode, longest, share, onesided, False), lost
