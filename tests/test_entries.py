"""Entries and packed state: what is compiled apart is called by address and sees the same memory."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from numba import types
from numpy.typing import NDArray

from eqchip.entries import Entry, call, pack, unpack, view
from eqchip.kernels import kernel


class Inner(NamedTuple):
    count: int
    values: NDArray[np.float64]


class Outer(NamedTuple):
    places: NDArray[np.int64]
    inner: Inner
    last: NDArray[np.float64]


def scale(values, count, factor):  # type: ignore[no-untyped-def]
    numbers = view(values, (count,))
    for i in range(count):
        numbers[i] *= factor
    return count


SCALE = Entry(scale, types.int64(types.CPointer(types.float64), types.int64, types.int64))


@kernel
def touch(packed: NDArray[np.int64], address: int) -> int:
    state = unpack(packed, Outer)
    state.inner.values[state.places[1]] = 10.0 * state.inner.count
    state.last[0] += state.inner.values[0]
    return call(address, (state.last, len(state.last), 3))  # type: ignore[no-any-return]


def test_a_kernel_reads_and_writes_what_was_packed() -> None:
    state = Outer(np.array([5, 1]), Inner(7, np.array([2.0, 3.0])), np.array([0.5, 1.0]))
    assert touch(pack(state), SCALE.address) == 2
    np.testing.assert_array_equal(state.inner.values, [2.0, 70.0])
    np.testing.assert_array_equal(state.last, [7.5, 3.0])


def raise_inner(packed):  # type: ignore[no-untyped-def]
    inner = unpack(packed, Inner)
    for i in range(len(inner.values)):
        inner.values[i] += inner.count
    return inner.count


RAISE = Entry(raise_inner, types.int64(types.CPointer(types.int64)))


@kernel
def hand_on(packed: NDArray[np.int64], address: int) -> int:
    state = unpack(packed, Outer)
    return call(address, (state.inner,))


def test_a_part_of_what_was_packed_can_be_handed_on() -> None:
    state = Outer(np.array([5, 1]), Inner(7, np.array([2.0, 3.0])), np.array([0.5, 1.0]))
    assert hand_on(pack(state), RAISE.address) == 7
    np.testing.assert_array_equal(state.inner.values, [9.0, 10.0])
    np.testing.assert_array_equal(state.last, [0.5, 1.0])


@pytest.mark.parametrize("wrong", [np.zeros((2, 2)), np.zeros(6)[::2], np.zeros(3, dtype=np.float32)])
def test_what_cannot_be_passed_is_refused(wrong: np.ndarray) -> None:
    with pytest.raises(TypeError, match="cannot be packed"):
        pack(Inner(1, wrong))
