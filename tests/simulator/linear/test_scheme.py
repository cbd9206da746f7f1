"""Schemes: head and core together solve the whole system, for every split of it."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sparse

from eqchip.entries import pack, unpack
from eqchip.kernels import kernel
from eqchip.simulator.linear.factors import refill_core, refill_head, solve, solve_transposed
from eqchip.simulator.linear.pattern import compress
from eqchip.simulator.linear.scheme import Scheme, Singular, devise


@kernel
def solved(packed, start, rows, b, x, y):  # type: ignore[no-untyped-def]
    scheme = unpack(packed, Scheme)
    if refill_head(scheme, start, rows) >= 0 or refill_core(scheme) >= 0:
        return -1
    w = np.zeros(len(b))
    solve(scheme, b, w, x)
    solve_transposed(scheme, b, w, y)
    return scheme.head.limit


def grid(side: int, seed: int) -> sparse.coo_matrix:
    """Return the conductances of a square grid with a voltage source at one corner."""
    random = np.random.default_rng(seed)
    size = side * side + 1
    matrix = np.zeros((size, size))
    for i in range(side):
        for j in range(side):
            here = i * side + j
            for there in ([here + 1] if j + 1 < side else []) + ([here + side] if i + 1 < side else []):
                g = random.uniform(0.1, 1.0)
                matrix[[here, there, here, there], [here, there, there, here]] += [g, g, -g, -g]
    matrix[0, -1] = matrix[-1, 0] = 1.0
    matrix[side * side - 1, side * side - 1] += 0.5
    return sparse.coo_matrix(matrix)


@pytest.mark.parametrize("changing", [0, 1, 5, 40, 144])
def test_any_split_solves_the_whole(changing: int) -> None:
    matrix = grid(12, changing)
    size = matrix.shape[0]
    random = np.random.default_rng(changing)
    at = np.sort(random.choice(size - 1, changing, replace=False)).astype(np.int64)
    pattern, slots = compress(
        np.concatenate([matrix.row, np.arange(size)]).astype(np.int64),
        np.concatenate([matrix.col, np.arange(size)]).astype(np.int64),
        size,
    )
    data = np.zeros(pattern.entries + 1)
    np.add.at(data, slots[: matrix.nnz], matrix.data)
    expected, real = np.full(changing + 1, 1e-6), np.append(random.uniform(0.0, 10.0, changing), 0.0)
    expected[-1] = 0.0
    scheme = devise(pattern, data, at, at, expected)
    scheme.changing[:] = real
    b = random.standard_normal(size)
    x, y = np.zeros(size), np.zeros(size)
    limit = solved(pack(scheme), pattern.start, pattern.rows, b, x, y)
    whole = matrix.toarray()
    whole[at, at] += real[:-1]
    np.testing.assert_allclose(whole @ x, b, atol=1e-11)
    np.testing.assert_allclose(whole.T @ y, b, atol=1e-11)
    if 0 < changing <= 40:
        assert limit == size - changing  # all that does not change is eliminated once


def test_a_singular_matrix_has_no_scheme() -> None:
    size = 60
    rows = np.repeat(np.arange(size), 2)
    columns = np.concatenate([[i, (i + 1) % size] for i in range(size)])
    pattern, slots = compress(rows.astype(np.int64), columns.astype(np.int64), size)
    data = np.zeros(pattern.entries + 1)
    data[slots] = np.tile([1.0, -1.0], size)
    nothing = np.zeros(0, dtype=np.int64)
    with pytest.raises(Singular):
        devise(pattern, data, nothing, nothing, np.zeros(1))
