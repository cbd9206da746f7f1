"""Elimination and dense LU against NumPy, on random matrices."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sparse
from hypothesis import given
from hypothesis import strategies as st

from eqchip.entries import pack, unpack
from eqchip.kernels import kernel
from eqchip.simulator.linear.dense import FACTOR_DENSE, factor_dense, solve_dense, solve_dense_transposed
from eqchip.simulator.linear.elimination import (
    backward,
    eliminate_packed,
    find,
    forward,
)
from eqchip.simulator.linear.pattern import Pattern, compress, locate
from eqchip.simulator.linear.symbolic import Elimination


def random_matrix(size: int, filled: float, seed: int) -> sparse.csc_matrix:
    random = np.random.default_rng(seed)
    matrix = sparse.random(size, size, filled, random_state=seed, data_rvs=random.standard_normal)
    return sparse.csc_matrix(matrix + sparse.diags(2.0 + random.uniform(size=size)))


def pattern_of(matrix: sparse.csc_matrix) -> Pattern:
    matrix.sort_indices()
    return Pattern(matrix.shape[0], matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64))


@kernel
def both_ways(packed: np.ndarray, address: int, w: np.ndarray, dense: np.ndarray, swaps: np.ndarray) -> None:
    e = unpack(packed, Elimination)
    forward(e, w)
    factor_dense(address, dense, swaps)
    solve_dense(dense, swaps, w[e.limit :])
    backward(e, w)


@given(st.integers(1, 40), st.floats(0.0, 1.0), st.floats(0.01, 0.4), st.integers(0, 1000))
def test_a_matrix_eliminated_in_part_and_finished_dense_solves(
    size: int, part: float, filled: float, seed: int
) -> None:
    matrix = random_matrix(size, filled, seed)
    random = np.random.default_rng(seed)
    order = random.permutation(size).astype(np.int64)
    rows = np.empty(size, dtype=np.int64)
    rows[order] = np.arange(size)
    limit = int(part * size)
    found = find(pattern_of(matrix), rows, order, limit)
    work = np.zeros(size)
    start, index = matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64)
    failed = eliminate_packed(pack(found), start, index, matrix.data, work)
    assert failed == -1
    assert not work.any()
    left = size - limit
    dense = np.zeros((left, left))
    for j in range(left):
        at = slice(found.r_start[j], found.r_start[j + 1])
        dense[j, found.r_index[at]] = found.remainder[at]
    b = random.standard_normal(size)
    w = np.zeros(size)
    w[rows] = b
    both_ways(pack(found), FACTOR_DENSE.address, w, dense.ravel(), np.zeros(left, dtype=np.int64))
    x = np.zeros(size)
    x[order] = w
    np.testing.assert_allclose(matrix @ x, b, rtol=0, atol=1e-9 * max(1.0, np.abs(x).max()))


def test_the_pattern_is_no_larger_than_what_fills_in() -> None:
    # An arrow: eliminating its head first fills everything, last nothing.
    size = 30
    dense = np.eye(size)
    dense[0] = dense[:, 0] = 1.0
    dense[0, 0] = size
    matrix = sparse.csc_matrix(dense)
    same = np.arange(size, dtype=np.int64)
    assert len(find(pattern_of(matrix), same, same, size).l_index) == size * (size - 1) // 2
    assert len(find(pattern_of(matrix), same[::-1].copy(), same[::-1].copy(), size).l_index) == size - 1


@pytest.mark.parametrize("size", [4, 5, 7, 8, 12, 21])
def test_pivots_that_share_their_rows_are_taken_in_fours(size: int) -> None:
    # A full matrix is one supernode; all of it is eliminated sparse here.
    random = np.random.default_rng(size)
    matrix = sparse.csc_matrix(random.standard_normal((size, size)) + size * np.eye(size))
    same = np.arange(size, dtype=np.int64)
    found = find(pattern_of(matrix), same, same, size)
    assert found.fours.sum() == size - 3
    start, index = matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64)
    assert eliminate_packed(pack(found), start, index, matrix.data, np.zeros(size)) == -1
    b = random.standard_normal(size)
    x = b.copy()
    nothing, none = np.zeros(0), np.zeros(0, dtype=np.int64)
    both_ways(pack(found), FACTOR_DENSE.address, x, nothing, none)
    np.testing.assert_allclose(matrix @ x, b, atol=1e-12 * size)


def test_a_vanishing_pivot_is_reported_by_its_position() -> None:
    matrix = sparse.csc_matrix(np.array([[1.0, 2.0, 0.0], [2.0, 4.0, 1.0], [0.0, 1.0, 1.0]]))
    same = np.arange(3, dtype=np.int64)
    found = find(pattern_of(matrix), same, same, 3)
    start, index = matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64)
    assert eliminate_packed(pack(found), start, index, matrix.data, np.zeros(3)) == 1


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 8, 33])
def test_dense_factors_solve_both_ways(size: int) -> None:
    random = np.random.default_rng(size)
    matrix = random.standard_normal((size, size))
    columns, swaps = matrix.T.copy().ravel(), np.zeros(size, dtype=np.int64)
    assert factor_dense(FACTOR_DENSE.address, columns, swaps) == -1
    b = random.standard_normal(size)
    x, y = b.copy(), b.copy()
    solve_dense(columns, swaps, x)
    solve_dense_transposed(columns, swaps, y)
    np.testing.assert_allclose(x, np.linalg.solve(matrix, b), rtol=1e-8)
    np.testing.assert_allclose(y, np.linalg.solve(matrix.T, b), rtol=1e-8)


def test_dense_elimination_names_the_column_without_a_pivot() -> None:
    matrix = np.ones((6, 6)) + np.diag([1.0, 1.0, 0.0, 0.0, 1.0, 1.0])
    assert factor_dense(FACTOR_DENSE.address, matrix.T.copy().ravel(), np.zeros(6, dtype=np.int64)) >= 2


def test_positions_are_compressed_and_found_again() -> None:
    rows, columns = np.array([2, 0, 2, 1, 3]), np.array([1, 0, 1, 3, 3])
    pattern, slots = compress(rows, columns, 3)
    assert pattern.entries == 2  # two are alike, two touch ground
    assert slots[0] == slots[2]
    assert list(slots[3:]) == [2, 2]
    assert list(locate(pattern, rows[:2], columns[:2])) == list(slots[:2])
